"""Compose wemalo's announcement of a return (wemalo contract 6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.orders.wemalo_order import external_id, product_key
from include.core.systems.errors import OrderInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Address, Order


def announcement(
    order: Order, origin: int | None, reasons: Mapping[int, int], merchant: Merchant
) -> dict[str, Any]:
    """Return the body for ``returns/announceConditional``.

    :param order: the return order.
    :param origin: the order whose goods come back.
    :param reasons: plentymarkets return reason id per item of the return order.
    :raises OrderInvalid: no sender, no goods, or a quantity that is no whole number.
    """
    if order.delivery is None:
        text = "The return order has no address; wemalo needs a sender."
        raise OrderInvalid(text, rule="ADDRESS_MISSING", field="addresses")
    if not order.items:
        text = "The return order has no position with goods."
        raise OrderInvalid(text, rule="NO_GOODS", field="orderItems")
    numbers = merchant.returns.announce.reasons
    items = []
    for item in order.items:
        if item.quantity <= 0 or item.quantity != item.quantity.to_integral_value():
            text = "A position's quantity is not a whole number above zero."
            raise OrderInvalid(text, rule="QUANTITY", field="orderItems.quantity")
        row: dict[str, Any] = {
            "externalId": product_key(item, merchant),
            "quantity": int(item.quantity),
        }
        number = numbers.get(reasons.get(item.item_id, 0))
        if number is not None:
            row["returnReason"] = number
        items.append(row)
    body: dict[str, Any] = {
        "deliveryNumber": external_id(order.order_id),
        "externalId": external_id(order.order_id),
        "orderNumberCustomer": external_id(origin or order.order_id),
        "sender": _sender(order.delivery),
        "items": items,
    }
    if origin is not None:
        body["goodsOrderExternalId"] = external_id(origin)
    return body


def _sender(address: Address) -> dict[str, Any]:
    """Return the sender in both spellings of the documentation (wemalo contract 2)."""
    person = " ".join(part for part in (address.name2, address.name3) if part)
    return {
        "name1": person or address.name1,
        "name2": address.name1 if person else "",
        "name3": address.name4,
        "street": address.address1,
        "house_no": address.address2,
        "streetNumber": address.address2,
        "addressAddition": ", ".join(part for part in (address.address3, address.address4) if part),
        "zip": address.postal_code,
        "city": address.town,
        "country": address.country,
        "countryCode2Letter": address.country,
        "state": address.state,
        "stateProvinceCountry": address.state,
        "mail": address.email,
        "email": address.email,
        "phone": address.phone,
        "phoneNumber": address.phone,
    }
