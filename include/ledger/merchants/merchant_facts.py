"""Which facts of a merchant's file its orders were fetched under, and who works with which client.

A merchant's tasks say at their start which facts they go by. The first time for facts that are new
it is made sure that nobody else's orders are in the wemalo client they lead to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.core.merchants.merchant_facts import Kept, SystemKey
from include.core.orders.states import AT_WAREHOUSE, ENDED, State
from include.core.systems.errors import ConfigError
from include.ledger.orders.to_look_at import ids_of
from include.ledger.tables import merchant_facts, orders

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

#: a merchant that was not seen for so long, and has no order there, has left its wemalo client
GONE_DAYS = 7
#: orders that go by the facts they were fetched under; of the others the next release decides
UNDER_WAY = frozenset(State) - ENDED - {State.INVALID, State.QUARANTINED}
_OPEN = frozenset(State) - ENDED

_facts = merchant_facts.c


def meet(connection: Connection, merchant: str, now: Kept) -> list[Kept]:
    """Note that a merchant goes by these facts now; return all it ever went by, newest last.

    One statement, unless the facts are new or the merchant was away for long.

    :raises ConfigError: code ``SAME_CLIENT``: another merchant's orders, of another plentymarkets
        system, are in this wemalo client; nothing was noted.
    """
    found = _seen_again(connection, merchant, now)
    if found is None:
        _first_time(connection, merchant, now)
        found = _seen_again(connection, merchant, now) or []
    return found


def _seen_again(connection: Connection, merchant: str, now: Kept) -> list[Kept] | None:
    """Note known facts as seen and return the merchant's; None where they are to be checked."""
    seen = (
        update(merchant_facts)
        .where(
            _facts.merchant == merchant,
            _facts.version == now.version,
            _facts.wemalo_secret.is_not_distinct_from(now.wemalo.secret),
            _facts.last_seen_at > _days_ago(GONE_DAYS),
        )
        .values(last_seen_at=func.now())
        .returning(_facts.version)
        .cte("seen")
    )
    statement = (
        select(merchant_facts, select(func.count()).select_from(seen).scalar_subquery().label("n"))
        .where(_facts.merchant == merchant)
        .order_by(_facts.last_seen_at, _facts.first_seen_at)
    )
    rows = connection.execute(statement).all()
    return [_kept(row) for row in rows] if rows and rows[0].n else None


def _first_time(connection: Connection, merchant: str, now: Kept) -> None:
    check_client(connection, merchant, now, lock=True)
    before = connection.execute(
        select(_facts.version, _facts.wemalo_secret).where(_facts.merchant == merchant)
    ).all()
    of_version = {row.version: row.wemalo_secret for row in before}
    renewed = of_version.get(now.version)
    if renewed is not None and renewed != now.wemalo.secret:
        # the same connection and address with a new token: still the client that it was
        connection.execute(
            update(merchant_facts)
            .where(_facts.merchant == merchant, _facts.wemalo_secret == renewed)
            .values(wemalo_secret=now.wemalo.secret)
        )
    values = {
        "facts": dict(now.facts),
        "plenty_address": now.plenty.address,
        "wemalo_address": now.wemalo.address,
        "wemalo_secret": now.wemalo.secret,
    }
    connection.execute(
        insert(merchant_facts)
        .values(merchant=merchant, version=now.version, **values)
        .on_conflict_do_update(
            index_elements=[_facts.merchant, _facts.version],
            set_={**values, "last_seen_at": func.now()},
        )
    )
    if not before:  # orders from before facts were kept: what the file says now holds for them
        connection.execute(
            update(orders)
            .where(
                orders.c.merchant == merchant,
                orders.c.facts.is_(None),
                orders.c.state.not_in(sorted(ENDED)),
            )
            .values(facts=now.version)
        )


def check_client(connection: Connection, merchant: str, now: Kept, *, lock: bool = False) -> None:
    """Make sure that no other plentymarkets system's orders are in the merchant's wemalo client.

    Order ids of two systems are alike, and wemalo knows an order by its id: one merchant's order
    would take the place of the other's. Merchants of one system share their ids, and may share a
    client.

    :param lock: nobody else can come to this client before the transaction ends.
    :raises ConfigError: code ``SAME_CLIENT``.
    """
    if now.wemalo.secret is None:
        return  # no call can be made without a token
    if lock:
        name = f"wemalo client {now.wemalo.address} {now.wemalo.secret}"
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
        )
    open_there = (
        select(func.count())
        .select_from(orders)
        .where(
            orders.c.merchant == _facts.merchant,
            or_(orders.c.facts == _facts.version, orders.c.facts.is_(None)),
            orders.c.state.in_(sorted(AT_WAREHOUSE)),
        )
        .scalar_subquery()
    )
    statement = (
        select(
            _facts.merchant,
            open_there.label("open_orders"),
            (_facts.last_seen_at > _days_ago(GONE_DAYS)).label("lately"),
        )
        .where(
            _facts.merchant != merchant,
            _facts.wemalo_secret == now.wemalo.secret,
            _facts.wemalo_address == now.wemalo.address,
            _facts.plenty_address != now.plenty.address,
        )
        .order_by(_facts.first_seen_at)
    )
    if lock:
        statement = statement.with_for_update()
    for row in connection.execute(statement):
        if row.lately or row.open_orders:
            raise _same_client(merchant, row)


def _same_client(merchant: str, row: Row[Any]) -> ConfigError:
    operator = (
        f"The merchants {merchant} and {row.merchant} work with the same wemalo client (one URL "
        f"and token), but with two plentymarkets systems: their orders have the same numbers and "
        f"would take each other's place in the warehouse. {row.merchant} was there first and goes "
        f"on; nothing is read or sent for {merchant}. Put the token of {merchant}'s own client "
        f"into the connection that its file names as wemalo.connection. If the client was given to "
        f"{merchant} for good: it is free once {row.merchant} was not run for {GONE_DAYS} days and "
        f"has no order there ({row.open_orders} now)."
    )
    return ConfigError(operator, code="SAME_CLIENT", merchant=merchant)


def _days_ago(days: int) -> ColumnElement[Any]:
    return func.now() - func.make_interval(0, 0, 0, days)


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        row.version,
        row.facts,
        SystemKey(row.plenty_address),
        SystemKey(row.wemalo_address, row.wemalo_secret),
    )


def version_of(connection: Connection, merchant: str, order_id: int) -> str | None:
    """Return the version of facts that an order goes by; None: the current ones."""
    return connection.execute(
        select(orders.c.facts).where(orders.c.merchant == merchant, orders.c.order_id == order_id)
    ).scalar_one_or_none()


def under_way(
    connection: Connection,
    merchant: str,
    versions: Collection[str],
    states: Collection[State] = UNDER_WAY,
) -> dict[str, int]:
    """Return how many orders in ``states`` go by each of these versions, without noughts."""
    statement = (
        select(orders.c.facts, func.count().label("n"))
        .where(
            orders.c.merchant == merchant,
            orders.c.facts.in_(list(versions)),
            orders.c.state.in_(sorted(states)),
        )
        .group_by(orders.c.facts)
    )
    return {row.facts: row.n for row in connection.execute(statement)}


def not_ended(connection: Connection, merchant: str, versions: Collection[str]) -> list[str]:
    """Return those of ``versions`` that an order goes by that has not ended."""
    statement = (
        select(orders.c.facts)
        .distinct()
        .where(
            orders.c.merchant == merchant,
            orders.c.facts.in_(list(versions)),
            orders.c.state.in_(sorted(_OPEN)),
        )
    )
    return sorted(connection.execute(statement).scalars())


def orders_of(
    connection: Connection,
    merchant: str,
    versions: Collection[str],
    *,
    at_warehouse: Collection[str] = (),
) -> array[int]:
    """Return all orders of ``versions``, ascending.

    :param at_warehouse: and of these versions those that the warehouse has or may have.
    """
    statement = select(orders.c.order_id).where(
        orders.c.merchant == merchant,
        or_(
            orders.c.facts.in_(list(versions)),
            orders.c.facts.in_(list(at_warehouse)) & orders.c.state.in_(sorted(AT_WAREHOUSE)),
        ),
    )
    return ids_of(connection, statement.order_by(orders.c.order_id))
