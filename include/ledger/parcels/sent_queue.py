"""Rows of wemalo's queue of sent items: kept with their parcels, taken off once all is written."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.core.orders.states import State
from include.core.orders.wemalo_order import WarehouseStatus
from include.core.parcels.sent_rows import by_parcel
from include.ledger.orders.to_look_at import among
from include.ledger.parcels.shipping import is_letter
from include.ledger.systems import queues
from include.ledger.tables import orders, parcels, sent_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection, Row

    from include.core.parcels.sent_rows import SentRow


def keep_sent_rows(connection: Connection, merchant: str, rows: Sequence[SentRow]) -> set[int]:
    """Keep some queue rows of our orders and their parcels; return the new history ids.

    A parcel's number or carrier may change later: the newest word wins, whichever comes first. A
    row that wemalo shows although we acknowledged it lost that word, and is acknowledged again.
    """
    if not rows:
        return set()
    queues.shown_again(connection, sent_rows, merchant, [row.history_id for row in rows])
    new = connection.execute(
        insert(sent_rows)
        .values(
            [
                {
                    "merchant": merchant,
                    "history_id": row.history_id,
                    "order_id": row.order_id,
                    "parcel_id": row.parcel_id,
                    "quantity": row.quantity,
                    "product": row.product,
                    "complete": row.complete,
                }
                for row in rows
            ]
        )
        .on_conflict_do_nothing()
        .returning(sent_rows.c.history_id)
    ).scalars()
    fresh = set(new)
    newest = {
        (row.order_id, row.parcel_id): row for row in sorted(rows, key=lambda row: row.history_id)
    }
    for key, history_id in _newest_waiting(connection, merchant, newest).items():
        if key in newest and newest[key].history_id < history_id:
            del newest[key]
    if not newest:
        return fresh
    statement = insert(parcels).values(
        [
            {
                "merchant": merchant,
                "order_id": row.order_id,
                "parcel_id": parcel_id,
                "tracking_number": number,
                "carrier": row.carrier,
                "service": row.service,
                "handed_over_at": row.handed_over_at,
            }
            for row in newest.values()
            for parcel_id, number in by_parcel(row.parcel_id, row.numbers).items()
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "order_id", "parcel_id"],
            set_={
                "tracking_number": statement.excluded.tracking_number,
                "carrier": statement.excluded.carrier,
                "service": statement.excluded.service,
                "handed_over_at": statement.excluded.handed_over_at,
                "ended_at": None,
            },
        )
    )
    return fresh


def _newest_waiting(
    connection: Connection, merchant: str, keys: Iterable[tuple[int | None, str]]
) -> dict[tuple[int, str], int]:
    """Return the highest history id not acknowledged of each parcel of the orders of ``keys``."""
    s = sent_rows.c
    statement = (
        select(s.order_id, s.parcel_id, func.max(s.history_id))
        .where(
            s.merchant == merchant,
            s.acknowledged_at.is_(None),
            among(s.order_id, {order_id for order_id, _ in keys if order_id is not None}),
        )
        .group_by(s.order_id, s.parcel_id)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}


def rows_to_acknowledge(
    connection: Connection, merchant: str, letters: Collection[str], *, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Return queue rows not yet acknowledged whose parcel plentymarkets has, oldest first.

    :param letters: as `parcels_without_number`: plentymarkets needs nothing of them.
    :param after: only rows with a higher history id.
    """
    p = parcels.alias()
    of_row = (
        (p.c.merchant == sent_rows.c.merchant)
        & (p.c.order_id == sent_rows.c.order_id)
        & (func.split_part(p.c.parcel_id, "#", 1) == sent_rows.c.parcel_id)
    )
    written = p.c.written_number.is_not(None) & (p.c.written_number == p.c.tracking_number)
    lacks = ~written & ~((p.c.tracking_number == "") & is_letter(p, letters))
    return connection.execute(
        select(sent_rows)
        .where(
            sent_rows.c.merchant == merchant,
            sent_rows.c.history_id > after,
            sent_rows.c.acknowledged_at.is_(None),
            select(p.c.order_id).where(of_row).exists(),
            ~select(p.c.order_id).where(of_row, lacks).exists(),
        )
        .order_by(sent_rows.c.history_id)
        .limit(limit)
    ).all()


def acknowledged(connection: Connection, merchant: str, history_ids: Collection[int]) -> None:
    """Remember rows that wemalo has taken off its queue."""
    queues.acknowledged(connection, sent_rows, merchant, history_ids)


def pieces_sent(connection: Connection, merchant: str, order_id: int) -> dict[str, Decimal]:
    """Return the pieces of an order that left, by product as wemalo names it."""
    return pieces_by_order(connection, merchant, [order_id])[order_id]


def pieces_by_order(
    connection: Connection, merchant: str, ids: Collection[int]
) -> dict[int, dict[str, Decimal]]:
    """Return as `pieces_sent` the pieces of some orders, by order."""
    s = sent_rows.c
    statement = (
        select(s.order_id, s.product, func.sum(s.quantity).label("pieces"))
        .where(s.merchant == merchant, s.order_id.in_(ids))
        .group_by(s.order_id, s.product)
    )
    found: dict[int, dict[str, Decimal]] = {order_id: {} for order_id in ids}
    for row in connection.execute(statement):
        found[row.order_id][row.product] = Decimal(row.pieces)
    return found


def pieces_out(connection: Connection, merchant: str, order_id: int) -> dict[str, Decimal] | None:
    """Return as `pieces_sent` what can come back of an order; None where the ledger cannot know.

    An order that left before the ledger began, or so long ago that its rows are gone, is unknown.
    """
    sent = pieces_sent(connection, merchant, order_id)
    state = connection.execute(
        select(orders.c.state).where(orders.c.merchant == merchant, orders.c.order_id == order_id)
    ).scalar_one_or_none()
    if not sent and state in (None, State.SHIPPED, State.PARTLY_SHIPPED):
        return None
    return sent


def complete_orders(connection: Connection, merchant: str, ids: Collection[int]) -> set[int]:
    """Return those of ``ids`` of which nothing more will leave.

    Their last parcel has left, or the warehouse has cancelled what it still had.
    """
    if not ids:
        return set()
    last = select(sent_rows.c.order_id).where(
        sent_rows.c.merchant == merchant, sent_rows.c.order_id.in_(list(ids)), sent_rows.c.complete
    )
    cancelled = select(orders.c.order_id).where(
        orders.c.merchant == merchant,
        orders.c.order_id.in_(list(ids)),
        orders.c.wemalo_status == WarehouseStatus.CANCELLED,
    )
    return set(connection.execute(last.union(cancelled)).scalars())


def end_of_rows(
    connection: Connection, merchant: str, order_id: int, history_ids: Collection[int]
) -> None:
    """Take the rows of an order for its last ones, if these are all there are and all are known."""
    of_order = (sent_rows.c.merchant == merchant, sent_rows.c.order_id == order_id)
    known = set(connection.execute(select(sent_rows.c.history_id).where(*of_order)).scalars())
    if known and known >= set(history_ids):
        connection.execute(update(sent_rows).where(*of_order).values(complete=True))
