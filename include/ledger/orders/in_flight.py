"""Orders that the warehouse has: which to look at next, and what changed since the hand-over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, or_, select

from include.core.orders.states import State
from include.ledger.orders.orders import touch
from include.ledger.orders.to_look_at import among, ids_of
from include.ledger.tables import orders, writes

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

#: the writes about an order at wemalo, keys of `include.core.systems.failures.STEPS`
STEPS = ("hand_over", "cancel", "change")


def oldest_look(
    connection: Connection,
    merchant: str,
    states: Iterable[State],
    *,
    older_than_s: float,
    limit: int,
    given_up: timedelta | None = None,
) -> Sequence[Row[Any]]:
    """Return whole rows in ``states`` that were not looked at lately, the oldest look first.

    :param given_up: only those whose hand-over was given up within this time.
    """
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
    if given_up is not None:
        statement = statement.where(orders.c.given_up_at > func.now() - given_up)
    return connection.execute(statement).all()


def never_left(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return whole rows that were written ahead and of whose write no call has left.

    Nothing is in doubt, and no process holds it: it died before it sent anything, or after the
    other system had clearly said no.
    """
    held = select(writes.c.subject).where(
        writes.c.merchant == orders.c.merchant,
        writes.c.step.in_(STEPS),
        writes.c.subject == func.concat("order:", orders.c.order_id),
    )
    return connection.execute(
        select(orders)
        .where(
            orders.c.merchant == merchant,
            orders.c.state.in_([State.SUBMITTING, State.CANCELLING]),
            ~held.exists(),
        )
        .order_by(orders.c.order_id)
    ).all()


def unsettled(connection: Connection, merchant: str, step: str) -> list[int]:
    """Return the orders whose write at ``step`` has not ended and that nobody holds."""
    number = cast(func.substr(writes.c.subject, len("order:") + 1), BigInteger)
    return list(
        connection.execute(
            select(number)
            .where(
                writes.c.merchant == merchant,
                writes.c.step == step,
                writes.c.lease_until <= func.clock_timestamp(),
            )
            .order_by(number)
        ).scalars()
    )


def watched(
    connection: Connection,
    merchant: str,
    states: Iterable[State],
    *,
    ids: Iterable[int],
    lock: bool = False,
) -> dict[int, Row[Any]]:
    """Return what tells a change of the orders in ``states`` that nobody cancels, by order id.

    Without their contents, and of some at a time: there may be a hundred thousand.

    :param ids: only of these.
    :param lock: nobody else changes them before the transaction ends.
    """
    o = orders.c
    statement = select(
        o.order_id, o.state, o.fingerprint, o.sent_fingerprint, o.seen_updated_at, o.change_state,
        o.plenty_status, o.reason_code, o.version,
        o.new_content.is_not(None).label("has_change"),
    ).where(
        o.merchant == merchant,
        o.state.in_(sorted(states)),
        o.cancel_requested_at.is_(None),  # the cancellation comes first
        among(o.order_id, ids),
    ).order_by(o.order_id)  # fmt: skip
    rows = connection.execute(statement.with_for_update() if lock else statement)
    return {row.order_id: row for row in rows}


def watched_ids(
    connection: Connection, merchant: str, states: Iterable[State], *, unseen: bool = False
) -> array[int]:
    """Return the orders in ``states`` that nobody cancels, ascending.

    :param unseen: only those that were not seen since they came there, or since a write about them
        was interrupted.
    """
    where = [orders.c.cancel_requested_at.is_(None)]
    if unseen:
        where.append(orders.c.seen_updated_at.is_(None))
    return ids_of(
        connection,
        select(orders.c.order_id)
        .where(orders.c.merchant == merchant, orders.c.state.in_(sorted(states)), *where)
        .order_by(orders.c.order_id),
    )


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
