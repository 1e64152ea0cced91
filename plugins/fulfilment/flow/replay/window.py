"""Replay a window or single orders: find what is missing, and let the other steps repair it.

The first step of a replay looks at every order of its window, whatever the ledger knows of it, and
at what wemalo booked in that time. What lacks nothing is left alone; the others are the run's scope
and go through the very steps of any other run. Nothing is sent that wemalo has: where the ledger
may have lost a hand-over, wemalo is asked first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.cancelled import take_cancelled
from fulfilment.flow.merchants.facts import merchants_under_way
from fulfilment.flow.orders.contents import is_ours, take_contents
from fulfilment.flow.orders.handover import accept
from fulfilment.flow.parcels.lost import repair_parcels, sent_by_order
from fulfilment.flow.returns.lost import lost_returns
from fulfilment.flow.systems.each import each, halved
from fulfilment.flow.systems.work import Work, log
from fulfilment.flow.tasks.extract import COUNTS, decide
from fulfilment.hooks.paging import PAGE_SIZE, passes
from fulfilment.hooks.plenty import Filter
from include.core.exceptions.exception_texts import exception_text
from include.core.orders.moved_by_hand import asks_to_cancel
from include.core.orders.plenty_order import parse_order
from include.core.orders.search_results import Shown, Sightings
from include.core.orders.states import State
from include.core.orders.wemalo_order import WarehouseStatus, external_id
from include.core.replay.decision import UNFINISHED, Lost, lost_status, may_be_there
from include.core.systems.errors import OrderInvalid
from include.core.systems.slices import IdSet, packed, slices
from include.core.systems.values import need_id
from include.core.systems.window import both_ends
from include.ledger.exceptions import exceptions
from include.ledger.orders import batches, orders, outbox
from include.ledger.replay import replays

if TYPE_CHECKING:
    from array import array
    from collections.abc import Container, Iterable, Mapping, Sequence

    from fulfilment.hooks.wemalo import WemaloStatus
    from include.core.orders.models import Order
    from include.core.systems.window import Window
    from include.ledger.orders.orders import Known

FOUND = (
    "looked_at", "not_found", "adopted", "lost_statuses", "lost_parcels", "lost_returns", "scope",
)  # fmt: skip
NOT_FOUND = "ORDER_NOT_FOUND"

Part = dict[int, Shown]  # some hundreds of orders, by id


def replay(work: Work, window: Window, order_ids: Sequence[int]) -> dict[str, int]:
    """Find what is missing and set the run's scope.

    :param window: closed-open; of plentymarkets' change or creation time, and of wemalo's bookings.
    :param order_ids: only these orders; they win over the window.
    :returns: counts of `extract`, and: looked_at, not_found (of ``order_ids``), adopted (wemalo has
        them, the ledger did not know), lost_statuses, lost_parcels, lost_returns, scope.
    """
    counts = dict.fromkeys((*COUNTS, *FOUND), 0)
    work.scope = None  # this step looks at all of its window
    wanted, adopted = packed(()), packed(())
    absent: set[int] = set()
    shown = _orders(work, window, order_ids, absent)
    if order_ids:
        _tell_absent(work, absent, shown)
        counts["not_found"] = len(absent)
    for part in shown.parts(PAGE_SIZE):
        _look_at(work, part, wanted, adopted, counts)
    lacking: set[int] = set()
    for sent in sent_by_order(work, window, order_ids):
        _look_at(work, _also(work, sent, shown), wanted, adopted, counts)
        lacking |= repair_parcels(work, {i: rows for i, rows in sent.items() if i in shown})
    returned = {row.order_id for row in lost_returns(work, window, order_ids) if row.order_id}
    _look_at(work, _also(work, returned, shown), wanted, adopted, counts)
    take_contents(work, wanted, counts)
    repaired = lacking.union(returned, adopted)
    scope = packed(())
    for part in shown.parts(PAGE_SIZE):
        scope.extend(_unfinished(work, part, repaired))
    work.scope = IdSet(scope)
    counts |= {
        "looked_at": len(shown),
        "adopted": len(adopted),
        "lost_parcels": len(lacking),
        "lost_returns": len(returned),
        "scope": len(scope),
    }
    with work.engine.begin() as connection:
        batches.set_scope(connection, work.batch_id, work.scope)
        batches.add_counts(connection, work.batch_id, counts)
    return counts


def _look_at(
    work: Work, part: Part, wanted: array[int], adopted: array[int], counts: dict[str, int]
) -> None:
    """Look at orders: note cancellations, adopt, decide whose content is read, repair statuses."""
    with work.engine.begin() as connection:
        merchants = merchants_under_way(work, connection)
    asked = {
        order_id: row
        for order_id, row in part.items()
        if any(asks_to_cancel(row.status, merchant) for merchant in merchants)
    }
    take_cancelled(work, asked, counts)
    adopted.extend(_adopt(work, part))
    released = _released(work, part)
    counts["released"] += len(released)
    wanted.extend(decide(work, released, counts))
    rest = {i: row.status for i, row in part.items() if i not in released}
    _repair_statuses(work, rest, counts)


def _unfinished(work: Work, part: Part, also: Container[int]) -> list[int]:
    """Return the orders that the run's other steps have to look at, ascending.

    :param also: orders that belong to these whatever the ledger says of them.
    """
    with work.engine.begin() as connection:
        due = replays.unfinished(connection, work.name, part, UNFINISHED)
    scope = [i for i in part if i in due or i in also]
    for order_id in part.keys() - set(scope):
        work.leave(order_id)
    return scope


def _released(work: Work, part: Part) -> dict[int, Shown]:
    """Return the released ones; a split order's delivery orders carry its goods (contract 9.1)."""
    fetch = work.merchant.statuses.fetch
    found = {i: row for i, row in part.items() if row.status == fetch and not row.split}
    split = work.plenty.split_orders(found)
    return {i: row for i, row in found.items() if i not in split}


def _is_ours(work: Work, row: Mapping[str, Any]) -> bool:
    plenty = work.merchant.plenty
    return (
        need_id(row, "plentyId") == plenty.plenty_id
        and need_id(row, "typeId") in plenty.shippable_types
    )


def _orders(work: Work, window: Window, order_ids: Sequence[int], absent: set[int]) -> Sightings:
    """Return the merchant's orders of the replay, whatever their status.

    :param absent: gets those that plentymarkets does not have, or not as this merchant's.
    """
    plenty = work.merchant.plenty
    shown = Sightings()
    known = packed(order_ids)
    if not order_ids:
        since, until = both_ends(window)
        fixed = [
            Filter("plentyId", "eq", plenty.plenty_id),
            Filter("orderTypeId", "in", plenty.shippable_types),
            Filter("orderItemWarehouseId", "eq", plenty.warehouse_id),
        ]
        for time in ("updatedAt", "createdAt"):
            # between is inclusive at both ends (contract 6.2)
            during = [*fixed, Filter(time, "between", [since, until])]
            work.plenty.search_shown(during, expect=partial(_is_ours, work), into=shown)
        with work.engine.begin() as connection:
            known = replays.first_seen(connection, work.name, since, until)
    _also(work, known, shown, absent)
    return shown


def _tell_absent(work: Work, absent: set[int], shown: Sightings) -> None:
    """Tell by id of orders that somebody asked for and that are not there, and of none that are."""
    with work.engine.begin() as connection:
        for order_id in sorted(absent):
            log.warning("%s order %s: asked for, and not found", work.name, order_id)
            exceptions.raise_exception(
                connection, work.journal, subject=exceptions.order_subject(order_id),
                **exception_text(NOT_FOUND, plenty_id=work.merchant.plenty.plenty_id),
            )  # fmt: skip
        told = exceptions.order_ids(connection, work.name, {NOT_FOUND})
        for order_id in told:
            if order_id in shown:
                exceptions.clear(
                    connection, work.journal, exceptions.order_subject(order_id), NOT_FOUND
                )


def _also(work: Work, ids: Iterable[int], shown: Sightings, absent: set[int] | None = None) -> Part:
    """Look up orders that were not shown yet, show the merchant's, and return those.

    :param absent: gets those that were looked up in vain.
    """
    missing = packed(sorted(i for i in ids if i not in shown))

    def look(some: Sequence[int]) -> None:
        for row in work.plenty.rows_by_id(some).values():
            if passes(row, partial(_is_ours, work)):
                shown.add(row)
        if absent is not None:
            absent.update(i for i in some if i not in shown)

    for some in slices(missing, PAGE_SIZE):
        if not halved(work, "replay", some, look):
            work.raise_trouble()
    return {i: shown[i] for i in missing if i in shown}


# -- hand-overs that the ledger does not know -----------------------------------------------------


def _adopt(work: Work, rows: Part) -> list[int]:
    """Take over orders that wemalo has and the ledger does not know of; return their ids."""
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, rows)
    found: dict[int, WemaloStatus] = {}

    def ask(order_id: int) -> None:
        entry, status = known.get(order_id), rows[order_id].status
        if not may_be_there(entry.state if entry else None, status):
            if entry is None:
                work.leave(order_id, "NOT_RELEASED")
            return
        answer = work.wemalo.status(external_id(order_id))
        if answer is not None:
            found[order_id] = answer
        elif entry is None and status != work.merchant.statuses.fetch:
            work.leave(order_id, "NOT_AT_WEMALO")

    if not each(work, "replay", rows, ask):
        work.raise_trouble()
    adopted: list[int] = []

    def adopt(ids: Sequence[int]) -> None:
        contents = work.plenty.order_contents(ids)
        countries = work.countries()
        for order_id in ids:
            try:
                order = parse_order(contents[order_id], countries)
            except (OrderInvalid, KeyError):
                log.warning("%s order %s: at wemalo, but it cannot be read", work.name, order_id)
                continue
            ours = is_ours(work, order)
            if ours and _take_over(work, order, known.get(order_id), found[order_id]):
                adopted.append(order_id)

    if found and not halved(work, "replay", sorted(found), adopt):
        work.raise_trouble()
    return adopted


def _take_over(work: Work, order: Order, entry: Known | None, found: WemaloStatus) -> bool:
    """Bring the ledger to where wemalo is, along the moves that a hand-over takes."""
    if found.name == WarehouseStatus.CANCELLED:
        work.leave(order.order_id, "CANCELLED")
        return False
    with work.engine.begin() as connection:
        orders.put_fetched(
            connection, work.journal, work.batch_id, [order], facts=work.facts.now.version
        )
        ready = orders.move(
            connection, work.journal, order.order_id, State.READY,
            only_from=[State.FETCHED], event="replay_found",
        ) and orders.write_ahead(
            connection, work.journal, order.order_id, State.SUBMITTING,
            only_from=[State.READY],
            sets={"sent_fingerprint": order.fingerprint()}, event="replay_found",
        )  # fmt: skip
        if ready:
            outbox.drop_pending(connection, work.name, order.order_id, ["status", "note"])
            episode = (entry.episode if entry else 0) + 1
            accept(
                work, connection, order.order_id, episode, found.name, found.reason,
                event="adopted", sets={"episode": episode},
            )  # fmt: skip
    return ready


# -- statuses that plentymarkets lost -------------------------------------------------------------


def _repair_statuses(work: Work, shown: Mapping[int, Any], counts: dict[str, int]) -> None:
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, shown)
        pending = outbox.has_pending(connection, work.name, known, ["status"])
        for order_id, entry in sorted(known.items()):
            statuses = work.merchant_of(connection, order_id).statuses
            lost = lost_status(
                entry.state, shown[order_id], statuses, write_pending=order_id in pending
            )
            if lost is Lost.NOTHING:
                continue
            counts["lost_statuses"] += 1
            work.journal.add(connection, order_id, "status_repair", target=lost.name.lower())
            row = orders.one(connection, work.name, order_id)
            if lost is Lost.HANDED_OVER:
                work.queue_status(
                    connection, order_id, statuses.handed_over, (shown[order_id],),
                    f"replay:{datetime.now(UTC).isoformat()}",
                )  # fmt: skip
            else:
                episode = row.episode + 1
                accept(
                    work, connection, order_id, episode, row.wemalo_status,
                    row.wemalo_reason or "", sets={"episode": episode},
                )  # fmt: skip
