"""The diary's months: a partition of ``order_events`` each, made ahead and dropped whole.

Months are those of UTC. What belongs to no month that was made (nobody kept house for long, a clock
was wrong) is taken by the default partition, so that no event is ever refused; it moves into its
month once that is made.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

#: months that are there before they begin: housekeeping may be off for a while
AHEAD = 3
DEFAULT = "order_events_default"
#: making and dropping a month waits for a moment in which nobody reads the diary; so long at most
_WAIT = "5s"
_NAME = re.compile(r"order_events_(\d{4})_(\d{2})")


def months_from(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the beginnings of the months from that of ``first`` to that of ``last``."""
    month = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= last:
        yield month
        month = after(month)


def after(month: datetime) -> datetime:
    """Return the beginning of the next month."""
    year, number = divmod(month.year * 12 + month.month, 12)
    return month.replace(year=year, month=number + 1)


def name_of(month: datetime) -> str:
    """Return the name of a month's partition."""
    return f"order_events_{month:%Y_%m}"


def made(connection: Connection) -> list[datetime]:
    """Return the months that have a partition, the oldest first."""
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = CAST('order_events' AS regclass) ORDER BY 1"
        )
    ).scalars()
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    return [datetime(int(year), int(month), 1, tzinfo=UTC) for year, month in
            (match.groups() for match in found)]  # fmt: skip


def wanted(connection: Connection) -> list[datetime]:
    """Return the months without a partition that should have one, the oldest first.

    Those of now and of the near future, and those whose events wait in the default partition.
    """
    now = connection.execute(select(func.now())).scalar_one()
    soon = now
    for _ in range(AHEAD):
        soon = after(soon.replace(day=1))
    waiting = connection.execute(
        text(
            f"SELECT DISTINCT date_trunc('month', at, 'UTC') FROM {DEFAULT} "  # noqa: S608
            "WHERE at < now() + interval '1 year'"
        )
    ).scalars()
    months = {*months_from(now, soon), *(one.astimezone(UTC) for one in waiting)}
    return sorted(months - set(made(connection)))


def make(connection: Connection, month: datetime) -> None:
    """Make a month's partition and move what waits for it there.

    :raises LedgerBusy: the diary was in use all the time; nothing was done.
    """
    name, bounds = name_of(month), {"first": month, "next": after(month)}
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
    connection.execute(text("SET LOCAL fulfilment.tidies = 'on'"))
    # attached when it is full: the diary itself is locked for that moment only
    connection.execute(text(f"CREATE TABLE {name} (LIKE order_events INCLUDING ALL)"))
    connection.execute(text(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(
        text(
            f"WITH moved AS (DELETE FROM {DEFAULT} WHERE at >= :first AND at < :next RETURNING *) "  # noqa: S608
            f"INSERT INTO {name} SELECT * FROM moved"
        ),
        bounds,
    )
    connection.execute(
        text(
            f"ALTER TABLE order_events ATTACH PARTITION {name} FOR VALUES FROM "
            f"('{bounds['first'].isoformat()}') TO ('{bounds['next'].isoformat()}')"
        )
    )


def over_age(connection: Connection, days: int) -> list[datetime]:
    """Return the months all of whose events are older than ``days``, the oldest first."""
    oldest = connection.execute(select(func.now() - func.make_interval(0, 0, 0, days))).scalar_one()
    return [month for month in made(connection) if after(month) <= oldest]


def drop(connection: Connection, month: datetime) -> None:
    """Drop a month with all its events.

    :raises LedgerBusy: the diary was in use all the time; nothing was done.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
    connection.execute(text(f"DROP TABLE {name_of(month)}"))


def drop_rows(connection: Connection, days: int) -> int:
    """Remove events in no month's partition that are older than ``days``; return how many."""
    connection.execute(text("SET LOCAL fulfilment.tidies = 'on'"))
    done = connection.execute(
        text(
            f"DELETE FROM {DEFAULT} WHERE at < now() - make_interval(days => :days)"  # noqa: S608
        ),
        {"days": days},
    )
    return done.rowcount
