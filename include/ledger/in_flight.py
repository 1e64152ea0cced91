"""Orders that the warehouse has: which to look at next, and what changed since the hand-over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from include.core.states import State
from include.ledger.due import among, ids_of
from include.ledger.orders import touch
from include.ledger.tables import orders

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement


def oldest_look(
    connection: Connection,
    merchant: str,
    states: Iterable[State],
    *,
    older_than_s: float,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return whole rows in ``states`` that were not looked at lately, the oldest look first."""
    statement = (
        select(orders)
        .where(
            orders.c.merchant == merchant,
            orders.c.state.in_(sorted(states)),
            or_(
                orders.c.looked_at.is_(None),
                orders.c.looked_at
                <= func.now() - func.make_interval(0, 0, 0, 0, 0, 0, older_than_s),
            ),
        )
        .order_by(orders.c.looked_at.nulls_first(), orders.c.order_id)
        .limit(limit)
    )
    return connection.execute(statement).all()


def watched(
    connection: Connection,
    merchant: str,
    states: Iterable[State],
    *,
    ids: Iterable[int] | None = None,
    limit: int | None = None,
) -> dict[int, Row[Any]]:
    """Return what tells a change of the orders in ``states`` that nobody cancels, by order id.

    Without their contents, and of some at a time: there may be a hundred thousand.

    :param ids: only of these.
    :param limit: at most so many.
    """
    o = orders.c
    statement = select(
        o.order_id, o.state, o.fingerprint, o.sent_fingerprint, o.seen_updated_at, o.change_state,
        o.plenty_status, o.reason_code,
        o.new_content.is_not(None).label("has_change"),
    ).where(
        o.merchant == merchant,
        o.state.in_(sorted(states)),
        o.cancel_requested_at.is_(None),  # the cancellation comes first
    )  # fmt: skip
    if ids is not None:
        statement = statement.where(among(o.order_id, ids))
    rows = connection.execute(statement.order_by(o.order_id).limit(limit))
    return {row.order_id: row for row in rows}


def change_ids(connection: Connection, merchant: str, kinds: Collection[str]) -> array[int]:
    """Return the orders at the warehouse with a change of ``kinds`` that is due, ascending."""
    statement = select(orders.c.order_id).where(*_is_due(merchant, kinds))
    return ids_of(connection, statement.order_by(orders.c.order_id))


def changes(
    connection: Connection, merchant: str, kinds: Collection[str], ids: Iterable[int]
) -> Sequence[Row[Any]]:
    """Return whole rows of those of ``ids`` whose change is still due, by order id."""
    statement = select(orders).where(*_is_due(merchant, kinds), among(orders.c.order_id, ids))
    return connection.execute(statement.order_by(orders.c.order_id)).all()


def _is_due(merchant: str, kinds: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        orders.c.merchant == merchant,
        orders.c.change_state.in_(list(kinds)),
        orders.c.new_content.is_not(None),
        orders.c.state.in_([State.ACCEPTED, State.WAITING, State.PARTLY_SHIPPED]),
        orders.c.cancel_requested_at.is_(None),
        or_(orders.c.next_attempt_at.is_(None), orders.c.next_attempt_at <= func.now()),
    )


def wait(
    connection: Connection, merchant: str, order_id: int, pause: timedelta, **sets: Any
) -> None:
    """Set columns of an order and leave it alone for ``pause``."""
    touch(connection, merchant, [order_id], next_attempt_at=func.now() + pause, **sets)
