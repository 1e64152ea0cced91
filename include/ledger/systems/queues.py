"""Rows of wemalo's queues: acknowledged once what they stand for is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, update

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Table


def acknowledged(
    connection: Connection, table: Table, merchant: str, history_ids: Collection[int]
) -> None:
    """Remember rows that wemalo has taken off its queue."""
    if history_ids:
        connection.execute(
            update(table)
            .where(table.c.merchant == merchant, table.c.history_id.in_(list(history_ids)))
            .values(acknowledged_at=func.now())
        )


def shown_again(
    connection: Connection, table: Table, merchant: str, history_ids: Collection[int]
) -> None:
    """Let rows that wemalo shows although we acknowledged them be acknowledged once more."""
    connection.execute(
        update(table)
        .where(
            table.c.merchant == merchant,
            table.c.history_id.in_(list(history_ids)),
            table.c.acknowledged_at.is_not(None),
        )
        .values(acknowledged_at=None)
    )
