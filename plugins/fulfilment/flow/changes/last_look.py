"""The last look for changes: when goods of an order have left, before nobody looks at it any more.

A change made between the last look and the goods' leaving was meant to count and does not: it is
told like any other that came too late.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.find import IN_FLIGHT, read_changes, to_read
from fulfilment.flow.changes.send import tell_left
from fulfilment.flow.systems.each import each, halved
from include.core.systems.values import moment
from include.ledger.orders import in_flight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fulfilment.flow.systems.work import Work


def look_once_more(work: Work, shown: Mapping[int, Mapping[str, Any]]) -> None:
    """Tell of changes of orders whose goods have left; read those only that changed since.

    :param shown: the orders' rows as plentymarkets shows them now, by order id.
    """
    with work.engine.begin() as connection:
        rows = in_flight.watched(connection, work.name, IN_FLIGHT, ids=shown)
    changed = [n for n, row in rows.items() if to_read(row, moment(shown[n].get("updatedAt")))]
    settled = datetime.now(UTC) - timedelta(seconds=work.fresh_s)
    # none of them is taken for released again: they have left
    if not halved(
        work, "read", changed, partial(read_changes, work, set(changed), settled=settled)
    ):
        return
    with work.engine.begin() as connection:
        late = in_flight.changes(connection, work.name, ("new", "good"), rows)
    each(work, "change", late, partial(tell_left, work))
