"""Stock from wemalo to plentymarkets: what a difference means and what is booked of it.

wemalo reports what is available: on the shelf in the default quality, less what it reserved and
less what waiting orders lack. Adding the demand of all orders it holds gives the pieces in the
house, whatever is picked or packed at that moment. Their difference to what we have booked so far
is the amount to book; wemalo's postings say why. If both agree the booking is safe at once. If
they do not (blocked goods, B goods, an order we believe to be open), the difference must stand
unchanged for a while first (plentymarkets contract 12.5, wemalo contract 7).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.core.stock_settings import Reasons, StockSync

ZERO = Decimal(0)
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


def hold_mass_zero(
    cases: Mapping[int, Case],
    decisions: Mapping[int, Decision],
    stocked: int,
    settings: StockSync,
) -> dict[int, Decision]:
    """Hold all products that would fall to zero together; such a reading is a failure more often.

    :param stocked: products with stock before these decisions.
    """
    falling = [
        number
        for number, decision in decisions.items()
        if decision.outcome == "book"
        and cases[number].booked > 0
        and cases[number].booked + decision.total <= 0
        and decision.total < 0
    ]
    changed = dict(decisions)
    if len(falling) < settings.mass_zero_products or (
        len(falling) < settings.mass_zero_share * max(stocked, 1)
    ):
        return changed
    for number in falling:
        decision = decisions[number]
        if not is_approved(decision.total, cases[number].approved):
            changed[number] = Decision("hold", decision.lines, decision.foreign, "STOCK_MASS_ZERO")
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

    :raises ValueError, KeyError, TypeError, ArithmeticError: a field is missing or no number.
    """
    history = [int(row["historyId"]) for row in entry["bookingHistoryEntries"]]
    external = next((str(row.get("key") or "") for row in entry.get("externalIds") or []), "")
    each = Decimal(str(entry["quantity"])) / len(history)
    return [Posting(number, reason, external, str(entry.get("sku") or ""), each) for number in
            history]  # fmt: skip


def available_of(article: Mapping[str, Any]) -> Decimal:
    """Return the default quality's pieces; other attributes are B goods (wemalo contract 7)."""
    return sum(
        (
            Decimal(str(attribute.get("quantity") or 0))
            for attribute in article.get("attributes") or []
            if attribute.get("isDefault")
        ),
        ZERO,
    )


def signature(variation_id: int, quantity: Decimal, reason_id: int) -> tuple[int, Decimal, int]:
    """Return what a booking looks like in plentymarkets' journal; signs differ between systems."""
    return variation_id, abs(quantity), reason_id


def count_signatures(movements: Sequence[Mapping[str, Any]]) -> dict[tuple[int, Decimal, int], int]:
    """Count the journal's rows by `signature` (plentymarkets contract 12.1)."""
    counts: dict[tuple[int, Decimal, int], int] = {}
    for row in movements:
        key = signature(
            int(row["variationId"]), Decimal(str(row["quantity"])), int(row["reason"] or 0)
        )
        counts[key] = counts.get(key, 0) + 1
    return counts
