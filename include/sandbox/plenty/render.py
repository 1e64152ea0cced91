"""Orders as JSON: base fields, the full order, and what `with` adds (contract 6.2 to 6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.addresses import render_address
from include.sandbox.plenty.contacts import contact
from include.sandbox.plenty.dates import ZERO_DATE, to_text
from include.sandbox.plenty.model import GOODS_TYPES
from include.sandbox.plenty.values import number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from include.sandbox.plenty.model import JsonObject, Order, Tenant

# `with` values of the description (contract 6.4). `orderItems.x` brings the items themselves too.
LISTED_WITH = frozenset(
    {
        "addresses", "relations", "comments", "location", "payments", "documents", "contactSender",
        "contactReceiver", "warehouseSender", "warehouseReceiver", "orderItems.variation",
        "orderItems.variation.propertiesV2", "orderItems.giftCardCodes", "orderItems.transactions",
        "orderItems.serialNumbers", "orderItems.variationBarcodes", "orderItems.comments",
        "originOrderReferences", "shippingPackages", "shippingPackages.items",
        "shippingInformation", "paymentTerms", "orderItems.warehouseLocations", "shippingPallets",
    }
)  # fmt: skip
FULL = frozenset(
    {"properties", "dates", "relations", "addressRelations", "amounts", "orderItems",
     "orderReferences"}
)  # fmt: skip


def base_fields(tenant: Tenant, order: Order) -> JsonObject:
    """Return what a lazy search entry holds; a live one does not hold `flat_fields`."""
    return {
        "id": order.id,
        "typeId": order.type_id,
        "statusId": number(order.status),
        "statusName": f"[{order.status}] {tenant.statuses.get(order.status, '')}",
        "plentyId": order.plenty_id,
        "ownerId": order.owner_id,
        "referrerId": number(order.referrer),
        "locationId": order.location_id,
        "lockStatus": order.lock_status,
        "createdAt": to_text(order.created),
        "updatedAt": to_text(order.updated),
        "roundTotalsOnly": False,
        "numberOfDecimals": 2,
    }


def flat_fields(order: Order) -> JsonObject:
    """Return what is derived from the parts of an order: in reads by id, not in live searches."""
    return {
        "isLocked": order.lock_status != "unlocked",
        "hasTaxRelevantDocuments": any(row["type"] == "invoice" for row in order.documents),
        "hasDeliveryOrders": bool(order.children),
        "legacyOrderType": _LEGACY_TYPES.get(order.type_id, "order"),
        "contactSenderId": order.relation("contact", "sender"),
        "contactReceiverId": order.relation("contact", "receiver"),
        "warehouseSenderId": order.relation("warehouse", "sender"),
        "warehouseReceiverId": order.relation("warehouse", "receiver"),
    }


def render_order(
    tenant: Tenant, order: Order, wanted: Collection[str], now: float, *, searched: bool = False
) -> JsonObject:
    """Return the base fields and every wanted part; an unknown part is left out without error.

    :param searched: it is an entry of a search.
    """
    result = base_fields(tenant, order)
    if not (searched and tenant.is_live):
        result |= flat_fields(order)
    if "addresses" in wanted:
        result["addressRelations"] = _address_relations(tenant, order, now)
    if any(name.startswith("orderItems") for name in wanted):
        result["orderItems"] = render_items(tenant, order, wanted)
    for name in wanted:
        part = _PARTS.get(name)
        if part is not None:
            result[name] = part(tenant, order, now)
    return result


def render_items(tenant: Tenant, order: Order, wanted: Collection[str]) -> list[JsonObject]:
    """Return the order items with variation and barcodes where wanted."""
    extras = [(name.partition(".")[2], _ITEM_PARTS[name]) for name in wanted if name in _ITEM_PARTS]
    live = tenant.is_live
    if not extras and not live:
        return order.items
    dates = _row_dates(order) if live else {}
    rows = []
    for item in order.items:
        row = _live_item(order, item, dates) if live else dict(item)
        for key, part in extras:
            row[key] = part(tenant, item)
        rows.append(row)
    return rows


def _row_dates(order: Order) -> JsonObject:
    return {"createdAt": to_text(order.created), "updatedAt": to_text(order.updated)}


def _stamped(
    rows: Callable[[Order], list[JsonObject]],
) -> Callable[[Tenant, Order, float], list[JsonObject]]:
    """Return a part whose rows have an id and dates of their own on a live system."""

    def part(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
        found = rows(order)
        if not tenant.is_live:
            return found
        dates = _row_dates(order)
        return [{"id": order.id * 100 + place} | row | dates for place, row in enumerate(found)]

    return part


def _live_item(order: Order, item: JsonObject, dates: JsonObject) -> JsonObject:
    """Return an item with the dates, ids and properties of a live one (contract 23)."""
    number = int(item["id"])
    known = {int(row["typeId"]) for row in item["properties"]}
    own = _ITEM_PROPERTIES if item["typeId"] in GOODS_TYPES else ()
    properties = [
        *item["properties"],
        *({"typeId": type_id, "value": value} for type_id, value in own if type_id not in known),
    ]

    def rows(found: list[JsonObject]) -> list[JsonObject]:
        return [
            {"id": number * 10 + place, "orderItemId": number} | row | dates
            for place, row in enumerate(found)
        ]

    return item | dates | {"amounts": rows(item["amounts"]), "properties": rows(properties)}


def render_document(document: JsonObject, now: float, *, with_content: bool) -> JsonObject:
    """Return a document; it is `pending` until its simulated time has come (contract 15)."""
    result = {key: value for key, value in document.items() if not key.startswith("_")}
    result["status"] = document["_final"] if now >= document["_ready"] else "pending"
    if not with_content or result["status"] != "done":
        result.pop("content", None)
    return result


def _addresses(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    rows = []
    live = tenant.is_live
    for type_id, address_id in order.addresses.items():
        pivot = {"orderId": order.id, "typeId": type_id, "addressId": address_id}
        rows.append(render_address(tenant.addresses[address_id], pivot, live=live))
    return rows


def _addressed(order: Order) -> list[JsonObject]:
    return [
        {"id": order.id * 10 + type_id, "orderId": order.id, "typeId": type_id, "addressId": number}
        for type_id, number in order.addresses.items()
    ]


def _origin_references(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    """Return the references of other orders to this one: delivery orders, returns (6.4)."""
    others = (tenant.orders.get(number) for number in tenant.by_parent.get(order.id, ()))
    return [
        row
        for other in others
        if other is not None
        for row in other.references
        if row.get("originOrderId") == order.id
    ]


def _dates(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    rows = []
    for type_id, at in order.dates.items():
        if at is None and not tenant.switches.zero_dates:
            continue
        text = ZERO_DATE if at is None else to_text(at)
        rows.append({"orderId": order.id, "typeId": type_id, "date": text})
    return _stamped(lambda _: rows)(tenant, order, 0.0)


def _comments(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    return [tenant.comments[number] for number in tenant.comments_of.get(("order", order.id), ())]


def _warehouse(role: str) -> Callable[[Tenant, Order, float], JsonObject | None]:
    def part(tenant: Tenant, order: Order, _: float) -> JsonObject | None:
        return tenant.warehouses.get(order.relation("warehouse", role) or 0)

    return part


def _contact(role: str) -> Callable[[Tenant, Order, float], JsonObject | None]:
    def part(tenant: Tenant, order: Order, _: float) -> JsonObject | None:
        number = order.relation("contact", role)
        return contact(tenant, number) if number else None

    return part


def _documents(_: Tenant, order: Order, now: float) -> list[JsonObject]:
    return [render_document(row, now, with_content=False) for row in order.documents]


def _item_variation(tenant: Tenant, item: JsonObject) -> JsonObject | None:
    row = tenant.variations.get(int(item.get("itemVariationId") or 0))
    if row is None:
        return None
    return {key: value for key, value in row.items() if not isinstance(value, list | dict)}


def _item_barcodes(tenant: Tenant, item: JsonObject) -> list[JsonObject]:
    row = tenant.variations.get(int(item.get("itemVariationId") or 0))
    return list(row["variationBarcodes"]) if row is not None else []


def _item_comments(tenant: Tenant, item: JsonObject) -> list[JsonObject]:
    numbers = tenant.comments_of.get(("order_item", int(item["id"])), ())
    return [tenant.comments[number] for number in numbers]


def _nothing(_: Tenant, __: JsonObject) -> list[JsonObject]:
    return []


# contract 23: warehouse, profile, weight, original quantity, location reserved; 26 has no name
_ITEM_PROPERTIES = ((1, "1"), (2, "6"), (11, "0"), (21, "1"), (26, ""), (30, "0"))
_address_relations = _stamped(_addressed)
_LEGACY_TYPES = {1: "order", 2: "delivery", 3: "returns", 4: "credit_note", 5: "warranty"}
_PARTS: dict[str, Callable[[Tenant, Order, float], Any]] = {
    "addresses": _addresses,
    "addressRelations": _address_relations,
    "relations": _stamped(lambda order: order.relations),
    "properties": _stamped(lambda order: order.properties),
    "dates": _dates,
    "amounts": _stamped(lambda order: order.amounts),
    "orderReferences": _stamped(lambda order: order.references),
    "originOrderReferences": _origin_references,
    "comments": _comments,
    "documents": _documents,
    "shippingPackages": lambda _, order, __: order.packages,
    "shippingInformation": lambda _, order, __: order.shipping_information,
    "warehouseSender": _warehouse("sender"),
    "warehouseReceiver": _warehouse("receiver"),
    "contactSender": _contact("sender"),
    "contactReceiver": _contact("receiver"),
    "payments": lambda _, order, __: order.extra.get("payments", []),
    "tags": lambda _, order, __: order.extra.get("tags", []),
    "location": lambda _, order, __: {"id": order.location_id},
    "shippingPallets": lambda _, __, ___: [],
    "paymentTerms": lambda _, __, ___: None,
}
_ITEM_PARTS: dict[str, Callable[[Tenant, JsonObject], Any]] = {
    "orderItems.variation": _item_variation,
    "orderItems.variationBarcodes": _item_barcodes,
    "orderItems.comments": _item_comments,
    "orderItems.giftCardCodes": _nothing,
    "orderItems.transactions": _nothing,
    "orderItems.serialNumbers": _nothing,
    "orderItems.warehouseLocations": _nothing,
}
