"""Orders as JSON: base fields, the full order, and what `with` adds (contract 6.2 to 6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.addresses import render_address
from include.sandbox.plenty.dates import ZERO_DATE, to_text
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
    """Return what a lazy search entry holds."""
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
        "isLocked": order.lock_status != "unlocked",
        "createdAt": to_text(order.created),
        "updatedAt": to_text(order.updated),
        "roundTotalsOnly": False,
        "numberOfDecimals": 2,
        "hasTaxRelevantDocuments": any(row["type"] == "invoice" for row in order.documents),
        "hasDeliveryOrders": bool(order.children),
        "legacyOrderType": _LEGACY_TYPES.get(order.type_id, "order"),
        "contactSenderId": order.relation("contact", "sender"),
        "contactReceiverId": order.relation("contact", "receiver"),
        "warehouseSenderId": order.relation("warehouse", "sender"),
        "warehouseReceiverId": order.relation("warehouse", "receiver"),
    }


def render_order(tenant: Tenant, order: Order, wanted: Collection[str], now: float) -> JsonObject:
    """Return the base fields and every wanted part; an unknown part is left out without error."""
    result = base_fields(tenant, order)
    if "addresses" in wanted:
        result["addressRelations"] = _address_relations(order)
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
    if not extras:
        return order.items
    return [item | {key: part(tenant, item) for key, part in extras} for item in order.items]


def render_document(document: JsonObject, now: float, *, with_content: bool) -> JsonObject:
    """Return a document; it is `pending` until its simulated time has come (contract 15)."""
    result = {key: value for key, value in document.items() if not key.startswith("_")}
    result["status"] = document["_final"] if now >= document["_ready"] else "pending"
    if not with_content or result["status"] != "done":
        result.pop("content", None)
    return result


def _addresses(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    rows = []
    for type_id, address_id in order.addresses.items():
        pivot = {"orderId": order.id, "typeId": type_id, "addressId": address_id}
        rows.append(render_address(tenant.addresses[address_id], pivot))
    return rows


def _address_relations(order: Order) -> list[JsonObject]:
    return [
        {"id": order.id * 10 + type_id, "orderId": order.id, "typeId": type_id, "addressId": number}
        for type_id, number in order.addresses.items()
    ]


def _dates(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    rows = []
    for type_id, at in order.dates.items():
        if at is None and not tenant.switches.zero_dates:
            continue
        text = ZERO_DATE if at is None else to_text(at)
        rows.append({"orderId": order.id, "typeId": type_id, "date": text})
    return rows


def _comments(tenant: Tenant, order: Order, _: float) -> list[JsonObject]:
    return [tenant.comments[number] for number in tenant.comments_of.get(("order", order.id), ())]


def _warehouse(role: str) -> Callable[[Tenant, Order, float], JsonObject | None]:
    def part(tenant: Tenant, order: Order, _: float) -> JsonObject | None:
        return tenant.warehouses.get(order.relation("warehouse", role) or 0)

    return part


def _contact(role: str) -> Callable[[Tenant, Order, float], JsonObject | None]:
    def part(tenant: Tenant, order: Order, _: float) -> JsonObject | None:
        return tenant.contacts.get(order.relation("contact", role) or 0)

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


_LEGACY_TYPES = {1: "order", 2: "delivery", 3: "returns", 4: "credit_note", 5: "warranty"}
_PARTS: dict[str, Callable[[Tenant, Order, float], Any]] = {
    "addresses": _addresses,
    "addressRelations": lambda _, order, __: _address_relations(order),
    "relations": lambda _, order, __: order.relations,
    "properties": lambda _, order, __: order.properties,
    "dates": _dates,
    "amounts": lambda _, order, __: order.amounts,
    "orderReferences": lambda _, order, __: order.references,
    "originOrderReferences": lambda _, order, __: order.references,
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
