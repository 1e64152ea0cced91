"""Reconcile: parcels, tracking numbers and carriers to plentymarkets; wemalo's queue last of all.

Order of work: keep the queue's rows → write what plentymarkets lacks → end the order → acknowledge.
A row leaves wemalo's queue only when plentymarkets has its parcel, so a crash at any point costs a
repeated look, never a parcel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.from_ledger import look_over
from fulfilment.flow.parcels.acknowledge import acknowledge
from fulfilment.flow.parcels.in_warehouse import look_at_warehouse
from fulfilment.flow.parcels.numbers import look_at_numbers
from fulfilment.flow.parcels.packages import write_parcels
from fulfilment.flow.parcels.ship import end_orders
from fulfilment.flow.systems.each import as_trouble, each, halved
from include.core.exceptions.exception_texts import exception_text
from include.core.parcels.sent_rows import SentRow, row_name, sent_row
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders, outbox
from include.ledger.parcels import sent_queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work

NAMED = 5  # foreign orders that the exception names
COUNTS = ("queue_rows", "foreign_rows", "packages", "shipped", "partly", "acknowledged", "freed")


def reconcile(work: Work) -> dict[str, int]:
    """Bring plentymarkets up to what the warehouse has sent.

    :returns: counts: queue_rows, foreign_rows (not our orders: left in the queue), packages,
        shipped, partly, acknowledged, freed (waiting orders that wemalo could now reserve).
    :raises FulfilmentError: a system failed; what could be written was written.
    """
    counts = dict.fromkeys(COUNTS, 0)
    with work.engine.begin() as connection:
        outbox.revive(connection, work.name, ["shipping_info", "goods_issue"])
    _take_queue(work, counts)
    look_at_warehouse(work, counts)  # after the queue: who cancels the rest may have sent a part
    look_at_numbers(work)
    write_parcels(work, counts)
    end_orders(work, counts)
    acknowledge(work, counts)
    look_over(work)
    return work.end(counts)


def _take_queue(work: Work, counts: dict[str, int]) -> None:
    """Keep the queue's rows page by page: a day's parcels may wait there."""
    foreign: set[str] = set()
    with as_trouble(work):
        for page in work.wemalo.sent_queue():
            strange = _take_page(work, page, counts)
            foreign = set(sorted(foreign.union(strange))[: NAMED + 1])
    if work.scope is not None or work.trouble:
        return
    with work.engine.begin() as connection:
        _tell_foreign(work, connection, counts["foreign_rows"], sorted(foreign))


def _take_page(work: Work, page: Sequence[Mapping[str, Any]], counts: dict[str, int]) -> list[str]:
    """Keep a page's rows and return the orders of those that are not ours; a sick row stays."""
    rows: list[SentRow] = []
    strange: list[str] = []

    def read(data: Mapping[str, Any]) -> None:
        row = sent_row(data)
        if work.covers(row.order_id):
            rows.append(row)

    def keep(some: Sequence[SentRow]) -> None:
        marked = [row for row in some if row.is_marked(work.merchant.plenty.plenty_id)]
        with work.engine.begin() as connection:
            ids = {row.order_id for row in marked if row.order_id is not None}
            known = orders.known(connection, work.name, ids)
            ours = [row for row in marked if row.order_id in known]
            fresh = sent_queue.keep_sent_rows(connection, work.name, ours)
            _journal_rows(work, connection, [row for row in ours if row.history_id in fresh])
        kept = {row.history_id for row in ours}
        strange.extend(row.external_id[:40] for row in some if row.history_id not in kept)

    each(work, "row", page, read, subject=lambda data: f"row:{row_name(data.get('historyId'))}")
    halved(work, "row_kept", rows, keep, subject=lambda row: f"row:{row.history_id}")
    counts["queue_rows"] += len(rows)
    counts["foreign_rows"] += len(strange)
    return strange


def _tell_foreign(work: Work, connection: Connection, count: int, foreign: Sequence[str]) -> None:
    named = ", ".join(foreign[:NAMED]) + (", ..." if len(foreign) > NAMED else "")
    text = [exception_text("FOREIGN_ROWS", count=count, orders=named)] if foreign else []
    exceptions.keep(connection, work.journal, {"FOREIGN_ROWS"}, {exceptions.MERCHANT: text})


def _journal_rows(work: Work, connection: Any, rows: Sequence[SentRow]) -> None:
    work.journal.add_many(
        connection,
        [
            (
                row.order_id or 0,
                "parcel_left",
                {
                    "parcel": row.parcel_id,
                    "tracking": ", ".join(row.numbers),
                    "carrier": row.carrier,
                    "complete": row.complete,
                },
            )
            for row in rows
        ],
    )
