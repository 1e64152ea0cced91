"""What is still open of a merchant, whether it is due now or not: to be seen before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from include.core.orders.states import AT_WAREHOUSE, ENDED, NEVER_SENT
from include.ledger.tables import (
    announced_returns,
    documents,
    orders,
    outbox,
    parcels,
    return_rows,
    returns,
    sent_rows,
    stock_bookings,
    writes,
)

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection
    from sqlalchemy.sql.elements import ColumnElement

#: orders that the warehouse never had: they stay in plentymarkets as they are
NOT_SENT = "orders that were not handed over"
SHOWN = 20  # ids of a kind


class Open(NamedTuple):
    """What is open of one kind.

    :param ids: of the first of them: orders, returns or variations.
    """

    kind: str
    number: int
    ids: list[str]


def open_work(connection: Connection, merchant: str) -> list[Open]:
    """Return what is open of a merchant by kind, in the order of an order's way."""
    found = []
    for kind, column, condition in _kinds():
        statement = (
            select(column.label("id"), func.count().over().label("number"))
            .where(column.table.c.merchant == merchant, condition)
            .order_by(column)
            .limit(SHOWN)
        )
        rows = connection.execute(statement).all()
        if rows:
            found.append(Open(kind, rows[0].number, [str(row.id) for row in rows]))
    return found


def _kinds() -> list[tuple[str, Column[Any], ColumnElement[bool]]]:
    o, p = orders.c, parcels.c
    unknown = p.tracking_number.is_distinct_from(p.written_number) & (p.tracking_number != "")
    return [
        (NOT_SENT, o.order_id, o.state.in_(sorted(NEVER_SENT - ENDED))),
        ("orders at the warehouse", o.order_id, o.state.in_(sorted(AT_WAREHOUSE))),
        (
            "statuses, notes and packages for plentymarkets", outbox.c.order_id,
            outbox.c.state.in_(["due", "writing"]),
        ),
        ("tracking numbers for plentymarkets", p.order_id, unknown),
        (
            "rows of sent items to acknowledge", sent_rows.c.order_id,
            sent_rows.c.acknowledged_at.is_(None),
        ),
        ("returns to book", returns.c.order_id, returns.c.state != "done"),
        (
            "returned pieces to settle", return_rows.c.history_id,
            return_rows.c.acknowledged_at.is_(None) & return_rows.c.gone_at.is_(None),
        ),
        (
            "returns to announce", announced_returns.c.return_id,
            announced_returns.c.state == "announcing",
        ),
        (
            "documents to attach", documents.c.order_id,
            documents.c.state.in_(["attaching", "unclear"]),
        ),
        (
            "stock bookings", stock_bookings.c.variation_id,
            stock_bookings.c.state.in_(["due", "writing"]),
        ),
        ("calls in doubt", writes.c.subject, writes.c.doubt_until.is_not(None)),
    ]  # fmt: skip
