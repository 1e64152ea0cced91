"""Dates as the vendor writes them: W3C text with the German offset (plentymarkets contract 3.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
ZERO_DATE = "-0001-11-30T00:00:00+01:00"


@lru_cache(maxsize=8192)  # an order shows its two times in each of its rows
def to_text(timestamp: float) -> str:
    """Return Unix seconds as text with +01:00 or +02:00."""
    return datetime.fromtimestamp(timestamp, BERLIN).isoformat(timespec="seconds")


def local_text(timestamp: float) -> str:
    """Return Unix seconds as "YYYY-MM-DD hh:mm:ss", as packages carry them (contract 23)."""
    return datetime.fromtimestamp(timestamp, BERLIN).strftime("%Y-%m-%d %H:%M:%S")


def to_utc_text(timestamp: float) -> str:
    """Return Unix seconds as text in UTC, for answers of the control API."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def to_timestamp(value: object) -> float:
    """Return Unix seconds of W3C text, "YYYY-MM-DD hh:mm:ss", a plain date or a number.

    Text without an offset is German local time. ValueError for anything else, also for a "+" that
    was sent unencoded and arrives as a blank.
    """
    if isinstance(value, bool):
        msg = "a date cannot be a boolean"
        raise ValueError(msg)  # noqa: TRY004 - one error for every bad date
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip()
    if text.isdigit() and len(text) > 8:
        return float(text)
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=BERLIN)).timestamp()
