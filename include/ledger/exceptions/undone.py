"""What could be done now and is not: everything that is due, of all kinds, in one query.

What rests (`include.ledger.systems.failures`), what somebody holds or may still land
(`include.ledger.systems.writes`), what waits for a person or for goods, and what needs a system
whose circuit is open is not due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BigInteger, Text, cast, func, literal, or_, select, union_all

from include.core.orders.states import ENDED, State
from include.ledger.tables import (
    announced_returns,
    circuits,
    documents,
    failures,
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
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Select
    from sqlalchemy.sql.elements import ColumnElement

PLENTY, WEMALO = "plenty", "wemalo"
#: rows at most, the oldest first: more say nothing else
LIMIT = 1000
_TO_SEND = (State.FETCHED, State.READY, State.RETRY_WAIT)
_AT_WAREHOUSE = (State.ACCEPTED, State.WAITING, State.PARTLY_SHIPPED)


class Undone(NamedTuple):
    """Something that is due.

    :param subject: names it among its kind, mostly as exceptions do.
    :param since: when it became due (UTC).
    """

    kind: str
    subject: str
    since: datetime


def undone(
    connection: Connection,
    merchant: str,
    groups: Collection[str],
    *,
    takes_new: bool = True,
    resting: Collection[str] = (),
) -> list[Undone]:
    """Return what is due, the oldest first.

    :param groups: the merchant's task groups; what belongs to others is nobody's turn.
    :param takes_new: orders that were never sent may go out.
    :param resting: systems whose circuit is open.
    """
    parts = [(_failures(), ()), (_writes(), ()), (_outbox(), (PLENTY,)), (_parcels(), (PLENTY,))]
    parts += [(_interrupted(), (WEMALO,)), (_cancelled(), (WEMALO,)), (_changed(), (WEMALO,))]
    parts.append((_acknowledged(), (WEMALO,)))
    if takes_new:
        parts.append((_to_send(), (PLENTY, WEMALO)))
    if "documents" in groups:
        parts.append((_documents(), (PLENTY, WEMALO)))
    if "returns" in groups:
        parts += [(_returns(), (PLENTY,)), (_return_rows(), (PLENTY, WEMALO))]
        parts.append((_announcements(), (WEMALO,)))
    if "stock" in groups:
        parts.append((_bookings(), (PLENTY,)))
    able = [part for part, systems in parts if not set(systems) & set(resting)]
    if {PLENTY, WEMALO} <= set(resting):
        return []
    rows = union_all(*able).subquery()
    rests = (
        select(failures.c.subject)
        .where(
            failures.c.merchant == rows.c.merchant,
            failures.c.subject == rows.c.rests_as,
            failures.c.next_attempt_at > func.now(),
        )
        .exists()
    )
    held = (
        select(writes.c.subject)
        .where(
            writes.c.merchant == rows.c.merchant,
            writes.c.subject == rows.c.subject,
            or_(writes.c.lease_until > func.now(), writes.c.doubt_until > func.now()),
        )
        .exists()
    )
    found = connection.execute(
        select(rows.c.kind, rows.c.subject, rows.c.since)
        .where(rows.c.merchant == merchant, ~rests, ~held)
        .order_by(rows.c.since, rows.c.subject)
        .limit(LIMIT)
    )
    return [Undone(*row) for row in found]


def resting(connection: Connection, merchant: str) -> dict[str, str]:
    """Return the systems whose circuit has opened, with the code of their last failure."""
    rows = connection.execute(
        select(circuits.c.system, circuits.c.code).where(
            circuits.c.merchant == merchant, circuits.c.open_until.is_not(None)
        )
    )
    return {row.system: row.code or "" for row in rows}


def _part(
    kind: Any, merchant: Any, subject: Any, since: Any, *where: Any, rests_as: Any = None
) -> Select[Any]:
    return select(
        merchant.label("merchant"),
        cast(kind, Text).label("kind"),
        cast(subject, Text).label("subject"),
        since.label("since"),
        cast(subject if rests_as is None else rests_as, Text).label("rests_as"),
    ).where(*where)


def _order(order_id: Any) -> ColumnElement[str]:
    return func.concat("order:", order_id)


def _is_due(time: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(time.is_(None), time <= func.now())


def _to_send() -> Select[Any]:
    c = orders.c
    since = func.greatest(c.changed_at, c.next_attempt_at)
    return _part(
        literal("order"), c.merchant, _order(c.order_id), since,
        c.state.in_(_TO_SEND), c.content.is_not(None), c.cancel_requested_at.is_(None),
        _is_due(c.next_attempt_at),
    )  # fmt: skip


def _interrupted() -> Select[Any]:
    """Return orders that were written ahead and that nobody works on."""
    c = orders.c
    return _part(
        literal("order"), c.merchant, _order(c.order_id), c.changed_at,
        c.state.in_([State.SUBMITTING, State.CANCELLING]),
    )  # fmt: skip


def _cancelled() -> Select[Any]:
    """Return cancellations that the warehouse was not asked about yet; more tries are the runs'."""
    c = orders.c
    return _part(
        literal("cancellation"), c.merchant, _order(c.order_id), c.cancel_requested_at,
        c.cancel_requested_at.is_not(None), c.cancel_tries == 0,
        c.state.not_in(sorted({*ENDED, State.SUBMITTING, State.CANCELLING})),
    )  # fmt: skip


def _changed() -> Select[Any]:
    c = orders.c
    return _part(
        literal("change"), c.merchant, _order(c.order_id), func.greatest(c.changed_at,
                                                                       c.next_attempt_at),
        c.change_state == "good", c.new_content.is_not(None), c.state.in_(_AT_WAREHOUSE),
        c.cancel_requested_at.is_(None), _is_due(c.next_attempt_at),
    )  # fmt: skip


def _writes() -> Select[Any]:
    """Return calls that nobody holds and that cannot land any more: a look decides about them.

    Those about an order that has ended are nobody's turn.
    """
    c = writes.c
    of_order = func.substring(c.subject, r"^[a-z_]+:([0-9]{1,18})(?::|$)")
    ended = (
        select(orders.c.order_id)
        .where(
            orders.c.merchant == c.merchant,
            orders.c.order_id == cast(of_order, BigInteger),
            orders.c.state.in_(sorted(ENDED)),
        )
        .exists()
    )
    settled = func.coalesce(c.doubt_until, c.lease_until)
    of_an_order = c.subject.regexp_match("^(order|parcel|document):")
    return _part(
        literal("look"), c.merchant, c.subject, func.greatest(settled, c.lease_until),
        c.lease_until <= func.now(), settled <= func.now(), ~(of_an_order & ended),
    )  # fmt: skip


def _failures() -> Select[Any]:
    c = failures.c
    return _part(
        literal("rest_over"), c.merchant, c.subject, c.next_attempt_at,
        c.next_attempt_at <= func.now(),
    )  # fmt: skip


def _outbox() -> Select[Any]:
    c = outbox.c
    return _part(
        c.kind, c.merchant, func.concat(c.kind, ":", c.order_id, ":", c.outbox_id),
        func.greatest(c.created_at, c.next_attempt_at),
        c.state.in_(["due", "writing"]), c.next_attempt_at <= func.now(),
        rests_as=_order(c.order_id),
    )  # fmt: skip


def _parcels() -> Select[Any]:
    c = parcels.c
    return _part(
        literal("tracking"), c.merchant, func.concat("parcel:", c.order_id, ":", c.parcel_id),
        c.first_seen_at,
        c.tracking_number != "", c.tracking_number.is_distinct_from(c.written_number),
    )  # fmt: skip


def _acknowledged() -> Select[Any]:
    """Return rows of wemalo's queue whose parcel plentymarkets has."""
    c = sent_rows.c
    p = parcels.c
    there = (
        select(p.parcel_id)
        .where(
            p.merchant == c.merchant, p.order_id == c.order_id, p.parcel_id == c.parcel_id,
            p.tracking_number != "", p.tracking_number == p.written_number,
        )
        .exists()
    )  # fmt: skip
    return _part(
        literal("acknowledge"), c.merchant, func.concat("row:", c.history_id), c.first_seen_at,
        c.acknowledged_at.is_(None), there,
    )  # fmt: skip


def _documents() -> Select[Any]:
    c = documents.c
    return _part(
        literal("document"), c.merchant, func.concat("document:", c.order_id, ":", c.kind),
        func.greatest(c.first_seen_at, c.next_attempt_at),
        c.state.in_(["attaching", "unclear"]), _is_due(c.next_attempt_at),
    )  # fmt: skip


def _returns() -> Select[Any]:
    c = returns.c
    return _part(
        literal("return"), c.merchant, func.concat("return:", c.return_key),
        func.greatest(c.planned_at, c.next_attempt_at),
        c.state != "done", _is_due(c.next_attempt_at),
    )  # fmt: skip


def _return_rows() -> Select[Any]:
    c = return_rows.c
    return _part(
        literal("return"), c.merchant, func.concat("row:", c.history_id),
        func.greatest(c.first_seen_at, c.next_attempt_at),
        c.acknowledged_at.is_(None), c.gone_at.is_(None), c.trouble_code.is_(None),
        _is_due(c.next_attempt_at),
    )  # fmt: skip


def _announcements() -> Select[Any]:
    c = announced_returns.c
    return _part(
        literal("announcement"), c.merchant, func.concat("announcement:", c.return_id),
        func.greatest(c.first_seen_at, c.next_attempt_at),
        c.state == "announcing", _is_due(c.next_attempt_at),
    )  # fmt: skip


def _bookings() -> Select[Any]:
    c = stock_bookings.c
    return _part(
        literal("stock"), c.merchant, func.concat("item:", c.variation_id), c.created_at,
        c.state.in_(["due", "writing"]),
    )  # fmt: skip
