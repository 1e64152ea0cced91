"""Every step of the flow x every way to fail, for one item among others, and for a whole system.

One story holds an order, product, return or posting per step and kind of failure, and healthy ones
beside them. The faults stay: what is sick stays sick, what is healthy arrives all the same.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.dry_run.rehearse import rehearse, tell
from fulfilment.flow.parcels import numbers
from fulfilment.flow.returns import handle
from fulfilment.flow.returns.handle import handle_returns
from fulfilment.flow.shadow.compare import compare_days
from fulfilment.hooks import retries
from fulfilment.hooks.base import ApiHook
from sqlalchemy import text

from include.core.merchants.merchant import Merchant
from include.core.returns.settings import Returns
from include.core.systems.failures import STEPS
from include.core.systems.window import EVERYTHING
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.shadow import shadow
from include.ledger.stock.stock_sync import approve
from include.ledger.systems import circuits
from include.quality.batch import examine
from tests.flow.replay.test_replay import forget, replay
from tests.flow.stage import Stage, a_second_later, good_order, set_connection

FAULTS: dict[str, dict[str, Any]] = {
    "403 page": {"kind": "html", "status": 403},
    "404": {"kind": "status", "status": 404},
    "422": {"kind": "status", "status": 422},
    "500": {"kind": "status", "status": 500},
    "cut": {"kind": "cut"},
    "half a JSON": {"kind": "malformed"},
}
#: no answer of the system to the item: it is noted at the step that made the call
ALWAYS_NOTED = "403 page"
SEARCH = "GET /rest/orders/search"
STATUS = "GET /v1/goodsOrder/getStatus/{external_id}"
SET_STATUS = "PUT /rest/orders/{order_id}"


@dataclass(frozen=True)
class Step:
    """One step: which call of which system fails, and what in it names the item.

    :param match: parts of the call, with ``{n}`` for the item's number there.
    :param when: what has to happen before its fault is set: "" nothing, "shipped", "returned".
    :param skip: calls about the item that are made for something else before.
    """

    system: str
    route: str
    match: tuple[str, ...]
    when: str = ""
    skip: int = 0


#: steps about an order -> their call
ORDER_STEPS = {
    "read": Step("plenty", SEARCH, ("{n}",)),
    "hand_over": Step("wemalo", "POST /v1/goodsOrder/addConditional", ('"externalId": "{n}"',)),
    "status": Step("plenty", SET_STATUS, ("/orders/{n}?",)),
    "put_back": Step("plenty", SET_STATUS, ("/orders/{n}?",), skip=1),
    "note": Step("plenty", "POST /rest/comments", ('"referenceValue": {n}',)),
    "look": Step("wemalo", STATUS, ("/getStatus/{n}?",)),
    "cancel": Step("wemalo", "PUT /v1/goodsOrder/cancel/{external_id}", ("/cancel/{n}?",)),
    "change": Step("wemalo", "POST /v1/goodsOrder/addConditional", ("Changed street {n}",)),
    "document": Step("wemalo", "POST /v1/goodsOrder/addDocument/{external_id}", ("/{n}?",)),
    "packages": Step("plenty", SEARCH, ("shippingPackages", "{n}"), "shipped"),
    "package": Step(
        "plenty",
        "POST /rest/orders/{order_id}/shipping/packages",
        ("/orders/{n}/",),
        "shipped",
    ),
    "shipping_info": Step(
        "plenty", "POST /rest/orders/shipping/shipping_information", ('"orderId": {n}',), "shipped"
    ),
    "dates": Step("plenty", SEARCH, ("orderItems.variation", "{n}"), "shipped"),
    "goods_issue": Step(
        "plenty", "POST /rest/sales_orders/{order_id}/book", ("/sales_orders/{n}/",), "shipped"
    ),
    "acknowledge": Step(
        "wemalo", "PUT /v1/goodsOrder/packages/sent/{booking_id}", ("/sent/{n}?",), "shipped"
    ),
    "number": Step("wemalo", "GET /v1/goodsOrder/packages", ("externalOrderId={n}",), "shipped"),
    "returns_read": Step("plenty", SEARCH, ("orderReference_parent", "{n}"), "returned"),
    "return": Step("plenty", "POST /rest/orders/{order_id}/returns", ("/orders/{n}/",), "returned"),
    "return_end": Step("plenty", "PUT /rest/returns/{order_id}", ("/returns/{n}?",), "created"),
    "announcement": Step(
        "wemalo", "POST /v1/returns/announceConditional", ('"externalId": "{n}"',), "created"
    ),
}
PRODUCT_STEPS = {
    "product": Step("wemalo", "POST /v1/product/addMultiple", ('"externalId": "{n}"',)),
    "stock": Step(
        "plenty",
        "PUT /rest/stockmanagement/warehouses/{warehouse_id}/stock/bookIncomingItems",
        ('"variationId": {n}',),
    ),
}
#: steps whose runs are no ordinary ones, each with a test of its own below
OTHER_RUNS = {
    "compare": Step("plenty", SEARCH, ("{n}",)),
    "replay": Step("wemalo", STATUS, ("/getStatus/{n}?",)),
}
#: they look at what lists have shown, and make no call
WITHOUT_A_CALL = {"check", "history", "row", "row_kept", "product_read"}
SICK = {
    77_001_000 + number: (step, kind)  # numbers that stand in no call about anything else
    for number, (step, kind) in enumerate(itertools.product(ORDER_STEPS, FAULTS))
}
PRODUCTS = {7000 + number: kind for number, kind in enumerate(FAULTS)}
HEALTHY = (500, 99_000_000)  # before and behind all sick ones
HEALTHY_PRODUCTS = (6000, 8000)


def test_every_step_that_makes_a_call_has_its_row() -> None:
    rows = [*ORDER_STEPS, *PRODUCT_STEPS, *OTHER_RUNS, *WITHOUT_A_CALL]
    assert sorted(rows) == sorted(STEPS)


@pytest.fixture
def patient(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Systems that are judged by nobody but this test, and answer at any pace."""
    monkeypatch.setattr(ApiHook, "_take_permit", lambda *_: None)
    monkeypatch.setattr(retries, "READ_PAUSES_S", (0.0,))
    # dozens of sick items in a row: that several are the system is another test's business
    monkeypatch.setattr(circuits, "FAILURES_TO_OPEN", 10**6)
    stage.sandbox.plenty.settings(limits=False)
    stock = {str(n): 10_000 for n in range(2001, 2007)}
    tenant = {"tenant": "alpha", "settings": {"limit_calls": 10**6, "auto": False}, "stock": stock}
    stage.sandbox.wemalo.merge({"tenants": [tenant]})
    return stage


@pytest.fixture
def day(patient: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Alpha with all steps switched on."""
    stage = patient
    monkeypatch.setattr(numbers, "NUMBER_LIMIT", 1000)
    data = stage.merchant.model_dump(mode="json")
    data |= {
        "goods_issue": "book",
        "documents": {"invoice": "required", "patience_minutes": 0},
        "returns": {
            "status": "9.0.1",
            "reasons": {"damaged": 3},
            "conditions": {"2": 2},
            "announce": {"statuses": ["9.1"], "reasons": {"3": 77}},
        },
        "products": {"enabled": True, "every_minutes": 0},
        "stock": {"enabled": True, "every_minutes": 0, "settle_minutes": 0},
    }
    stage.merchant = Merchant.model_validate(data)
    tenant = {"tenant": "alpha", "statuses": ["9.01", "9.1"]}
    stage.sandbox.plenty.merge({"tenants": [tenant]})
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


def fault(stage: Stage, step: Step, kind: str, number: int) -> None:
    """Let one step's call about one item fail, each time.

    :param number: the item's in that call: of a row or a return it is not the order's.
    """
    match = [part.format(n=number) for part in step.match]
    getattr(stage.sandbox, step.system).fault(
        route=step.route, match=match, skip=step.skip, **FAULTS[kind]
    )


def faults_when(stage: Stage, when: str) -> None:
    for number, (name, kind) in SICK.items():
        if ORDER_STEPS[name].when == when and name != "acknowledge":
            fault(stage, ORDER_STEPS[name], kind, number)


def orders_of(*steps: str) -> list[int]:
    return [number for number, (name, _) in SICK.items() if name in steps]


def told(stage: Stage) -> dict[str, set[str]]:
    """Return subject -> codes of the open exceptions."""
    with stage.engine.begin() as connection:
        rows = open_exceptions(connection, "alpha")
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.subject, set()).add(row.code)
    return found


def failed_at(stage: Stage) -> set[tuple[str, str]]:
    """Return (step, subject) of what is noted as failing."""
    with stage.engine.begin() as connection:
        rows = connection.execute(text("SELECT step, subject FROM failures"))
        return {(row.step, row.subject) for row in rows}


@pytest.mark.timeout(900)
def test_one_sick_item_of_any_step_harms_only_itself_however_it_fails(
    day: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = {number: {f"order:{number}"} for number in SICK}
    _hand_over(day)
    _cancel_and_change(day)
    _ship(day, subjects)
    _come_back(day, subjects, monkeypatch)

    found, noted = told(day), failed_at(day)
    lacking = {
        number: [step, kind, *sorted(found.keys() & subjects[number])]
        for number, (step, kind) in SICK.items()
        if not subjects[number] & found.keys()
        or (kind == ALWAYS_NOTED and not {(step, one) for one in subjects[number]} & noted)
    }
    assert lacking == {}, "nobody is told, or not of this step"
    assert [n for n in PRODUCTS if f"item:{n}" not in found] == []
    sick = [n for n, kind in PRODUCTS.items() if kind == ALWAYS_NOTED]
    assert [(s, n) for s in PRODUCT_STEPS for n in sick if (s, f"item:{n}") not in noted] == []
    assert [n for n in HEALTHY if day.plenty_status(n) != Decimal(7)] == []
    assert [n for n in HEALTHY if f"order:{n}" in found] == []
    orders = day.wemalo_orders()
    assert [n for n in HEALTHY if not orders[str(n)]["documents"]] == []
    tenant = day.sandbox.plenty.state("alpha")["tenants"]["alpha"]
    booked = {int(row["variationId"]): row["stockPhysical"] for row in tenant["stock"]}
    assert {n: booked.get(n) for n in HEALTHY_PRODUCTS} == dict.fromkeys(HEALTHY_PRODUCTS, 3)
    with day.engine.begin() as connection:
        ended = connection.execute(text("SELECT order_id FROM returns WHERE state = 'done'"))
        assert set(HEALTHY) <= set(ended.scalars())


def _hand_over(day: Stage) -> None:
    faults_when(day, "")
    for step in PRODUCT_STEPS.values():
        for number, kind in PRODUCTS.items():
            fault(day, step, kind, number)
    for number in orders_of("put_back"):  # the merchant cancels right before our write
        cancel = {"action": "set_status", "order": number, "status": 8}
        match = f"/orders/{number}?"
        day.sandbox.plenty.hook(route=SET_STATUS, match=match, when="before", action=cancel)
    bad = {"delivery": {**good_order(0)["delivery"], "address2": ""}}
    noted = set(orders_of("note"))
    day.add(*(good_order(n, **(bad if n in noted else {})) for n in (*SICK, *HEALTHY)))
    ids = (*PRODUCTS, *HEALTHY_PRODUCTS)
    names = {n: f"SKU-{n}" for n in ids}
    variations = [
        {"id": n, "number": names[n], "name": "Cable", "weight_g": 100, "stock": 0} for n in ids
    ]
    known = [{"externalId": str(n), "sku": names[n], "name": "Cable"} for n in ids]
    day.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": variations}]})
    day.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "products": known}]})
    plenty = day.work("merchant").plenty
    for number in (*orders_of("document"), *HEALTHY):
        plenty._post("/rest/orders/{order_id}/documents/invoice/generate", {}, order_id=number)
    run(day)


def _cancel_and_change(day: Stage) -> None:
    for number in (*PRODUCTS, *HEALTHY_PRODUCTS):
        items = [{"product": str(number), "quantity": 3}]
        day.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    for number in orders_of("cancel"):
        day.sandbox.plenty.act("cancel", "alpha", order=number)
    for number in orders_of("change"):
        changes = {"address1": f"Changed street {number}"}
        day.sandbox.plenty.act("edit_address", "alpha", order=number, changes=changes)
    a_second_later()


def _ship(day: Stage, subjects: dict[int, set[str]]) -> None:
    faults_when(day, "shipped")
    left = [n for n, (step, _) in SICK.items() if ORDER_STEPS[step].when]
    for number in (*left, *HEALTHY):
        day.sandbox.wemalo.act("ship", "alpha", order=str(number))
    for page in day.work("x").wemalo.sent_queue():
        for row in page:
            step, kind = SICK.get(int(row["externalGoodsOrderId"]), ("", ""))
            if step == "acknowledge":
                fault(day, ORDER_STEPS[step], kind, row["historyId"])
                subjects[int(row["externalGoodsOrderId"])] = {f"row:{row['historyId']}"}
    run(day)
    with day.engine.begin() as connection:
        for row in connection.execute(text("SELECT order_id, parcel_id FROM parcels")):
            if row.order_id in subjects:
                subjects[row.order_id].add(f"parcel:{row.order_id}:{row.parcel_id}")
    for number in orders_of("document"):
        subjects[number] = {f"document:{number}:invoice"}


def _come_back(day: Stage, subjects: dict[int, set[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    faults_when(day, "returned")
    with day.engine.begin() as connection:  # the warehouse was asked in some more runs
        connection.execute(text("UPDATE orders SET cancel_tries = 4 WHERE cancel_tries > 0"))
    for number in (*orders_of("returns_read", "return", "return_end"), *HEALTHY):
        items = [{"product": "2001", "quantity": 1, "reason": "damaged", "ready": True}]
        pieces = day.sandbox.wemalo.act("book_return", "alpha", order=str(number), items=items)
        subjects.setdefault(number, set()).update(f"return:{n}" for n in pieces["historyIds"])
    with monkeypatch.context() as patch:  # until it is known under which numbers they were made
        patch.setattr(handle, "end_created", lambda *_: None)
        handle_returns(day.work("handle_returns"))
    with day.engine.begin() as connection:
        rows = connection.execute(text("SELECT order_id, plenty_return_id FROM returns"))
        made = {row.order_id: row.plenty_return_id for row in rows}
    for number in orders_of("return_end"):
        fault(day, ORDER_STEPS["return_end"], SICK[number][1], made[number])
    plenty = day.work("merchant").plenty
    for number in orders_of("announcement"):
        item = day.plenty_order(number)["orderItems"][0]["id"]
        piece = {"orderItemId": item, "quantity": 1, "properties": [{"typeId": 35, "value": "3"}]}
        entered = plenty.create_return(
            number, status=Decimal("9.1"), warehouse_id=3, quantities=[piece], comment="by the shop"
        )
        fault(day, ORDER_STEPS["announcement"], SICK[number][1], entered)
        subjects[number] = {f"announcement:{entered}"}
    run(day)


def test_a_sick_order_is_left_out_of_the_comparison_alone(patient: Stage) -> None:
    stage = patient
    stage.merchant = stage.merchant.model_copy(update={"mode": "shadow"})
    stage.add(good_order(1))
    plan = rehearse(stage.merchant, stage.engine, run_id="shadow-1", examine=examine)
    assert list(tell(stage.merchant, stage.engine, "shadow-1", EVERYTHING, plan))
    sick = {77_001_000 + place: kind for place, kind in enumerate(FAULTS)}
    stage.add(*(good_order(n) for n in (*sick, *HEALTHY)))  # between two of our runs
    for number in (*sick, *HEALTHY):
        stage.sandbox.plenty.act("set_status", "alpha", order=number, status="5.1")
    for number, kind in sick.items():
        fault(stage, OTHER_RUNS["compare"], kind, number)

    today = datetime.now(UTC).date()
    over = datetime.combine(today + timedelta(days=1), time(2), UTC)
    assert compare_days(stage.merchant, stage.engine, "shadow-2", examine, over) == [today]
    with stage.engine.begin() as connection:
        rows = shadow.results(connection, "alpha", today)
    assert {row.order_id for row in rows if row.verdict == "agreed"} == set(HEALTHY)
    found = failed_at(stage)
    assert [n for n in sick if ("compare", f"order:{n}") not in found] == []
    assert [n for n in sick if f"order:{n}" not in told(stage)] == []


def test_a_sick_order_is_left_out_of_a_replay_alone(patient: Stage) -> None:
    stage = patient
    stage.pause_s = 60  # as in real life: what failed rests as long as the replay takes
    sick = {77_001_000 + place: kind for place, kind in enumerate(FAULTS)}
    stage.add(*(good_order(n) for n in (*sick, *HEALTHY)))
    stage.run()
    for number in (*sick, *HEALTHY):
        forget(stage, number)
    for number, kind in sick.items():
        fault(stage, OTHER_RUNS["replay"], kind, number)

    replay(stage, ids=sorted((*sick, *HEALTHY)))
    assert [n for n in HEALTHY if stage.state(n) != "accepted"] == []
    found = failed_at(stage)
    assert [n for n in sick if ("replay", f"order:{n}") not in found] == []
    assert [n for n in sick if f"order:{n}" not in told(stage)] == []


@pytest.mark.parametrize("kind", ["403 page", "500", "half a JSON"])
def test_a_list_that_cannot_be_read_holds_up_nothing_that_is_known(
    patient: Stage, kind: str
) -> None:
    stage = patient
    stage.add(good_order(1), good_order(2))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    creating = ORDER_STEPS["shipping_info"].route
    stage.sandbox.plenty.fault(route=creating, kind="html", status=403, times=1)
    stage.run()
    assert stage.plenty_order(1)["shippingInformation"] is None
    stage.merchant = stage.merchant.model_copy(
        update={"returns": Returns.model_validate({"announce": {"statuses": ["9.1"]}})}
    )
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.1"]}]})
    item = stage.plenty_order(2)["orderItems"][0]["id"]
    entered = stage.work("merchant").plenty.create_return(
        2, status=Decimal("9.1"), warehouse_id=3,
        quantities=[{"orderItemId": item, "quantity": 1, "properties": []}], comment="by the shop",
    )  # fmt: skip
    for queue in ("GET /v1/goodsOrder/packages/sent/", "GET /v1/returns/booked"):
        stage.sandbox.wemalo.fault(route=queue, **FAULTS[kind])

    stage.run(groups=True)

    assert set(stage.errors) == {"reconcile_tracking", "handle_returns"}
    assert stage.plenty_order(1)["shippingInformation"], "it was known before"
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    assert [row["externalId"] for row in tenant["returns"].values()] == [str(entered)]


SYSTEM_FAULTS: dict[str, dict[str, Any]] = {
    "login refused": {"kind": "status", "status": 401},
    "limit": {"kind": "limit"},
}


@pytest.mark.parametrize("kind", SYSTEM_FAULTS)
def test_a_system_that_refuses_everybody_stops_the_loop_and_is_red(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_waits = property(lambda _: 0.0, lambda _, __: None)  # each hook sets its own
    monkeypatch.setattr(ApiHook, "_max_wait_s", nobody_waits, raising=False)
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
