"""Open exceptions of many merchants, grouped by cause; seen, or tried again at once, by a person.

What rests (an item that failed, an order that waits for its turn, a write that plentymarkets
refused) has a time at which it is tried again. `try_now` ends the rest; the next run does it. A
write whose outcome is not known is protected by its claim (`include.ledger.systems.writes`), not
by the rest: it is looked for and not repeated, whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - FastAPI looks at it
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from include.core.orders.states import ENDED, NEVER_SENT
from include.ledger.desk.board import among, order_of
from include.ledger.exceptions import exceptions as ledger
from include.ledger.systems import failures as rests
from include.ledger.tables import exceptions, failures, orders, outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection, Row, Select
    from sqlalchemy.sql.elements import ColumnElement

    from include.ledger.orders.journal import Journal

#: cases of a group that are shown without asking for more
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Group:
    """All open exceptions of one code.

    :param orders: how many orders they are about.
    """

    code: str
    cases: int
    acknowledged: int
    orders: int
    merchants: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """One open exception; times are UTC.

    :param next_try: when what rests is tried again by itself, where something rests.
    """

    exception_id: int
    merchant: str
    subject: str
    order_id: int | None
    code: str
    de: str
    en: str
    action_de: str
    action_en: str
    first_seen_at: datetime
    last_seen_at: datetime
    times: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_note: str | None
    next_try: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """Return all fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def groups(
    connection: Connection, merchants: Collection[str], code: str | None = None
) -> list[Group]:
    """Return the open causes: what nobody has acknowledged first, then the most frequent."""
    c = exceptions.c
    new = func.count().filter(c.acknowledged_at.is_(None))
    cases = func.count()
    statement = (
        select(
            c.code,
            cases.label("cases"),
            (cases - new).label("acknowledged"),
            func.count(func.distinct(func.concat(c.merchant, ":", order_of(c.subject))))
            .filter(order_of(c.subject).is_not(None))
            .label("orders"),
            func.count(func.distinct(c.merchant)).label("merchants"),
            func.min(c.first_seen_at).label("since"),
        )
        .where(*_open(merchants, code))
        .group_by(c.code)
        .order_by((new == 0), cases.desc(), c.code)
    )
    return [Group(**row._mapping) for row in connection.execute(statement)]


def cases(
    connection: Connection,
    merchants: Collection[str],
    code: str | None = None,
    *,
    limit: int = SHOWN,
    offset: int = 0,
) -> list[Case]:
    """Return ``limit`` cases of each code, those nobody has acknowledged first, then the oldest."""
    c = exceptions.c
    place = func.row_number().over(
        partition_by=c.code,
        order_by=[c.acknowledged_at.is_not(None), c.first_seen_at, c.exception_id],
    )
    numbered = (
        select(c.exception_id, place.label("place")).where(*_open(merchants, code)).subquery()
    )
    page = numbered.c.place.between(offset + 1, offset + limit)
    statement = _cases().join(numbered, numbered.c.exception_id == c.exception_id).where(page)
    return [_case(row) for row in connection.execute(statement.order_by(c.code, numbered.c.place))]


def one(connection: Connection, exception_id: int) -> Case | None:
    """Return an exception that is still open."""
    return next(iter(by_number(connection, [exception_id])), None)


def by_number(connection: Connection, numbers: Collection[int]) -> list[Case]:
    """Return some open exceptions, the oldest first."""
    c = exceptions.c
    some = _cases().where(c.exception_id.in_(list(numbers)), c.cleared_at.is_(None))
    rows = connection.execute(some.order_by(c.first_seen_at, c.exception_id)) if numbers else ()
    return [_case(row) for row in rows]


def try_now(connection: Connection, journal: Journal, case: Case, by: str) -> int:
    """End the rest of what an exception is about; return how many rests were ended.

    :param by: who asks; stands in the order's diary.
    """
    now = func.now()
    f, o, w = failures.c, orders.c, outbox.c
    ended = connection.execute(
        update(failures).where(*_failing(case.merchant, case.subject), f.next_attempt_at > now)
        .values(next_attempt_at=now)
    ).rowcount  # fmt: skip
    if ended:
        rests.tell(connection, journal, [case.subject])
    if case.subject == ledger.order_subject(case.order_id or 0):
        ended += connection.execute(
            update(orders).where(*_waiting(case.merchant, case.order_id), o.next_attempt_at > now)
            .values(next_attempt_at=now)
        ).rowcount  # fmt: skip
        ended += connection.execute(
            update(outbox).where(*_refused(case.merchant, case.order_id), w.next_attempt_at > now)
            .values(next_attempt_at=now)
        ).rowcount  # fmt: skip
    if ended and case.order_id is not None:
        journal.add(connection, case.order_id, "try_asked", code=case.code, by=by)
    return ended


def _open(merchants: Iterable[str], code: str | None) -> Sequence[ColumnElement[bool]]:
    c = exceptions.c
    where = [among(c.merchant, merchants), c.cleared_at.is_(None)]
    return where if code is None else [*where, c.code == code]


def _failing(merchant: Any, subject: Any) -> tuple[ColumnElement[bool], ...]:
    return failures.c.merchant == merchant, failures.c.subject == subject


def _waiting(merchant: Any, order_id: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of an order that waits and that the warehouse has never heard of."""
    o = orders.c
    never_sent = o.state.in_(sorted(NEVER_SENT - ENDED))
    return o.merchant == merchant, o.order_id == order_id, never_sent


def _refused(merchant: Any, order_id: Any) -> tuple[ColumnElement[bool], ...]:
    w = outbox.c
    return w.merchant == merchant, w.order_id == order_id, w.state == "dead"


def _cases() -> Select[Any]:
    """Return open exceptions with their order and the earliest time that something is tried."""
    c = exceptions.c
    number = order_of(c.subject)
    of_order = c.subject.startswith("order:")
    times = [
        select(func.min(failures.c.next_attempt_at)).where(*_failing(c.merchant, c.subject)),
        select(func.min(orders.c.next_attempt_at)).where(of_order, *_waiting(c.merchant, number)),
        select(func.min(outbox.c.next_attempt_at)).where(of_order, *_refused(c.merchant, number)),
    ]
    next_try = func.least(*(time.correlate(exceptions).scalar_subquery() for time in times))
    return select(exceptions, number.label("order_id"), next_try.label("next_try"))


def _case(row: Row[Any]) -> Case:
    return Case(**{name: getattr(row, name) for name in Case.__slots__})
