"""No order stays anywhere without an exit, a longest stay, and somebody who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.core.exceptions.long_stays import MERCHANTS_TURN, NOT_FOUND, STAYS, limits, stay_of
from include.core.orders.states import ENDED, MOVES, State
from include.core.orders.wemalo_order import WarehouseStatus

VIEWS = [None, "", NOT_FOUND, "SOMETHING_NEW", *WarehouseStatus]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("state", State)
def test_every_state_and_view_has_its_row(state: State, view: str | None) -> None:
    row = stay_of(state, view)

    if state in ENDED:
        assert (row.longest, row.exit_en, row.told) == (None, "", ())
    else:
        assert row.longest is not None
        assert timedelta(0) < row.longest <= timedelta(days=14)
        assert row.exit_de
        assert row.exit_en
        assert MOVES[state], "a state that is left by no move has no exit"
        assert ends(state), "its moves lead nowhere"
        assert row.told[0] == "operator"
        assert ("merchant" in row.told) == (state in MERCHANTS_TURN)


def ends(state: State) -> bool:
    """Say whether a state's moves lead to an end."""
    seen: set[State] = set()
    todo = [state]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += MOVES[one]
    return bool(seen & ENDED)


def test_every_view_that_a_row_names_is_one_that_wemalo_or_a_look_can_show() -> None:
    shown = {*WarehouseStatus, NOT_FOUND}
    assert all(set(row.views) <= shown for row in STAYS)
    assert {row.state for row in STAYS} == set(State)


@pytest.mark.parametrize("state", [State.WAITING, State.ACCEPTED, State.PARTLY_SHIPPED])
def test_what_wemalo_shows_as_over_or_does_not_know_is_not_given_days(state: State) -> None:
    for view in (WarehouseStatus.SHIPPED, WarehouseStatus.CANCELLED, NOT_FOUND):
        longest = stay_of(state, view).longest
        assert longest is not None
        assert longest <= timedelta(hours=6)


def test_a_row_that_names_views_comes_before_the_one_for_all_of_its_state() -> None:
    for number, row in enumerate(STAYS):
        if not row.views:
            assert all(later.state is not row.state for later in STAYS[number + 1 :])


def test_a_merchants_own_time_counts_for_the_whole_state() -> None:
    own = {row.views: longest for row, longest in limits({State.ACCEPTED: 5})
           if row.state is State.ACCEPTED}  # fmt: skip

    assert len(own) > 1
    assert set(own.values()) == {timedelta(hours=5)}
