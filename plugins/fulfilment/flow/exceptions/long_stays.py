"""What stands still, told: orders that stay for too long, and writes that are never finished."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.core.exceptions.exception_texts import ExceptionText, exception_text
from include.core.exceptions.long_stays import CODE, limits, stay_of
from include.core.orders.send_again import outlook, possible
from include.core.orders.states import State
from include.ledger.exceptions import long_stays
from include.ledger.exceptions import unfinished as left

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work

#: code of the exception about writes, and the age that it begins at
UNFINISHED = "UNFINISHED"
UNFINISHED_AFTER = timedelta(hours=24)


def overdue_ids(work: Work, connection: Connection) -> array[int]:
    """Return the orders that have stayed for too long, ascending."""
    return long_stays.overdue_ids(connection, work.name, limits(work.merchant.longest_stay_hours))


def standing_still(
    work: Work, connection: Connection, ids: Sequence[int]
) -> list[tuple[int, ExceptionText]]:
    """Return the texts about those of ``ids`` that have stayed for too long."""
    rows = long_stays.overdue(connection, work.name, limits(work.merchant.longest_stay_hours), ids)
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


def cannot_start(
    work: Work, connection: Connection, ids: Sequence[int]
) -> list[tuple[int, ExceptionText]]:
    """Return the texts about those of ``ids`` that the warehouse has and cannot begin with."""
    found = []
    for row in long_stays.cannot_start(connection, work.name, ids):
        german, english = outlook(row.tries, possible=possible(work.merchant))
        text = exception_text(
            "WAREHOUSE_CANNOT_START", reason=row.reason, again_de=german, again_en=english
        )
        found.append((row.order_id, text))
    return found


def unfinished(work: Work, connection: Connection) -> dict[str, list[ExceptionText]]:
    """Return the texts about what is still to be written since a day, by subject."""
    found = {}
    rows = left.older_than(connection, work.name, UNFINISHED_AFTER, work.merchant.groups)
    for row in rows:
        if row.order_id in work.facts.strangers:
            continue  # told once for all of them: nothing is written to their system
        found[row.subject] = [
            exception_text(
                UNFINISHED,
                what=", ".join(row.kinds),
                since=f"{row.since:%Y-%m-%d %H:%M}",
                hours=UNFINISHED_AFTER // timedelta(hours=1),
            )
        ]
    return found
