"""Stock from wemalo to plentymarkets: what a difference means and what is booked of it.

wemalo reports what is available: on the shelf in the default quality, less what it reserved and
less what waiting orders lack. Adding the demand of all orders it holds gives the pieces in the
house, whatever is picked or packed at that moment. Their difference to what we have booked so far
is the amount to book; wemalo's postings say why. If both agree the booking is safe at once. If
they do not (blocked goods, B goods, an order we believe to be open), the difference must stand
unchanged for a while first (plentymarkets contract 12.5, wemalo contract 7).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from include.core.products.skus import clean_sku
from include.core.systems.errors import Malformed
from include.core.systems.values import need_id, need_number, need_whole, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.stock.settings import Reasons, StockSync

ZERO = Decimal(0)
#: falls to zero within so long count together
MASS_ZERO_WITHIN = timedelta(days=1)
#: wemalo's reason of a posting -> our kind of booking, and its sign
KINDS: dict[str, tuple[str, int]] = {
    "INCOMING": ("receipt", 1),
    "INVENTORY_IN": ("inventory_in", 1),
    "INVENTORY_OUT": ("inventory_out", -1),
    "RETURNSHIPMENT": ("returns", 1),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One booking: a kind (see `Reasons`) and pieces, below zero for goods that went."""

    kind: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Case:
    """One product's figures.

    :param delta: pieces in the house less pieces booked so far.
    :param explained: kind -> signed pieces of postings not yet booked.
    :param foreign: returned pieces that the returns flow books; at most so many are not ours.
    :param booked: pieces booked so far.
    :param seen_delta: the difference seen at the last look, ``seen_since`` when first (aware).
    :param approved: the change that a person has confirmed.
    """

    variation_id: int
    delta: Decimal
    booked: Decimal
    explained: Mapping[str, Decimal] = field(default_factory=dict)
    foreign: Decimal = ZERO
    seen_delta: Decimal | None = None
    seen_since: datetime | None = None
    approved: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one product.

    ``outcome``: ``nothing``, ``book``, ``wait`` (must stand for a while), ``hold`` (a person has to
    confirm; ``code`` says why).
    """

    outcome: Literal["nothing", "book", "wait", "hold"]
    lines: tuple[Line, ...] = ()
    foreign: Decimal = ZERO  # pieces that the returns flow books
    code: str = ""

    @property
    def total(self) -> Decimal:
        """The pieces to book, signed."""
        return sum((line.quantity for line in self.lines), ZERO)


def on_hand(available: Decimal, demand: Decimal, settings: StockSync) -> Decimal:
    """Return the sellable pieces in the house.

    :param available: as wemalo reports it, which may be below zero.
    :param demand: pieces of all orders that wemalo holds and that have not left.
    """
    pieces = available + demand
    return max(pieces, ZERO) if settings.negatives == "zero" else pieces


def decide(case: Case, settings: StockSync, now: datetime) -> Decision:
    """Judge one product by itself; `hold_mass_zero` looks at all of them together."""
    expected = sum(case.explained.values(), ZERO)
    rest = case.delta - expected
    if rest == case.foreign:
        lines = tuple(Line(k, q) for k, q in sorted(case.explained.items()) if q)
        if not lines and not case.foreign:
            return Decision("nothing")
        return guard(case, Decision("book", lines, case.foreign), settings)
    if not _settled(case, settings, now):
        return Decision("wait")
    foreign = min(case.foreign, max(rest, ZERO))
    amount = case.delta - foreign
    if amount == expected:
        lines = tuple(Line(k, q) for k, q in sorted(case.explained.items()) if q)
    else:
        kind = "correction_in" if amount > 0 else "correction_out"
        lines = (Line(kind, amount),) if amount else ()
    return guard(case, Decision("book", lines, foreign), settings)


def _settled(case: Case, settings: StockSync, now: datetime) -> bool:
    if case.seen_since is None or case.seen_delta != case.delta:
        return False
    return now - case.seen_since >= timedelta(minutes=settings.settle_minutes)


def guard(case: Case, decision: Decision, settings: StockSync) -> Decision:
    """Hold a change that is absurd beside the stock there is, unless a person confirmed it."""
    size = abs(decision.total)
    absurd = size > settings.jump_pieces and size > abs(case.booked) * Decimal(
        str(settings.jump_factor)
    )
    if absurd and not is_approved(decision.total, case.approved):
        return Decision("hold", decision.lines, decision.foreign, "STOCK_JUMP")
    return decision


def is_approved(change: Decimal, approved: Decimal | None) -> bool:
    """Say whether a confirmed change covers this one: same direction, not more pieces."""
    return approved is not None and change * approved >= 0 and abs(change) <= abs(approved)


def near(change: Decimal, approved: Decimal) -> bool:
    """Say whether a change is still the confirmed one: up to ten pieces or a tenth beside it."""
    return abs(change - approved) <= max(Decimal(10), abs(approved) / 10)


def to_zero(case: Case, decision: Decision) -> bool:
    """Say whether a decision takes a product's last piece without a person's word."""
    return (
        decision.outcome == "book"
        and decision.total < 0 < case.booked
        and case.booked + decision.total <= 0
        and not is_approved(decision.total, case.approved)
    )


def hold_mass_zero(
    cases: Mapping[int, Case],
    decisions: Mapping[int, Decision],
    stocked: Mapping[int, Decimal],
    emptied: Mapping[int, Decimal],
    settings: StockSync,
) -> dict[int, Decision]:
    """Hold all products that would fall to zero together; such a reading is a failure more often.

    Goods that were sent never count: they move the baseline, not the difference. Falls of the last
    day count together, for a reading may fail product by product.

    :param stocked: variation id -> pieces above zero before these decisions, of all products.
    :param emptied: variation id -> pieces before, of products that bookings without a person's
        word brought to zero within `MASS_ZERO_WITHIN` and that are at zero still.
    """
    falling = {n: cases[n].booked for n, found in decisions.items() if to_zero(cases[n], found)}
    gone = {**emptied, **falling}
    before = {**stocked, **gone}
    share = Decimal(str(settings.mass_zero_share))
    many = len(gone) >= settings.mass_zero_products and (
        len(gone) >= share * len(before) or sum(gone.values()) >= share * sum(before.values())
    )
    every = len(gone) >= settings.mass_zero_all and len(gone) == len(before)
    changed = dict(decisions)
    if many or every:
        for number in falling:
            changed[number] = replace(decisions[number], outcome="hold", code="STOCK_MASS_ZERO")
    return changed


def reason_of(kind: str, reasons: Reasons) -> int:
    """Return plentymarkets' reason id of a kind of booking."""
    return int(getattr(reasons, kind))


@dataclass(frozen=True, slots=True)
class Posting:
    """Pieces of one product that wemalo posted with one reason."""

    history_id: int
    reason: str
    external_id: str
    sku: str
    quantity: Decimal


def postings(entry: Mapping[str, Any], reason: str) -> list[Posting]:
    """Read one entry of wemalo's queue of postings: one posting per history id (contract 7).

    :raises Malformed, KeyError, TypeError, AttributeError: a field is missing or no number.
    """
    history = [need_id(row, "historyId") for row in entry["bookingHistoryEntries"]]
    external = next((words(row.get("key")) for row in entry.get("externalIds") or []), "")
    if "quantity" not in entry or not history:
        raise Malformed.field("quantity" if history else "bookingHistoryEntries", "nothing")
    each = need_number(entry, "quantity") / len(history)
    sku = clean_sku(entry.get("sku"))
    return [Posting(number, reason, external, sku, each) for number in history]


def product_of_entry(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return external id and SKU of an entry of the queue of postings, "" for what is no text."""
    rows = entry.get("externalIds")
    first = next((r for r in rows if isinstance(r, dict)), {}) if isinstance(rows, list) else {}
    key, sku = first.get("key"), entry.get("sku")
    return words(key), clean_sku(sku)


def available_of(article: Mapping[str, Any]) -> Decimal:
    """Return the default quality's pieces; other attributes are B goods (wemalo contract 7).

    :raises Malformed: a quantity is no number.
    """
    return sum(
        (
            need_number(attribute, "quantity")
            for attribute in article.get("attributes") or []
            if attribute.get("isDefault")
        ),
        ZERO,
    )


def signature(variation_id: int, quantity: Decimal, reason_id: int) -> tuple[int, Decimal, int]:
    """Return what a booking looks like in plentymarkets' journal; signs differ between systems."""
    return variation_id, abs(quantity), reason_id


def movement(row: Mapping[str, Any]) -> tuple[int, Decimal, int]:
    """Return the `signature` of a row of the journal (plentymarkets contract 12.1).

    :raises Malformed: a field is missing or no number.
    """
    if row.get("quantity") is None:
        name = "quantity"
        raise Malformed.field(name, "nothing")
    return signature(
        need_id(row, "variationId"), need_number(row, "quantity"), need_whole(row, "reason")
    )
