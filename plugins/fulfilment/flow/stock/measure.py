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
from typing import TYPE_CHECKING, Any

from fulfilment.flow.stock.tell import tell_strangers
from include.core.errors import ContractError
from include.core.plenty_order import goods_issue_booked
from include.core.states import AT_WAREHOUSE, NEVER_SENT, State
from include.core.stock_sync import KINDS, ZERO, Line, available_of, postings, reason_of
from include.ledger import orders, products
from include.ledger import stock_sync as ledger
from include.ledger.reference import cached

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.work import Work
    from include.core.stock_sync import Posting

CONCERN = "stock"
EVER = datetime(2000, 1, 1, tzinfo=UTC)
NUMBERS_MAX_AGE = timedelta(hours=12)
#: plentymarkets books goods issue within so many days after goods left
RECENT_DAYS = 60
_HELD = (*AT_WAREHOUSE, *NEVER_SENT)
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
        return {pair: int(pair[0]) for pair in pairs if pair[0].isdecimal()}
    if not pairs:
        return {}
    numbers: Mapping[str, int] = cached(
        work.engine, work.name, "variation_numbers", NUMBERS_MAX_AGE, work.plenty.variation_numbers
    )
    with work.engine.begin() as connection:  # a product may be younger than what is kept
        new = products.by_sku(connection, work.name, {sku for _, sku in pairs} - numbers.keys())
    known = {**numbers, **new}
    return {pair: int(known[pair[1]]) for pair in pairs if pair[1] in known}


def read_wemalo(work: Work, since: datetime | None, counts: dict[str, int]) -> datetime:
    """Take wemalo's postings and what changed of its stock into the ledger; return when.

    :param since: the last look; wemalo's lists have hours for their resolution.
    """
    found: list[Posting] = []
    for reason in KINDS:
        for entry in work.wemalo.stock_postings(reason):
            try:
                found += postings(entry, reason)
            except (KeyError, ValueError, TypeError, ArithmeticError) as error:
                text = (
                    f"wemalo's queue of {reason} postings holds a row without a usable {error}. "
                    "It stays in the queue; report it to the warehouse."
                )
                work.note_trouble(ContractError(text, merchant=work.name))
    at = datetime.now(UTC)
    articles = work.wemalo.available_stock(since - timedelta(hours=1) if since else EVER)
    pairs = [(str(a.get("externalId") or ""), str(a.get("sku") or "")) for a in articles]
    known = keys(work, [*pairs, *((p.external_id, p.sku) for p in found)])
    counts["unknown"] = sum(pair not in known for pair in pairs)
    rows = {
        known[pair]: {
            "variation_id": known[pair],
            "external_id": pair[0],
            "sku": pair[1],
            "available": available_of(article),
        }
        for pair, article in zip(pairs, articles, strict=True)
        if pair in known
    }
    ours = [
        (posting, known[posting.external_id, posting.sku])
        for posting in found
        if (posting.external_id, posting.sku) in known
    ]
    tell_strangers(
        work, {p.sku or p.external_id for p in found if (p.external_id, p.sku) not in known}
    )
    with work.engine.begin() as connection:
        ledger.keep_levels(connection, work.name, rows.values(), at)
        counts["postings"] = ledger.keep_postings(connection, work.name, ours)
    return at


def demand(work: Work, connection: Connection) -> Demand:
    """Return the demand of all orders that wemalo holds, less what left and was counted."""
    found = Demand()
    for some in orders.in_states(connection, work.name, _HELD):
        rows = [row for row in some if _is_there(row)]
        left = ledger.sent_of_orders(connection, work.name, {row.order_id for row in rows})
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


def _is_there(row: Row[Any]) -> bool:
    """Say whether wemalo has the order, or may have it."""
    if row.content is None:
        return False
    return row.state in AT_WAREHOUSE or row.sent_fingerprint is not None


def count_sent(work: Work, connection: Connection) -> None:
    """Count goods that left since the last look: the baseline goes down, each row once.

    Where nobody books goods issue in plentymarkets the pieces are to be booked out; the baseline
    follows when that is done.
    """
    rows = ledger.levels(connection, work.name)
    by_external = {row.external_id: number for number, row in rows.items()}
    for row in ledger.count_sent(connection, work.name, by_external):
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


def not_booked(work: Work, sent: Sequence[Row[Any]]) -> dict[int, Decimal]:
    """Return pieces that left wemalo and are still in plentymarkets' stock (contract 12.5).

    :param sent: counted rows of goods that left.
    """
    if work.merchant.stock.book_shipments:
        return {}
    contents = work.plenty.order_contents({row.order_id for row in sent}) if sent else {}
    pieces: dict[int, Decimal] = defaultdict(Decimal)
    for row in sent:
        content = contents.get(row.order_id)
        if content is not None and not goods_issue_booked(content):
            pieces[row.variation_id] += row.quantity
    return pieces


def set_baselines(work: Work, variations: Collection[int]) -> int:
    """Give products their baseline: what plentymarkets has, less what left but is not booked.

    Read twice: a product whose stock moved meanwhile gets its baseline at the next look.

    :returns: how many products are left without.
    """
    warehouse = work.merchant.plenty.warehouse_id
    if not variations:
        return 0
    before = physical(work.plenty.stock(warehouse, variation_ids=variations))
    with work.engine.begin() as connection:
        count_sent(work, connection)
        sent = ledger.recently_sent(connection, work.name, variations, RECENT_DAYS)
    waiting = not_booked(work, sent)
    after = before
    if sent:
        after = physical(work.plenty.stock(warehouse, variation_ids=variations))
    steady = {v for v in variations if before.get(v, ZERO) == after.get(v, ZERO)}
    with work.engine.begin() as connection:
        for variation in sorted(steady):
            booked = before.get(variation, ZERO) - waiting.get(variation, ZERO)
            ledger.set_level(connection, work.name, variation, booked=booked)
    return len(variations) - len(steady)


def physical(rows: Mapping[int, Mapping[str, Any]]) -> dict[int, Decimal]:
    """Return the physical stock per variation of plentymarkets' stock rows."""
    return {number: Decimal(str(row.get("stockPhysical") or 0)) for number, row in rows.items()}


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
