"""Returned pieces and the return orders they become: seen, planned, created, acknowledged.

A return order is written ahead: its contents are fixed in the ledger before plentymarkets hears of
it, and they never change. ``planned`` → ``creating`` (the POST may have happened) → ``created`` →
``booking`` (the stock booking may have happened) → ``done``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.systems import queues
from include.ledger.tables import return_rows, returns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from include.core.returns.returned_pieces import Line, ReturnRow

FIRST_WAIT_S, LONGEST_WAIT_S = 60, 3600


def wait(seconds: float) -> ColumnElement[Any]:
    """Return the moment so many seconds from now, on the ledger's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, float(seconds))


def keep_rows(connection: Connection, merchant: str, rows: Sequence[ReturnRow]) -> set[int]:
    """Keep wemalo's open rows as they are now; return the history ids that are new.

    A row whose order or announcement was corrected in wemalo is due again at once.
    """
    if not rows:
        return set()
    statement = insert(return_rows).values(
        [
            {
                "merchant": merchant,
                "history_id": row.history_id,
                "order_id": row.order_id,
                "facts": row.facts(),
            }
            for row in rows
        ]
    )
    same = return_rows.c.facts == statement.excluded.facts
    kept = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "history_id"],
            set_={
                "order_id": statement.excluded.order_id,
                "facts": statement.excluded.facts,
                "next_attempt_at": text("CASE WHEN return_rows.facts = excluded.facts "
                                        "THEN return_rows.next_attempt_at END"),
                "gone_at": None,
            },
            where=~same | return_rows.c.gone_at.is_not(None),
        ).returning(return_rows.c.history_id, text("(xmax = 0) AS fresh"))
    )  # fmt: skip
    return {row.history_id for row in kept if row.fresh}


def unplanned(connection: Connection, merchant: str, ids: Collection[int]) -> Sequence[Row[Any]]:
    """Return those of the open rows ``ids`` that are not yet part of a return order."""
    if not ids:
        return []
    return connection.execute(
        select(
            return_rows,
            or_(
                return_rows.c.next_attempt_at.is_(None),
                return_rows.c.next_attempt_at <= func.now(),
            ).label("due"),
        )
        .where(
            return_rows.c.merchant == merchant,
            return_rows.c.history_id.in_(list(ids)),
            return_rows.c.return_key.is_(None),
        )
        .order_by(return_rows.c.history_id)
    ).all()


def mark_gone(connection: Connection, merchant: str, there: Collection[int]) -> list[Row[Any]]:
    """Mark rows in trouble that left wemalo's queue without us; return them."""
    gone = update(return_rows).where(
        return_rows.c.merchant == merchant,
        return_rows.c.return_key.is_(None),
        return_rows.c.acknowledged_at.is_(None),
        return_rows.c.gone_at.is_(None),
    )
    if there:
        gone = gone.where(return_rows.c.history_id.not_in(list(there)))
    return list(connection.execute(gone.values(gone_at=func.now()).returning(return_rows)).all())


def set_trouble(
    connection: Connection, merchant: str, history_id: int, code: str | None, wait_s: float = 0
) -> None:
    """Remember why a row waits for a person (None: no longer), and when to look again."""
    connection.execute(
        update(return_rows)
        .where(return_rows.c.merchant == merchant, return_rows.c.history_id == history_id)
        .values(trouble_code=code, next_attempt_at=wait(wait_s) if wait_s else None)
    )


def plan_return(
    connection: Connection,
    merchant: str,
    order_id: int,
    history_ids: Sequence[int],
    lines: Sequence[Line],
    *,
    plenty_return_id: int | None = None,
) -> int:
    """Write ahead one return order of these rows and return its key.

    :param plenty_return_id: the merchant's own return order, where wemalo was told of it.
    """
    key = min(history_ids)
    connection.execute(
        insert(returns).values(
            merchant=merchant,
            return_key=key,
            order_id=order_id,
            announced=plenty_return_id is not None,
            lines=[line.to_json() for line in lines],
            state="created" if plenty_return_id is not None else "planned",
            plenty_return_id=plenty_return_id,
            created_at=func.now() if plenty_return_id is not None else None,
        )
    )
    connection.execute(
        update(return_rows)
        .where(return_rows.c.merchant == merchant, return_rows.c.history_id.in_(list(history_ids)))
        .values(return_key=key, trouble_code=None, next_attempt_at=None)
    )
    return key


def unplan(connection: Connection, merchant: str, key: int, code: str, wait_s: float) -> None:
    """Take a return order back that plentymarkets clearly refused; its pieces are planned anew.

    What was left of the order may have changed since it was planned.
    """
    connection.execute(
        update(return_rows)
        .where(return_rows.c.merchant == merchant, return_rows.c.return_key == key)
        .values(return_key=None, trouble_code=code, next_attempt_at=wait(wait_s))
    )
    connection.execute(
        delete(returns).where(
            returns.c.merchant == merchant,
            returns.c.return_key == key,
            returns.c.state.in_(["planned", "creating"]),
        )
    )


def open_returns(connection: Connection, merchant: str) -> Sequence[Row[Any]]:
    """Return all return orders that are not done, by key, with ``due``: their turn has come."""
    return connection.execute(
        select(
            returns,
            or_(returns.c.next_attempt_at.is_(None), returns.c.next_attempt_at <= func.now()).label(
                "due"
            ),
        )
        .where(returns.c.merchant == merchant, returns.c.state != "done")
        .order_by(returns.c.return_key)
    ).all()


def unfinished_orders(connection: Connection, merchant: str) -> set[int]:
    """Return orders with a return order that plentymarkets may or may not have yet."""
    return set(
        connection.execute(
            select(returns.c.order_id).where(
                returns.c.merchant == merchant, returns.c.state.in_(["planned", "creating"])
            )
        ).scalars()
    )


def pieces(connection: Connection, merchant: str, key: int) -> list[dict[str, Any]]:
    """Return what is known of the pieces of one return order (ReturnRow.facts)."""
    return list(
        connection.execute(
            select(return_rows.c.facts)
            .where(return_rows.c.merchant == merchant, return_rows.c.return_key == key)
            .order_by(return_rows.c.history_id)
        ).scalars()
    )


def of_return_order(
    connection: Connection, merchant: str, plenty_return_id: int
) -> Sequence[Row[Any]]:
    """Return what was planned so far for one return order in plentymarkets."""
    return connection.execute(
        select(returns).where(
            returns.c.merchant == merchant, returns.c.plenty_return_id == plenty_return_id
        )
    ).all()


def ours(connection: Connection, merchant: str, ids: Collection[int]) -> set[int]:
    """Return those of the plentymarkets return orders ``ids`` that we know, made or announced."""
    if not ids:
        return set()
    made = select(returns.c.plenty_return_id).where(
        returns.c.merchant == merchant, returns.c.plenty_return_id.in_(list(ids))
    )
    return {int(value) for value in connection.execute(made).scalars() if value is not None}


def begin(
    connection: Connection,
    merchant: str,
    key: int,
    old: Collection[str],
    new: str,
    *,
    planned_at: datetime,
) -> bool:
    """Write ahead: take a return order from one of ``old`` to ``new``.

    :param planned_at: as it was read: one that was planned anew meanwhile is another.
    :returns: False where it is not to be written any more.
    """
    taken = connection.execute(
        update(returns)
        .where(
            returns.c.merchant == merchant,
            returns.c.return_key == key,
            returns.c.state.in_(list(old)),
            returns.c.planned_at == planned_at,
        )
        .values(state=new, attempts=returns.c.attempts + 1)
        .returning(returns.c.return_key)
    ).scalar_one_or_none()
    return taken is not None


def step(connection: Connection, merchant: str, key: int, **values: Any) -> None:
    """Set columns of a return order and let its next step be taken at once."""
    connection.execute(
        update(returns)
        .where(returns.c.merchant == merchant, returns.c.return_key == key)
        .values(**{"next_attempt_at": None, "error_code": None, **values})
    )


def is_undescribed(connection: Connection, merchant: str, key: int) -> bool:
    """Say whether reasons and conditions of a return order were not written yet; locks it."""
    return bool(
        connection.execute(
            select(returns.c.return_key)
            .where(
                returns.c.merchant == merchant,
                returns.c.return_key == key,
                returns.c.described_at.is_(None),
            )
            .with_for_update()
        ).all()
    )


def end(connection: Connection, merchant: str, key: int, *, keep: str) -> None:
    """End a return order; one whose error is ``keep`` keeps it, and when to try again."""
    mine = (returns.c.merchant == merchant, returns.c.return_key == key)
    connection.execute(update(returns).where(*mine).values(state="done", done_at=func.now()))
    connection.execute(
        update(returns)
        .where(*mine, returns.c.error_code.is_distinct_from(keep))
        .values(error_code=None, next_attempt_at=None)
    )


def undescribed(connection: Connection, merchant: str, code: str) -> Sequence[Row[Any]]:
    """Return ended return orders with error ``code`` whose turn has come."""
    return connection.execute(
        select(returns).where(
            returns.c.merchant == merchant,
            returns.c.state == "done",
            returns.c.error_code == code,
            or_(returns.c.next_attempt_at.is_(None), returns.c.next_attempt_at <= func.now()),
        )
    ).all()


def give_up(
    connection: Connection, merchant: str, code: str, there: Collection[int]
) -> Sequence[Row[Any]]:
    """End and return return orders with error ``code`` none of whose pieces wemalo lists."""
    listed = select(return_rows.c.return_key).where(
        return_rows.c.merchant == merchant,
        return_rows.c.return_key.is_not(None),
        return_rows.c.history_id.in_(list(there)),
    )
    return connection.execute(
        update(returns)
        .where(
            returns.c.merchant == merchant,
            returns.c.state != "done",
            returns.c.error_code == code,
            returns.c.return_key.not_in(listed),
        )
        .values(state="done", done_at=func.now(), next_attempt_at=None)
        .returning(returns)
    ).all()


def postpone(
    connection: Connection, merchant: str, key: int, code: str, *, wait_s: float | None = None,
    **values: Any,
) -> None:  # fmt: skip
    """Try a return order again later: after ``wait_s`` or with growing pauses."""
    pause = (
        wait(wait_s)
        if wait_s is not None
        else func.now()
        + func.make_interval(
            0, 0, 0, 0, 0, 0,
            func.least(LONGEST_WAIT_S, FIRST_WAIT_S * func.power(2, returns.c.attempts)),
        )
    )  # fmt: skip
    connection.execute(
        update(returns)
        .where(returns.c.merchant == merchant, returns.c.return_key == key)
        .values(error_code=code, next_attempt_at=pause, **values)
    )


def rows_to_acknowledge(
    connection: Connection, merchant: str, there: Collection[int]
) -> Sequence[int]:
    """Return those rows of wemalo's queue whose return order is done, oldest first."""
    if not there:
        return []
    return (
        connection.execute(
            select(return_rows.c.history_id)
            .join(
                returns,
                (returns.c.merchant == return_rows.c.merchant)
                & (returns.c.return_key == return_rows.c.return_key),
            )
            .where(
                return_rows.c.merchant == merchant,
                return_rows.c.history_id.in_(list(there)),
                returns.c.state == "done",
            )
            .order_by(return_rows.c.history_id)
        )
        .scalars()
        .all()
    )


def acknowledged(connection: Connection, merchant: str, history_ids: Collection[int]) -> None:
    """Remember rows that wemalo has taken off its queue."""
    queues.acknowledged(connection, return_rows, merchant, history_ids)
