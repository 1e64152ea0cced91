"""Dates as wemalo writes them, in the warehouse's zone (wemalo contract 2)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
MOMENT = "%d.%m.%Y %H:%M:%S"
HOUR = "%d%m%Y%H"


def show(moment: datetime | None) -> str:
    """Return `dd.MM.yyyy HH:mm:ss` of an aware moment, "" for none.

    In the double hour of October two moments have the same text: wemalo names no offset.
    """
    return moment.astimezone(ZONE).strftime(MOMENT) if moment is not None else ""


def read_moment(text: str) -> datetime | None:
    """Read `dd.MM.yyyy HH:mm:ss`; None if it is empty or something else."""
    return _read(text, MOMENT)


def read_hour(text: str) -> datetime | None:
    """Read `ddMMyyyyHH` (hour resolution); None if it is something else."""
    return _read(text, HOUR) if re.fullmatch(r"\d{10}", text.strip()) else None


def read_day(text: str) -> date | None:
    """Read `yyyy-MM-dd`; None if it is empty or something else."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def local_day(moment: datetime) -> date:
    """Return the day it is in the warehouse."""
    return moment.astimezone(ZONE).date()


def start_of(day: date) -> datetime:
    """Return when this day begins in the warehouse."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def end_of_second(moment: datetime) -> datetime:
    """Return the last moment that has the same text as this one."""
    return moment + timedelta(seconds=1) - timedelta(microseconds=1)


def _read(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), pattern).replace(tzinfo=ZONE).astimezone(UTC)
    except ValueError:
        return None
