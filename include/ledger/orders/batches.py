"""Batches: one run's piece of work. XCom carries the batch id; counts are kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, cast, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.slices import IdSet
from include.ledger.orders.to_look_at import ids_of
from include.ledger.tables import batches

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def open_batch(
    connection: Connection,
    merchant: str,
    run_id: str,
    window: tuple[datetime | None, datetime | None],
) -> int:
    """Return the batch of this run; a second try of the same run gets the same batch."""
    statement = (
        insert(batches)
        .values(merchant=merchant, run_id=run_id, window_start=window[0], window_end=window[1])
        .on_conflict_do_update(constraint="uq_batches_merchant_run_id", set_={"run_id": run_id})
        .returning(batches.c.batch_id)
    )
    return int(connection.execute(statement).scalar_one())


def set_scope(connection: Connection, batch_id: int, order_ids: IdSet) -> None:
    """Remember which orders a replay looks at."""
    connection.execute(
        update(batches).where(batches.c.batch_id == batch_id).values(scope=list(order_ids))
    )


def scope_of(connection: Connection, batch_id: int) -> IdSet | None:
    """Return the orders that the run of a batch looks at, None for everything that is due."""
    mine = batches.c.batch_id == batch_id
    if connection.execute(select(batches.c.scope.is_(None)).where(mine)).scalar_one():
        return None
    number = func.jsonb_array_elements(batches.c.scope).table_valued("value").lateral("number")
    order_id = cast(number.c.value, BigInteger)
    numbers = select(order_id).select_from(batches.join(number, true())).where(mine)
    return IdSet(ids_of(connection, numbers.order_by(order_id)))


def add_counts(connection: Connection, batch_id: int, counts: dict[str, int]) -> None:
    """Keep a task's counts with its batch; a later try of the task replaces its own."""
    connection.execute(
        update(batches)
        .where(batches.c.batch_id == batch_id)
        .values(counts=batches.c.counts.op("||")(func.jsonb_build_object(*_flat(counts))))
    )


def counts_of(connection: Connection, batch_id: int) -> dict[str, int]:
    """Return what the tasks of a batch counted so far."""
    row = connection.execute(
        select(batches.c.counts).where(batches.c.batch_id == batch_id)
    ).scalar_one()
    return dict(row)


def previous_start(connection: Connection, merchant: str, batch_id: int) -> datetime | None:
    """Return when the newest earlier batch that got through its extraction was opened (UTC)."""
    return connection.execute(
        select(batches.c.opened_at)
        .where(
            batches.c.merchant == merchant,
            batches.c.batch_id < batch_id,
            batches.c.counts.has_key("released"),
            batches.c.scope.is_(None),  # a replay looks at no other order's cancellation
        )
        .order_by(batches.c.batch_id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _flat(counts: dict[str, int]) -> list[str | int]:
    return [part for pair in counts.items() for part in pair]
