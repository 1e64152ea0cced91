"""Remove what is no longer needed: personal data soon after an order's end, paperwork later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, func, null, or_, select, update

from include.core.orders.states import ENDED, NEVER_SENT, State
from include.ledger.tables import batches, exceptions, merchant_facts, orders, outbox

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from include.ledger.orders.journal import Journal

AT_ONCE = 5_000  # rows of one transaction
#: an order that has not moved for so many times the days of an ended one is not finished any more
UNMOVED = 6
#: but for so many days at least
LEAST_DAYS = 30


def _before(days: int) -> ColumnElement[datetime]:
    return func.now() - func.make_interval(0, 0, 0, days)


def merchants(connection: Connection) -> list[str]:
    """Return every merchant the ledger has orders of, those without a file today included."""
    # from one name to the next: a plain DISTINCT would read every order there ever was
    found = select(func.min(orders.c.merchant).label("merchant")).cte("found", recursive=True)
    following = select(func.min(orders.c.merchant)).where(orders.c.merchant > found.c.merchant)
    found = found.union_all(
        select(following.scalar_subquery()).where(found.c.merchant.is_not(None))
    )
    names = select(found.c.merchant).where(found.c.merchant.is_not(None))
    return list(connection.execute(names.order_by("merchant")).scalars())


def forget_addresses(connection: Connection, journal: Journal, days: int) -> int:
    """Remove the content of at most `AT_ONCE` orders that need it no longer; return how many.

    That is: orders that ended ``days`` ago and have nothing left to be written, faulty ones that
    were never sent and that nobody touched for as long, and any order that has not moved for
    `UNMOVED` times as long. What was never sent is read again when it is released again.
    """
    unmoved = orders.c.changed_at <= _before(max(days, LEAST_DAYS) * UNMOVED)
    waiting = exists().where(
        outbox.c.merchant == orders.c.merchant,
        outbox.c.order_id == orders.c.order_id,
        outbox.c.state.in_(["due", "writing"]),
    )
    has_ended = orders.c.state.in_(sorted(ENDED))
    ended = and_(has_ended, or_(orders.c.ended_at <= _before(days), unmoved), ~waiting)
    left = and_(
        orders.c.state == State.INVALID,
        orders.c.sent_fingerprint.is_(None),
        orders.c.changed_at <= _before(days),
        ~waiting,
    )
    ripe = (
        select(orders.c.order_id)
        .where(
            orders.c.merchant == journal.merchant,
            or_(orders.c.content.is_not(None), orders.c.new_content.is_not(None)),
            or_(ended, left, and_(~has_ended, unmoved)),
        )
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    done = connection.execute(
        update(orders)
        .where(orders.c.merchant == journal.merchant, orders.c.order_id.in_(ripe))
        .values(
            content=null(),
            new_content=null(),
            # not read yet, so that a release reads it again
            plenty_updated_at=case(
                (orders.c.state.in_(sorted(NEVER_SENT)), null()), else_=orders.c.plenty_updated_at
            ),
            version=orders.c.version + 1,
        )
        .returning(orders.c.order_id, orders.c.state, unmoved.label("unmoved"))
    )
    rows = sorted(done.all())
    journal.add_many(
        connection,
        [
            (row.order_id, "address_removed", {})
            if row.state in ENDED or not row.unmoved
            else (row.order_id, "address_removed_unended", {"state": row.state})
            for row in rows
        ],
    )
    return len(rows)


def drop_paperwork(connection: Connection, merchant: str, days: int) -> int:
    """Remove finished rows that are older than ``days``; return how many.

    Writes go with their order's end, not with their own: until then they say what was written.
    """
    old_orders = select(orders.c.order_id).where(
        orders.c.merchant == merchant,
        orders.c.state.in_(sorted(ENDED)),
        orders.c.ended_at <= _before(days),
    )
    statements = (
        delete(outbox).where(
            outbox.c.merchant == merchant,
            outbox.c.order_id.in_(old_orders),
            outbox.c.state.in_(["done", "dropped", "dead"]),
        ),
        delete(batches).where(
            batches.c.merchant == merchant,
            batches.c.opened_at <= _before(days),
            ~exists().where(orders.c.batch_id == batches.c.batch_id),
        ),
        delete(exceptions).where(
            exceptions.c.merchant == merchant, exceptions.c.cleared_at <= _before(days)
        ),
        delete(merchant_facts).where(
            merchant_facts.c.merchant == merchant,
            merchant_facts.c.last_seen_at <= _before(days),
            ~exists().where(
                orders.c.merchant == merchant,
                orders.c.facts == merchant_facts.c.version,
                orders.c.state.not_in(sorted(ENDED)),
            ),
        ),
    )
    return sum(connection.execute(statement).rowcount for statement in statements)
