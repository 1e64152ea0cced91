"""Orders that stay: for too long (`include.core.exceptions.long_stays`), or until sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, true

from include.core.exceptions.long_stays import STAYS
from include.core.orders.send_again import REASONS
from include.core.orders.states import State
from include.core.orders.wemalo_order import WarehouseStatus
from include.ledger.orders.to_look_at import among, ids_of
from include.ledger.tables import order_events, orders

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.core.exceptions.long_stays import Stay


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


def cannot_start(
    connection: Connection, merchant: str, ids: Iterable[int] | None = None
) -> Sequence[Row[Any]]:
    """Return what the warehouse has and cannot begin with (`include.core.orders.send_again`).

    :param ids: only of these.
    :returns: ``order_id``, ``reason``, ``tries`` (how often it was sent again), ``since`` (when
        last, or since when it stands there), ``now``; the one that waits longest first.
    """
    tries = (
        select(func.count().label("tries"), func.max(order_events.c.at).label("last"))
        .where(
            order_events.c.merchant == orders.c.merchant,
            order_events.c.order_id == orders.c.order_id,
            order_events.c.kind == "sent_again",
            order_events.c.at >= orders.c.stands_since,
        )
        .lateral()
    )
    since = func.coalesce(tries.c.last, orders.c.stands_since)
    statement = (
        select(
            orders.c.order_id, orders.c.wemalo_reason.label("reason"),
            tries.c.tries, since.label("since"), func.now().label("now"),
        )
        .select_from(orders.join(tries, true()))
        .where(orders.c.merchant == merchant, *_cannot_start())
        .order_by(since, orders.c.order_id)
    )  # fmt: skip
    if ids is not None:
        statement = statement.where(among(orders.c.order_id, ids))
    return connection.execute(statement).all()


def cannot_start_ids(connection: Connection, merchant: str) -> array[int]:
    """Return the orders of `cannot_start`, ascending."""
    statement = select(orders.c.order_id).where(orders.c.merchant == merchant, *_cannot_start())
    return ids_of(connection, statement.order_by(orders.c.order_id))


def to_send_again(connection: Connection, merchant: str, ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Return whole rows of those of ``ids`` that may be sent again as they are kept."""
    statement = select(orders).where(
        orders.c.merchant == merchant, among(orders.c.order_id, ids), *_is_as_sent()
    )
    return connection.execute(statement.order_by(orders.c.order_id)).all()


def is_as(connection: Connection, row: Row[Any]) -> bool:
    """Lock an order; say whether it still stands as in ``row``, and may be sent again."""
    statement = select(orders.c.order_id).where(
        orders.c.merchant == row.merchant,
        orders.c.order_id == row.order_id,
        orders.c.version == row.version,
        *_is_as_sent(),
    )
    return connection.execute(statement.with_for_update()).one_or_none() is not None


def _cannot_start() -> tuple[ColumnElement[bool], ...]:
    return (
        orders.c.state == State.WAITING,
        orders.c.wemalo_status == WarehouseStatus.PARTIAL,
        orders.c.wemalo_reason.in_(sorted(REASONS)),
    )


def _is_as_sent() -> tuple[ColumnElement[bool], ...]:
    """Return the condition that neither a change nor a cancellation is to be sent instead."""
    return (
        *_cannot_start(),
        orders.c.content.is_not(None),
        orders.c.new_content.is_(None),
        orders.c.cancel_requested_at.is_(None),
    )


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
