from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.core.replay.date_range import date_range
from include.core.systems.errors import ConfigError

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def test_days_are_whole_and_include_the_last_one() -> None:
    since, until = date_range("2026-03-01", "2026-03-07", NOW)
    assert since == datetime(2026, 3, 1, tzinfo=UTC)
    assert datetime(2026, 3, 7, 23, 59, 59, tzinfo=UTC) < until < datetime(2026, 3, 8, tzinfo=UTC)


def test_a_range_up_to_today_ends_now_and_moments_keep_their_zone() -> None:
    assert date_range("2026-03-10", "2026-03-10", NOW)[1] == NOW
    since, _ = date_range("2026-03-01T08:00+01:00", "2026-03-02", NOW)
    assert since == datetime(2026, 3, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "word"),
    [
        ("2026-03-07", "2026-03-01", "Did you mean 2026-03-01 to 2026-03-07"),
        ("2026-03-09", "2026-03-11", "future"),
        ("2026-04-01", "2026-04-02", "future"),
        ("1.3.2026", "2026-03-02", "is no date"),
        ("2026-03-01T08:00", "2026-03-02", "no time zone"),
    ],
)
def test_what_cannot_be_replayed_is_said_clearly(first: str, last: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        date_range(first, last, NOW)
