"""No piece appears or disappears, whatever merchants and warehouse do (wemalo contract 15.4)."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from include.sandbox.frame.clock import SimClock
from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo import orders, products
from include.sandbox.wemalo.bodies import OrderBody, PositionsBody, parse
from include.sandbox.wemalo.errors import ApiError
from include.sandbox.wemalo.model import UNPICKED
from include.sandbox.wemalo.world import WemaloWorld
from tests.sandbox.wemalo.conftest import order_body, receiver

PRODUCTS = ("p1", "p2", "serial", "set")
ORDERS = st.sampled_from([str(number) for number in range(6)])
ITEMS = st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 4)), min_size=1, max_size=3)
STEPS = ("make_picking_list", "start_picking", "pick", "pack", "hand_over", "ship", "release",
         "drop_reservation", "cancel", "label_error")  # fmt: skip


class Warehouse(RuleBasedStateMachine):
    """Random calls and actions on one tenant; refused ones must leave the sums right as well."""

    @initialize(
        auto=st.booleans(),
        short_pick=st.sampled_from(["back", "wait", "ship_partly"]),
        boundary=st.sampled_from(["INPROCESS", "INPICKING", "SHIPPED"]),
        late=st.sampled_from(["INPROCESS", "READYFORSHIPMENT"]),
    )
    def open(self, auto: bool, short_pick: str, boundary: str, late: str) -> None:
        self.world = WemaloWorld(clock=SimClock(datetime(2026, 3, 2, 8, tzinfo=UTC), factor=0))
        switches = {"auto": auto, "short_pick": short_pick, "cancel_refused_from": boundary,
                    "changes_refused_from": late, "max_items_per_parcel": 3}  # fmt: skip
        self.world.load({"settings": switches, "tenants": [{
            "tenant": "t",
            "products": [{"externalId": one, "sku": one} for one in PRODUCTS[:3]]
            + [{"externalId": "set", "sku": "set", "set": {"p1": 1, "p2": 2}}],
            "stock": {"p1": {"quantity": 5, "B": 1}, "p2": 6, "serial": {"serials": ["a", "b"]}},
        }]})  # fmt: skip
        self.serials = 0

    @property
    def tenant(self) -> Any:
        return self.world.tenants["t"]

    def act(self, action: str, **args: Any) -> None:
        with contextlib.suppress(SandboxError):
            self.world.act(action, "t", args)

    @rule(order=ORDERS, items=ITEMS, good=st.booleans(), priority=st.integers(0, 5))
    def send(self, order: str, items: list[tuple[str, int]], good: bool, priority: int) -> None:
        meta = {"receiver": [receiver() if good else {}], "priority": priority}
        body = parse(OrderBody, order_body(order, *items, **meta))
        with contextlib.suppress(ApiError):
            orders.submit(self.world, self.tenant, body, upsert=True)

    @rule(order=ORDERS, serial=st.sampled_from(["a", "b", "n1", "n2"]))
    def order_a_serial_number(self, order: str, serial: str) -> None:
        body = order_body(f"{order}-{serial}", ("serial", 1))
        body["positions"][0]["serialNumber"] = serial
        with contextlib.suppress(ApiError):
            orders.submit(self.world, self.tenant, parse(OrderBody, body), upsert=True)

    @rule(order=ORDERS, product=st.sampled_from(PRODUCTS[:2]))
    def add_position(self, order: str, product: str) -> None:
        row = {"externalId": product, "quantity": 2, "externalPositionIdentifier": "x"}
        body = parse(PositionsBody, {"positions": [row]})
        with contextlib.suppress(ApiError):
            found = orders.find(self.tenant, order)
            rows = orders.resolve(self.world, self.tenant, body.positions, by_sku=False)
            orders.add_positions(self.world, self.tenant, found, rows)

    @rule(order=ORDERS, position=st.sampled_from(["x", "0-1", "1-1", "2-2"]))
    def remove_position(self, order: str, position: str) -> None:
        with contextlib.suppress(ApiError):
            found = orders.find(self.tenant, order)
            orders.remove_position(self.world, self.tenant, found, position)

    @rule(order=ORDERS)
    def cancel_by_merchant(self, order: str) -> None:
        with contextlib.suppress(ApiError):
            orders.cancel(self.world, self.tenant, orders.find(self.tenant, order), "")

    @rule(action=st.sampled_from(STEPS), order=ORDERS)
    def step(self, action: str, order: str) -> None:
        self.act(action, order=order)

    @rule(order=ORDERS, product=st.sampled_from(PRODUCTS[:3]), count=st.integers(1, 3))
    def pick_short(self, order: str, product: str, count: int) -> None:
        self.act("pick", order=order, short={product: count})

    @rule(order=ORDERS, count=st.integers(1, 3), parcel=st.integers(1, 3))
    def send_one_parcel(self, order: str, count: int, parcel: int) -> None:
        self.act("pack", order=order, parcels=count)
        self.act("hand_over", order=order, parcel=parcel)

    @rule(product=st.sampled_from(PRODUCTS[:2]), count=st.integers(1, 5))
    def receive(self, product: str, count: int) -> None:
        self.act("receive_goods", items=[{"product": product, "quantity": count}])

    @rule()
    def receive_a_serial_number(self) -> None:
        self.serials += 1
        self.act("receive_goods", items=[{"product": "serial", "serials": [f"n{self.serials}"]}])

    @rule(
        order=ORDERS,
        attribute=st.sampled_from(["", "1", "2"]),
        ready=st.sampled_from([None, False]),
    )
    def take_back(self, order: str, attribute: str, ready: bool | None) -> None:
        item = {"product": "p1", "quantity": 2, "attribute": attribute, "ready": ready}
        self.act("book_return", order=order, items=[item])

    @rule(product=st.sampled_from(PRODUCTS[:3]), delta=st.integers(-4, 4))
    def correct(self, product: str, delta: int) -> None:
        self.act("inventory", product=product, delta=delta)

    @rule(product=st.sampled_from(PRODUCTS[:3]), quantity=st.integers(-3, 3))
    def block(self, product: str, quantity: int) -> None:
        self.act("block_stock", product=product, quantity=quantity)

    @rule(active=st.booleans())
    def switch_off(self, active: bool) -> None:
        product = products.find(self.tenant, "p2")
        products.update(self.world, self.tenant, product, {"isActive": active})

    @rule(minutes=st.integers(1, 200))
    def wait(self, minutes: int) -> None:
        self.world.clock.advance(minutes * 60)
        self.world.tick()

    @invariant()
    def sums_agree(self) -> None:
        for product in self.tenant.products.values():
            sources = product.initial + product.received + product.returned + product.corrected
            assert product.physical() == sources - product.shipped
            assert min([*product.shelf.values(), product.blocked, product.picked, 0]) == 0
            assert 0 <= product.reserved <= product.shelf.get("1", 0)
            assert len(product.serials) <= sum(product.shelf.values())
            assert product.reserved_serials <= set(product.serials)

    @invariant()
    def counters_are_the_sums_over_the_orders(self) -> None:
        for product in self.tenant.products.values():
            rows = [
                (order, position)
                for order in self.tenant.orders.values()
                for position in order.positions
                if position.product_id == product.id
            ]
            unpicked = [(o, p) for o, p in rows if o.state in UNPICKED]
            assert product.reserved == sum(p.reserved for _, p in rows)
            assert product.missing == sum(p.lacking() for _, p in unpicked)
            assert product.picked == sum(p.picked - p.shipped for _, p in rows)
            assert product.shipped == sum(p.shipped for _, p in rows)
            assert product.holders == {o.id for o, p in rows if p.reserved}
            assert product.waiting == {o.id for o, p in unpicked if p.lacking() > 0}

    @invariant()
    def states_fit_their_goods(self) -> None:
        for order in self.tenant.orders.values():
            lacking = any(position.lacking() > 0 for position in order.positions)
            if order.state in ("OPEN", "INPROCESS", "READYFORSHIPMENT", "PACKED", "SHIPPED"):
                assert not lacking, order.state
            parcels = [self.tenant.parcels[one] for one in order.parcels]
            if order.state == "SHIPPED":
                assert all(parcel.handed_over for parcel in parcels)
            sent = sum(i.quantity for p in parcels if p.handed_over for i in p.items)
            assert sent == sum(position.shipped for position in order.positions)
            assert sent == sum(
                self.tenant.sent[one].count for one in self.tenant.sent_by_order.get(order.id, [])
            )

    @invariant()
    def queues_hold_what_exists_and_only_unpicked_orders_wait(self) -> None:
        for product in self.tenant.products.values():
            for history in self.tenant.unflagged.values():
                assert all(one in self.tenant.history for one in history)
            assert all(self.tenant.orders[one].state in UNPICKED for one in product.waiting)


TestWarehouse = Warehouse.TestCase
TestWarehouse.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
