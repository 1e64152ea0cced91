from __future__ import annotations

import pytest

from include.core.orders.states import (
    AT_WAREHOUSE,
    ENDED,
    MOVES,
    NEVER_SENT,
    State,
    require_move,
    sources_of,
)
from include.core.systems.errors import IllegalMove


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(State)


def test_every_state_can_be_reached_and_every_open_state_can_end() -> None:
    assert {s for s in State if not sources_of(s)} == set()
    ends = set(ENDED)
    grown = True
    while grown:
        more = {s for s in State if MOVES[s] & ends} - ends
        ends |= more
        grown = bool(more)
    assert ends == set(State)


def test_an_order_the_warehouse_has_never_goes_back_to_fetched() -> None:
    for state in AT_WAREHOUSE | {State.SHIPPED}:
        assert State.FETCHED not in MOVES[state]


def test_only_ready_waiting_and_accepted_orders_are_sent() -> None:
    assert sources_of(State.SUBMITTING) == {
        State.READY,
        State.RETRY_WAIT,
        State.WAITING,
        State.ACCEPTED,
    }


def test_never_sent_and_at_warehouse_do_not_overlap() -> None:
    assert not NEVER_SENT & AT_WAREHOUSE


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(IllegalMove, match="shipped"):
        require_move(State.SHIPPED, State.READY)
    require_move(State.READY, State.SUBMITTING)
