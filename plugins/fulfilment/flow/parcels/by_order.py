"""Parcels read order by order, where wemalo's queue of sent items does not tell them any more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from include.core.orders.wemalo_order import WarehouseStatus, external_id
from include.core.parcels.sent_rows import SentRow, sent_row
from include.core.parcels.tracking import tracking_numbers
from include.ledger.parcels import sent_queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fulfilment.flow.systems.work import Work


def read_by_order(work: Work, order_id: int) -> None:
    """Take over the parcels of an order that wemalo has shown as shipped for more than one look.

    Its rows are missing in the queue, so somebody else acknowledged them: that is told. Rows that
    are all known, of which none was the last, are the last once the order is shipped.
    """
    with work.engine.begin() as connection:
        if sent_queue.complete_orders(connection, work.name, [order_id]):
            return
    own = external_id(order_id)
    if work.wemalo.sent_queue_of(own):
        return  # they wait in the queue, and are read there
    rows = [sent_row({"packageId": "0", **row}) for row in work.wemalo.sent_of(own)]
    left = [row for row in rows if row.is_marked(work.merchant.plenty.plenty_id)]
    if not left:
        return
    fresh = keep_rows(work, order_id, left)
    with work.engine.begin() as connection:
        if fresh:
            work.tell(connection, order_id, "SENT_ROWS_TAKEN", rows=len(fresh))
        sent_queue.end_of_rows(connection, work.name, order_id, {row.history_id for row in left})


def keep_rows(work: Work, order_id: int, left: Sequence[SentRow]) -> set[int]:
    """Keep what left as the queue of sent items would have told it (wemalo contract 5).

    :param left: rows without a parcel: it is the one with the same tracking numbers.
    :returns: the history ids of those that are new.
    """
    by_numbers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for package in work.wemalo.packages(external_id(order_id)):
        if package.get("isHandedOver"):
            by_numbers[tracking_numbers(package.get("trackingNumber"))].append(str(package["id"]))
    found = work.wemalo.status(external_id(order_id))
    complete = found is not None and found.name == WarehouseStatus.SHIPPED
    rows = [
        replace(row, parcel_id=parcel_id, complete=complete)
        for row in left
        for parcel_id in by_numbers.get(row.numbers, ())[:1]
    ]
    with work.engine.begin() as connection:
        fresh = sent_queue.keep_sent_rows(connection, work.name, rows)
        if fresh:
            work.journal.add(connection, order_id, "parcels_found", rows=len(fresh))
    return fresh
