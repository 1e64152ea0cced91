"""Everything of an order that is neither its address nor its stock."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.core.orders.positions import HEAD_ALONE, UNKNOWN
from include.core.quality.rules import Finding, found
from include.core.stock.stock_rules import pieces, product_of

if TYPE_CHECKING:
    from collections.abc import Container

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order, OrderItem
    from include.core.quality.settings import QualitySettings

# plentymarkets contract 6.6: variation, bundle component, set component, unassigned variation.
GOODS = frozenset({1, 3, 14})
# plentymarkets contract 7.4: an invoice locks an order reversibly, and most are invoiced before
# they ship. Point-of-sale orders are locked for good: their goods have left over the counter.
SENDABLE_LOCKS = frozenset({"", "unlocked", "reversibleLocked"})
_NO_LETTERS = re.compile(r"[^a-z]+")
#: as profiles are named after them; none of them delivers to DHL's lockers
OTHER_CARRIERS = frozenset(
    {"dpd", "gls", "ups", "hermes", "fedex", "tnt", "go", "dachser", "schenker", "amazon"}
)
PAID = frozenset({"fullyPaid", "overpaid"})  # plentymarkets contract 6.7, property 4


def check_order(
    order: Order,
    merchant: Merchant,
    settings: QualitySettings,
    known_products: Container[str] | None,
    *,
    customs: bool = False,
    now: datetime | None = None,
) -> list[Finding]:
    """Return what is wrong with an order's head and positions; [] when nothing is.

    :param known_products: what wemalo knows (ids as the merchant's ``wemalo.product_id``), None
        when that was not read.
    :param customs: the parcel crosses a customs border.
    :param now: aware UTC; the clock by default.
    """
    return [
        *_ours(order, merchant),
        *_profile(order, merchant),
        *_items(order, merchant, known_products),
        *_others(order, merchant),
        *_cash(order, merchant),
        *_doubts(order, merchant, settings, now or datetime.now(UTC)),
        *_payment(order, settings),
        *(_customs(order) if customs and settings.customs == "stop" else ()),
    ]


def _ours(order: Order, merchant: Merchant) -> list[Finding]:
    findings = []
    if order.plenty_id != merchant.plenty.plenty_id:
        findings.append(found("ORDER_OTHER_CLIENT"))
    # an item's own warehouse wins over the order's (contract 6.2)
    warehouses = {i.warehouse_id or order.warehouse_id for i in order.items} or {order.warehouse_id}
    warehouses -= {None, 0}
    if not warehouses:
        findings.append(found("ORDER_NO_WAREHOUSE"))
    elif merchant.plenty.warehouse_id not in warehouses:
        findings.append(found("ORDER_OTHER_WAREHOUSE"))
    elif len(warehouses) > 1:
        findings.append(found("ORDER_SEVERAL_WAREHOUSES"))
    if order.has_delivery_orders:
        findings.append(found("ORDER_MAIN"))
    if order.lock_status not in SENDABLE_LOCKS:
        findings.append(found("ORDER_LOCKED"))
    if order.type_id not in merchant.plenty.shippable_types:
        findings.append(found("ORDER_TYPE", type=order.type_id))
    return findings


def _profile(order: Order, merchant: Merchant) -> list[Finding]:
    profile = order.shipping_profile_id
    if profile in merchant.shipping_profiles or merchant.default_profile is not None:
        return []
    if not profile:
        return [found("ORDER_PROFILE_MISSING")]
    return [found("ORDER_PROFILE_UNMAPPED", profile=profile)]


def _items(
    order: Order, merchant: Merchant, known_products: Container[str] | None
) -> list[Finding]:
    if not order.items:
        return [found("ORDER_NO_ITEMS")]
    findings = []
    seen: Counter[str] = Counter()
    for item in order.items:
        findings += _item(item)
        product = product_of(item, merchant.wemalo.product_id)
        seen[product] += 1
        if known_products is not None and product not in known_products and seen[product] == 1:
            findings.append(found("ORDER_UNKNOWN_SKU", sku=item.sku or item.variation_id))
        if not item.active and seen[product] == 1:
            findings.append(found("ORDER_VARIATION_INACTIVE", sku=item.sku or item.variation_id))
        if seen[product] == 2:
            findings.append(found("ORDER_DUPLICATE_ITEM", sku=item.sku or item.variation_id))
    return findings


def _item(item: OrderItem) -> list[Finding]:
    findings = []
    if item.type_id not in GOODS:
        findings.append(found("ORDER_ITEM_TYPE", item=item.item_id, type=item.type_id))
    if item.variation_id <= 0:  # plentymarkets contract 6.6: 0 and below are no goods
        findings.append(found("ORDER_ITEM_VARIATION", item=item.item_id))
    amount = item.quantity
    if not amount.is_finite() or amount <= 0 or amount != amount.to_integral_value():
        shown = pieces(amount) if amount.is_finite() else str(amount)
        findings.append(found("ORDER_QUANTITY", item=item.item_id, quantity=shown))
    return findings


def _others(order: Order, merchant: Merchant) -> list[Finding]:
    """Return what stops of the positions that are no goods; the diary counts the others."""
    findings = []
    for other in order.others:
        if other.rule == HEAD_ALONE:
            findings.append(found("ORDER_HEAD_ALONE", item=other.item_id))
        elif other.rule == UNKNOWN or merchant.positions.of(other.rule) == "stop":
            findings.append(found("ORDER_ITEM_TYPE", item=other.item_id, type=other.type_id))
    return findings


def _usual_profile(order: Order, merchant: Merchant) -> str | None:
    return merchant.shipping_profiles.get(order.shipping_profile_id or 0, merchant.default_profile)


def _cash(order: Order, merchant: Merchant) -> list[Finding]:
    """Sent as an ordinary parcel, the money of an order paid on delivery would be lost."""
    cash, usual = merchant.cash_on_delivery, _usual_profile(order, merchant)
    if not cash.is_meant(order):
        return []
    method = order.payment_method
    if usual is not None and cash.profile(order, usual) is None:
        return [found("ORDER_COD_UNMAPPED", method=method, profile=order.shipping_profile_id)]
    # a delivery order has no prices of its own (plentymarkets contract 9.1)
    return [found("ORDER_COD_AMOUNT", method=method)] if order.total_gross_cents <= 0 else []


def _doubts(
    order: Order, merchant: Merchant, settings: QualitySettings, now: datetime
) -> list[Finding]:
    """Return what may be right as it is, and is told or waited for as the merchant wishes."""
    findings = []

    def doubt(code: str, choice: str, **detail: Any) -> None:
        if choice != "off":
            findings.append(found(f"{code}_HINT" if choice == "hint" else code, **detail))

    if order.same_as is not None:
        doubt("ORDER_TWICE", settings.double_import, first=order.same_as)
    if order.credited_by is not None:
        doubt("ORDER_CREDITED", settings.credit_note, note=order.credited_by)
    ahead = order.ship_from
    if ahead is not None and ahead - now > timedelta(days=settings.future_days):
        doubt("ORDER_DATE_AHEAD", settings.future_date, date=f"{ahead:%Y-%m-%d}")
    usual = _usual_profile(order, merchant)
    if usual and _at_station(order) and not _reaches_stations(usual, settings):
        doubt("ORDER_STATION_CARRIER", settings.station_carrier, profile=usual)
    return findings


def _at_station(order: Order) -> bool:
    street = order.delivery.address1.strip().upper() if order.delivery else ""
    return street.startswith(("PACKSTATION", "POSTFILIALE"))


def _reaches_stations(profile: str, settings: QualitySettings) -> bool:
    if settings.station_profiles:
        return profile in settings.station_profiles
    words = set(_NO_LETTERS.split(profile.lower()))
    return "dhl" in words or not words & OTHER_CARRIERS


def _payment(order: Order, settings: QualitySettings) -> list[Finding]:
    if settings.require_paid and order.payment_status not in PAID:
        return [found("ORDER_UNPAID")]
    return []


def _customs(order: Order) -> list[Finding]:
    """Wemalo takes value and name per position into the declaration (wemalo contract 4.1)."""
    if not all(item.name.strip() for item in order.items):
        return [found("ORDER_CUSTOMS", missing_de="Artikelname", missing_en="the item's name")]
    if not any(item.total_cents > 0 for item in order.items):
        return [found("ORDER_CUSTOMS", missing_de="Warenwert", missing_en="the value of the goods")]
    return []
