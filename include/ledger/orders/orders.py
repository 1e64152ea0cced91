"""Orders in the ledger: fetched, moved from state to state, written ahead.

Every change of state is one conditional update (``WHERE state IN (allowed sources)``) together with
its event in the same transaction. Whoever loses a race changes nothing and is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, null, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.core.orders.models import Order, order_from_json
from include.core.orders.moved_by_hand import HELD
from include.core.orders.positions import counted
from include.core.orders.states import AT_WAREHOUSE, ENDED, NEVER_SENT, State, sources_of
from include.ledger.tables import orders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.ledger.orders.journal import Journal


_ROWS_AT_ONCE = 250  # with their contents
_WRITTEN_AHEAD = (State.SUBMITTING, State.CANCELLING)


@dataclass(frozen=True, slots=True)
class Known:
    """What extraction needs to know of an order that is already in the ledger."""

    order_id: int
    state: State
    plenty_updated_at: datetime | None
    fingerprint: str | None
    episode: int
    cancel_requested: bool
    sent: bool  # wemalo has had it
    up_to_date: bool  # wemalo has what plentymarkets had at the last look
    change_state: str | None
    judged_at: datetime | None  # plentymarkets' change time at the last look after the hand-over
    held: bool  # a person took it out of the release while the warehouse had it


def known(
    connection: Connection, merchant: str, ids: Collection[int], *, lock: bool = False
) -> dict[int, Known]:
    """Return the ledger's view of those of ``ids`` that it holds.

    :param lock: nobody else changes them before the transaction ends.
    """
    if not ids:
        return {}
    statement = (
        select(
            orders.c.order_id,
            orders.c.state,
            orders.c.plenty_updated_at,
            orders.c.fingerprint,
            orders.c.episode,
            orders.c.cancel_requested_at,
            orders.c.sent_fingerprint,
            orders.c.change_state,
            orders.c.seen_updated_at,
            orders.c.reason_code,
        )
        .where(orders.c.merchant == merchant, orders.c.order_id.in_(list(ids)))
        .order_by(orders.c.order_id)
    )
    rows = connection.execute(statement.with_for_update() if lock else statement)
    return {
        row.order_id: Known(
            row.order_id,
            State(row.state),
            row.plenty_updated_at,
            row.fingerprint,
            row.episode,
            row.cancel_requested_at is not None,
            row.sent_fingerprint is not None,
            row.sent_fingerprint == row.fingerprint,
            row.change_state,
            row.seen_updated_at,
            row.reason_code == HELD,
        )
        for row in rows
    }


def put_fetched(
    connection: Connection,
    journal: Journal,
    batch_id: int,
    fetched: Sequence[Order],
    *,
    facts: str | None = None,
) -> None:
    """Insert orders as FETCHED, or take the new content of ones that may start over.

    An order the warehouse has is never touched here: the conflict clause repeats the states.

    :param facts: version of the merchant's facts they are fetched under; None keeps an order's own.
    """
    if not fetched:
        return
    by_id = {order.order_id: order for order in fetched}
    restart = sorted(sources_of(State.FETCHED) | {State.FETCHED})
    statement = insert(orders).values(
        [
            {
                "merchant": journal.merchant,
                "order_id": order.order_id,
                "state": State.FETCHED,
                "plenty_status": order.status,
                "plenty_updated_at": order.updated_at,
                "batch_id": batch_id,
                "content": order.to_json(),
                "fingerprint": order.fingerprint(),
                "facts": facts,
            }
            for order in fetched
        ]
    )
    done = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "order_id"],
            where=orders.c.state.in_(restart),
            set_={
                "state": State.FETCHED,
                "plenty_status": statement.excluded.plenty_status,
                "plenty_updated_at": statement.excluded.plenty_updated_at,
                "batch_id": batch_id,
                "content": statement.excluded.content,
                "fingerprint": statement.excluded.fingerprint,
                "facts": func.coalesce(statement.excluded.facts, orders.c.facts),
                "episode": orders.c.episode
                + func.cast(orders.c.state != State.FETCHED, orders.c.episode.type),
                "reason_code": None,
                "reason": None,
                "attempts": 0,
                "next_attempt_at": None,
                "cancel_requested_at": None,
                "cancel_tries": 0,
                "new_content": None,
                "change_state": None,
                "ended_at": None,
                "version": orders.c.version + 1,
                "changed_at": func.now(),
            },
        ).returning(orders.c.order_id, orders.c.episode, orders.c.fingerprint)
    )
    journal.add_many(
        connection,
        [
            (
                row.order_id,
                "fetched",
                {
                    "episode": row.episode,
                    "fingerprint": row.fingerprint[:12],
                    **counted(by_id[row.order_id]),
                },
            )
            for row in done
        ],
    )


def put_unreadable(
    connection: Connection,
    journal: Journal,
    batch_id: int,
    order_id: int,
    code: str,
    reason: dict[str, str],
) -> None:
    """Keep an order whose content cannot be read: quarantined with its reason, nothing lost."""
    statement = insert(orders).values(
        merchant=journal.merchant,
        order_id=order_id,
        state=State.QUARANTINED,
        plenty_status=Decimal(0),
        batch_id=batch_id,
        reason_code=code,
        reason=reason,
    )
    may = sorted(sources_of(State.QUARANTINED) | {State.QUARANTINED})
    done = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "order_id"],
            where=orders.c.state.in_(may)
            & or_(  # the same word in every run is no news
                orders.c.state != State.QUARANTINED,
                orders.c.content.is_not(None),
                orders.c.reason.is_distinct_from(statement.excluded.reason),
            ),
            set_={
                "state": State.QUARANTINED,
                "content": null(),  # what was read before is not what would be sent
                "version": orders.c.version + 1,
                "reason_code": code,
                "reason": reason,
                "changed_at": func.now(),
            },
        ).returning(orders.c.order_id)
    ).scalar_one_or_none()
    if done is not None:
        journal.add(connection, order_id, "quarantined", code=code, **reason)


def move(
    connection: Connection,
    journal: Journal,
    order_id: int,
    new: State,
    *,
    only_from: Collection[State] | None = None,
    expect_version: int | None = None,
    sets: Mapping[str, Any] | None = None,
    event: str | None = None,
    **data: Any,
) -> bool:
    """Move one order to ``new`` if it is in a state that allows it, with its event.

    What an order looks like after an interrupted write is read once more: changes made meanwhile
    were not seen.

    :param only_from: narrower than the state machine, where the caller has read the state before.
    :param expect_version: of the row that the decision was made from: a later one is decided anew.
    :param sets: further columns of the row.
    :returns: False, and nothing changed, where somebody else was faster or the move is not allowed.
    """
    allowed = sources_of(new) | {new}
    sources = allowed & set(only_from) if only_from is not None else allowed
    values: dict[str, Any] = {
        "state": new,
        "version": orders.c.version + 1,
        "changed_at": func.now(),
        "ended_at": func.coalesce(orders.c.ended_at, func.now()) if new in ENDED else None,
        "seen_updated_at": case(
            (orders.c.state.in_(sorted(_WRITTEN_AHEAD)), null()), else_=orders.c.seen_updated_at
        ),
        **(sets or {}),
    }
    where = [
        orders.c.merchant == journal.merchant,
        orders.c.order_id == order_id,
        orders.c.state.in_(sorted(sources)),
    ]
    if expect_version is not None:
        where.append(orders.c.version == expect_version)
    moved = connection.execute(
        update(orders).where(*where).values(values).returning(orders.c.order_id)
    ).scalar_one_or_none()
    if moved is None:
        journal.add(connection, order_id, "move_refused", to=new, **data)
        return False
    journal.add(connection, order_id, event or str(new), **data)
    return True


def write_ahead(
    connection: Connection,
    journal: Journal,
    order_id: int,
    new: State,
    *,
    only_from: Collection[State],
    expect_version: int | None = None,
    sets: Mapping[str, Any] | None = None,
    event: str | None = None,
    **data: Any,
) -> bool:
    """Write ahead: move to ``new``, within the claim of a write; see `move`."""
    return move(
        connection,
        journal,
        order_id,
        new,
        only_from=only_from,
        expect_version=expect_version,
        sets={"attempts": orders.c.attempts + 1, **(sets or {})},
        event=event,
        **data,
    )


def one(connection: Connection, merchant: str, order_id: int, *, lock: bool = False) -> Row[Any]:
    """Return one order's whole row.

    :param lock: nobody else changes it before the transaction ends.
    """
    statement = select(orders).where(orders.c.merchant == merchant, orders.c.order_id == order_id)
    return connection.execute(statement.with_for_update() if lock else statement).one()


def rows_of(connection: Connection, merchant: str, ids: Collection[int]) -> Sequence[Row[Any]]:
    """Return whole rows of some orders, by order id."""
    statement = select(orders).where(orders.c.merchant == merchant, orders.c.order_id.in_(ids))
    return connection.execute(statement.order_by(orders.c.order_id)).all() if ids else ()


def held_there(connection: Connection, merchant: str) -> Iterator[Sequence[Row[Any]]]:
    """Yield whole rows of orders that wemalo has, or may have, some hundred at a time.

    Those whose content is gone are left out. They are all of one moment; the connection stays in
    use until the last was taken.
    """
    sent = orders.c.sent_fingerprint.is_not(None)
    statement = select(orders).where(
        orders.c.merchant == merchant,
        orders.c.content.is_not(None),
        or_(
            orders.c.state.in_(sorted(AT_WAREHOUSE)),
            orders.c.state.in_(sorted(NEVER_SENT - ENDED)) & sent,
            *(and_(orders.c.state == state, sent) for state in sorted(NEVER_SENT & ENDED)),
        ),
    )
    streamed = statement.execution_options(yield_per=_ROWS_AT_ONCE)
    yield from connection.execute(streamed).partitions()


def touch(connection: Connection, merchant: str, order_ids: Collection[int], **sets: Any) -> None:
    """Set columns that are not the state on many orders."""
    if order_ids:
        connection.execute(
            update(orders)
            .where(orders.c.merchant == merchant, orders.c.order_id.in_(list(order_ids)))
            .values(**sets)
        )


def decide(connection: Connection, merchant: str, order_id: int, version: int, **sets: Any) -> bool:
    """Set what was decided of a row as it was read; False, and nothing set, if it has changed."""
    done = connection.execute(
        update(orders)
        .where(
            orders.c.merchant == merchant,
            orders.c.order_id == order_id,
            orders.c.version == version,
        )
        .values(version=version + 1, **sets)
    )
    return done.rowcount == 1


_SET_STATUSES = text("""
    WITH seen AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:statuses AS numeric[]))
            AS s (order_id, status)
    ),
    locked AS (
        SELECT o.order_id FROM orders AS o JOIN seen USING (order_id)
        WHERE o.merchant = :merchant ORDER BY o.order_id FOR UPDATE OF o
    )
    UPDATE orders AS o SET plenty_status = seen.status FROM locked JOIN seen USING (order_id)
    WHERE o.merchant = :merchant AND o.order_id = locked.order_id
""")


def set_statuses(connection: Connection, merchant: str, seen: Mapping[int, Decimal]) -> None:
    """Remember the plentymarkets status of many orders, as just read or written."""
    if seen:
        values = {"merchant": merchant, "ids": [*seen], "statuses": [*seen.values()]}
        connection.execute(_SET_STATUSES, values)


def content(row: Row[Any]) -> Order:
    """Return the order kept in a row.

    :raises ValueError: its content was removed, because the order ended long ago.
    """
    if row.content is None:
        msg = f"the content of order {row.order_id} is no longer kept"
        raise ValueError(msg)
    return order_from_json(row.content)
