"""The filters that an order search knows (contract 6.2) and how each reads an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.model import BILLING, DELIVERY, Tenant
from include.sandbox.plenty.query import FieldSpec, date, decimal, flag, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.plenty.model import JsonObject, Order


def field_spec(tenant: Tenant, name: str) -> FieldSpec | None:
    """Return how a filter works, None if there is none of this name (it is then ignored)."""
    plain = _PLAIN.get(name)
    if plain is not None:
        return plain
    build = _OF_TENANT.get(name)
    if build is not None:
        return build(tenant)
    family, _, rest = name.partition("_")
    named = _NAMED.get(family)
    return named(rest) if named is not None and rest else None


def _row_values(
    rows: Callable[[Order], list[JsonObject]], key: str, parse: Callable[[Any], Any]
) -> FieldSpec:
    def values(order: Order) -> list[Any]:
        found = []
        for row in rows(order):
            value = row.get(key)
            found.append(parse(value) if value is not None else None)
        return found

    return FieldSpec(values, parse)


def _items(key: str, parse: Callable[[Any], Any] = decimal) -> FieldSpec:
    return _row_values(lambda order: order.items, key, parse)


def _item_numbers(key: str) -> FieldSpec:
    # Whole numbers need no parsing: they compare and hash like the decimals of the filter.
    def values(order: Order) -> list[Any]:
        rows = [item.get(key) for item in order.items]
        return [row if isinstance(row, int) or row is None else decimal(row) for row in rows]

    return FieldSpec(values, decimal)


def _packages(key: str) -> FieldSpec:
    return _row_values(lambda order: order.packages, key, text)


def _shipping(key: str, parse: Callable[[Any], Any]) -> FieldSpec:
    def rows(order: Order) -> list[JsonObject]:
        return [order.shipping_information] if order.shipping_information else []

    return _row_values(rows, key, parse)


def _related(rest: str) -> FieldSpec:
    kind, _, role = rest.partition("_")

    def values(order: Order) -> list[Any]:
        number = order.relation(kind, role)
        return [None if number is None else decimal(number)]

    return FieldSpec(values, decimal)


def _typed_properties(rows: Callable[[Order], list[JsonObject]], rest: str) -> FieldSpec:
    def values(order: Order) -> list[Any]:
        return [text(row["value"]) for row in rows(order) if str(row["typeId"]) == rest]

    return FieldSpec(values, text)


def _item_properties(rest: str) -> FieldSpec:
    return _typed_properties(
        lambda order: [row for item in order.items for row in item.get("properties", [])], rest
    )


def _dated(rest: str) -> FieldSpec:
    type_id = int(rest) if rest.isdigit() else -1
    return FieldSpec(lambda order: [order.dates.get(type_id)], date)


def _referenced(rest: str) -> FieldSpec:
    def values(order: Order) -> list[Any]:
        return [
            decimal(row["referenceOrderId"])
            for row in order.references
            if row.get("referenceType") == rest
        ]

    return FieldSpec(values, decimal, "parent" if rest == "parent" else None)


def _addressed(rest: str) -> FieldSpec:
    type_id = int(rest) if rest.isdigit() else -1

    def values(order: Order) -> list[Any]:
        number = order.addresses.get(type_id)
        return [None if number is None else decimal(number)]

    return FieldSpec(values, decimal)


def _documented(rest: str | None) -> FieldSpec:
    def values(order: Order) -> list[Any]:
        return [
            text(row["numberWithPrefix"])
            for row in order.documents
            if rest is None or row["type"] == rest
        ]

    return FieldSpec(values, text)


def _country(type_id: int) -> Callable[[Tenant], FieldSpec]:
    def build(tenant: Tenant) -> FieldSpec:
        def values(order: Order) -> list[Any]:
            address = tenant.addresses.get(order.addresses.get(type_id, 0))
            return [None if address is None else decimal(address["countryId"])]

        return FieldSpec(values, decimal)

    return build


def _station(tenant: Tenant) -> FieldSpec:
    def values(order: Order) -> list[Any]:
        address = tenant.addresses.get(order.addresses.get(DELIVERY, 0))
        return [address is not None and str(address["address1"]).upper() == "PACKSTATION"]

    return FieldSpec(values, flag)


def _of_variation(key: str, parse: Callable[[Any], Any]) -> Callable[[Tenant], FieldSpec]:
    def build(tenant: Tenant) -> FieldSpec:
        def values(order: Order) -> list[Any]:
            rows = (tenant.variations.get(int(i.get("itemVariationId") or 0)) for i in order.items)
            return [parse(row[key]) for row in rows if row is not None]

        return FieldSpec(values, parse)

    return build


def _main_orders(_: Tenant) -> FieldSpec:
    # "true" leaves out main orders that have delivery orders; "false" filters nothing.
    def values(order: Order) -> list[Any]:
        return [False] if order.children else [True, False]

    return FieldSpec(values, flag)


def _invoiced(order: Order) -> list[bool]:
    return [any(row["type"] == "invoice" for row in order.documents)]


_PLAIN: dict[str, FieldSpec] = {
    "orderId": FieldSpec(lambda order: (order.id,), lambda value: int(decimal(value)), "id"),
    "statusId": FieldSpec(lambda order: (order.status,), decimal, "status"),
    "plentyId": FieldSpec(lambda order: (order.plenty_id,), decimal),
    "orderTypeId": FieldSpec(lambda order: (order.type_id,), decimal),
    "referrerId": FieldSpec(lambda order: (order.referrer,), decimal),
    "ownerId": FieldSpec(lambda order: (order.owner_id,), decimal),
    "locationId": FieldSpec(lambda order: (order.location_id,), decimal),
    "updatedAt": FieldSpec(lambda order: (order.updated,), date),
    "createdAt": FieldSpec(lambda order: (order.created,), date),
    "lockStatus": FieldSpec(lambda order: (order.lock_status.lower(),), text),
    "hasValidInvoice": FieldSpec(_invoiced, flag),
    "itemVariationId": _item_numbers("itemVariationId"),
    "orderItemName": _items("orderItemName", text),
    "orderItemTypeId": _item_numbers("typeId"),
    "orderItemWarehouseId": _item_numbers("warehouseId"),
    "orderItemReferrerId": _items("referrerId"),
    "packageNumber": _packages("packageNumber"),
    "shippingServiceProviderType": _shipping("shippingServiceProvider", text),
    "shippingStatus": _shipping("shippingStatus", text),
    "shippingShipmentDate": _shipping("shipmentAt", date),
    "documentNumber": _documented(None),
}
_OF_TENANT: dict[str, Callable[[Tenant], FieldSpec]] = {
    "excludeMainOrders": _main_orders,
    "orderBillingAddressCountryId": _country(BILLING),
    "orderDeliveryAddressCountryId": _country(DELIVERY),
    "isDeliveryAddressPackingStation": _station,
    "variationNumber": _of_variation("number", text),
    "itemId": _of_variation("itemId", decimal),
}
_NAMED: dict[str, Callable[[str], FieldSpec]] = {
    "relationReference": _related,
    "orderProperty": lambda rest: _typed_properties(lambda order: order.properties, rest),
    "orderItemProperty": _item_properties,
    "orderDate": _dated,
    "orderReference": _referenced,
    "addressRelation": _addressed,
    "documentNumber": _documented,
}
