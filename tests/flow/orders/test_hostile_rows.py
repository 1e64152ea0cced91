"""Hostile values among healthy rows: the others travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.core.systems.failures import Level, level_of
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders
from tests.flow.stage import Stage, a_second_later, good_order

if TYPE_CHECKING:
    from collections.abc import Iterable
from tests.flow.orders.hostility import HOSTILE, SEARCH

SENT = "GET /v1/goodsOrder/packages/sent/"


#: what such a field says decides whose order it is: another's is left alone
WHOSE = {"statusId", "typeId", "plentyId", "orderItems.warehouseId", "properties.typeId"}


def sick_orders() -> list[tuple[str, str, str]]:
    """Return (field, value, name of the value): each value at the fields that decide."""
    fields = (
        "updatedAt", "statusId", "typeId", "plentyId", "orderItems.quantity", "orderItems.id",
        "orderItems.itemVariationId", "orderItems.warehouseId", "addresses.name2",
        "addresses.name3", "addresses.address1", "addresses.postalCode", "addresses.countryId",
        "addresses.options", "orderItems.orderItemName", "orderItems.variation.number",
        "properties.typeId", "properties.value", "orderItems", "addresses", "createdAt",
    )  # fmt: skip
    names = list(HOSTILE)
    return [
        (field, HOSTILE[name], name)
        for place, field in enumerate(fields)
        for name in (names[place % len(names)], names[(place * 7 + 3) % len(names)])
    ]


def test_of_many_orders_the_sick_ones_are_set_aside_with_their_reasons_and_the_others_travel(
    stage: Stage,
) -> None:
    sick = dict(enumerate(sick_orders(), 101))
    good = [*range(1, 6), *range(901, 906)]
    stage.add(*(good_order(n) for n in [*good, *sick]))
    puts = [{"row": n, "field": field, "raw": raw} for n, (field, raw, _) in sick.items()]
    stage.sandbox.plenty.fault(route=SEARCH, kind="replace", puts=puts, match="lazyLoaded=false")
    rows = {n: put for n, put in zip(sick, puts, strict=True) if "." not in put["field"]}
    stage.sandbox.plenty.fault(
        route=SEARCH, kind="replace", puts=list(rows.values()), match="lazyLoaded=true"
    )

    stage.run()

    assert stage.errors == {}
    assert [stage.state(n) for n in good] == ["accepted"] * len(good)
    with stage.engine.begin() as connection:
        told = exceptions.order_ids(connection, stage.name, ["ORDER_MALFORMED", "STEP_FAILED"])
    events = {n: len(stage.events(n)) for n in told if n in ledger_of(stage, told)}
    for n, (field, _, name) in sick.items():
        case = f"{field}: {name}"
        if n in told:
            continue
        if n not in ledger_of(stage, [n]):
            assert field in WHOSE, case
            continue
        found = stage.timeline(n).order
        if found.state == "accepted":
            continue  # judged as any value
        assert found.state in {"quarantined", "invalid", "no_stock"}, case
        assert found.reason_code, case
    assert len(told) >= 10

    stage.run()

    assert stage.errors == {}
    assert {n: len(stage.events(n)) for n in events} == events, "the same is told in every run"


def test_a_row_without_an_id_is_told_and_the_others_travel(stage: Stage) -> None:
    stage.add(*(good_order(n) for n in (1, 2, 3)))
    put = {"row": 2, "field": "id", "raw": "[2]"}
    fault = stage.sandbox.plenty.fault(route=SEARCH, kind="replace", puts=[put])

    stage.run()

    assert stage.errors == {}
    assert [stage.state(n) for n in (1, 3)] == ["accepted"] * 2
    assert codes(stage) == ["ROWS_UNREADABLE"]

    stage.sandbox.plenty.clear_faults()
    stage.run()

    assert fault
    assert codes(stage) == []
    assert stage.state(2) == "accepted"


def test_a_cancelled_order_whose_row_cannot_be_read_is_cancelled(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    stage.run()
    a_second_later()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status="8")
    put = {"row": 1, "field": "updatedAt", "raw": HOSTILE["a zero date"]}
    stage.sandbox.plenty.fault(route=SEARCH, kind="replace", puts=[put])

    stage.run()

    assert stage.errors == {}
    assert stage.state(1) == "cancelled"
    assert stage.state(2) == "accepted"


@pytest.mark.parametrize(
    ("field", "name"),
    [("packageId", "a list"), ("historyId", "a million zeros"), ("count", "NaN as text"),
     ("externalGoodsOrderId", "an object"), ("handoverDate", "year 9999"),
     ("trackingNumber", "NUL")],
)  # fmt: skip
def test_a_row_of_the_warehouse_that_cannot_be_read_leaves_the_other_parcels_alone(
    stage: Stage, field: str, name: str
) -> None:
    stage.add(*(good_order(n) for n in (1, 2, 3)))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    put = {"row": 2, "field": field, "raw": HOSTILE[name]}
    stage.sandbox.wemalo.fault(route=SENT, kind="replace", puts=[put])

    stage.run()

    assert [stage.state(n) for n in (1, 3)] == ["shipped"] * 2
    assert set(stage.errors) <= {"reconcile_tracking"}
    assert all(level_of(error) is Level.ITEM for error in stage.errors.values())


def ledger_of(stage: Stage, ids: Iterable[int]) -> set[int]:
    with stage.engine.begin() as connection:
        return set(orders.known(connection, stage.name, list(ids)))


def codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in exceptions.open_exceptions(connection, stage.name))
