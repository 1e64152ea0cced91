"""Take rows off wemalo's queue of sent items, last of all; each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.flow.systems.side_by_side import side_by_side
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.wemalo_order import external_id
from include.core.systems.errors import NotFound, OrderRejected
from include.ledger.parcels import sent_queue

if TYPE_CHECKING:
    from sqlalchemy import Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.wemalo import WemaloHook


def acknowledge(work: Work, counts: dict[str, int]) -> None:
    """Acknowledge every row whose parcel plentymarkets has."""
    last = 0
    while True:
        with work.engine.begin() as connection:
            rows = sent_queue.rows_to_acknowledge(
                connection, work.name, work.merchant.letters, after=last, limit=PAGE_SIZE
            )
        if not rows:
            return
        last = rows[-1].history_id
        done, usable = side_by_side(
            work, work.wemalo, "acknowledge", work.mine(rows), _take_off,
            subject=lambda row: f"row:{row.history_id}",
        )  # fmt: skip
        with work.engine.begin() as connection:
            sent_queue.acknowledged(connection, work.name, [row.history_id for row in done])
        counts["acknowledged"] += len(done)
        if not usable:
            return


def _take_off(wemalo: WemaloHook, row: Row[Any]) -> None:
    """Acknowledge a row; one that wemalo does not know is off, if the queue says so as well."""
    try:
        wemalo.acknowledge_sent(row.history_id)
    except (OrderRejected, NotFound) as error:
        if error.code != "NOT_FOUND":
            raise
        if row.history_id in wemalo.sent_queue_of(external_id(row.order_id)):
            raise
