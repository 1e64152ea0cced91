"""Extract: which orders are released or cancelled; all ids first, then content of what is new.

Of all orders only what decides is kept, packed; contents go into the ledger chunk by chunk.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fulfilment.flow.changes.cancelled import look_for_cancelled
from fulfilment.flow.changes.find import see_changes
from fulfilment.flow.changes.set_aside import let_go, look_at_withdrawn
from fulfilment.flow.merchants.facts import tell_changes
from fulfilment.flow.orders.contents import take_contents
from fulfilment.flow.orders.family import look_at_incomplete
from fulfilment.flow.orders.search import NO_TIME, search
from fulfilment.hooks.paging import PAGE_SIZE
from fulfilment.hooks.plenty import Filter
from include.core.orders.release import Release, on_release
from include.core.systems.slices import packed
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders, outbox
from include.ledger.systems import sync_state

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from decimal import Decimal

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work
    from include.core.orders.search_results import Shown
    from include.ledger.orders.orders import Known

#: between two looks for orders that only their sender shows as ours, and for splits of all orders
FULL_LOOK, FULL_LOOK_EVERY = "full_look", timedelta(minutes=15)
COUNTS = ("released", "fetched", "unchanged", "malformed", "foreign", "cancelled", "repaired")


def extract(work: Work) -> dict[str, int]:
    """Take all released orders into the ledger and note cancellations.

    :returns: counts: released, fetched, unchanged, malformed, foreign, cancelled, repaired,
        seen_changes (of orders that the warehouse has).
    """
    counts = dict.fromkeys(COUNTS, 0)
    with work.engine.begin() as connection:
        started = exceptions.clock(connection)
        tell_changes(work, connection)
        full = _is_full(work, connection)
    by_sender = look_for_cancelled(work, counts, full=full)
    fetch = work.merchant.statuses.fetch
    where = Filter("statusId", "eq", fetch)
    released, more = search(work, work.merchant, where, fetch.__eq__, [], full=full)
    by_sender |= more
    counts["released"] = len(released)
    wanted = packed(n for part in released.parts(PAGE_SIZE) for n in decide(work, part, counts))
    counts["seen_changes"] = see_changes(work, full=full)
    let_go(work, released, full=full)
    look_at_withdrawn(work)
    # a row that cannot be read may be a good order: its content says so, or why not
    if work.takes_new:
        take_contents(work, packed([*wanted, *_not_sent(work, released.unreadable)]), counts)
    look_at_incomplete(work)
    with work.engine.begin() as connection:
        # a full look: who is gone is gone
        for code in ("RELEASED_AGAIN", "ORDER_ID_TAKEN"):
            exceptions.clear_unseen(connection, work.journal, code, started)
        if full:
            sync_state.looked(connection, work.name, FULL_LOOK, started, by_sender=by_sender)
    return work.end(counts)


def _is_full(work: Work, connection: Connection) -> bool:
    """Say whether this run looks for orders whose positions name no warehouse, and for all splits.

    Now and then, for most merchants have none; in every run while the last such look found one.
    """
    last = sync_state.state_of(connection, work.name, FULL_LOOK)
    if last is not None and last.data.get("by_sender"):
        return True
    return sync_state.is_due(connection, work.name, FULL_LOOK, FULL_LOOK_EVERY)


def decide(work: Work, rows: Mapping[int, Shown], counts: dict[str, int]) -> list[int]:
    """Return the released orders whose content is to be read; repair what only lacks its status.

    :param rows: some hundreds of released orders.
    """
    wanted = []
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, rows)
        pending = outbox.has_pending(connection, work.name, known, ["status"])
        for order_id, row in rows.items():
            if order_id in work.facts.strangers:
                counts["foreign"] += 1
                work.tell(connection, order_id, "ORDER_ID_TAKEN")
                continue
            entry = known.get(order_id)
            if entry and _is_ours_by_its_facts(work, connection, entry, row.status):
                counts["unchanged"] += 1
                work.leave(order_id)
                continue
            action = on_release(
                entry.state if entry else None,
                sent=bool(entry and entry.sent),
                kept_time=entry.plenty_updated_at if entry else None,
                row_time=row.changed_at,
                write_pending=order_id in pending,
                resend=bool(entry and entry.held and work.merchant.released_after_hold == "send"),
            )
            if action is Release.READ:
                wanted.append(order_id)
            elif action is Release.NOTHING:
                counts["unchanged"] += 1
                work.leave(order_id)
            elif action is Release.REPAIR_STATUS:
                counts["repaired"] += 1
                _repair(work, connection, order_id, row)
            elif entry:
                counts["unchanged"] += 1
                orders.set_statuses(connection, work.name, {order_id: row.status})
                _needs_person(work, connection, entry)
    return wanted


def _is_ours_by_its_facts(
    work: Work, connection: Connection, entry: Known, status: Decimal
) -> bool:
    """Say whether an order stands in the fetch status because we set it before that was one."""
    statuses = work.merchant_of(connection, entry.order_id).statuses
    set_by_us = {statuses.handed_over, statuses.shipped, statuses.cancel_done}
    return entry.sent and status != statuses.fetch and status in set_by_us


def _not_sent(work: Work, ids: Collection[int]) -> list[int]:
    """Return those of ``ids`` that may be read as released: wemalo neither has nor had them."""
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, ids)
    return [
        order_id
        for order_id in sorted(filter(work.covers, ids))
        if (entry := known.get(order_id)) is None
        or on_release(
            entry.state, sent=entry.sent, kept_time=None, row_time=NO_TIME, write_pending=False
        )
        is Release.READ
    ]


def _repair(work: Work, connection: Connection, order_id: int, row: Shown) -> None:
    statuses = work.merchant_of(connection, order_id).statuses
    if work.queue_status(
        connection,
        order_id,
        statuses.handed_over,
        (statuses.fetch,),
        f"repair:{row.changed_at.isoformat()}",
    ):
        work.journal.add(connection, order_id, "status_repair", target=str(statuses.handed_over))


def _needs_person(work: Work, connection: Connection, entry: Known) -> None:
    key = f"again:{entry.episode}"
    new = work.queue_note(
        connection,
        entry.order_id,
        key,
        "Dieser Auftrag wurde erneut freigegeben, obwohl er bereits versendet oder im Lager "
        "storniert wurde. Er wird nicht noch einmal gesendet. Bitte einen neuen Auftrag anlegen.",
        "This order was released again although it was shipped, or cancelled in the warehouse. "
        "It is not sent a second time. Please create a new order.",
    )
    if new:
        work.journal.add(connection, entry.order_id, "released_again", state=entry.state)
    work.tell(connection, entry.order_id, "RELEASED_AGAIN")
