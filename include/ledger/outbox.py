"""The outbox: what still has to be written to plentymarkets, each fact once.

A row is ``due``, then ``writing`` (written ahead: the call may have happened), then ``done``,
``dropped`` (overtaken by events) or ``dead`` (refused for good). A row found in ``writing`` at the
start of a task was interrupted: its writer looks at plentymarkets before it writes again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.due import among, ids_of
from include.ledger.tables import outbox

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.ledger.journal import Journal

FIRST_WAIT_S = 30
LONGEST_WAIT_S = 3600


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


def leave_unchecked(
    connection: Connection, outbox_id: int, before: Decimal, since: datetime
) -> None:
    """Remember that a status is about to be written over ``before``, as read at ``since`` (UTC)."""
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id)
        .values(
            status_before=before, unchecked_since=func.coalesce(outbox.c.unchecked_since, since)
        )
    )


def unchecked(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return written statuses whose history was not read since, oldest first."""
    return connection.execute(
        select(outbox)
        .where(outbox.c.merchant == merchant, outbox.c.unchecked_since.is_not(None))
        .order_by(outbox.c.outbox_id)
    ).all()


def checked(connection: Connection, outbox_ids: Collection[int]) -> None:
    """Note that the history was read after these were written."""
    connection.execute(
        update(outbox).where(outbox.c.outbox_id.in_(list(outbox_ids))).values(unchecked_since=None)
    )


def finish(connection: Connection, outbox_id: int, state: str = "done") -> None:
    """End a row as ``done`` or ``dropped``."""
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id)
        .values(state=state, done_at=func.now())
    )


def refuse(connection: Connection, outbox_id: int, code: str) -> None:
    """End a row as ``dead``: refused; it is tried again in an hour, then at growing intervals."""
    hours = func.least(24, func.power(2, func.least(outbox.c.attempts, 6) - 1))
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id)
        .values(
            state="dead",
            error_code=code,
            done_at=func.now(),
            next_attempt_at=func.now() + func.make_interval(0, 0, 0, 0, cast(hours, Integer)),
        )
    )


def revive(connection: Connection, merchant: str, kinds: Collection[str]) -> int:
    """Try refused rows of the last fortnight again whose pause is over; return how many.

    A status that plentymarkets did not know may have been created since, a right been given.
    """
    return connection.execute(
        update(outbox)
        .where(
            outbox.c.merchant == merchant,
            outbox.c.kind.in_(list(kinds)),
            outbox.c.state == "dead",
            outbox.c.next_attempt_at <= func.now(),
            outbox.c.created_at > func.now() - text("interval '14 days'"),
        )
        .values(state="due", done_at=None)
    ).rowcount


def failing(connection: Connection, merchant: str, ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Return rows of some orders that were tried, failed, and are not written yet."""
    statement = select(outbox).where(*_failing(merchant), among(outbox.c.order_id, ids))
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
        .where(outbox.c.outbox_id == outbox_id)
        .values(
            state="writing" if ambiguous else "due",
            error_code=code,
            next_attempt_at=func.now() + pause,
        )
    )


def drop_pending(
    connection: Connection, merchant: str, order_id: int, kinds: Collection[str]
) -> int:
    """Drop rows of one order that events have overtaken; return how many."""
    return connection.execute(
        update(outbox)
        .where(
            outbox.c.merchant == merchant,
            outbox.c.order_id == order_id,
            outbox.c.kind.in_(list(kinds)),
            outbox.c.state == "due",
        )
        .values(state="dropped", done_at=func.now())
    ).rowcount


def supersede(connection: Connection, merchant: str, row: Row[Any]) -> None:
    """Drop refused rows of the same order and kind that are older than ``row``, just written."""
    connection.execute(
        update(outbox)
        .where(
            outbox.c.merchant == merchant,
            outbox.c.order_id == row.order_id,
            outbox.c.kind == row.kind,
            outbox.c.state == "dead",
            outbox.c.outbox_id < row.outbox_id,
        )
        .values(state="dropped")
    )


def has_pending(
    connection: Connection,
    merchant: str,
    ids: Collection[int],
    kinds: Collection[str],
    *,
    occasion: str = "",
) -> set[int]:
    """Return those of ``ids`` that still have something of ``kinds`` to be written.

    :param occasion: only rows whose key holds this word.
    """
    if not ids:
        return set()
    return set(
        connection.execute(
            select(outbox.c.order_id).where(
                outbox.c.merchant == merchant,
                outbox.c.order_id.in_(list(ids)),
                outbox.c.kind.in_(list(kinds)),
                outbox.c.state.in_(["due", "writing"]),
                outbox.c.dedupe_key.contains(occasion),
            )
        ).scalars()
    )
