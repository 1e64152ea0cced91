"""Which span of time a run looks at: closed at its start, open at its end, aware UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from include.core.systems.errors import ConfigError

Window = tuple[datetime | None, datetime | None]
#: no window: everything that is due
EVERYTHING: Window = (None, None)


def window_of(
    asked: tuple[str | None, str | None],
    interval: Window,
    *,
    replay: bool,
) -> Window:
    """Return the window of a run.

    Explicit parameters win; a replay (backfill) takes its data interval; any other run takes
    everything that is due, which is no window at all.

    :param asked: the run's parameters, ISO 8601 with a time zone, or None.
    :raises ConfigError: a parameter is no time, has no zone, or the window ends before it starts.
    """
    start, end = (_moment(value) for value in asked)
    if start or end:
        if not (start and end) or start >= end:
            text = "window_from and window_to must both be given, and the first must be earlier."
            raise ConfigError(text)
        return start, end
    return interval if replay else EVERYTHING


def both_ends(window: Window) -> tuple[datetime, datetime]:
    """Return a window's first and last second, for filters that include both.

    :raises ValueError: the window is open.
    """
    start, end = window
    if start is None or end is None:
        msg = "a replay has a window or order ids"
        raise ValueError(msg)
    return start, end - timedelta(seconds=1)


def _moment(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        text = f"{value!r} is not a time. Write it like 2026-01-31T08:00:00+01:00."
        raise ConfigError(text) from None
    if moment.tzinfo is None:
        text = f"{value!r} has no time zone. Write it like 2026-01-31T08:00:00+01:00."
        raise ConfigError(text)
    return moment.astimezone(UTC)
