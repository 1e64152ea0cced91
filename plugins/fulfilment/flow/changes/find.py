"""Changes made in plentymarkets after the hand-over: seen, judged, sent while wemalo allows it.

``fingerprint`` is what plentymarkets had when it was read last, ``sent_fingerprint`` what wemalo
has; ``new_content`` waits between the two. Our own write-backs raise ``updatedAt`` and change no
fingerprint: they cost one look (plentymarkets contract 19, pitfall 16).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.send import MERCHANT_RETRY, clear_changes, tell_bad
from fulfilment.flow.merchants.facts import merchants_under_way
from fulfilment.flow.orders.as_shown_now import row_now
from fulfilment.flow.orders.cancellation import request_cancel, told_too_late
from fulfilment.flow.quality import report
from fulfilment.flow.systems.each import each, halved
from fulfilment.hooks.paging import PAGE_SIZE
from fulfilment.hooks.plenty import Filter
from include.core.changes.differences import without_taken_away
from include.core.orders.models import order_from_json
from include.core.orders.moved_by_hand import DELETED, HELD, HELD_LATE, Moved, on_moved
from include.core.orders.plenty_order import parse_order
from include.core.orders.search_results import Sightings
from include.core.orders.states import State
from include.core.stock.stock_rules import StockView
from include.core.systems.errors import OrderInvalid
from include.core.systems.slices import packed, slices
from include.core.systems.values import moment, need_id
from include.ledger.exceptions import exceptions
from include.ledger.orders import in_flight, orders, outbox
from include.ledger.parcels import shipping
from include.ledger.systems import sync_state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order
    from include.core.orders.search_results import Shown
    from include.quality.batch import Judgement

IN_FLIGHT = (State.ACCEPTED, State.WAITING, State.PARTLY_SHIPPED)
#: contract 18: a shop that polled by change time settled on 24 hours of overlap
OVERLAP = timedelta(hours=24)
FIRST_LOOK = timedelta(days=7)
#: changes judged together: their contents are ten megabytes
JUDGED_AT_ONCE = 500
#: of so many orders all are read; of more those that changed lately, those that were not seen since
#: they came there or back from an interrupted write, and so many others, in turn: what is deleted
#: changes no more
ASKED_BY_ID = PAGE_SIZE
CONCERN = "changes"  # how far the changes were read, in `include.ledger.systems.sync_state`


def see_changes(work: Work, *, full: bool = True) -> int:
    """Read what changed of the orders in flight; return how many changes are new.

    Content is read only of orders whose change time was not judged before.

    :param full: look for splits of all of them, not of the changed ones only.
    """
    with work.engine.begin() as connection:
        some = in_flight.watched_ids(connection, work.name, IN_FLIGHT)
        unseen = in_flight.watched_ids(connection, work.name, IN_FLIGHT, unseen=True)
        strangers = work.facts.strangers
        some, unseen = (packed(n for n in ids if n not in strangers) for ids in (some, unseen))
        if not some:
            return 0
        last = sync_state.state_of(connection, work.name, CONCERN)
        told = {*exceptions.order_ids(connection, work.name, ["SPLIT_AFTER_HANDOVER"])}
    started = datetime.now(UTC)
    shown = _shown(work, some, unseen, last.read_until if last else None)
    split: set[int] = set()
    wanted = packed(())

    def take(part: Mapping[int, Shown], ids: Sequence[int]) -> None:
        some = {order_id: part[order_id] for order_id in ids}
        wanted.extend(_changed(work, some, told, split, full=full))

    for part in shown.parts(PAGE_SIZE):
        if not halved(work, "read", sorted(part), partial(take, part)):
            return 0  # what changed meanwhile is looked for once more
    if shown.unreadable:  # one whose row cannot be read may have changed: its content says so
        with work.engine.begin() as connection:
            wanted.extend(in_flight.watched(connection, work.name, IN_FLIGHT, ids=shown.unreadable))
    settled = started - timedelta(seconds=work.fresh_s)
    count = 0

    def read(ids: Sequence[int]) -> None:
        nonlocal count
        count += read_changes(work, split, ids, settled=settled)

    for ids in slices(wanted, PAGE_SIZE):
        if not halved(work, "read", ids, read):
            return count  # what changed meanwhile is looked for once more
    with work.engine.begin() as connection:
        sync_state.looked(connection, work.name, CONCERN, started)
    return count


def _shown(
    work: Work, some: Sequence[int], unseen: Sequence[int], read_until: datetime | None
) -> Sightings:
    """Return what plentymarkets shows of the orders; of many, of those that may have changed."""
    if len(some) <= ASKED_BY_ID:
        return _by_id(work, some, Sightings())
    with work.engine.begin() as connection:
        merchants = merchants_under_way(work, connection)
    clients = {m.plenty.plenty_id: m.plenty.shippable_types for m in reversed(merchants)}
    shown = Sightings()
    for plenty_id, types in clients.items():
        filters = [  # whatever their status: the merchant may use more of them than we know
            Filter("plentyId", "eq", plenty_id),
            Filter("orderTypeId", "in", types),
            Filter("updatedAt", "gte", (read_until or datetime.now(UTC) - FIRST_LOOK) - OVERLAP),
        ]
        work.plenty.search_shown(filters, expect=partial(_is_of_client, plenty_id), into=shown)
    turns = -(-len(some) // ASKED_BY_ID)
    turn = work.batch_id % turns * ASKED_BY_ID
    asked = {*unseen, *some[turn : turn + ASKED_BY_ID]}
    return _by_id(work, sorted(n for n in asked if n not in shown), shown)


def _is_of_client(plenty_id: int, row: Mapping[str, Any]) -> bool:
    return need_id(row, "plentyId") == plenty_id


def _by_id(work: Work, some: Sequence[int], shown: Sightings) -> Sightings:
    """Add what plentymarkets shows of orders; what was deleted is cancelled at the warehouse."""

    def search(ids: Sequence[int]) -> None:
        for row in work.plenty.rows_by_id(ids).values():
            shown.add(row)

    def look(order_id: int) -> None:  # the search may omit it for a moment
        row = row_now(work, order_id)
        if row is not None:
            shown.add(row)
            return
        with work.engine.begin() as connection:
            _deleted(work, connection, order_id)

    known = shown.unreadable
    if halved(work, "read", some, search):
        each(work, "read", [n for n in some if n not in shown and n not in known], look)
    return shown


def _deleted(work: Work, connection: Connection, order_id: int) -> None:
    """Ask for the cancellation of an order that plentymarkets no longer has, once.

    `fulfilment.flow.exceptions.from_ledger` tells of it.
    """
    orders.set_statuses(connection, work.name, {order_id: DELETED})
    row = in_flight.watched(connection, work.name, IN_FLIGHT, ids=[order_id]).get(order_id)
    if row is not None and row.state != State.PARTLY_SHIPPED and row.reason_code != HELD_LATE:
        request_cancel(work, connection, order_id, reason=HELD)


def _take_statuses(
    work: Work, connection: Connection, rows: Mapping[int, Row[Any]], shown: Mapping[int, Shown]
) -> None:
    """Keep the statuses that are shown, and act where a person moved an order by hand.

    `fulfilment.flow.exceptions.from_ledger` tells of them.
    """
    moved = {i: one.status for i, one in shown.items() if one.status != rows[i].plenty_status}
    orders.set_statuses(connection, work.name, moved)
    left = shipping.with_parcels(connection, work.name, shown)
    settled = told_too_late(work, connection, rows)
    for order_id, one in shown.items():
        row = rows[order_id]
        found = on_moved(one.status, work.merchant_of(connection, order_id))
        if found is Moved.CANCELLED and order_id not in settled:
            request_cancel(work, connection, order_id)
        elif found is Moved.HELD or (found is Moved.SHIPPED and order_id not in left):
            stoppable = row.state != State.PARTLY_SHIPPED and row.reason_code != HELD_LATE
            if work.merchant.on_hold == "cancel" and stoppable:
                request_cancel(work, connection, order_id, reason=HELD)
        elif found is Moved.NOTHING and row.reason_code == HELD_LATE:
            orders.touch(connection, work.name, [order_id], reason_code=None)


def _changed(
    work: Work, shown: Mapping[int, Shown], told: set[int], split: set[int], *, full: bool
) -> list[int]:
    """Return those whose content is to be read; tell of splits, of which ``told`` are known.

    :param split: gets the orders that have delivery orders.
    """
    with work.engine.begin() as connection:
        rows = in_flight.watched(connection, work.name, IN_FLIGHT, ids=shown)
    ours = {n: shown[n] for n in rows if n not in work.facts.strangers}
    asked = [n for n, one in ours.items() if full or n in told or to_read(rows[n], one.changed_at)]
    split |= {n for n in asked if ours[n].split}  # where a row tells it
    split |= work.plenty.split_orders(n for n in asked if n not in split)
    with work.engine.begin() as connection:
        rows = in_flight.watched(connection, work.name, IN_FLIGHT, ids=ours)
        ours = {n: one for n, one in ours.items() if n in rows}
        _tell_splits(work, connection, [n for n in asked if n in rows], split, told)
        _take_statuses(work, connection, rows, ours)
    return [order_id for order_id, one in ours.items() if to_read(rows[order_id], one.changed_at)]


def read_changes(
    work: Work, split: Collection[int], ids: Collection[int], *, settled: datetime
) -> int:
    """Read the contents of some orders; return how many changes are new.

    :param split: orders that have delivery orders.
    :param settled: what changed until then cannot change again within the same second.
    """
    contents = work.plenty.order_contents(ids)
    countries = work.countries() if contents else {}
    count = 0
    unchanged: list[int] = []
    seen_at: dict[datetime, list[int]] = defaultdict(list)
    with work.engine.begin() as connection:
        rows = in_flight.watched(connection, work.name, IN_FLIGHT, ids=contents, lock=True)
        pending = outbox.has_pending(connection, work.name, rows, ["status"])
        for order_id, row in rows.items():
            data = contents[order_id]
            read, changed_at = _read(data, countries), moment(data.get("updatedAt"))
            if changed_at is not None and changed_at <= settled:
                # it has whole seconds: one more change may share its own
                seen_at[changed_at].append(order_id)
            if isinstance(read, OrderInvalid):
                _unreadable(work, connection, row, read)
                continue
            released = (
                row.state == State.WAITING
                and order_id not in pending
                and read.status == work.merchant_of(connection, order_id).statuses.fetch
                and order_id not in split  # else the status is theirs
            )
            if read.is_as(row.sent_fingerprint) and not released:
                unchanged.append(order_id)
                _take_back(work, connection, row)
            else:
                count += _see(work, connection, row, read, released=released)
        for changed_at, seen in seen_at.items():
            orders.touch(connection, work.name, seen, seen_updated_at=changed_at)
        clear_changes(work, connection, *unchanged)
    return count


def to_read(row: Row[Any], changed_at: datetime | None) -> bool:
    """Say whether an order was changed, or changed once more while its change was sent."""
    lost = row.change_state is None and row.fingerprint != row.sent_fingerprint
    return bool(lost or changed_at != row.seen_updated_at)


def _read(data: dict[str, Any], countries: Mapping[int, str]) -> Order | OrderInvalid:
    try:
        return parse_order(data, countries)
    except OrderInvalid as error:
        return error


def _unreadable(work: Work, connection: Connection, row: Row[Any], error: OrderInvalid) -> None:
    orders.decide(
        connection, work.name, row.order_id, row.version, change_state=None, new_content=None
    )
    tell_bad(work, connection, row, error.operator, error.operator)


def _take_back(work: Work, connection: Connection, row: Row[Any]) -> None:
    """Forget the change of an order that is again as the warehouse has it, if there was one."""
    if row.has_change:
        work.journal.add(connection, row.order_id, "change_taken_back")
    if row.has_change or row.change_state or row.fingerprint != row.sent_fingerprint:
        orders.decide(
            connection, work.name, row.order_id, row.version,
            new_content=None, change_state=None, fingerprint=row.sent_fingerprint,
        )  # fmt: skip


def _see(
    work: Work, connection: Connection, row: Row[Any], order: Order, *, released: bool
) -> bool:
    """Note one order's change; say whether it is a new one."""
    order_id = row.order_id
    fingerprint = order.fingerprint()
    if fingerprint == row.fingerprint and row.change_state is not None and not released:
        return False
    orders.decide(
        connection, work.name, order_id, row.version,
        new_content=without_taken_away(order).to_json(), change_state="new",
        fingerprint=fingerprint, next_attempt_at=None,
    )  # fmt: skip
    work.journal.add(connection, order_id, "released_again_waiting" if released else "change_seen")
    return True


def _tell_splits(
    work: Work, connection: Connection, asked: Sequence[int], split: set[int], told: set[int]
) -> None:
    """Tell of orders that were split after their hand-over, and of those that no longer are."""
    for order_id in asked:
        if order_id in split and order_id not in told:
            work.tell(connection, order_id, "SPLIT_AFTER_HANDOVER")
        elif order_id not in split and order_id in told:
            subject = exceptions.order_subject(order_id)
            exceptions.clear(connection, work.journal, subject, "SPLIT_AFTER_HANDOVER")


def judge_changes(work: Work, examine: Callable[..., Judgement]) -> int:
    """Judge seen changes by the rules for new orders; return how many may be sent.

    A verdict counts only for the change that it judged: one that came meanwhile is judged anew.
    Not by stock: what the order had reserved is its own, and wemalo says what lacks. Nor by the
    lock of an invoice: the order is at the warehouse already.
    """
    kinds = ("new", "bad")
    with work.engine.begin() as connection:
        ids = in_flight.change_ids(connection, work.name, kinds)
    good = 0

    def judge(rows: Sequence[Row[Any]]) -> None:
        nonlocal good
        for merchant, part in work.by_merchant(rows):
            good += _judge(work, merchant, part, examine)

    for some in work.slices(ids, JUDGED_AT_ONCE):
        with work.engine.begin() as connection:
            rows = in_flight.changes(connection, work.name, kinds, some)
        if not halved(work, "check", rows, judge):
            break
    return good


def _judge(
    work: Work,
    merchant: Merchant,
    rows: Sequence[Row[Any]],
    examine: Callable[..., Judgement],
) -> int:
    changed = [replace(_new(row), lock_status="unlocked") for row in rows]
    judgement = examine(
        changed, merchant=merchant, stock=StockView(available={}), known_products=None
    )
    report.tell_failed(work, judgement)
    by_id = {row.order_id: row for row in rows}
    good = 0
    with work.engine.begin() as connection:
        for order, verdict in zip(changed, judgement.verdicts, strict=True):
            row = by_id[order.order_id]
            decide = partial(orders.decide, connection, work.name, order.order_id, row.version)
            if verdict.outcome == "ok":
                fixed = replace(order, delivery=verdict.repaired or order.delivery)
                good += decide(
                    new_content=fixed.to_json(), change_state="good", next_attempt_at=None
                )
                continue
            again = datetime.now(UTC) + MERCHANT_RETRY
            if decide(change_state="bad", next_attempt_at=again):
                tell_bad(work, connection, row, verdict.reason_de, verdict.reason_en)
    return good


def _new(row: Row[Any]) -> Order:
    return order_from_json(row.new_content)
