"""Orders that stand still: told once they stay anywhere for longer than they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.exception_texts import ExceptionText, exception_text
from include.core.states import State
from include.core.stays import CODE, limits, stay_of
from include.ledger import stays

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from fulfilment.flow.work import Work


def overdue_ids(work: Work, connection: Connection) -> array[int]:
    """Return the orders that have stayed for too long, ascending."""
    return stays.overdue_ids(connection, work.name, limits(work.merchant.longest_stay_hours))


def standing_still(
    work: Work, connection: Connection, ids: Sequence[int]
) -> list[tuple[int, ExceptionText]]:
    """Return the texts about those of ``ids`` that have stayed for too long."""
    rows = stays.overdue(connection, work.name, limits(work.merchant.longest_stay_hours), ids)
    found = []
    for row in rows:
        stay = stay_of(State(row.state), row.wemalo_status)
        text = exception_text(
            CODE,
            state=row.state,
            warehouse=row.wemalo_status or "–",
            since=f"{row.stands_since:%Y-%m-%d %H:%M}",
            exit_de=stay.exit_de,
            exit_en=stay.exit_en,
        )
        found.append((row.order_id, text))
    return found
