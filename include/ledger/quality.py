"""The quality report: per merchant and day (UTC) how many orders broke which rule."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from include.ledger.tables import quality_days, quality_seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from sqlalchemy import Connection

ALL, NOT_SENT = "", "*"
_CHUNK = 5_000


def count(
    connection: Connection,
    merchant: str,
    day: date,
    judged: Iterable[tuple[int, int, Collection[str]]],
) -> None:
    """Count judged orders, ``(order id, episode, codes)``; each code of an episode once a day.

    :param judged: the codes are those of the rules the order broke, and `ALL` and `NOT_SENT`.
    """
    rows = [
        {"merchant": merchant, "day": day, "order_id": order_id, "episode": episode, "code": code}
        for order_id, episode, codes in judged
        for code in sorted(set(codes))
    ]
    fresh: Counter[str] = Counter()
    for start in range(0, len(rows), _CHUNK):
        statement = insert(quality_seen).values(rows[start : start + _CHUNK])
        fresh.update(
            connection.execute(
                statement.on_conflict_do_nothing().returning(quality_seen.c.code)
            ).scalars()
        )
    if fresh:
        add = insert(quality_days).values(
            [
                {"merchant": merchant, "day": day, "code": code, "orders": orders}
                for code, orders in sorted(fresh.items())  # in one sequence: no deadlock
            ]
        )
        connection.execute(
            add.on_conflict_do_update(
                index_elements=["merchant", "day", "code"],
                set_={"orders": quality_days.c.orders + add.excluded.orders},
            )
        )
    connection.execute(
        delete(quality_seen).where(
            quality_seen.c.merchant == merchant, quality_seen.c.day < day - timedelta(days=1)
        )
    )


def days(
    connection: Connection, merchant: str, first: date, last: date
) -> dict[date, Counter[str]]:
    """Return orders per code of each day from ``first`` to ``last``, both included."""
    rows = connection.execute(
        select(quality_days.c.day, quality_days.c.code, quality_days.c.orders).where(
            quality_days.c.merchant == merchant, quality_days.c.day.between(first, last)
        )
    )
    counts: dict[date, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.day, Counter())[row.code] = row.orders
    return counts
