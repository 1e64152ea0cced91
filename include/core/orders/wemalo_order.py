"""Compose wemalo's order from ours, and read what wemalo says of it (wemalo contract 4)."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.core.orders.positions import left_out, picking_info
from include.core.orders.states import State
from include.core.products.skus import clean_sku
from include.core.stock.stock_rules import product_of
from include.core.systems.errors import OrderInvalid
from include.core.systems.values import own_id

if TYPE_CHECKING:
    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Address, Order, OrderItem


#: see `mark`
MARK = re.compile(r"\bplentyId=[0-9]{1,18}\b")


class WarehouseStatus(StrEnum):
    """The status names of wemalo contract 4.6."""

    PARTIAL = "PARTIAL"
    OPEN = "OPEN"
    INPROCESS = "INPROCESS"
    INPICKING = "INPICKING"
    READYFORSHIPMENT = "READYFORSHIPMENT"
    BLOCKEDPACKED = "BLOCKEDPACKED"
    PACKED = "PACKED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


#: the warehouse has not begun: a change is still taken (wemalo contract 4.4)
NOT_STARTED = frozenset({WarehouseStatus.PARTIAL, WarehouseStatus.OPEN})


def state_of(status_name: str) -> State | None:
    """Return our state for wemalo's status name; None for an unknown name: no change (4.6)."""
    try:
        name = WarehouseStatus(status_name)
    except ValueError:
        return None
    if name is WarehouseStatus.PARTIAL:
        return State.WAITING
    if name is WarehouseStatus.CANCELLED:
        return State.CANCELLED
    # SHIPPED too: the queue of sent items, not this word, tells which parcels left
    return State.ACCEPTED


def external_id(order_id: int) -> str:
    """Return the one external id an order has at wemalo, for ever (wemalo contract 4.9)."""
    return str(order_id)


def own_order_id(text: str) -> int | None:
    """Return the order whose external id a text is, None for a text that `external_id` never made.

    Compared as text: "0001" is another system's order and not our order 1.
    """
    return own_id(text)


def mark(plenty_id: int) -> str:
    """Return the sign that our orders carry at wemalo, ``meta.extraInfo`` (contract 4.1, 5)."""
    return f"plentyId={plenty_id}"


def product_key(item: OrderItem, merchant: Merchant) -> str:
    """Return what wemalo knows the item's product by (setting ``wemalo.product_id``)."""
    return product_of(item, merchant.wemalo.product_id)


def dispatcher_profile(order: Order, merchant: Merchant) -> str:
    """Return wemalo's matchId for the order's shipping profile, or the one that collects its money.

    :raises OrderInvalid: there is none, and the merchant has no default.
    """
    mapped = merchant.shipping_profiles.get(order.shipping_profile_id or 0)
    profile = mapped or merchant.default_profile
    if profile is None:
        text = (
            f"Shipping profile {order.shipping_profile_id} is not mapped to a wemalo profile. Add "
            f"it to shipping_profiles in the file of merchant {merchant.merchant}."
        )
        raise OrderInvalid(text, rule="PROFILE_UNMAPPED", field="shippingProfileId")
    cash = merchant.cash_on_delivery
    if not cash.is_meant(order):
        return profile
    collects = cash.profile(order, profile)
    if collects is None:
        text = (
            f"The order is paid on delivery (payment method {order.payment_method}), and profile "
            f"{profile} has none that collects the money: set cash_on_delivery in the file of "
            f"merchant {merchant.merchant}."
        )
        raise OrderInvalid(text, rule="COD_UNMAPPED", field="payment_method")
    return collects


def compose(order: Order, merchant: Merchant) -> dict[str, Any]:
    """Return the body for ``goodsOrder/addConditional`` and ``add`` (wemalo contract 4.1, 4.2).

    Amounts in ``meta`` are decimal units of the currency, per position integer cents.

    :raises OrderInvalid: no delivery address, no goods, a broken quantity or an unmapped profile.
    """
    if order.delivery is None:
        text = "The order has no delivery address."
        raise OrderInvalid(text, rule="ADDRESS_MISSING", field="addresses")
    if not order.items:
        text = "The order has no position with goods."
        raise OrderInvalid(text, rule="NO_GOODS", field="orderItems")
    body: dict[str, Any] = {
        "meta": {
            "externalId": external_id(order.order_id),
            "orderNumber": external_id(order.order_id),
            "currency": order.currency,
            "total": _units(order.total_gross_cents),
            "totalInvoice": _units(order.total_gross_cents),
            "totalNet": _units(order.total_net_cents),
            "totalVat": _units(order.total_vat_cents),
            "dispatcherProfile": dispatcher_profile(order, merchant),
            "externalIdMatch": "sku" if merchant.wemalo.product_id == "sku" else "externalId",
            "blocked": 0,
            "extraInfo": mark(order.plenty_id),
            "receiver": [_receiver(for_carrier(order.delivery, order, merchant))],
        },
        "positions": [_position(item, merchant) for item in order.items],
    }
    told = picking_info(order, merchant.positions)
    if told:
        body["meta"]["pickingInfo"] = told
    if order.express:
        body["meta"]["priority"] = 0  # contract 4.4: 0 is the highest
    if merchant.wemalo.shop:
        body["shop"] = merchant.wemalo.shop
    return body


def handed_over(body: dict[str, Any], order: Order, merchant: Merchant) -> dict[str, Any]:
    """Return for the diary how many positions are sent, told to the picker and left out."""
    told, out = left_out(order, merchant.positions)
    return {"sent": len(body["positions"]), "told": told, "left_out": out}


def for_carrier(address: Address, order: Order, merchant: Merchant) -> Address:
    """Return an address without e-mail and phone where the customer did not consent.

    The warehouse hands both on to the carrier (plentymarkets contract 6.7, property 999).
    """
    if order.consent is False and merchant.carrier_contact == "consent":
        return replace(address, email="", phone="")
    return replace(address, email="", phone="") if merchant.carrier_contact == "never" else address


def _units(cents: int) -> float:
    return float(Decimal(cents) / 100)


def _position(item: OrderItem, merchant: Merchant) -> dict[str, Any]:
    if item.quantity <= 0 or item.quantity != item.quantity.to_integral_value():
        text = "A position's quantity is not a whole number above zero."
        raise OrderInvalid(text, rule="QUANTITY", field="orderItems.quantity")
    return {
        "externalId": product_key(item, merchant),
        "quantity": int(item.quantity),
        "externalPositionIdentifier": str(item.item_id),
        "total": item.total_cents,
        "tax": item.tax_cents,
        "name": item.name,
        "sku": clean_sku(item.sku),
    }


def _receiver(address: Address) -> dict[str, Any]:
    """Return wemalo's receiver; a Packstation's post number goes into the addition (11)."""
    person = " ".join(part for part in (address.name2, address.name3) if part)
    additions = [
        part
        for part in (
            address.post_number if _is_station(address) else "",
            address.address3,
            address.address4,
        )
        if part
    ]
    return {
        "primary": True,
        "name1": person or address.name1,
        "name2": address.name1 if person else "",
        "name3": address.name4,
        "street": address.address1,
        "streetNumber": address.address2,
        "addressAddition": ", ".join(additions),
        "zip": address.postal_code,
        "city": address.town,
        "countryCode2Letter": address.country,
        "stateProvinceCountry": address.state,
        "phoneNumber": address.phone,
        "email": address.email,
    }


def _is_station(address: Address) -> bool:
    return address.address1.strip().upper().startswith(("PACKSTATION", "POSTFILIALE"))
