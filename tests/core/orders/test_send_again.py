"""What the warehouse cannot begin with is sent again, more and more seldom, and not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.core.orders.send_again import TRIES, is_due, outlook

PAUSE = timedelta(minutes=15)
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def first_due(tries: int) -> timedelta:
    """Return after how many minutes an order is due that was sent again so often."""
    return next(
        timedelta(minutes=minutes)
        for minutes in range(24 * 60)
        if is_due(tries, NOW - timedelta(minutes=minutes), NOW, PAUSE)
    )


def test_the_pauses_grow_from_a_quarter_of_an_hour_to_six_hours() -> None:
    assert [first_due(tries) / timedelta(minutes=15) for tries in range(TRIES)] == [
        1, 2, 4, 8, 16, 24, 24, 24,
    ]  # fmt: skip


def test_after_the_last_try_it_is_never_due_again() -> None:
    assert not is_due(TRIES, NOW - timedelta(days=400), NOW, PAUSE)


def test_the_outlook_counts_down_and_promises_nothing_where_nothing_follows() -> None:
    assert "8 more time(s)" in outlook(0, possible=True)[1]
    assert "noch 1-mal" in outlook(TRIES - 1, possible=True)[0]
    for tries, possible in ((TRIES, True), (0, False)):
        german, english = outlook(tries, possible=possible)
        assert german == "Er wird nicht mehr von selbst gesendet."
        assert english == "It is not sent again by itself."
