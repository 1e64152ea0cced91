"""Every step of the flow x every way to fail, for one item among others, and for a whole system.

One story holds an order, product, return or posting per step and kind of failure, and healthy ones
beside them. The faults stay: what is sick stays sick, what is healthy arrives all the same.
"""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from fulfilment.flow.parcels import numbers
from fulfilment.flow.returns import handle
from fulfilment.flow.returns.handle import handle_returns
from sqlalchemy import text

from include.core.merchants.merchant import Merchant
from include.core.systems.failures import STEPS
from include.ledger.stock.stock_sync import approve
from tests.flow.stage import Stage, a_second_later, good_order
from tests.flow.systems.sickness import (
    FAULTS,
    HEALTHY,
    ORDER_STEPS,
    OTHER_RUNS,
    SET_STATUS,
    Step,
    failed_at,
    fault,
    told,
)

#: no answer of the system to the item: it is noted at the step that made the call
ALWAYS_NOTED = "403 page"


PRODUCT_STEPS = {
    "product": Step("wemalo", "POST /v1/product/addMultiple", ('"externalId": "{n}"',)),
    "stock": Step(
        "plenty",
        "PUT /rest/stockmanagement/warehouses/{warehouse_id}/stock/bookIncomingItems",
        ('"variationId": {n}',),
    ),
}


#: they look at what lists have shown, and make no call
WITHOUT_A_CALL = {"check", "history", "row", "row_kept", "product_read"}


SICK = {
    77_001_000 + number: (step, kind)  # numbers that stand in no call about anything else
    for number, (step, kind) in enumerate(itertools.product(ORDER_STEPS, FAULTS))
}


PRODUCTS = {7000 + number: kind for number, kind in enumerate(FAULTS)}


HEALTHY_PRODUCTS = (6000, 8000)


def test_every_step_that_makes_a_call_has_its_row() -> None:
    rows = [*ORDER_STEPS, *PRODUCT_STEPS, *OTHER_RUNS, *WITHOUT_A_CALL]
    assert sorted(rows) == sorted(STEPS)


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


def faults_when(stage: Stage, when: str) -> None:
    for number, (name, kind) in SICK.items():
        if ORDER_STEPS[name].when == when and name != "acknowledge":
            fault(stage, ORDER_STEPS[name], kind, number)


def orders_of(*steps: str) -> list[int]:
    return [number for number, (name, _) in SICK.items() if name in steps]


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
