"""The outbox: what still has to be written to plentymarkets, each fact once.

A row is ``due``, then ``writing`` (written ahead: the call may have happened), then ``done``,
``dropped`` (overtaken by events) or ``dead`` (refused for good). A row found in ``writing`` at the
start of a task was interrupted: its writer looks at plentymarkets before it writes again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, cast, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.orders.to_look_at import among, ids_of
from include.ledger.tables import outbox

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.ledger.orders.journal import Journal

FIRST_WAIT_S = 30
LONGEST_WAIT_S = 3600
#: not written yet; a refused one is tried again
STANDING = ("due", "writing", "dead")
#: in the payload of a status that puts back what one of ours overwrote: the history row of that one
PUTS_BACK = "after"
#: a clear no that may be the status's, not the order's (a deleted order answers NOT_FOUND)
STATUS_REFUSALS = frozenset({"REJECTED", "VALIDATION", "CONFLICT", "FORBIDDEN"})


def enqueue(
    connection: Connection,
    journal: Journal,
    order_id: int,
    kind: str,
    dedupe_key: str,
    payload: dict[str, Any],
) -> bool:
    """Queue a fact unless it is queued or written already; say whether it is new."""
    new = connection.execute(
        insert(outbox)
        .values(
            merchant=journal.merchant,
            order_id=order_id,
            kind=kind,
            dedupe_key=dedupe_key,
            payload=payload,
        )
        .on_conflict_do_nothing(constraint="uq_outbox_merchant_order_id_dedupe_key")
        .returning(outbox.c.outbox_id)
    ).scalar_one_or_none()
    return new is not None


def pending(
    connection: Connection, merchant: str, kinds: Collection[str], ids: Iterable[int]
) -> Sequence[Row[Any]]:
    """Return rows of ``kinds`` to write now of some orders, oldest first."""
    statement = select(outbox).where(*_is_due(merchant, kinds), among(outbox.c.order_id, ids))
    return connection.execute(statement.order_by(outbox.c.outbox_id)).all()


def pending_orders(connection: Connection, merchant: str, kinds: Collection[str]) -> array[int]:
    """Return the orders that have something of ``kinds`` to be written now, ascending."""
    statement = select(outbox.c.order_id).distinct().where(*_is_due(merchant, kinds))
    return ids_of(connection, statement.order_by(outbox.c.order_id))


def _is_due(merchant: str, kinds: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.merchant == merchant,
        outbox.c.kind.in_(list(kinds)),
        outbox.c.state.in_(["due", "writing"]),
        outbox.c.next_attempt_at <= func.now(),
    )


def _open() -> ColumnElement[bool]:
    return outbox.c.state.in_(["due", "writing"])


def begin(connection: Connection, outbox_id: int, hold_s: int = 120) -> int:
    """Write ahead: mark a row as being written and return which try it is; 0 if another holds it.

    The holder has ``hold_s`` seconds; after that the row counts as interrupted.
    """
    taken = connection.execute(
        update(outbox)
        .where(
            outbox.c.outbox_id == outbox_id,
            outbox.c.state.in_(["due", "writing"]),
            outbox.c.next_attempt_at <= func.now(),
        )
        .values(
            state="writing",
            attempts=outbox.c.attempts + 1,
            next_attempt_at=func.now() + text(f"interval '{int(hold_s)} seconds'"),
        )
        .returning(outbox.c.attempts)
    ).scalar_one_or_none()
    return int(taken or 0)


def finish(connection: Connection, outbox_id: int, state: str = "done") -> None:
    """End a row as ``done`` or ``dropped``, unless it has ended meanwhile."""
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id, _open())
        .values(state=state, done_at=func.now())
    )


def refuse(connection: Connection, outbox_id: int, code: str) -> None:
    """End a row as ``dead``: refused; it is tried again in an hour, then at growing intervals."""
    hours = func.least(24, func.power(2, func.least(outbox.c.attempts, 6) - 1))
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id, _open())
        .values(
            state="dead",
            error_code=code,
            done_at=func.now(),
            next_attempt_at=func.now() + func.make_interval(0, 0, 0, 0, cast(hours, Integer)),
        )
    )


def revive(connection: Connection, merchant: str, kinds: Collection[str]) -> int:
    """Try refused rows again whose pause is over; return how many.

    A status that plentymarkets did not know may have been created since, a right been given: one
    order tries it at once, and the others as soon as it was taken. Statuses are tried as long as
    they stand, for what is decided next waits for them; anything else is given up after a
    fortnight.
    """
    refused = (
        outbox.c.merchant == merchant,
        outbox.c.kind.in_(list(kinds)),
        outbox.c.state == "dead",
    )
    old = outbox.c.created_at <= func.now() - text("interval '14 days'")
    connection.execute(
        update(outbox).where(*refused, outbox.c.kind != "status", old).values(state="dropped")
    )
    tries_it = (
        select(func.min(outbox.c.outbox_id))
        .where(*refused, _is_unknown())
        .group_by(outbox.c.payload["target"].astext)
    )
    taken_since = _taken(lambda at: at > outbox.c.done_at) & ~_taken(
        lambda at: at.between(outbox.c.created_at, outbox.c.done_at)
    )
    return connection.execute(
        update(outbox)
        .where(
            *refused,
            or_(
                outbox.c.next_attempt_at <= func.now(),
                outbox.c.outbox_id.in_(tries_it),
                (outbox.c.kind == "status") & taken_since,
            ),
        )
        .values(state="due", done_at=None, next_attempt_at=func.now())
    ).rowcount


def failing(connection: Connection, merchant: str, ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Return rows of some orders that were tried, failed, and are not written yet.

    ``unknown`` says whether plentymarkets takes this status from nobody, see `unknown_statuses`.
    """
    statement = select(outbox, _is_unknown().label("unknown")).where(
        *_failing(merchant), among(outbox.c.order_id, ids)
    )
    return connection.execute(statement.order_by(outbox.c.outbox_id)).all()


def failing_orders(connection: Connection, merchant: str) -> array[int]:
    """Return the orders that have rows as `failing` says, ascending."""
    statement = select(outbox.c.order_id).distinct().where(*_failing(merchant))
    return ids_of(connection, statement.order_by(outbox.c.order_id))


def _failing(merchant: str) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.merchant == merchant,
        outbox.c.state.in_(["due", "writing", "dead"]),
        outbox.c.attempts > 0,
        outbox.c.error_code.is_not(None),
    )


def unknown_statuses(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return the statuses that plentymarkets refuses and has taken for no order since.

    :returns: ``target``, ``codes`` of the refusals, ``waiting`` (orders), ``first`` (an order id).
    """
    target = outbox.c.payload["target"].astext
    return connection.execute(
        select(
            target.label("target"),
            func.array_agg(func.distinct(outbox.c.error_code)).label("codes"),
            func.count(func.distinct(outbox.c.order_id)).label("waiting"),
            func.min(outbox.c.order_id).label("first"),
        )
        .where(*_failing(merchant), _is_unknown())
        .group_by(target)
        .order_by(target)
    ).all()


def _is_unknown() -> ColumnElement[bool]:
    """Return the condition that a row is a refused status which was not taken since either."""
    return (
        (outbox.c.kind == "status")
        & outbox.c.error_code.in_(sorted(STATUS_REFUSALS))
        & ~_taken(lambda at: at > outbox.c.created_at)
    )


def _taken(
    when: Callable[[ColumnElement[Any]], ColumnElement[bool]],
) -> ColumnElement[bool]:
    """Return the condition that plentymarkets took a row's status for some order.

    :param when: the condition of the time at which it did.
    """
    taken = outbox.alias("taken")
    return (
        select(taken.c.outbox_id)
        .where(
            taken.c.merchant == outbox.c.merchant,
            taken.c.kind == "status",
            taken.c.state == "done",
            when(taken.c.done_at),
            taken.c.payload["target"].astext == outbox.c.payload["target"].astext,
        )
        .correlate(outbox)
        .exists()
    )


def postpone(
    connection: Connection,
    outbox_id: int,
    code: str,
    *,
    ambiguous: bool,
    wait_s: float | None = None,
) -> None:
    """Try a row again later: after ``wait_s`` or with growing pauses.

    :param ambiguous: the call may have happened, so the row stays ``writing``.
    """
    pause = (
        func.make_interval(0, 0, 0, 0, 0, 0, float(wait_s))
        if wait_s is not None
        else func.make_interval(
            0, 0, 0, 0, 0, 0,
            func.least(
                LONGEST_WAIT_S,
                FIRST_WAIT_S * func.power(2, func.least(outbox.c.attempts, 10)),
            ),
        )
    )  # fmt: skip
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id, _open())
        .values(
            state="writing" if ambiguous else "due",
            error_code=code,
            next_attempt_at=func.now() + pause,
        )
    )


def drop_pending(
    connection: Connection, merchant: str, order_id: int, kinds: Collection[str]
) -> int:
    """Drop rows of one order that events have overtaken, refused ones too; return how many.

    A status that may be on its way is dropped as well: the history is watched for its landing. One
    that puts back what was overwritten stays: it decides by itself whether it still fits.
    """
    return connection.execute(
        update(outbox)
        .where(
            outbox.c.merchant == merchant,
            outbox.c.order_id == order_id,
            outbox.c.kind.in_(list(kinds)),
            outbox.c.state.in_(["due", "dead"])
            | ((outbox.c.kind == "status") & (outbox.c.state == "writing")),
            ~puts_back(),
        )
        .values(state="dropped", done_at=func.now())
    ).rowcount


def puts_back() -> ColumnElement[bool]:
    """Return the condition that a row puts back a status that one of ours overwrote."""
    return and_(outbox.c.kind == "status", outbox.c.payload.has_key(PUTS_BACK))


def has_pending(
    connection: Connection,
    merchant: str,
    ids: Collection[int],
    kinds: Collection[str],
    *,
    occasion: str = "",
    written: bool = False,
) -> set[int]:
    """Return those of ``ids`` that still have something of ``kinds`` to be written.

    What was refused stands as well: the same is not decided a second time because of that.

    :param occasion: only rows whose key holds this word.
    :param written: also those that have it written.
    """
    if not ids:
        return set()
    return set(
        connection.execute(
            select(outbox.c.order_id).where(
                outbox.c.merchant == merchant,
                outbox.c.order_id.in_(list(ids)),
                outbox.c.kind.in_(list(kinds)),
                outbox.c.state.in_([*STANDING, *(["done"] if written else [])]),
                outbox.c.dedupe_key.contains(occasion),
            )
        ).scalars()
    )


def standing_occasion(
    connection: Connection, merchant: str, order_id: int, prefix: str
) -> str | None:
    """Return what names the occasion of a fact that is queued or refused, None if there is none.

    :param prefix: how its key begins; the rest is the occasion.
    """
    key = connection.execute(
        select(outbox.c.dedupe_key)
        .where(
            outbox.c.merchant == merchant,
            outbox.c.order_id == order_id,
            outbox.c.dedupe_key.startswith(prefix, autoescape=True),
            outbox.c.state.in_(STANDING),
        )
        .order_by(outbox.c.outbox_id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if key is None else str(key).removeprefix(prefix)
