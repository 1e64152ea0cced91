"""Orders that plentymarkets shows as cancelled: what that means for those that we know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from fulfilment.flow.merchants.facts import merchants_under_way
from fulfilment.flow.orders.cancellation import (
    queue_cancel_done,
    queue_too_late,
    request_cancel,
    settle_unsent,
    told_too_late,
)
from fulfilment.flow.orders.search import NO_TIME, search, statuses_of
from fulfilment.flow.systems.each import halved
from fulfilment.hooks.paging import PAGE_SIZE
from fulfilment.hooks.plenty import Filter
from include.core.orders.moved_by_hand import CANCELLED, LAST_CANCELLED, asks_to_cancel
from include.core.orders.release import Cancel, on_cancel
from include.core.orders.search_results import Shown
from include.core.orders.statuses import is_cancelled
from include.core.systems.slices import packed, slices
from include.ledger.orders import batches, orders, outbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work
    from include.core.merchants.merchant import Merchant
    from include.ledger.orders.orders import Known

#: contract 18: a shop that polled by change time settled on 24 hours of overlap
CANCEL_OVERLAP = timedelta(hours=24)


def look_for_cancelled(work: Work, counts: dict[str, int], *, full: bool) -> bool:
    """Note cancellations; say whether only its sender shows one of them as ours."""
    with work.engine.begin() as connection:
        last = batches.previous_start(connection, work.name, work.batch_id)
        merchants = merchants_under_way(work, connection)
    if last is None:
        return False  # nothing was ever fetched, so nothing of ours can be cancelled
    by_sender = False
    more = [Filter("updatedAt", "gte", last - CANCEL_OVERLAP)]
    # main orders too: one that was split after its hand-over is still the warehouse's order
    scopes = {_cancel_scope(merchant): merchant for merchant in reversed(merchants)}
    for merchant in scopes.values():
        where = _cancelled_filter(merchant)
        shown, odd = search(work, merchant, where, is_cancelled, more, full=full, main_orders=True)
        by_sender |= odd
        for part in shown.parts(PAGE_SIZE):
            asked = {n: one for n, one in part.items() if asks_to_cancel(one.status, merchant)}
            take_cancelled(work, asked, counts)
        look = partial(_look_by_id, work, counts, merchant)
        for some in slices(packed(sorted(shown.unreadable)), PAGE_SIZE):
            if not halved(work, "read", some, look):
                work.raise_trouble()
    return by_sender


def _cancelled_filter(merchant: Merchant) -> Filter:
    """Return the condition of all statuses that may ask for a cancellation."""
    statuses = merchant.statuses
    if statuses.cancelled is None:
        return Filter("statusId", "between", (CANCELLED, LAST_CANCELLED))
    return Filter("statusId", "in", sorted({statuses.cancel_requested, *statuses.cancelled}))


def _look_by_id(work: Work, counts: dict[str, int], merchant: Merchant, ids: Sequence[int]) -> None:
    """Read orders whose row in the search cannot be read; to cancel, their status is enough."""
    found = {
        order_id: Shown(current, NO_TIME, split=False)
        for order_id, current in statuses_of(work.plenty.rows_by_id(ids)).items()
        if asks_to_cancel(current, merchant)
    }
    take_cancelled(work, found, counts)


def _cancel_scope(merchant: Merchant) -> tuple[object, ...]:
    """Return what the search for cancelled orders depends on."""
    plenty, statuses = merchant.plenty, merchant.statuses
    asked = statuses.cancelled and tuple(sorted(statuses.cancelled))
    ours = statuses.cancel_requested, statuses.cancel_done, statuses.cancel_too_late
    return plenty.plenty_id, plenty.warehouse_id, tuple(plenty.shippable_types), asked, ours


def take_cancelled(work: Work, rows: Mapping[int, Shown], counts: dict[str, int]) -> None:
    """Note cancellations of orders we know; others were never ours (contract of the flow, 8.0).

    :param rows: some hundreds of orders in a status that asks for a cancellation, by id.
    """
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, rows)
        pending = outbox.has_pending(connection, work.name, known, ["status"])
        told = told_too_late(work, connection, known)
        for order_id, entry in sorted(known.items()):
            if order_id in told:
                continue  # settled; only its status is still to be written
            if order_id in work.facts.strangers:
                continue
            action = on_cancel(
                entry.state,
                requested=entry.cancel_requested,
                write_pending=order_id in pending,
            )
            if action is Cancel.NOTHING:
                continue
            shown = rows[order_id].status
            if action is Cancel.REPAIR_STATUS and shown != _requested(work, connection, order_id):
                continue  # another one that says so too: it may stay
            counts["cancelled"] += 1
            orders.set_statuses(connection, work.name, {order_id: shown})
            _take_cancel(work, connection, entry, action, rows[order_id].changed_at)


def _requested(work: Work, connection: Connection, order_id: int) -> Decimal:
    return work.merchant_of(connection, order_id).statuses.cancel_requested


def _take_cancel(
    work: Work, connection: Connection, entry: Known, action: Cancel, at: datetime
) -> None:
    order_id = entry.order_id
    if action is Cancel.SETTLE:
        settle_unsent(work, connection, order_id, f"unsent:{entry.episode}")
    elif action is Cancel.ASK_WAREHOUSE:
        request_cancel(work, connection, order_id)
    elif action is Cancel.TOO_LATE:
        queue_too_late(work, connection, order_id, "SHIPPED", at.isoformat())
    else:
        queue_cancel_done(work, connection, order_id, f"repair:{datetime.now(UTC).isoformat()}")
