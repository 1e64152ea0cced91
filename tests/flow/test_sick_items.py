"""Every step of the flow x every way to fail, for one item among others, and for a whole system.

One story holds an order, product, return or posting per step and kind of failure, and healthy ones
beside them. The faults stay: what is sick stays sick, what is healthy arrives all the same.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.hooks import base
from fulfilment.hooks.base import ApiHook
from sqlalchemy import text

from include.core.merchant import Merchant
from include.ledger import circuits
from include.ledger.exceptions import open_exceptions
from include.ledger.stock_sync import approve
from tests.flow.stage import Stage, a_second_later, good_order, set_connection

FAULTS: dict[str, dict[str, Any]] = {
    "403 page": {"kind": "html", "status": 403},
    "404": {"kind": "status", "status": 404},
    "422": {"kind": "status", "status": 422},
    "500": {"kind": "status", "status": 500},
    "cut": {"kind": "cut"},
    "413 page": {"kind": "html", "status": 413},
    "half a JSON": {"kind": "malformed"},
}
STATUS = "GET /v1/goodsOrder/getStatus/{external_id}"


@dataclass(frozen=True)
class Step:
    """One step: which call of which system fails, and what in it names the item.

    :param ships: its turn comes when the order has been shipped.
    """

    system: str
    route: str
    match: str
    ships: bool = False


ORDER_STEPS = {
    "contents": Step("plenty", "GET /rest/orders/search", "{n}"),
    "hand-over": Step("wemalo", "POST /v1/goodsOrder/addConditional", '"externalId": "{n}"'),
    "status": Step("plenty", "PUT /rest/orders/{order_id}", "/orders/{n}?"),
    "note": Step("plenty", "POST /rest/comments", '"referenceValue": {n}'),
    "package": Step(
        "plenty", "POST /rest/orders/{order_id}/shipping/packages", "/orders/{n}/", ships=True
    ),
    "shipping info": Step(
        "plenty", "POST /rest/orders/shipping/shipping_information", '"orderId": {n}', ships=True
    ),
    "goods issue": Step(
        "plenty", "POST /rest/sales_orders/{order_id}/book", "/sales_orders/{n}/", ships=True
    ),
    "look": Step("wemalo", STATUS, "/getStatus/{n}?"),
    "cancel": Step("wemalo", "PUT /v1/goodsOrder/cancel/{external_id}", "/cancel/{n}?"),
    "change": Step("wemalo", "POST /v1/goodsOrder/addConditional", "Changed street {n}"),
    "document": Step("wemalo", "POST /v1/goodsOrder/addDocument/{external_id}", "/{n}?"),
    "return": Step("plenty", "POST /rest/orders/{order_id}/returns", "/orders/{n}/", ships=True),
}
PRODUCT = Step("wemalo", "POST /v1/product/addMultiple", '"externalId": "{n}"')
BOOKING = Step(
    "plenty",
    "PUT /rest/stockmanagement/warehouses/{warehouse_id}/stock/bookIncomingItems",
    '"variationId": {n}',
)
SICK = {
    77_001_000 + number: (step, kind)  # numbers that stand in no call about anything else
    for number, (step, kind) in enumerate(itertools.product(ORDER_STEPS, FAULTS))
}
PRODUCTS = {7000 + number: kind for number, kind in enumerate(FAULTS)}
HEALTHY = (500, 99_000_000)  # before and behind all sick ones
HEALTHY_PRODUCTS = (6000, 8000)


@pytest.fixture
def day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Alpha with all steps switched on, and systems that are judged by nobody but this test."""
    monkeypatch.setattr(ApiHook, "_take_permit", lambda *_: None)
    monkeypatch.setattr(base, "READ_PAUSES_S", (0.0,))
    # dozens of sick items in a row: that several are the system is another test's business
    monkeypatch.setattr(circuits, "FAILURES_TO_OPEN", 10**6)
    stage.sandbox.plenty.settings(limits=False)
    data = stage.merchant.model_dump(mode="json")
    data |= {
        "goods_issue": "book",
        "documents": {"invoice": "required", "patience_minutes": 0},
        "returns": {"status": "9.0.1", "reasons": {"damaged": 3}, "conditions": {"2": 2}},
        "products": {"enabled": True, "every_minutes": 0},
        "stock": {"enabled": True, "every_minutes": 0, "settle_minutes": 0},
    }
    stage.merchant = Merchant.model_validate(data)
    stock = {str(n): 10_000 for n in range(2001, 2007)}
    tenant = {"tenant": "alpha", "settings": {"limit_calls": 10**6, "auto": False}, "stock": stock}
    stage.sandbox.wemalo.merge({"tenants": [tenant]})
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01"]}]})
    run(stage)
    with stage.engine.begin() as connection:
        approve(connection, "alpha")
    run(stage)
    return stage


def run(stage: Stage) -> None:
    """Run all tasks, with all pauses over; each of them must end well."""
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE orders SET next_attempt_at = NULL"))
        connection.execute(text("UPDATE outbox SET next_attempt_at = now()"))
    stage.run(groups=True)
    assert {task: str(error) for task, error in stage.errors.items()} == {}


def fault(stage: Stage, step: Step, number: int, kind: str) -> None:
    getattr(stage.sandbox, step.system).fault(
        route=step.route, match=step.match.format(n=number), **FAULTS[kind]
    )


def told(stage: Stage) -> dict[str, set[str]]:
    with stage.engine.begin() as connection:
        rows = open_exceptions(connection, "alpha")
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.subject, set()).add(row.code)
    return found


def orders_of(step: str) -> list[int]:
    return [number for number, (name, _) in SICK.items() if name == step]


def test_one_sick_item_of_any_step_harms_only_itself_however_it_fails(day: Stage) -> None:
    for number, (step, kind) in SICK.items():
        fault(day, ORDER_STEPS[step], number, kind)
    for number, kind in PRODUCTS.items():
        fault(day, PRODUCT, number, kind)
        fault(day, BOOKING, number, kind)
    bad = {**good_order(0)["delivery"], "address2": ""}
    noted = set(orders_of("note"))
    day.add(
        *(good_order(n, **({"delivery": bad} if n in noted else {})) for n in (*SICK, *HEALTHY))
    )
    variations = [
        {"id": n, "number": f"SKU-{n}", "name": "Cable", "weight_g": 100, "stock": 0}
        for n in (*PRODUCTS, *HEALTHY_PRODUCTS)
    ]
    day.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": variations}]})
    day.sandbox.wemalo.merge(
        {
            "tenants": [
                {
                    "tenant": "alpha",
                    "products": [
                        {"externalId": str(n), "sku": f"SKU-{n}", "name": "Cable"}
                        for n in (*PRODUCTS, *HEALTHY_PRODUCTS)
                    ],
                }
            ]
        }
    )
    run(day)
    for number in (*PRODUCTS, *HEALTHY_PRODUCTS):
        items = [{"product": str(number), "quantity": 3}]
        day.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    for number in (*orders_of("document"), *HEALTHY):
        invoice(day, number)
    for number in orders_of("cancel"):
        day.sandbox.plenty.act("cancel", "alpha", order=number)
    for number in orders_of("change"):
        changes = {"address1": f"Changed street {number}"}
        day.sandbox.plenty.act("edit_address", "alpha", order=number, changes=changes)
    a_second_later()
    run(day)
    shipping = [n for n, (step, _) in SICK.items() if ORDER_STEPS[step].ships]
    for number in (*shipping, *HEALTHY):
        day.sandbox.wemalo.act("ship", "alpha", order=str(number))
    run(day)
    for number in (*orders_of("return"), *HEALTHY):
        items = [{"product": "2001", "quantity": 1}]
        day.sandbox.wemalo.act("book_return", "alpha", order=str(number), items=items)
    for _ in range(2):
        run(day)

    found = told(day)
    silent = [
        (step, kind)
        for number, (step, kind) in SICK.items()
        if not names_of(day, number) & found.keys() and not _ended_otherwise(day, number)
    ]
    assert silent == [], "\n".join(f"{step}: {kind}" for step, kind in silent)
    assert [n for n in PRODUCTS if f"item:{n}" not in found] == []
    assert [n for n in HEALTHY if day.plenty_status(n) != Decimal(7)] == []
    assert [n for n in HEALTHY if f"order:{n}" in found] == []
    documents = day.wemalo_orders()
    assert [n for n in HEALTHY if not documents[str(n)]["documents"]] == []
    stock = day.sandbox.plenty.state("alpha")["tenants"]["alpha"]["stock"]
    booked = {int(row["variationId"]): row["stockPhysical"] for row in stock}
    assert {n: booked.get(n) for n in HEALTHY_PRODUCTS} == dict.fromkeys(HEALTHY_PRODUCTS, 3)
    returned = [o for o in day.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"].values()
                if o["typeId"] == 3]  # fmt: skip
    assert len(returned) >= len(HEALTHY)


def names_of(day: Stage, number: int) -> set[str]:
    """Return how exceptions may name an order or what belongs to it: parcel, document, return."""
    with day.engine.begin() as connection:
        parcels = connection.execute(
            text("SELECT parcel_id FROM parcels WHERE order_id = :n"), {"n": number}
        ).scalars()
        returned = connection.execute(
            text("SELECT history_id FROM return_rows WHERE order_id = :n"), {"n": number}
        ).scalars()
        return {
            f"order:{number}",
            f"document:{number}:invoice",
            *(f"parcel:{one}" for one in parcels),
            *(f"return:{one}" for one in returned),
        }


def _ended_otherwise(day: Stage, number: int) -> bool:
    """Say whether an order's state says what is wrong: it is set aside with its reason."""
    with day.engine.begin() as connection:
        row = connection.execute(
            text("SELECT state, reason_code FROM orders WHERE order_id = :n"), {"n": number}
        ).one_or_none()
    return row is not None and bool(row.reason_code) and row.state in ("quarantined", "faulty")


def invoice(stage: Stage, number: int) -> None:
    plenty = stage.work("merchant").plenty
    route = "/rest/orders/{order_id}/documents/invoice/generate"
    plenty._post(route, {}, order_id=number)


SYSTEM_FAULTS: dict[str, dict[str, Any]] = {
    "login refused": {"kind": "status", "status": 401},
    "limit": {"kind": "limit"},
}


@pytest.mark.parametrize("kind", SYSTEM_FAULTS)
def test_a_system_that_refuses_everybody_stops_the_loop_and_is_red(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiHook, "_max_wait_s", 0.0, raising=False)
    stage.add(*(good_order(n) for n in range(1, 6)))
    stage.sandbox.wemalo.fault(
        route="POST /v1/goodsOrder/addConditional", skip=1, **SYSTEM_FAULTS[kind]
    )
    stage.run()
    assert "load_to_wemalo" in stage.errors
    assert list(stage.wemalo_orders()) == ["1"]
    assert [s for s in told(stage) if s.startswith("order:")] == [], "no order is to blame"


def test_a_system_that_cannot_be_reached_stops_the_loop_and_is_red(stage: Stage) -> None:
    stage.add(*(good_order(n) for n in range(1, 4)))
    set_connection(stage.merchant.wemalo.connection, "wemalo", "http://127.0.0.1:9", "", "token-1")
    stage.run()
    assert stage.errors["load_to_wemalo"].code in ("UNREACHABLE", "UNAVAILABLE")
    assert [s for s in told(stage) if s.startswith("order:")] == []


def test_an_open_circuit_stops_the_loop_and_is_red(stage: Stage) -> None:
    stage.add(*(good_order(n) for n in range(1, 12)))
    stage.sandbox.wemalo.fault(
        route="POST /v1/goodsOrder/addConditional", kind="status", status=500
    )
    stage.run()
    assert "load_to_wemalo" in stage.errors
    assert stage.sandbox.wemalo.faults()[0]["fired"] == circuits.FAILURES_TO_OPEN
