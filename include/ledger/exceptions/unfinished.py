"""What was written ahead and is not finished: rows that nobody may leave lying for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Text, cast, func, literal, select, union_all

from include.core.orders.states import ENDED
from include.ledger.orders.outbox import STATUS_REFUSALS
from include.ledger.tables import (
    announced_returns,
    documents,
    exceptions,
    orders,
    outbox,
    returns,
    stock_bookings,
    writes,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row, Select

#: error codes of writes to plentymarkets that have exceptions of their own
TOLD = STATUS_REFUSALS | {"NOT_FOUND", "CARRIER_UNMAPPED"}
#: subjects that are told at most, the oldest first
LIMIT = 1000


def older_than(
    connection: Connection, merchant: str, age: timedelta, groups: Collection[str]
) -> Sequence[Row[Any]]:
    """Return what is to be written, or in doubt, for longer than ``age``.

    Refused rows are told by their own codes, and what waits for a merchant's document as well: they
    are not among them.

    :param groups: the merchant's task groups; rows of the others are nobody's turn.
    :returns: ``subject`` as exceptions name it, ``kinds`` (sorted), ``since`` (of the oldest) and
        ``order_id`` (None where it is about no order).
    """
    parts = [_outbox(), _writes()]
    if "documents" in groups:
        parts.append(_documents())
    if "returns" in groups:
        parts += [_returns(), _announcements()]
    if "stock" in groups:
        parts.append(_bookings())
    rows = union_all(*parts).subquery()
    c = rows.c
    return connection.execute(
        select(
            c.subject,
            func.array_agg(func.distinct(c.kind)).label("kinds"),
            func.min(c.since).label("since"),
            func.min(c.order_id).label("order_id"),
        )
        .where(c.merchant == merchant, c.since <= func.now() - age)
        .group_by(c.subject)
        .order_by(func.min(c.since), c.subject)
        .limit(LIMIT)
    ).all()


def _outbox() -> Select[Any]:
    c = outbox.c
    subject = func.concat("order:", c.order_id)
    missing = (  # told once for all orders that wait for the status
        select(exceptions.c.exception_id)
        .where(
            c.kind == "status",
            exceptions.c.merchant == c.merchant,
            exceptions.c.code == "STATUS_MISSING",
            exceptions.c.subject == func.concat("status:", c.payload["target"].astext),
            exceptions.c.cleared_at.is_(None),
        )
        .exists()
    )
    return _select(c.merchant, subject, c.kind, c.created_at, c.order_id).where(
        c.state.in_(["due", "writing"]),
        func.coalesce(c.error_code, "").not_in(sorted(TOLD)),
        ~missing,
    )


def _writes() -> Select[Any]:
    """Return calls in doubt; about an order that has ended they are nobody's turn any more."""
    c = writes.c
    of_order = func.substring(c.subject, r"^(?:order|parcel|document):([0-9]{1,18})")
    order_id = cast(of_order, BigInteger)
    ended = (
        select(orders.c.order_id)
        .where(
            orders.c.merchant == c.merchant,
            orders.c.order_id == order_id,
            orders.c.state.in_(sorted(ENDED)),
        )
        .exists()
    )
    return _select(c.merchant, c.subject, c.step, c.doubt_since, order_id).where(
        c.doubt_until.is_not(None), ~ended
    )


def _documents() -> Select[Any]:
    c = documents.c
    subject = func.concat("document:", c.order_id, ":", c.kind)
    return _select(c.merchant, subject, c.kind, c.first_seen_at, c.order_id).where(
        c.state.in_(["attaching", "unclear"])
    )


def _returns() -> Select[Any]:
    c = returns.c
    subject = func.concat("return:", c.return_key)
    return _select(c.merchant, subject, literal("return"), c.planned_at, c.order_id).where(
        c.state != "done"
    )


def _announcements() -> Select[Any]:
    c = announced_returns.c
    subject = func.concat("announcement:", c.return_id)
    kind = literal("announcement")
    return _select(c.merchant, subject, kind, c.first_seen_at, c.order_id).where(
        c.state == "announcing"
    )


def _bookings() -> Select[Any]:
    c = stock_bookings.c
    subject = func.concat("item:", c.variation_id)
    return _select(c.merchant, subject, c.kind, c.created_at, c.order_id).where(
        c.state.in_(["due", "writing"])
    )


def _select(merchant: Any, subject: Any, kind: Any, since: Any, order_id: Any) -> Select[Any]:
    return select(
        merchant.label("merchant"),
        cast(subject, Text).label("subject"),
        cast(kind, Text).label("kind"),
        since.label("since"),
        cast(order_id, BigInteger).label("order_id"),
    )
