"""Extract: which orders are released or cancelled; all ids first, then content of what is new.

Of all orders only what decides is kept, packed; contents go into the ledger chunk by chunk.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.see import see_changes
from fulfilment.flow.changes.settled import (
    queue_cancel_done,
    queue_too_late,
    request_cancel,
    settle_unsent,
    told_too_late,
)
from fulfilment.flow.each import halved
from fulfilment.flow.facts import merchants_under_way, tell_changes
from fulfilment.flow.orders.family import look_at_incomplete, with_family
from fulfilment.flow.orders.now import rows_now
from fulfilment.flow.work import Work, log
from fulfilment.hooks.paging import PAGE_SIZE
from fulfilment.hooks.plenty import Filter
from include.core.errors import OrderInvalid
from include.core.moved import CANCELLED, asks_to_cancel
from include.core.plenty_order import parse_order, row_status
from include.core.release import Cancel, Release, on_cancel, on_release
from include.core.sightings import Shown, Sightings
from include.core.slices import packed, slices
from include.core.states import State
from include.core.statuses import is_cancelled
from include.core.values import need_id
from include.ledger import batches, due, exceptions, orders, outbox, sync_state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from include.core.merchant import Merchant
    from include.core.models import Order
    from include.ledger.orders import Known

#: contract 18: a shop that polled by change time settled on 24 hours of overlap
CANCEL_OVERLAP = timedelta(hours=24)
#: so long an order that was withdrawn is looked at: somebody may take it for handed over
WITHDRAWN_LATELY = timedelta(days=14)
#: orders a search answers with, so that a chunk costs one read; whole orders are two megabytes
CHUNK = PAGE_SIZE
#: the end of plentymarkets' range for cancelled orders: ids have four places (contract 7.1)
LAST_CANCELLED = Decimal("8.9999")
#: of a change whose time cannot be read; the same in every run, so that it is told once
NO_TIME = datetime(1971, 1, 1, tzinfo=UTC)
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
    by_sender = _look_for_cancelled(work, counts, full=full)
    fetch = work.merchant.statuses.fetch
    where = Filter("statusId", "eq", fetch)
    released, more = _search(work, work.merchant, where, fetch.__eq__, [], full=full)
    by_sender |= more
    counts["released"] = len(released)
    wanted = packed(n for part in released.parts(CHUNK) for n in decide(work, part, counts))
    counts["seen_changes"] = see_changes(work, full=full)
    _let_go(work, released, full=full)
    _look_at_withdrawn(work)
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


def order_filters(
    merchant: Merchant, status: Filter, *, main_orders: bool, by_items: bool = True
) -> list[Filter]:
    """Return the conditions of this merchant's orders in some status (contract 6.2).

    :param by_items: their goods lie in our warehouse; else they are sent from it, which is all
        that positions without a warehouse say.
    """
    plenty = merchant.plenty
    filters = [
        status,
        Filter("plentyId", "eq", plenty.plenty_id),
        Filter("orderTypeId", "in", plenty.shippable_types),
        Filter(
            "orderItemWarehouseId" if by_items else "relationReference_warehouse_sender",
            "eq",
            plenty.warehouse_id,
        ),
    ]
    if not main_orders:
        # a main order's delivery orders carry the goods: both would ship twice (contract 9.1)
        filters.append(Filter("excludeMainOrders", "eq", True))
    return filters


def _search(
    work: Work,
    merchant: Merchant,
    status: Filter,
    fits: Callable[[Decimal], bool],
    more: Sequence[Filter],
    *,
    full: bool,
    main_orders: bool = False,
) -> tuple[Sightings, bool]:
    """Return this merchant's orders in some status, and whether only a sender shows one as ours.

    :param fits: whether a row's status is one that was asked for.
    :param full: those whose positions name no warehouse, too.
    """
    plenty = merchant.plenty

    def ours(row: Mapping[str, Any]) -> bool:
        return (
            fits(row_status(row))
            and need_id(row, "plentyId") == plenty.plenty_id
            and need_id(row, "typeId") in plenty.shippable_types
            # where a row tells it; where none does, an order is asked for its parts before it goes
            and (main_orders or row.get("hasDeliveryOrders") is not True)
        )

    where = order_filters(merchant, status, main_orders=main_orders)
    found = work.plenty.search_shown([*where, *more], expect=ours)
    by_items = len(found)
    if full:
        where = order_filters(merchant, status, main_orders=main_orders, by_items=False)
        found = work.plenty.search_shown([*where, *more], expect=ours, into=found)
    return found, len(found) > by_items


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


def _let_go(work: Work, released: Sightings, *, full: bool) -> None:
    """Withdraw orders that were set aside and that the merchant deleted or moved elsewhere.

    Those in a fault status of ours as well: nothing else would ever end them.

    :param full: those as well that were split: their delivery orders carry the goods.
    """
    aside = (State.QUARANTINED, State.INVALID, State.NO_STOCK)
    with work.engine.begin() as connection:
        known = due.ids_in(connection, work.name, aside)
    known = packed(n for n in known if n not in work.facts.strangers)

    def look(ids: Sequence[int]) -> None:
        shown = rows_now(work, ids, splits=full)
        with work.engine.begin() as connection:
            for row in due.brief(connection, work.name, aside, ids):
                _let_one_go(work, connection, row, shown.get(row.order_id) or {})

    shown = released.unreadable
    for some in slices(packed(n for n in known if n not in released and n not in shown), CHUNK):
        if not halved(work, "read", some, look):
            return


def _look_at_withdrawn(work: Work) -> None:
    """Keep the status of orders that were withdrawn lately: 5.1 set by hand hands nothing over.

    `fulfilment.flow.watch` tells of it.
    """
    with work.engine.begin() as connection:
        lately = due.changed_within(WITHDRAWN_LATELY)
        known = due.ids_in(connection, work.name, [State.WITHDRAWN], lately)
        told = exceptions.order_ids(connection, work.name, ["NOT_HANDED_OVER"])

    def look(ids: Sequence[int]) -> None:
        shown = work.plenty.rows_by_id(ids)
        with work.engine.begin() as connection:
            orders.set_statuses(connection, work.name, _statuses(shown))

    for some in slices(packed(sorted({*known, *told})), CHUNK):
        if not halved(work, "read", some, look):
            return


def _statuses(rows: Mapping[int, Mapping[str, Any]]) -> dict[int, Decimal]:
    """Return the statuses of rows; of one that cannot be read what was known stands."""
    found = {}
    for order_id, row in rows.items():
        with suppress(OrderInvalid):
            found[order_id] = row_status(row)
    return found


def _let_one_go(work: Work, connection: Connection, row: Row[Any], now: Mapping[str, Any]) -> None:
    try:
        current = row_status(now) if now else None
    except OrderInvalid:
        return  # set aside for what cannot be read, and still so
    # one in a fault status of ours goes on from there
    statuses = work.merchant_by(row.facts).statuses
    ours = {statuses.fetch, statuses.address_error, statuses.no_stock, work.merchant.statuses.fetch}
    stays = current is not None and (
        current in ours or current == row.plenty_status or is_cancelled(current)
    )
    if current is not None:
        orders.set_statuses(connection, work.name, {row.order_id: current})
        if asks_to_cancel(current, work.merchant_by(row.facts)):
            # the search for cancelled ones knows one status and one warehouse
            settle_unsent(work, connection, row.order_id, f"unsent:{row.episode}")
            return
    if not stays or now.get("hasDeliveryOrders"):
        orders.move(
            connection, work.journal, row.order_id, State.WITHDRAWN,
            only_from=[State.QUARANTINED, State.INVALID, State.NO_STOCK],
            plenty_status="deleted" if current is None else str(current),
        )  # fmt: skip


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


def take_contents(work: Work, ids: Sequence[int], counts: dict[str, int]) -> None:
    """Read orders and keep those that are to be judged.

    :raises FulfilmentError: plentymarkets cannot be used; what was read is kept.
    """
    for some in slices(ids, CHUNK):
        if not halved(work, "read", some, partial(_take_content, work, counts)):
            work.raise_trouble()


def _take_content(work: Work, counts: dict[str, int], ids: Sequence[int]) -> None:
    contents = work.plenty.order_contents(ids, splits=True)
    countries = work.countries()
    good: list[Order] = []
    bad: list[tuple[int, OrderInvalid]] = []
    foreign = 0
    for order_id, data in sorted(contents.items()):
        try:
            order = parse_order(data, countries)
        except OrderInvalid as problem:
            bad.append((order_id, problem))
            continue
        if not is_ours(work, order):
            foreign += 1
            work.leave(order_id, "FOREIGN_WAREHOUSE")
        elif order.status == work.merchant.statuses.fetch or is_cancelled(order.status):
            # cancelled since the search: it is ours all the same, and is settled before sending
            good.append(order)
        else:
            work.leave(order_id, "NOT_RELEASED")
    good = with_family(work, good)
    with work.engine.begin() as connection:
        orders.put_fetched(
            connection, work.journal, work.batch_id, good, facts=work.facts.now.version
        )
        for order_id, error in bad:
            reason = {"field": error.field, "de": error.operator, "en": error.operator}
            orders.put_unreadable(
                connection, work.journal, work.batch_id, order_id, error.rule, reason
            )
            log.warning("%s order %s: %s", work.name, order_id, error.operator)
    counts["fetched"] += len(good)
    counts["malformed"] += len(bad)
    counts["foreign"] += foreign


def is_ours(work: Work, order: Order) -> bool:
    """Say whether the goods lie in the merchant's warehouse; the item's word wins (6.2)."""
    ours = work.merchant.plenty.warehouse_id
    warehouses = {item.warehouse_id or order.warehouse_id for item in order.items}
    return ours in warehouses if warehouses else order.warehouse_id == ours


def _look_for_cancelled(work: Work, counts: dict[str, int], *, full: bool) -> bool:
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
        shown, odd = _search(work, merchant, where, is_cancelled, more, full=full, main_orders=True)
        by_sender |= odd
        for part in shown.parts(CHUNK):
            asked = {n: one for n, one in part.items() if asks_to_cancel(one.status, merchant)}
            take_cancelled(work, asked, counts)
        look = partial(_look_by_id, work, counts, merchant)
        for some in slices(packed(sorted(shown.unreadable)), CHUNK):
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
        for order_id, current in _statuses(work.plenty.rows_by_id(ids)).items()
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
