"""The days that a person names for a backfill, as moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from include.core.systems.errors import ConfigError


def date_range(first: str, last: str, now: datetime) -> tuple[datetime, datetime]:
    """Return the range from ``first`` to ``last``, both included, aware UTC.

    A day (``2026-01-31``) is the whole day in UTC; a moment needs its zone.

    :param now: aware; a range that ends today ends now.
    :raises ConfigError: no date, the wrong way round, or in the future.
    """
    since, until = _moment(first, time.min), _moment(last, time.max)
    if since > until:
        text = (
            f"The range ends ({last}) before it starts ({first}). Did you mean {last} to {first}?"
        )
        raise ConfigError(text, code="BACKFILL_RANGE")
    if since > now or until.date() > now.astimezone(UTC).date():
        text = f"{first} to {last} lies in the future: there is nothing yet to be repaired."
        raise ConfigError(text, code="BACKFILL_RANGE")
    return since, min(until, now)


def _moment(value: str, at: time) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        text = f"{value!r} is no date. Write it like 2026-01-31 or 2026-01-31T08:00+01:00."
        raise ConfigError(text, code="BACKFILL_RANGE") from None
    if "T" not in value and " " not in value:
        return datetime.combine(date.fromisoformat(value), at, UTC)
    if moment.tzinfo is None:
        text = f"{value!r} has no time zone. Write it like 2026-01-31T08:00+01:00."
        raise ConfigError(text, code="BACKFILL_RANGE")
    return moment.astimezone(UTC)
