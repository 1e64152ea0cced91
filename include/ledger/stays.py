"""Orders that have stayed where they are for longer than they may (`include.core.stays`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from include.core.stays import STAYS
from include.ledger.due import among, ids_of
from include.ledger.tables import orders

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.core.stays import Stay


def overdue_ids(
    connection: Connection, merchant: str, rows: Iterable[tuple[Stay, timedelta]]
) -> array[int]:
    """Return the orders that have stayed for too long, ascending."""
    statement = select(orders.c.order_id).where(orders.c.merchant == merchant, _overdue(rows))
    return ids_of(connection, statement.order_by(orders.c.order_id))


def overdue(
    connection: Connection,
    merchant: str,
    rows: Iterable[tuple[Stay, timedelta]],
    ids: Iterable[int],
) -> Sequence[Row[Any]]:
    """Return state, view and since when of those of ``ids`` that have stayed for too long."""
    columns: list[ColumnElement[Any]] = [
        orders.c.order_id, orders.c.state, orders.c.wemalo_status, orders.c.stands_since
    ]  # fmt: skip
    return connection.execute(
        select(*columns)
        .where(orders.c.merchant == merchant, among(orders.c.order_id, ids), _overdue(rows))
        .order_by(orders.c.order_id)
    ).all()


def _overdue(rows: Iterable[tuple[Stay, timedelta]]) -> ColumnElement[bool]:
    return or_(*(_one(row, longest) for row, longest in rows))


def _one(row: Stay, longest: timedelta) -> ColumnElement[bool]:
    here = and_(orders.c.state == row.state, orders.c.stands_since <= func.now() - longest)
    if row.views:
        return and_(here, orders.c.wemalo_status.in_(row.views))
    other = [view for one in STAYS if one.state is row.state for view in one.views]
    if not other:
        return here
    return and_(here, func.coalesce(orders.c.wemalo_status, "").not_in(other))
