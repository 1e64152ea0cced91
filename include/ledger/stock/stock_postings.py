"""wemalo's postings of stock: kept, taken into account, taken off its queue; in that order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.stock.stock_sync import OPEN
from include.ledger.systems import queues
from include.ledger.tables import sent_rows, stock_bookings, stock_postings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from include.core.stock.stock_sync import Posting


def keep_postings(
    connection: Connection, merchant: str, found: Sequence[tuple[Posting, int]]
) -> int:
    """Keep wemalo's postings with their variation; return how many are new.

    A posting that wemalo shows although we acknowledged it is acknowledged again, not booked again.
    """
    if not found:
        return 0
    history_ids = [posting.history_id for posting, _ in found]
    queues.shown_again(connection, stock_postings, merchant, history_ids)
    return len(
        connection.execute(
            insert(stock_postings)
            .values(
                [
                    {
                        "merchant": merchant,
                        "history_id": posting.history_id,
                        "reason": posting.reason,
                        "variation_id": variation_id,
                        "quantity": posting.quantity,
                    }
                    for posting, variation_id in found
                ]
            )
            .on_conflict_do_nothing()
            .returning(stock_postings.c.history_id)
        ).all()
    )


def count_sent(
    connection: Connection, merchant: str, variations: Mapping[str, int]
) -> Sequence[Row[Any]]:
    """Take over rows of the queue of sent items that were not counted yet, and return them.

    :param variations: wemalo's external id -> variation id; rows of others are left for later.
    """
    if not variations:
        return []
    fresh = connection.execute(
        select(sent_rows).where(
            sent_rows.c.merchant == merchant,
            sent_rows.c.product.in_(list(variations)),
            sent_rows.c.counted_at.is_(None),
        )
    ).all()
    if not fresh:
        return []
    connection.execute(
        update(sent_rows)
        .where(
            sent_rows.c.merchant == merchant,
            sent_rows.c.history_id.in_([row.history_id for row in fresh]),
        )
        .values(counted_at=func.now())
    )
    return connection.execute(
        insert(stock_postings)
        .values(
            [
                {
                    "merchant": merchant,
                    "history_id": row.history_id,
                    "reason": "SENT",
                    "variation_id": variations[row.product],
                    "order_id": row.order_id,
                    "quantity": row.quantity,
                    "taken_at": func.now(),
                }
                for row in fresh
            ]
        )
        .on_conflict_do_nothing()
        .returning(stock_postings)
    ).all()


def sent_of_orders(
    connection: Connection, merchant: str, order_ids: Collection[int]
) -> dict[tuple[int, int], Decimal]:
    """Return counted pieces that left, by (order id, variation id)."""
    if not order_ids:
        return {}
    rows = connection.execute(
        select(
            stock_postings.c.order_id,
            stock_postings.c.variation_id,
            func.sum(stock_postings.c.quantity).label("pieces"),
        )
        .where(
            stock_postings.c.merchant == merchant,
            stock_postings.c.reason == "SENT",
            stock_postings.c.order_id.in_(list(order_ids)),
        )
        .group_by(stock_postings.c.order_id, stock_postings.c.variation_id)
    )
    return {(row.order_id, row.variation_id): Decimal(row.pieces) for row in rows}


def recently_sent(
    connection: Connection, merchant: str, variations: Collection[int], days: int
) -> Sequence[Row[Any]]:
    """Return counted rows of goods of these variations that left in the last days."""
    if not variations:
        return []
    return connection.execute(
        select(stock_postings).where(
            stock_postings.c.merchant == merchant,
            stock_postings.c.reason == "SENT",
            stock_postings.c.variation_id.in_(list(variations)),
            stock_postings.c.first_seen_at > func.now() - timedelta(days=days),
        )
    ).all()


def untaken(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return postings not yet taken into account, oldest first."""
    return connection.execute(
        select(stock_postings)
        .where(stock_postings.c.merchant == merchant, stock_postings.c.taken_at.is_(None))
        .order_by(stock_postings.c.history_id)
    ).all()


def take(connection: Connection, merchant: str, history_ids: Collection[int]) -> None:
    """Mark postings as taken into account."""
    if history_ids:
        connection.execute(
            update(stock_postings)
            .where(
                stock_postings.c.merchant == merchant,
                stock_postings.c.history_id.in_(list(history_ids)),
            )
            .values(taken_at=func.now())
        )


def to_acknowledge(connection: Connection, merchant: str, reasons: Collection[str]) -> list[int]:
    """Return taken postings of products without an open booking: plentymarkets has them."""
    open_ones = select(stock_bookings.c.variation_id).where(
        stock_bookings.c.merchant == merchant, stock_bookings.c.state.in_(OPEN)
    )
    return list(
        connection.execute(
            select(stock_postings.c.history_id)
            .where(
                stock_postings.c.merchant == merchant,
                stock_postings.c.reason.in_(list(reasons)),
                stock_postings.c.taken_at.is_not(None),
                stock_postings.c.acknowledged_at.is_(None),
                stock_postings.c.variation_id.not_in(open_ones),
            )
            .order_by(stock_postings.c.history_id)
        ).scalars()
    )


def acknowledged(connection: Connection, merchant: str, history_ids: Collection[int]) -> None:
    """Remember postings that wemalo has taken off its queue."""
    queues.acknowledged(connection, stock_postings, merchant, history_ids)
