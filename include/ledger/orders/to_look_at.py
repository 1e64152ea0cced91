"""Which orders a step has to look at: their ids all at once, their rows some at a time.

An order's content is most of its row. A hundred thousand of them do not fit into a worker, their
ids take less than a megabyte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, any_, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from include.core.exceptions.long_stays import NOT_FOUND
from include.core.orders.states import ENDED, State
from include.core.orders.wemalo_order import WarehouseStatus
from include.core.systems.slices import packed
from include.ledger.tables import orders

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Sequence
    from datetime import timedelta
    from decimal import Decimal

    from sqlalchemy import Connection, Row, Select
    from sqlalchemy.sql.elements import ColumnElement

_AT_ONCE = 5_000  # ids a fetch: a few round trips per hundred thousand, and no list of all

_BRIEF = [
    *(c for c in orders.c if c.name not in {"content", "new_content"}),
    orders.c.content.is_not(None).label("has_content"),
]


def ids_of(connection: Connection, statement: Select[Any]) -> array[int]:
    """Return the ids that a statement selects, packed."""
    streamed = statement.execution_options(yield_per=_AT_ONCE)
    return packed(connection.execute(streamed).scalars())


def among(column: ColumnElement[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of many ids: one parameter, however many."""
    return column == any_(cast(bindparam(None, list(ids)), ARRAY(BigInteger)))


def stands_in(states: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that an order is in one of ``states``.

    Ended ones stand for themselves: orders that ended fill the table, so what is open and each
    kind of ended ones have their own index, and one condition over both would use none.
    """
    some = set(states)
    parts = [orders.c.state == state for state in sorted(some & ENDED)]
    if some - ENDED:
        parts.insert(0, orders.c.state.in_(sorted(some - ENDED)))
    return or_(*parts)


def due_ids(connection: Connection, merchant: str, states: Iterable[str]) -> array[int]:
    """Return the orders in ``states`` whose next attempt is not in the future.

    The most urgent first: express, then the oldest (`include.core.stock.stock_rules.priority`),
    because who comes first gets the last piece. Orders without content cannot be judged or sent.
    """
    express = func.coalesce(orders.c.content["express"].as_boolean(), False)
    created = cast(orders.c.content["created_at"].as_string(), DateTime(timezone=True))
    return ids_of(
        connection,
        select(orders.c.order_id)
        .where(orders.c.merchant == merchant, *_is_due(states))
        .order_by(express.desc(), created, orders.c.order_id),
    )


def due(
    connection: Connection, merchant: str, states: Iterable[str], ids: Iterable[int]
) -> Sequence[Row[Any]]:
    """Return whole rows of those of ``ids``, some hundreds, that are still due, by order id."""
    return connection.execute(
        select(orders)
        .where(orders.c.merchant == merchant, among(orders.c.order_id, ids), *_is_due(states))
        .order_by(orders.c.order_id)
    ).all()


def _is_due(states: Iterable[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        stands_in(states),
        orders.c.content.is_not(None),
        or_(orders.c.next_attempt_at.is_(None), orders.c.next_attempt_at <= func.now()),
    )


def ids_in(
    connection: Connection, merchant: str, states: Iterable[str], *where: ColumnElement[bool]
) -> array[int]:
    """Return all orders in ``states``, ascending."""
    return ids_of(
        connection,
        select(orders.c.order_id)
        .where(orders.c.merchant == merchant, stands_in(states), *where)
        .order_by(orders.c.order_id),
    )


def stuck(cancel_tries: int) -> ColumnElement[bool]:
    """Return the condition that wemalo cannot go on with an order, or does not know of it.

    :param cancel_tries: unclear answers to a cancellation.
    """
    blocked = orders.c.wemalo_status == WarehouseStatus.BLOCKEDPACKED
    unclear = orders.c.cancel_requested_at.is_not(None) & (orders.c.cancel_tries >= cancel_tries)
    return blocked | unclear | (orders.c.wemalo_status == NOT_FOUND)


def moved(usual: Collection[Decimal]) -> ColumnElement[bool]:
    """Return the condition that an order shows none of the usual statuses."""
    return orders.c.plenty_status.not_in(sorted(usual))


def held_ids(
    connection: Connection, merchant: str, usual: Collection[Decimal], held: str
) -> array[int]:
    """Return the cancelled orders that are held and show none of the usual statuses, ascending.

    :param held: their reason code.
    """
    return ids_in(
        connection, merchant, [State.CANCELLED], orders.c.reason_code == held, moved(usual)
    )


def changed_within(time: timedelta) -> ColumnElement[bool]:
    """Return the condition that an order's state changed lately."""
    return orders.c.changed_at > func.now() - time


def shows(status: Decimal) -> ColumnElement[bool]:
    """Return the condition that plentymarkets showed an order in a status."""
    return orders.c.plenty_status == status


def cancel_ids(connection: Connection, merchant: str, states: Iterable[str]) -> array[int]:
    """Return orders in ``states`` whose merchant cancelled them, ascending."""
    return ids_in(connection, merchant, states, orders.c.cancel_requested_at.is_not(None))


def brief(
    connection: Connection, merchant: str, states: Iterable[str], ids: Iterable[int]
) -> Sequence[Row[Any]]:
    """Return those of ``ids`` in ``states`` without their contents, by order id.

    ``has_content`` says whether there is one.
    """
    return connection.execute(
        select(*_BRIEF)
        .where(
            orders.c.merchant == merchant,
            orders.c.state.in_(sorted(states)),
            among(orders.c.order_id, ids),
        )
        .order_by(orders.c.order_id)
    ).all()
