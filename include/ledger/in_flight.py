"""Orders that the warehouse has: which to look at next, and what changed since the hand-over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from include.core.states import State
from include.ledger.orders import touch
from include.ledger.tables import orders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row


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


def watched(connection: Connection, merchant: str, states: Iterable[State]) -> Sequence[Row[Any]]:
    """Return what tells a change of the orders in ``states`` that nobody cancels, by order id.

    Without their contents: there may be thousands.
    """
    o = orders.c
    statement = select(
        o.order_id, o.state, o.fingerprint, o.sent_fingerprint, o.seen_updated_at, o.change_state,
        o.new_content.is_not(None).label("has_change"),
    ).where(
        o.merchant == merchant,
        o.state.in_(sorted(states)),
        o.cancel_requested_at.is_(None),  # the cancellation comes first
    )  # fmt: skip
    return connection.execute(statement.order_by(o.order_id)).all()


def changes(connection: Connection, merchant: str, kinds: Collection[str]) -> Sequence[Row[Any]]:
    """Return whole rows of orders at the warehouse with a change of ``kinds`` that is due."""
    statement = select(orders).where(
        orders.c.merchant == merchant,
        orders.c.change_state.in_(list(kinds)),
        orders.c.new_content.is_not(None),
        orders.c.state.in_([State.ACCEPTED, State.WAITING, State.PARTLY_SHIPPED]),
        orders.c.cancel_requested_at.is_(None),
        or_(orders.c.next_attempt_at.is_(None), orders.c.next_attempt_at <= func.now()),
    )
    return connection.execute(statement.order_by(orders.c.order_id)).all()


def wait(
    connection: Connection, merchant: str, order_id: int, pause: timedelta, **sets: Any
) -> None:
    """Set columns of an order and leave it alone for ``pause``."""
    touch(connection, merchant, [order_id], next_attempt_at=func.now() + pause, **sets)
