"""Return orders of merchants that wemalo is told of before the goods come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from include.ledger.returns.returns import wait
from include.ledger.tables import announced_returns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row


def known(connection: Connection, merchant: str, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Return what is known of the announcements of return orders ``ids``."""
    if not ids:
        return {}
    rows = connection.execute(
        select(
            announced_returns,
            or_(
                announced_returns.c.next_attempt_at.is_(None),
                announced_returns.c.next_attempt_at <= func.now(),
            ).label("due"),
        ).where(
            announced_returns.c.merchant == merchant, announced_returns.c.return_id.in_(list(ids))
        )
    )
    return {row.return_id: row for row in rows}


def begin_announcing(
    connection: Connection, merchant: str, return_id: int, order_id: int | None, wait_s: float = 0
) -> bool:
    """Write ahead that wemalo is being told of a return order; False where it was told.

    :param wait_s: it is not told now, but tried again after so long.
    """
    values = {"state": "announcing", "next_attempt_at": wait(wait_s)}
    begun = connection.execute(
        insert(announced_returns)
        .values(merchant=merchant, return_id=return_id, order_id=order_id, attempts=1, **values)
        .on_conflict_do_update(
            index_elements=["merchant", "return_id"],
            set_={**values, "attempts": announced_returns.c.attempts + 1},
            where=announced_returns.c.state != "announced",
        )
        .returning(announced_returns.c.return_id)
    ).scalar_one_or_none()
    return begun is not None


def set_announced(connection: Connection, merchant: str, return_id: int, **values: Any) -> None:
    """Remember how telling wemalo of a return order ended."""
    connection.execute(
        update(announced_returns)
        .where(announced_returns.c.merchant == merchant, announced_returns.c.return_id == return_id)
        .values(**values)
    )


def withdraw_announcements(
    connection: Connection, merchant: str, wanted: Collection[int]
) -> Sequence[Row[Any]]:
    """Forget and return refused announcements of return orders that are not ``wanted`` any more."""
    return connection.execute(
        delete(announced_returns)
        .where(
            announced_returns.c.merchant == merchant,
            announced_returns.c.state == "refused",
            announced_returns.c.return_id.not_in(list(wanted)),
        )
        .returning(announced_returns)
    ).all()
