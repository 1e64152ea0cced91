"""An order that stays anywhere for longer than it may is told, whatever the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from fulfilment.flow.exceptions.from_ledger import look_over
from sqlalchemy import text

from include.core.exceptions.long_stays import CODE, STAYS, stay_of
from include.core.orders.states import State
from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import good_order, settings

if TYPE_CHECKING:
    from include.core.exceptions.long_stays import Stay
    from tests.flow.stage import Stage

ENDING = [row for row in STAYS if row.longest is not None]


def told(stage: Stage) -> list[str]:
    look_over(stage.work("reconcile_tracking"))
    with stage.engine.begin() as connection:
        return [row.subject for row in open_exceptions(connection, stage.name) if row.code == CODE]


def place(stage: Stage, row: Stay, number: int, age: timedelta) -> None:
    """Put an order there as the ledger would have it after ``age``."""
    view = row.views[0] if row.views else None
    with stage.engine.begin() as connection:
        connection.execute(
            text("UPDATE orders SET state = :state, wemalo_status = :view WHERE order_id = :id"),
            {"state": row.state, "view": view, "id": number},
        )
        connection.execute(
            text("UPDATE orders SET stands_since = now() - :age WHERE order_id = :id"),
            {"age": age, "id": number},
        )


def test_every_row_of_the_table_is_told_when_it_is_over_and_not_before(stage: Stage) -> None:
    numbers = dict(enumerate(ENDING, 1))
    stage.add(*(good_order(number) for number in numbers))
    stage.step("extract_plenty_orders")
    for number, row in numbers.items():
        assert row.longest is not None
        place(stage, row, number, row.longest - timedelta(minutes=1))
    assert told(stage) == []

    for number, row in numbers.items():
        place(stage, row, number, row.longest + timedelta(minutes=1))  # type: ignore[operator]
    assert sorted(told(stage)) == sorted(f"order:{number}" for number in numbers)


@pytest.mark.parametrize("state", [State.SHIPPED, State.CANCELLED, State.WITHDRAWN])
def test_what_has_ended_stands_still_for_ever_and_that_is_well(stage: Stage, state: State) -> None:
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")
    place(stage, stay_of(state, None), 1, timedelta(days=400))

    assert told(stage) == []


def test_it_is_over_once_the_order_moves(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")
    place(stage, stay_of(State.FETCHED, None), 1, timedelta(days=1))
    assert told(stage) == ["order:1"]

    stage.step("validate")

    assert stage.state(1) == "ready"
    assert told(stage) == []


def test_a_merchant_may_set_other_times(stage: Stage) -> None:
    settings(stage, longest_stay_hours={"ready": 48})
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")
    place(stage, stay_of(State.READY, None), 1, timedelta(days=1))

    assert told(stage) == []
