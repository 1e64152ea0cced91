"""The quality report: per merchant and day (UTC) how many orders broke which rule."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.slices import slices
from include.ledger.tables import orders, quality_days, quality_seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from sqlalchemy import Connection, Row

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
    for some in slices(rows, _CHUNK):
        statement = insert(quality_seen).values(list(some))
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


def read_lately(
    connection: Connection, merchant: str, days: int, *, at_once: int = 2_000
) -> Iterator[Sequence[Row[Any]]]:
    """Yield order id, content (None: not kept) and reason code of the last days' orders, in parts.

    :param days: counted back from now, by the time an order was first read.
    """
    columns = [orders.c.order_id, orders.c.content, orders.c.reason_code]
    rows = connection.execution_options(stream_results=True, yield_per=at_once).execute(
        select(*columns)
        .where(
            orders.c.merchant == merchant,
            orders.c.first_seen_at >= func.now() - timedelta(days=days),
        )
        .order_by(orders.c.order_id)
    )
    yield from rows.partitions()
