"""All merchants side by side: what stands, what waits, what a person has to look at.

`lines` takes the same number of statements for any number of merchants. Of the orders it counts
those that have not ended, and of the others those that left today.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - FastAPI looks at it
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, case, cast, func, literal, select, true
from sqlalchemy.sql.expression import any_

from include.core.merchants.modes import Mode, Standing
from include.core.orders.states import ENDED, State
from include.ledger.merchants import modes
from include.ledger.tables import batches, circuits, exceptions, merchant_files, orders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Column, Connection
    from sqlalchemy.sql.elements import ColumnElement

#: released, read, and not handed over yet; all but the last state are not at the warehouse
NOT_HANDED_OVER = frozenset({State.FETCHED, State.READY, State.RETRY_WAIT, State.SUBMITTING})
IN_WAREHOUSE = frozenset({State.ACCEPTED, State.CANCELLING, State.PARTLY_SHIPPED})
#: it goes on only after a person has done something
NEEDS_A_PERSON = frozenset({State.INVALID, State.QUARANTINED})
#: the cancellation came when nothing could be stopped any more
TOO_LATE = frozenset({"CANCEL_TOO_LATE", "CANCEL_AFTER_SHIPPING"})
#: what an exception can be about that belongs to an order, before the order's number
_OF_ORDER = ("order", "parcel", "document")


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """A system of a merchant that is not called for now.

    :param code: of the failure that opened it, and ``text`` what it says and what to do.
    :param since: of the first failure in a row; ``next_try``: when one call is let through.
    """

    system: str
    code: str
    text: str
    since: datetime
    next_try: datetime


@dataclass(slots=True)
class BoardLine:
    """One merchant. Counts are of orders; all times are UTC.

    :param mode: live, shadow, finish (no new orders), paused or retired; who decided it and why.
    :param oldest: of those not handed over: since when the longest waits.
    :param to_do: orders that a person has to look at, and ``to_do_others``: exceptions about other
        things (an item, a return, the merchant) that nobody has acknowledged.
    :param exceptions: open ones by code.
    :param last_look: start of the newest run that has read all released orders.
    """

    merchant: str
    mode: str = "live"
    mode_by: str = ""
    mode_reason: str = ""
    mode_since: datetime | None = None
    mode_until: datetime | None = None
    not_handed_over: int = 0
    oldest: datetime | None = None
    at_warehouse: int = 0
    waiting_for_goods: int = 0
    bad_address: int = 0
    no_stock: int = 0
    set_aside: int = 0
    shipped_today: int = 0
    cancelled_too_late: int = 0
    to_do: int = 0
    to_do_others: int = 0
    exceptions: dict[str, int] = field(default_factory=dict)
    circuits: list[OpenCircuit] = field(default_factory=list)
    last_look: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Say whether the merchant was retired and nothing of it is left open."""
        left = (
            self.not_handed_over, self.at_warehouse, self.waiting_for_goods, self.to_do,
            self.to_do_others,
        )  # fmt: skip
        return self.mode == "retired" and not any(left)


@dataclass(slots=True)
class Down:
    """A kind of system that does not answer some merchants.

    :param waiting: their orders that are not handed over.
    """

    system: str
    code: str
    merchants: int
    waiting: int
    since: datetime
    next_try: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """What all lines say together."""

    merchants: int
    to_do: int
    to_do_others: int
    not_handed_over: int
    oldest: datetime | None
    at_warehouse: int
    waiting_for_goods: int
    bad_address: int
    no_stock: int
    set_aside: int
    shipped_today: int
    cancelled_too_late: int
    down: list[Down]


_SUMS = (
    "to_do", "to_do_others", "not_handed_over", "at_warehouse", "waiting_for_goods", "bad_address",
    "no_stock", "set_aside", "shipped_today", "cancelled_too_late",
)  # fmt: skip


def totals(board: list[BoardLine]) -> Totals:
    """Return the sums over a board, and the systems that do not answer, by cause."""
    down: dict[tuple[str, str], Down] = {}
    for line in board:
        for one in line.circuits:
            key = one.system, one.code
            first = Down(one.system, one.code, 0, 0, one.since, one.next_try)
            same = down.setdefault(key, first)
            same.merchants += 1
            same.waiting += line.not_handed_over
            same.since = min(same.since, one.since)
            same.next_try = min(same.next_try, one.next_try)
    return Totals(
        merchants=len(board),
        oldest=min((line.oldest for line in board if line.oldest), default=None),
        down=sorted(down.values(), key=lambda one: (-one.merchants, one.system, one.code)),
        **{name: sum(getattr(line, name) for line in board) for name in _SUMS},
    )


def lines(
    connection: Connection, merchants: Iterable[str], since: datetime | None = None
) -> list[BoardLine]:
    """Return one line per merchant, by name; those that are over are left out.

    :param since: what counts as shipped today (aware); the beginning of the day in UTC if left out.
    """
    board = {name: BoardLine(name) for name in sorted(set(merchants))}
    if not board:
        return []
    names = list(board)
    for standing in modes.decided(connection).values():
        if standing.merchant in board:
            _mode(board[standing.merchant], standing)
    _files(connection, board)
    _orders(connection, board)
    _shipped(connection, board, since)
    _exceptions(connection, board)
    _to_do(connection, board)
    for row in connection.execute(
        select(circuits).where(
            among(circuits.c.merchant, names), circuits.c.open_until.is_not(None)
        ).order_by(circuits.c.system)
    ):  # fmt: skip
        board[row.merchant].circuits.append(
            OpenCircuit(
                row.system, row.code or "", row.operator_text or "", row.failing_since,
                row.open_until,
            )
        )  # fmt: skip
    _last_look(connection, board)
    return [line for line in board.values() if not line.is_over]


def among(column: Column[Any], names: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a column is one of many names: one parameter, however many."""
    return column == any_(cast(bindparam(None, list(names)), ARRAY(Text)))


def order_of(subject: ColumnElement[str]) -> ColumnElement[Any]:
    """Return the order that the subject of an exception belongs to, null if to none."""
    return case(
        (
            func.split_part(subject, ":", 1).in_(_OF_ORDER),
            cast(func.split_part(subject, ":", 2), BigInteger),
        ),
        else_=None,
    )


def _mode(line: BoardLine, standing: Standing) -> None:
    line.mode = standing.mode.value
    line.mode_by, line.mode_reason = standing.by, standing.reason
    line.mode_since, line.mode_until = standing.since, standing.until


def _files(connection: Connection, board: dict[str, BoardLine]) -> None:
    c = merchant_files.c
    for row in connection.execute(
        select(c.merchant, c.retired_at, c.settings["mode"].astext.label("mode")).where(
            among(c.merchant, board)
        )
    ):
        line = board[row.merchant]
        if row.retired_at is not None:
            line.mode, line.mode_since = "retired", row.retired_at
        elif line.mode == Mode.LIVE and row.mode == "shadow":
            line.mode = "shadow"


def _orders(connection: Connection, board: dict[str, BoardLine]) -> None:
    c = orders.c
    # a released order waits since it was read; released once more, since it last moved
    begun = case((c.episode == 1, c.first_seen_at), else_=c.stands_since)
    rows = connection.execute(
        select(c.merchant, c.state, func.count().label("number"), func.min(begun).label("oldest"))
        .where(among(c.merchant, board), c.state.in_(sorted(set(State) - ENDED)))
        .group_by(c.merchant, c.state)
    )
    for row in rows:
        line = board[row.merchant]
        if row.state in NOT_HANDED_OVER:
            line.not_handed_over += row.number
            line.oldest = min(line.oldest or row.oldest, row.oldest)
        elif row.state in IN_WAREHOUSE:
            line.at_warehouse += row.number
        elif row.state == State.WAITING:
            line.waiting_for_goods = row.number
        elif row.state == State.INVALID:
            line.bad_address = row.number
        elif row.state == State.NO_STOCK:
            line.no_stock = row.number
        else:
            line.set_aside += row.number


def _shipped(connection: Connection, board: dict[str, BoardLine], since: datetime | None) -> None:
    c = orders.c
    day = func.date_trunc("day", func.now()) if since is None else literal(since)
    rows = connection.execute(
        select(c.merchant, func.count())
        .where(
            among(c.merchant, board),
            c.state.in_(["partly_shipped", "shipped"]),  # as the index has it
            c.state == State.SHIPPED,
            c.changed_at >= day,
            c.ended_at >= day,
        )
        .group_by(c.merchant)
    )
    for name, number in rows:
        board[name].shipped_today = number


def _exceptions(connection: Connection, board: dict[str, BoardLine]) -> None:
    c = exceptions.c
    rows = connection.execute(
        select(c.merchant, c.code, func.count())
        .where(among(c.merchant, board), c.cleared_at.is_(None))
        .group_by(c.merchant, c.code)
        .order_by(c.merchant, c.code)
    )
    for name, code, number in rows:
        board[name].exceptions[code] = number
        if code in TOO_LATE:
            board[name].cancelled_too_late += number


def _to_do(connection: Connection, board: dict[str, BoardLine]) -> None:
    """Count what a person has to look at; an order counts once, whatever is told of it."""
    c, o = exceptions.c, orders.c
    number: ColumnElement[Any] = order_of(c.subject).label("order_id")
    other = case((number.is_(None), func.concat(c.subject, " ", c.code))).label("other")
    told = select(c.merchant, number, other).where(
        among(c.merchant, board), c.cleared_at.is_(None), c.acknowledged_at.is_(None)
    )
    standing = select(o.merchant, o.order_id, literal(None, Text)).where(
        among(o.merchant, board), o.state.in_(sorted(NEEDS_A_PERSON))
    )
    todo = told.union(standing).subquery("todo")
    counted = select(todo.c.merchant, func.count(todo.c.order_id), func.count(todo.c.other))
    for name, of_orders, others in connection.execute(counted.group_by(todo.c.merchant)).all():
        board[name].to_do, board[name].to_do_others = of_orders, others


def _last_look(connection: Connection, board: dict[str, BoardLine]) -> None:
    listed = func.unnest(cast(bindparam(None, list(board)), ARRAY(Text)))
    name = listed.table_valued("merchant").render_derived()
    newest = (
        select(batches.c.opened_at)
        .where(
            batches.c.merchant == name.c.merchant,
            batches.c.counts.has_key("released"),
            batches.c.scope.is_(None),
        )
        .order_by(batches.c.batch_id.desc())
        .limit(1)
        .lateral("newest")
    )
    both = name.join(newest, true())
    for row in connection.execute(select(name.c.merchant, newest.c.opened_at).select_from(both)):
        board[row.merchant].last_look = row.opened_at
