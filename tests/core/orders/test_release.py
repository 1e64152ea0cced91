from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.core.orders.release import Cancel, Release, on_cancel, on_release
from include.core.orders.states import AT_WAREHOUSE, NEVER_SENT, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def release(state: State | None, **kw: object) -> Release:
    values = {"sent": False, "kept_time": NOW, "row_time": NOW, "write_pending": False, **kw}
    return on_release(state, **values)  # type: ignore[arg-type]


def test_a_new_order_is_read() -> None:
    assert release(None) is Release.READ


@pytest.mark.parametrize("state", sorted(AT_WAREHOUSE))
def test_an_order_at_the_warehouse_is_never_read_for_sending_again(state: State) -> None:
    certain = state in {State.ACCEPTED, State.PARTLY_SHIPPED}
    expected = Release.REPAIR_STATUS if certain else Release.NOTHING
    assert release(state, row_time=LATER) is expected
    assert release(state, write_pending=True, row_time=LATER) is Release.NOTHING


@pytest.mark.parametrize("state", [State.FETCHED, State.READY, State.RETRY_WAIT, State.QUARANTINED])
def test_an_order_that_waits_is_read_only_when_it_changed(state: State) -> None:
    assert release(state) is Release.NOTHING
    assert release(state, row_time=LATER) is Release.READ


@pytest.mark.parametrize("state", [State.INVALID, State.NO_STOCK, State.CANCELLED, State.WITHDRAWN])
def test_an_order_released_again_starts_over_once_our_status_is_written(state: State) -> None:
    assert release(state) is Release.READ
    assert release(state, write_pending=True) is Release.NOTHING
    assert release(state, write_pending=True, row_time=LATER) is Release.READ


def test_what_shipped_or_was_cancelled_in_the_warehouse_needs_a_person() -> None:
    assert release(State.SHIPPED) is Release.NEEDS_PERSON
    assert release(State.CANCELLED, sent=True) is Release.NEEDS_PERSON


@pytest.mark.parametrize("state", sorted(State))
def test_a_cancellation_always_has_an_answer(state: State) -> None:
    action = on_cancel(state, requested=False, write_pending=False)
    if state in NEVER_SENT:
        assert action is Cancel.SETTLE
    elif state in AT_WAREHOUSE:
        assert action is Cancel.ASK_WAREHOUSE
    elif state is State.SHIPPED:
        assert action is Cancel.TOO_LATE
    else:
        assert action is Cancel.REPAIR_STATUS


def test_a_cancellation_under_way_is_not_started_twice() -> None:
    assert on_cancel(State.ACCEPTED, requested=True, write_pending=False) is Cancel.NOTHING
    assert on_cancel(State.CANCELLED, requested=False, write_pending=True) is Cancel.NOTHING
