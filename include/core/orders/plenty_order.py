"""Read plentymarkets' order JSON into `Order` (plentymarkets contract 3.1, 6.5 to 6.10).

Tolerant where live systems vary (numbers as text, missing lists, zero dates), strict where a guess
could ship the wrong thing: then `OrderInvalid` names the field and never quotes its value.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from include.core.orders import positions
from include.core.orders.models import Address, Order, OrderItem, OtherPosition
from include.core.orders.statuses import status
from include.core.products.skus import clean_sku
from include.core.systems import values
from include.core.systems.errors import OrderInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.orders.parts import Kind

DELIVERY, BILLING = 2, 1  # contract 6.10, relation types
OPTION_PHONE, OPTION_EMAIL, OPTION_POST_NUMBER = 4, 5, 6
PROPERTY_WAREHOUSE, PROPERTY_PROFILE, PROPERTY_PAYMENT, PROPERTY_EXTERNAL_ID = 1, 2, 4, 7
PROPERTY_EXPRESS = 65
PROPERTY_PAYMENT_METHOD, PROPERTY_CONSENT, PROPERTY_TEXT = 3, 999, 82  # contract 6.7
DATE_SHIPPING, DATE_DELIVERY = 8, 11  # contract 6.8
ZERO = Decimal(0)
_TAG = re.compile(r"<[^<>]*>")
HIGHEST_AMOUNT = 10**13  # also in currencies of small coins


def parse_order(data: Mapping[str, Any], countries: Mapping[int, str]) -> Order:
    """Return the order in ``data``, an entry of the search with the fulfilment set of contract 6.4.

    :param countries: plentymarkets country id -> ISO 3166 alpha-2.
    :raises OrderInvalid: a field that decides what is shipped cannot be read.
    """
    try:
        return _order(data, countries)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        # A shape that no field below expects: this order's, and not a reason to stop the others.
        _refuse("(one of them)", "has a value of an unexpected kind")


def _order(data: Mapping[str, Any], countries: Mapping[int, str]) -> Order:
    properties = _properties(data)
    amounts = _amounts(data)
    return Order(
        order_id=_id(data.get("id"), "id"),
        type_id=_int(data.get("typeId"), "typeId"),
        plenty_id=_int(data.get("plentyId"), "plentyId"),
        status=_status(data.get("statusId")),
        created_at=_time(data.get("createdAt"), "createdAt"),
        updated_at=_time(data.get("updatedAt"), "updatedAt"),
        warehouse_id=_sending_warehouse(data, properties),
        shipping_profile_id=_optional_int(
            properties.get(PROPERTY_PROFILE), "properties[2] (shipping profile)"
        ),
        items=tuple(
            _item(row)
            for row in _list(data, "orderItems", required=True)
            if _int(row.get("typeId"), "orderItems.typeId") in positions.GOODS
        ),
        delivery=_delivery(data, countries),
        external_order_id=values.words(properties.get(PROPERTY_EXTERNAL_ID)),
        payment_status=values.words(properties.get(PROPERTY_PAYMENT)),
        express=str(properties.get(PROPERTY_EXPRESS) or "").lower() in {"1", "true", "yes"},
        lock_status=str(data.get("lockStatus") or "unlocked"),
        currency=str(amounts.get("currency") or "EUR"),
        total_gross_cents=_cents(amounts.get("grossTotal")),
        total_net_cents=_cents(amounts.get("netTotal")),
        total_vat_cents=_cents(amounts.get("vatTotal")),
        parent_order_id=_parent(data),
        has_delivery_orders=data.get("hasDeliveryOrders") is True,
        taken_from=_taken_from(data),
        plenty_packages=tuple(
            (_int(p.get("id"), "shippingPackages.id"), _text(p, "packageNumber"))
            for p in _list(data, "shippingPackages")
        ),
        others=_others(_list(data, "orderItems")),
        notes=_notes(data),
        payment_method=_optional_int(
            properties.get(PROPERTY_PAYMENT_METHOD), "properties[3] (payment method)"
        ),
        consent=_consent(properties),
        referrer=_referrer(data),
        ship_from=_ship_from(data),
    )


def row_time(row: Mapping[str, Any]) -> datetime:
    """Return the change time of a search row, aware UTC."""
    return _time(row.get("updatedAt"), "updatedAt")


def row_status(row: Mapping[str, Any]) -> Decimal:
    """Return the status of a search row or history row."""
    return _status(row.get("statusId"))


def twin_key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return external number and referrer: one shop order imported twice has both the same."""
    number = next(
        (
            p.get("value")
            for p in _list(row, "properties")
            if str(p.get("typeId")) == str(PROPERTY_EXTERNAL_ID)
        ),
        "",
    )
    return values.words(number), _referrer(row)


def goods_issue_booked(data: Mapping[str, Any]) -> bool:
    """Say whether outgoing items are booked: date 5 is set (contract 6.8, 11)."""
    return any(
        values.whole(row.get("typeId")) == 5 and values.moment(row.get("date"), UTC) is not None
        for row in _list(data, "dates")
    )


def _refuse(name: str, what: str) -> NoReturn:
    text = (
        f"The field {name} of this order {what}. Correct the order in plentymarkets and release "
        "it again."
    )
    raise OrderInvalid(text, rule="ORDER_MALFORMED", field=name) from None


def _list(data: Mapping[str, Any], name: str, *, required: bool = False) -> list[dict[str, Any]]:
    value = data.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        _refuse(name, "is missing" if value is None else "is not a list of objects")
    return value


def _int(value: object, name: str) -> int:
    if value is None:
        _refuse(name, "is missing")
    number = values.whole(value)
    if number is None:
        _refuse(name, "is not a whole number")
    return number


def _id(value: object, name: str) -> int:
    number = _int(value, name)
    if number <= 0:
        _refuse(name, "is not an id")
    return number


def _text(row: Mapping[str, Any], name: str, path: str = "") -> str:
    """Return a text; a list or an object where a text belongs is no text to guess from."""
    value = row.get(name)
    if isinstance(value, (list, dict)):
        _refuse(f"{path}.{name}" if path else name, "is not a text")
    return values.words(value)


def _optional_int(value: object, name: str) -> int | None:
    return None if value in (None, "") else _int(value, name)


def _status(value: object) -> Decimal:
    try:
        return status(value)
    except ValueError:
        _refuse("statusId", "is not a status id")


def _time(value: object, name: str) -> datetime:
    moment = values.moment(value)
    if moment is None:
        zoneless = values.moment(value, UTC) is not None
        _refuse(name, "is a date without a time zone" if zoneless else "is not a date")
    return moment


def _quantity(value: object) -> Decimal:
    number = values.number(value)
    if number is None:
        _refuse("orderItems.quantity", "is not a number that can be")
    return number


def _cents(value: object) -> int:
    """Return an amount in EUR or other currency units as whole cents, 0 where there is none."""
    return int(((values.number(value, HIGHEST_AMOUNT) or ZERO) * 100).to_integral_value())


def _properties(data: Mapping[str, Any]) -> dict[int, Any]:
    return {
        _int(row.get("typeId"), "properties.typeId"): row.get("value")
        for row in _list(data, "properties")
    }


def _amounts(data: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the amounts in the order's own currency (contract 6.9)."""
    rows = _list(data, "amounts")
    own = [row for row in rows if row.get("isSystemCurrency") is False]
    return (own or rows or [{}])[0]


def _sending_warehouse(data: Mapping[str, Any], properties: Mapping[int, Any]) -> int | None:
    for row in _list(data, "relations"):
        if row.get("referenceType") == "warehouse" and row.get("relation") == "sender":
            return _int(row.get("referenceId"), "relations.referenceId")
    return _optional_int(properties.get(PROPERTY_WAREHOUSE), "properties[1] (warehouse)")


def _parent(data: Mapping[str, Any]) -> int | None:
    for row in _list(data, "orderReferences"):
        if row.get("referenceType") == "parent":
            return _optional_int(row.get("originOrderId"), "orderReferences.originOrderId")
    return None


def _taken_from(data: Mapping[str, Any]) -> tuple[tuple[Kind, int], ...]:
    """Return the orders that this one was split from or that it groups (contract 6.5, 7.3)."""
    found = []
    for row in _list(data, "orderReferences"):
        kind = row.get("referenceType")
        if kind == "split" or kind == "grouped":
            name = "orderReferences.referenceOrderId"
            source = _int(row.get("referenceOrderId") or row.get("originOrderId"), name)
            if source != _int(data.get("id"), "id"):
                found.append((kind, source))
    return tuple(found)


def _others(rows: list[dict[str, Any]]) -> tuple[OtherPosition, ...]:
    """Return the positions that are no goods, each with the name of the rule that says so."""
    known = [
        (
            _optional_int(row.get("id"), "orderItems.id") or 0,
            _int(row.get("typeId"), "orderItems.typeId"),
            [
                _optional_int(r.get("referenceOrderItemId"), "orderItems.references") or 0
                for r in _list(row, "references")
            ],
        )
        for row in rows
    ]
    complete = positions.heads_with_components(known)
    found = []
    for row, (item_id, type_id, _) in zip(rows, known, strict=True):
        if type_id in positions.GOODS:
            continue
        rule = positions.rule_of(type_id, has_components=item_id in complete)
        if rule in positions.TOLD.values():
            amount = format(_quantity(row.get("quantity")).normalize(), "f")
            name, wish = _plain(row.get("orderItemName")) or rule, _wish(row)
            text = f"{name}: {wish}" if wish else name
            found.append(OtherPosition(item_id, type_id, rule, amount, text))
        else:
            found.append(OtherPosition(item_id, type_id, rule))
    return tuple(found)


def _wish(row: Mapping[str, Any]) -> str:
    """Return what the customer wants on a position, an engraving (contract 6.7, property 82)."""
    return ", ".join(
        text
        for p in _list(row, "properties")
        if str(p.get("typeId")) == str(PROPERTY_TEXT) and (text := _plain(p.get("value")))
    )


def _notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the customer wrote: notes of nobody's account that the customer can see."""
    return tuple(
        text
        for row in _list(data, "comments")
        if not row.get("userId")
        and row.get("isVisibleForContact") in (True, 1, "1", "true")
        and (text := _plain(row.get("text")))
    )


def _plain(value: object) -> str:
    """Return a text without tags, entities and line breaks (contract 6.6, 14)."""
    text = html.unescape(_TAG.sub(" ", str(value or "")))
    return " ".join(text.split())


def _consent(properties: Mapping[int, Any]) -> bool | None:
    """Return whether the carrier may have e-mail and phone; None where nobody was asked."""
    value = properties.get(PROPERTY_CONSENT)
    if value is None:
        return None
    return str(value).strip().lower() not in {"", "0", "false", "no", "null"}


def _referrer(data: Mapping[str, Any]) -> str:
    number = values.number(data.get("referrerId") or 0)
    return "" if number is None else format(number.normalize(), "f")


def _ship_from(data: Mapping[str, Any]) -> datetime | None:
    """Return the later of the dates of shipping and of delivery; None where there is none."""
    found = []
    for row in _list(data, "dates"):
        if str(row.get("typeId")) in {str(DATE_SHIPPING), str(DATE_DELIVERY)}:
            with suppress(OrderInvalid):  # the zero date of contract 3.1: none is set
                found.append(_time(row.get("date"), "dates.date"))
    return max(found, default=None)


def _item(row: Mapping[str, Any]) -> OrderItem:
    variation = row.get("variation")
    variation = variation if isinstance(variation, dict) else {}
    quantity = _quantity(row.get("quantity"))
    amount = _amounts(row)
    gross, net = _cents(amount.get("priceGross")), _cents(amount.get("priceNet"))
    return OrderItem(
        item_id=_int(row.get("id"), "orderItems.id"),
        type_id=_int(row.get("typeId"), "orderItems.typeId"),
        variation_id=_optional_int(row.get("itemVariationId"), "orderItems.itemVariationId") or 0,
        sku=clean_sku(_text(variation, "number", "variation")),
        quantity=quantity,
        warehouse_id=_optional_int(row.get("warehouseId"), "orderItems.warehouseId"),
        total_cents=int(gross * quantity),
        tax_cents=int((gross - net) * quantity),
        name=_text(row, "orderItemName"),
        active=variation.get("isActive") is not False,
        text=_wish(row),
    )


def _delivery(data: Mapping[str, Any], countries: Mapping[int, str]) -> Address | None:
    """Return the delivery address; one address may hold both roles (contract 6.10)."""
    by_role: dict[int, dict[str, Any]] = {}
    addresses = _list(data, "addresses")
    for row in addresses:
        pivot = row.get("pivot")
        if isinstance(pivot, dict):
            by_role[_int(pivot.get("typeId"), "addresses.pivot.typeId")] = row
    by_id = {row.get("id"): row for row in addresses}
    for relation in _list(data, "addressRelations"):
        role = _int(relation.get("typeId"), "addressRelations.typeId")
        if role not in by_role and relation.get("addressId") in by_id:
            by_role[role] = by_id[relation.get("addressId")]
    # plentymarkets ships to the invoice address where no delivery address is set
    chosen = by_role.get(DELIVERY) or by_role.get(BILLING)
    return parse_address(chosen, countries) if chosen else None


def parse_address(row: Mapping[str, Any], countries: Mapping[int, str]) -> Address:
    """Return one plentymarkets address; empty text stands for whatever is missing."""
    options = {
        _int(option.get("typeId"), "addresses.options.typeId"): option.get("value")
        for option in _list(row, "options")
    }
    country_id = _optional_int(row.get("countryId"), "addresses.countryId") or 0

    def text(name: str) -> str:
        return _text(row, name)

    return Address(
        **{f"name{n}": text(f"name{n}") for n in (1, 2, 3, 4)},
        **{f"address{n}": text(f"address{n}") for n in (1, 2, 3, 4)},
        postal_code=text("postalCode"),
        town=text("town"),
        country_id=country_id,
        country=countries.get(country_id, ""),
        state=text("stateName"),
        email=values.words(options.get(OPTION_EMAIL)),
        phone=values.words(options.get(OPTION_PHONE)),
        post_number=values.words(options.get(OPTION_POST_NUMBER)),
    )
