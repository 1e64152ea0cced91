"""Stock: who gets the last piece.

Demand is added up per product in the merchant's order of priority (express, then oldest, then the
lower id) against the mirror of wemalo's stock minus what is already on its way there. An order gets
everything or nothing; one that gets nothing leaves its stock to the next. A mirror that is too old,
or was never read, is "not checked": wemalo decides, never "enough" and never 6.3.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from include.core.products.skus import clean_sku
from include.core.quality.rules import Finding, found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.core.orders.models import Order, OrderItem

ProductId = Literal["variation_id", "sku"]


@dataclass(frozen=True, slots=True)
class StockView:
    """What the warehouse has, as the mirror in the ledger knows it.

    ``available`` and ``reserved_on_way`` are pieces per product, the key is what wemalo knows the
    product by (merchant setting ``wemalo.product_id``). ``available`` may be negative (wemalo
    contract 7); what was handed over after ``measured_at`` (aware UTC) belongs into
    ``reserved_on_way``, and how many orders that is per product into ``orders_on_way``.
    ``complete`` says that a product missing from ``available`` has no stock;
    without it such a product is "not checked" (wemalo reports changes, not products).
    """

    available: Mapping[str, Decimal | int]
    reserved_on_way: Mapping[str, Decimal | int] = field(default_factory=dict)
    orders_on_way: Mapping[str, int] = field(default_factory=dict)
    measured_at: datetime | None = None
    max_age: timedelta = timedelta(hours=1)
    complete: bool = False

    def usable(self, now: datetime) -> bool:
        """Say whether the mirror was read and is young enough at ``now`` (aware UTC)."""
        return self.measured_at is not None and now - self.measured_at <= self.max_age

    def left(self, product: str) -> Decimal | None:
        """Return the pieces that are free, None when the mirror does not know the product."""
        amount = self.available.get(product)
        if amount is None and not self.complete:
            return None
        return Decimal(amount or 0) - Decimal(self.reserved_on_way.get(product, 0))


@dataclass(slots=True)
class Taken:
    """What orders got so far, per product: pieces, and how many orders they went to.

    Orders that are judged in slices share one, so that they fare as in one piece.
    """

    pieces: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)

    def copy(self) -> Taken:
        """Return an independent copy."""
        return Taken(self.pieces.copy(), self.orders.copy())


@dataclass(frozen=True, slots=True)
class Demand:
    """The tightest product of one order: the numbers behind the decision.

    ``cumulative`` is the demand up to and including this order, ``available`` what can cover it;
    both None where nothing could be compared.
    """

    order_id: int
    cumulative: Decimal | None = None
    available: Decimal | None = None
    finding: Finding | None = None


def product_of(item: OrderItem, by: ProductId) -> str:
    """Return what wemalo knows the item by."""
    return clean_sku(item.sku) if by == "sku" else str(item.variation_id)


def priority(order: Order) -> tuple[bool, datetime, int]:
    """Return the key of the merchant's order: express first, then the oldest, then the lower id."""
    return (not order.express, order.created_at, order.order_id)


def wanted(order: Order, by: ProductId) -> Counter[str]:
    """Return the pieces per product that one order needs."""
    amounts: Counter[str] = Counter()
    for item in order.items:
        amounts[product_of(item, by)] += item.quantity  # type: ignore[assignment]
    return amounts


def share_out(
    orders: Iterable[Order],
    stock: StockView,
    *,
    by: ProductId = "variation_id",
    short_orders: Literal["status", "wait"] = "status",
    now: datetime | None = None,
    taken: Taken | None = None,
) -> dict[int, Demand]:
    """Give the stock to ``orders`` in their order of priority; return one `Demand` per order id.

    :param orders: only orders that would otherwise be sent: a bad address takes no stock.
    :param short_orders: what an order without stock becomes: 6.3 or a silent wait.
    :param now: aware UTC, for the age of the mirror.
    :param taken: what more urgent orders took of this reading; added to.
    """
    queue = sorted(orders, key=priority)
    if not stock.usable(now or datetime.now(UTC)):
        unread = stock.measured_at is None
        why = _NOT_READ if unread else _TOO_OLD
        return {o.order_id: Demand(o.order_id, finding=_unchecked(why)) for o in queue}
    taken = taken or Taken()
    code = "STOCK_SHORT" if short_orders == "status" else "STOCK_WAIT"
    result = {}
    for order in queue:
        demand = _one(order, wanted(order, by), stock, taken, _names(order, by), code)
        result[order.order_id] = demand
    return result


_NOT_READ = ("der Bestand wurde nicht gelesen", "the stock was not read")
_TOO_OLD = ("der gelesene Bestand ist zu alt", "the stock reading is too old")
_UNKNOWN = ("für ein Produkt liegt kein Bestand vor", "there is no figure for a product")


def _unchecked(why: tuple[str, str]) -> Finding:
    return found("STOCK_NOT_CHECKED", why_de=why[0], why_en=why[1])


def _names(order: Order, by: ProductId) -> dict[str, str]:
    return {product_of(i, by): i.sku or str(i.variation_id) for i in order.items}


def _one(
    order: Order,
    needs: Mapping[str, Decimal | int],
    stock: StockView,
    taken: Taken,
    names: Mapping[str, str],
    code: str,
) -> Demand:
    """Try to serve one order; on success book its pieces in ``taken``."""
    tightest: tuple[Decimal, str, Decimal, Decimal] | None = None
    unknown = False
    for product, amount in needs.items():
        left = stock.left(product)
        if left is None:
            unknown = True
            continue
        cumulative = Decimal(taken.pieces[product]) + Decimal(amount)
        slack = (left - cumulative, product, cumulative, left)
        if tightest is None or slack < tightest:
            tightest = slack
    if tightest is None:
        return Demand(order.order_id, finding=_unchecked(_UNKNOWN) if unknown else None)
    room, product, cumulative, left = tightest
    if room < 0:
        free = left - Decimal(taken.pieces[product])
        gone = Decimal(taken.pieces[product]) + Decimal(stock.reserved_on_way.get(product, 0))
        orders = taken.orders[product] + stock.orders_on_way.get(product, 0)
        finding = _short(code, names[product], needs[product], free, gone, orders)
        return Demand(order.order_id, cumulative, left, finding)
    for product, amount in needs.items():
        taken.pieces[product] += amount  # type: ignore[assignment]
        taken.orders[product] += 1
    unchecked = _unchecked(_UNKNOWN) if unknown else None
    return Demand(order.order_id, cumulative, left, unchecked)


def _short(
    code: str, sku: str, amount: Decimal | int, free: Decimal, gone: Decimal, takers: int
) -> Finding:
    """Say what is lacking; ``gone`` pieces went to ``takers`` orders before this one."""
    after = ("", "")
    if takers:
        taken = pieces(gone)
        after = (
            f" (zuvor haben {takers} ältere oder eiligere Aufträge {taken} Stück erhalten)"
            if takers > 1
            else f" (zuvor hat ein älterer oder eiligerer Auftrag {taken} Stück erhalten)",
            f" ({takers} earlier or more urgent order{'s' if takers > 1 else ''} took {taken})",
        )
    return found(
        code,
        sku=sku,
        wanted=pieces(Decimal(amount)),
        available=pieces(max(free, Decimal(0))),
        after_de=after[0],
        after_en=after[1],
    )


def pieces(amount: Decimal) -> str:
    """Return an amount without superfluous zeros: ``2``, ``0.5``."""
    return format(amount.normalize() if amount else Decimal(0), "f")
