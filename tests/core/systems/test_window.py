from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.core.systems.errors import ConfigError
from include.core.systems.window import window_of

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def test_parameters_win_over_the_interval() -> None:
    asked = ("2026-03-01T00:00:00+01:00", "2026-03-02T00:00:00+01:00")
    window = window_of(asked, (START, END), replay=True)
    assert window == (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 1, 23, tzinfo=UTC),
    )


def test_a_replay_takes_its_interval_and_a_scheduled_run_everything_that_is_due() -> None:
    assert window_of((None, None), (START, END), replay=True) == (START, END)
    assert window_of((None, None), (START, END), replay=False) == (None, None)


@pytest.mark.parametrize(
    "asked",
    [
        ("2026-03-01T00:00:00Z", None),
        ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("yesterday", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00", "2026-03-02T00:00:00"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(asked: tuple[str | None, str | None]) -> None:
    with pytest.raises(ConfigError):
        window_of(asked, (None, None), replay=False)
