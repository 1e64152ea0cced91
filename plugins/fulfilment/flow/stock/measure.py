"""What the stock flow measures: wemalo's figures, the demand they hold, the baseline.

wemalo's available stock and our knowledge of its orders are read at different moments. Orders that
are being sent or cancelled, or that changed between the moments, make their products unsteady:
those are left alone until the next look. A hand-over to the carrier changes nothing: it moves the
demand and the baseline by the same pieces, in one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.stock.exceptions import tell_strangers
from fulfilment.flow.systems.each import halved
from include.core.orders.plenty_order import goods_issue_booked
from include.core.orders.states import NEVER_SENT, State
from include.core.products.skus import clean_sku
from include.core.stock.stock_sync import (
    KINDS,
    ZERO,
    Line,
    available_of,
    postings,
    product_of_entry,
    reason_of,
    to_zero,
)
from include.core.systems.slices import slices
from include.core.systems.values import need_number, own_id, words
from include.ledger.orders import orders
from include.ledger.products import products
from include.ledger.stock import stock_postings
from include.ledger.stock import stock_sync as ledger
from include.ledger.systems.reference import cached

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.stock.exceptions import Unread
    from fulfilment.flow.systems.work import Work
    from include.core.stock.stock_sync import Case, Decision, Posting

CONCERN = "stock"
EVER = datetime(2000, 1, 1, tzinfo=UTC)
NUMBERS_MAX_AGE = timedelta(hours=12)
#: plentymarkets books goods issue within so many days after goods left
RECENT_DAYS = 60
#: so many orders are asked for at once
_ORDERS = 250
#: digits of an id that fits into the ledger
_DIGITS = 18
#: what a level keeps of a difference until it is booked or gone
SETTLED = ("seen_delta", "seen_since", "held", "held_delta", "approved_delta", "approved_by")
_DOUBTFUL = (State.SUBMITTING, State.CANCELLING)


@dataclass(slots=True)
class Demand:
    """Pieces of orders that wemalo holds, and the orders' versions when they were read."""

    pieces: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unsteady: set[int] = field(default_factory=set)  # variations
    versions: dict[int, tuple[str, int]] = field(default_factory=dict)
    variations: dict[int, set[int]] = field(default_factory=dict)  # by order

    def moved_since(self, before: Demand) -> set[int]:
        """Return variations of orders that changed since ``before`` was read."""
        changed = {
            number
            for number in self.versions.keys() | before.versions.keys()
            if self.versions.get(number) != before.versions.get(number)
        }
        return {
            variation
            for number in changed
            for demand in (self, before)
            for variation in demand.variations.get(number, ())
        }


def keys(work: Work, rows: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the variation of each (external id, SKU) of wemalo; others' products are absent."""
    pairs = set(rows)
    if work.merchant.wemalo.product_id == "variation_id":
        return {pair: number for pair in pairs if (number := own_id(pair[0])) is not None}
    if not pairs:
        return {}
    numbers: Mapping[str, int] = cached(
        work.engine, work.name, "variation_numbers", NUMBERS_MAX_AGE, work.plenty.variation_numbers
    )
    with work.engine.begin() as connection:  # a product may be younger than what is kept
        new = products.by_sku(connection, work.name, {sku for _, sku in pairs} - numbers.keys())
    known = {**numbers, **new}
    return {pair: int(known[pair[1]]) for pair in pairs if pair[1] in known}


def read_wemalo(
    work: Work, since: datetime | None, counts: dict[str, int], unread: Unread
) -> datetime:
    """Take wemalo's postings and what changed of its stock into the ledger; return when.

    :param since: the last look; wemalo's lists have hours for their resolution.
    :param unread: gets the rows that could not be read.
    """
    entries = [(reason, row) for reason in KINDS for row in work.wemalo.stock_postings(reason)]
    at = datetime.now(UTC)
    articles = work.wemalo.available_stock(since - timedelta(hours=1) if since else EVER)
    pairs = [(words(a.get("externalId")), clean_sku(a.get("sku"))) for a in articles]
    known = keys(work, [*pairs, *(product_of_entry(row) for _, row in entries)])
    counts["unknown"] = sum(pair not in known for pair in pairs)
    rows = _levels(articles, pairs, known, unread)
    ours: list[tuple[Posting, int]] = []
    strangers: set[str] = set()
    for place, (reason, row) in enumerate(entries):
        external, sku = product_of_entry(row)
        number = known.get((external, sku))
        source = f"wemalo {reason} {_history_id(row) or place}"
        found = unread.read(source, partial(postings, row, reason), variation=number) or []
        if number is not None:
            ours += [(posting, number) for posting in found]
        elif found:
            strangers.add(sku or external)
    tell_strangers(work, strangers)
    with work.engine.begin() as connection:
        ledger.keep_levels(connection, work.name, rows, at)
        counts["postings"] = stock_postings.keep_postings(connection, work.name, ours)
    return at


def _levels(
    articles: Sequence[Mapping[str, Any]],
    pairs: Sequence[tuple[str, str]],
    known: Mapping[tuple[str, str], int],
    unread: Unread,
) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for pair, article in zip(pairs, articles, strict=True):
        if pair not in known:
            continue
        number = known[pair]
        pieces = unread.read(
            f"wemalo availableStock {number}", partial(available_of, article), variation=number
        )
        if pieces is None:
            unread.behind = True
            continue
        rows[number] = {
            "variation_id": number,
            "external_id": pair[0],
            "sku": pair[1],
            "available": pieces,
        }
    return list(rows.values())


def _history_id(entry: Mapping[str, Any]) -> str:
    """Return what names an entry that cannot be read: its first history id, if that is one."""
    rows = entry.get("bookingHistoryEntries")
    first = rows[0] if isinstance(rows, list) and rows else None
    number = str(first.get("historyId"))[:_DIGITS] if isinstance(first, dict) else ""
    return number if number.isdecimal() else ""


def demand(work: Work, connection: Connection) -> Demand:
    """Return the demand of all orders that wemalo holds, less what left and was counted."""
    found = Demand()
    for rows in orders.held_there(connection, work.name):
        left = stock_postings.sent_of_orders(connection, work.name, {row.order_id for row in rows})
        for row in rows:
            _add_demand(work, found, row, left)
    return found


def _add_demand(
    work: Work, found: Demand, row: Row[Any], left: Mapping[tuple[int, int], Decimal]
) -> None:
    order = orders.content(row)
    needs: dict[int, Decimal] = defaultdict(Decimal)
    for item in order.items:
        needs[item.variation_id] += item.quantity
    found.versions[row.order_id] = (row.state, row.version)
    found.variations[row.order_id] = set(needs)
    waits = row.state == State.WAITING and not work.merchant.stock.missing_is_subtracted
    if row.state in _DOUBTFUL or row.state in NEVER_SENT or waits:
        found.unsteady |= set(needs)
    for variation, pieces in needs.items():
        gone = left.get((row.order_id, variation), ZERO)
        found.pieces[variation] += max(pieces - gone, ZERO)


def count_sent(work: Work, connection: Connection) -> None:
    """Count goods that left since the last look: the baseline goes down, each row once.

    Where nobody books goods issue in plentymarkets the pieces are to be booked out; the baseline
    follows when that is done.
    """
    rows = ledger.levels(connection, work.name)
    by_external = {row.external_id: number for number, row in rows.items()}
    for row in stock_postings.count_sent(connection, work.name, by_external):
        if rows[row.variation_id].booked is None:
            continue  # the baseline will hold it
        if work.merchant.stock.book_shipments:
            line = Line("shipment", -row.quantity)
            reason = reason_of("shipment", work.merchant.stock.reasons)
            ledger.write_ahead(
                connection,
                work.name,
                row.variation_id,
                [(line, reason)],
                order_id=row.order_id,
            )
        else:
            ledger.add_booked(connection, work.name, row.variation_id, -row.quantity)


def goods_issues(work: Work, order_ids: Iterable[int]) -> dict[int, bool | None]:
    """Return of each order whether its goods issue is booked; None: plentymarkets has no such.

    An order that cannot be read is absent.
    """
    booked: dict[int, bool | None] = {}

    def read(some: Sequence[int]) -> None:
        contents = work.plenty.order_contents(some)
        booked.update({n: goods_issue_booked(contents[n]) if n in contents else None for n in some})

    for some in slices(sorted(set(order_ids)), _ORDERS):
        if not halved(work, "stock", some, read):
            break
    return booked


def not_booked(work: Work, sent: Sequence[Row[Any]], unread: Unread) -> dict[int, Decimal]:
    """Return pieces that left wemalo and are still in plentymarkets' stock (contract 12.5).

    :param sent: counted rows of goods that left.
    :param unread: gets the products of orders that cannot be read.
    """
    if work.merchant.stock.book_shipments:
        return {}
    booked = goods_issues(work, {row.order_id for row in sent})
    pieces: dict[int, Decimal] = defaultdict(Decimal)
    for row in sent:
        if row.order_id not in booked:
            unread.products.add(row.variation_id)
        elif booked[row.order_id] is False:
            pieces[row.variation_id] += row.quantity
    return pieces


def set_baselines(work: Work, variations: Collection[int], unread: Unread) -> int:
    """Give products their baseline: what plentymarkets has, less what left but is not booked.

    Read twice: a product whose stock moved meanwhile gets its baseline at the next look.

    :returns: how many products are left without.
    """
    warehouse = work.merchant.plenty.warehouse_id
    if not variations:
        return 0
    before = physical(work.plenty.stock(warehouse, variation_ids=variations), unread)
    with work.engine.begin() as connection:
        count_sent(work, connection)
        sent = stock_postings.recently_sent(connection, work.name, variations, RECENT_DAYS)
    waiting = not_booked(work, sent, unread)
    after = before
    if sent:
        after = physical(work.plenty.stock(warehouse, variation_ids=variations), unread)
    steady = {v for v in variations if before.get(v, ZERO) == after.get(v, ZERO)}
    steady -= unread.products
    with work.engine.begin() as connection:
        for variation in sorted(steady):
            booked = before.get(variation, ZERO) - waiting.get(variation, ZERO)
            ledger.set_level(connection, work.name, variation, booked=booked)
    return len(variations) - len(steady)


def physical(rows: Mapping[int, Mapping[str, Any]], unread: Unread) -> dict[int, Decimal]:
    """Return the physical stock per variation of plentymarkets' stock rows, of those readable."""
    found = {
        number: unread.read(
            f"plentymarkets stock {number}", partial(pieces_of, row), variation=number
        )
        for number, row in rows.items()
    }
    return {number: pieces for number, pieces in found.items() if pieces is not None}


def pieces_of(row: Mapping[str, Any]) -> Decimal:
    """Return the physical stock of one of plentymarkets' stock rows."""
    return need_number(row, "stockPhysical")


def explained(
    rows: Sequence[Row[Any]], *, returns_elsewhere: bool
) -> tuple[dict[int, dict[str, Decimal]], dict[int, Decimal]]:
    """Return postings per variation: signed pieces by kind, and those that others book."""
    ours: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    others: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        kind, sign = KINDS[row.reason]
        if kind == "returns" and returns_elsewhere:
            others[row.variation_id] += row.quantity
        else:
            ours[row.variation_id][kind] += sign * row.quantity
    return ours, others


def emptied_by(case: Case, decision: Decision) -> dict[str, Any]:
    """Return what a level keeps of a decision for `hold_mass_zero`."""
    if to_zero(case, decision):
        return {"emptied_pieces": case.booked, "emptied_at": datetime.now(UTC)}
    if decision.total + decision.foreign > 0:
        return {"emptied_pieces": None, "emptied_at": None}
    return {}
