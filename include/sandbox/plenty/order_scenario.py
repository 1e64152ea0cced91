"""Turns compact or full scenario orders into orders.

Compact: {"id"?, "status"?, "plenty_id"?, "warehouse"?, "profile"?, "type"?, "items": [...],
"delivery": {...}, "billing"?, "external_id"?, "payment_status"?, "referrer"?, "created"?,
"updated"?, "paid"?, "parent"?, "shipping_costs"?, "lock_status"?, "packages"?,
"properties"?: {type: value}, "dates"?: {type: date}, "notes"?: [text of the customer]}.
An item is {"variation" (id or number), "quantity", "type"?, "warehouse"?, "name"?, "price"?, "id"?,
"properties"?: [{"typeId", "value"}],
"components"?: [{"variation", "quantity"}]}; a variation that is a bundle becomes a head (type 2)
with its components (type 3). Full: the vendor's JSON (contract 6), told by its "statusId".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.plenty.addresses import expand_address
from include.sandbox.plenty.dates import local_text, to_text, to_timestamp
from include.sandbox.plenty.effects import add_history, reserve
from include.sandbox.plenty.model import (
    BILLING,
    DATE_CREATED,
    DATE_PAID,
    DATE_UPDATED,
    DELIVERY,
    DELIVERY_ORDER,
    PROPERTY_EXTERNAL_ID,
    PROPERTY_PAYMENT_STATUS,
    PROPERTY_PROFILE,
    PROPERTY_WAREHOUSE,
    RETURN,
    Order,
)
from include.sandbox.plenty.values import decimal_of, status_of

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Tenant

FIRST_ORDER, FIRST_ITEM, FIRST_ADDRESS, FIRST_CONTACT = 50_001, 70_001, 801, 901
_FULL_KEYS = frozenset(
    {"id", "typeId", "statusId", "plentyId", "ownerId", "referrerId", "locationId", "lockStatus",
     "createdAt", "updatedAt", "orderItems", "addresses", "addressRelations", "properties", "dates",
     "relations", "amounts", "orderReferences", "shippingPackages", "shippingInformation",
     "statusName", "documents"}
)  # fmt: skip


def add_order(tenant: Tenant, source: JsonObject, *, now: float) -> Order:
    """Add an order to the tenant, with its first history row and its reservation."""
    try:
        full = "statusId" in source
        order = _full(tenant, source, now) if full else _compact(tenant, source, now)
    except (KeyError, ValueError, TypeError) as error:
        msg = f"order {source.get('id', '(without id)')} is malformed: {type(error).__name__}"
        raise SandboxError(msg) from error
    tenant.add_order(order)
    add_history(tenant, order, now=order.created, user=None, text="")
    reserve(tenant, order)
    for row in order.references:
        parent = tenant.orders.get(int(row.get("originOrderId") or 0))
        if parent is not None and order.type_id == DELIVERY_ORDER:
            reserve(tenant, parent)
    return order


def _compact(tenant: Tenant, source: JsonObject, now: float) -> Order:
    created = to_timestamp(source["created"]) if "created" in source else now
    updated = to_timestamp(source["updated"]) if "updated" in source else created
    warehouse = int(source.get("warehouse", next(iter(tenant.warehouses), 0)))
    order = Order(
        id=int(source["id"]) if "id" in source else tenant.next_id("order", FIRST_ORDER),
        type_id=int(source.get("type", 1)),
        status=status_of(source.get("status", 5)),
        plenty_id=int(source.get("plenty_id", tenant.plenty_id)),
        created=created,
        updated=updated,
        referrer=decimal_of(source.get("referrer", 1)),
        lock_status=str(source.get("lock_status", "unlocked")),
    )
    order.dates = {DATE_CREATED: created, DATE_UPDATED: updated}
    payment = str(source.get("payment_status", "fullyPaid"))
    if payment == "fullyPaid":
        paid = source.get("paid")
        order.dates[DATE_PAID] = to_timestamp(paid) if paid else created
    order.set_property(PROPERTY_WAREHOUSE, str(warehouse))
    if source.get("profile", 6) is not None:
        order.set_property(PROPERTY_PROFILE, str(source.get("profile", 6)))
    order.set_property(PROPERTY_PAYMENT_STATUS, payment)
    order.set_property(PROPERTY_EXTERNAL_ID, str(source.get("external_id", f"SHOP-{order.id}")))
    for type_id, value in source.get("properties", {}).items():
        order.set_property(int(type_id), str(value))
    for type_id, at in source.get("dates", {}).items():
        order.dates[int(type_id)] = to_timestamp(at)
    for text in source.get("notes", []):
        _add_note(tenant, order, text)
    _add_items(tenant, order, source, warehouse)
    _add_compact_addresses(tenant, order, source, now)
    contact = int(source.get("contact", tenant.next_id("contact", FIRST_CONTACT)))
    order.relations = [
        _relation(order, "warehouse", warehouse, "sender"),
        _relation(order, "contact", contact, "receiver"),
    ]
    ruled = tenant.is_live and order.type_id not in (DELIVERY_ORDER, RETURN)
    order.packages = [
        new_package(tenant, order.id, dict(row), created)
        # contract 23: its shipping rule gives an order one empty package before any other
        for row in source.get("packages", [{}] if ruled else [])
    ]
    _link_parent(tenant, order, source.get("parent"))
    for kind in ("split", "grouped"):  # ids of the orders it was split from, or groups
        order.references += [
            {**parent_reference(tenant, order.id, int(other)), "referenceType": kind}
            for other in source.get(kind, [])
        ]
    _sum_up(order)
    return order


def _full(tenant: Tenant, source: JsonObject, now: float) -> Order:
    created = to_timestamp(source["createdAt"]) if source.get("createdAt") else now
    order = Order(
        id=int(source["id"]) if source.get("id") else tenant.next_id("order", FIRST_ORDER),
        type_id=int(source.get("typeId", 1)),
        status=status_of(source["statusId"]),
        plenty_id=int(source.get("plentyId", tenant.plenty_id)),
        created=created,
        updated=to_timestamp(source["updatedAt"]) if source.get("updatedAt") else created,
        referrer=decimal_of(source.get("referrerId") or 1),
        owner_id=source.get("ownerId"),
        location_id=int(source.get("locationId") or 1),
        lock_status=source.get("lockStatus") or "unlocked",
    )
    for row in source.get("orderItems", []):
        order.items.append(complete_item(tenant, order, dict(row)))
    for row in source.get("addresses", []):
        role = int(row.get("pivot", {}).get("typeId", DELIVERY))
        number = int(row.get("id") or tenant.next_id("address", FIRST_ADDRESS))
        tenant.seen_id("address", number)
        tenant.addresses[number] = expand_address(row, number, now)
        order.addresses[role] = number
    for row in source.get("addressRelations", []):
        if int(row["addressId"]) in tenant.addresses:
            order.addresses[int(row["typeId"])] = int(row["addressId"])
    order.properties = [{**row, "orderId": order.id} for row in source.get("properties", [])]
    order.relations = [{**row, "orderId": order.id} for row in source.get("relations", [])]
    order.dates = {int(r["typeId"]): _date(r.get("date")) for r in source.get("dates", [])}
    order.amounts = [dict(row) for row in source.get("amounts", [])]
    order.references = [dict(row) for row in source.get("orderReferences", [])]
    order.packages = [
        new_package(tenant, order.id, dict(row), created)
        for row in source.get("shippingPackages", [])
    ]
    order.shipping_information = source.get("shippingInformation")
    order.extra = {key: value for key, value in source.items() if key not in _FULL_KEYS}
    return order


def complete_item(tenant: Tenant, order: Order, item: JsonObject) -> JsonObject:
    """Fill the fields of an order item that are missing; an id of 0 stays 0."""
    if item.get("id") is None:
        item["id"] = tenant.next_id("item", FIRST_ITEM)
    tenant.seen_id("item", int(item["id"]))
    defaults: JsonObject = {
        "typeId": 1,
        "referrerId": 1,
        "itemVariationId": 0,
        "quantity": 1,
        "orderItemName": "",
        "attributeValues": "",
        "shippingProfileId": 0,
        "countryVatId": 1,
        "vatField": 0,
        "vatRate": 19,
        "position": len(order.items),
        "warehouseId": 0,
        "amounts": [],
        "properties": [],
        "dates": [],
        "references": [],
    }
    return defaults | item | {"orderId": order.id}


def new_package(tenant: Tenant, order_id: int, row: JsonObject, at: float) -> JsonObject:
    """Return a shipping package row; `packageId` is the package type (contract 10.1)."""
    live = tenant.is_live
    when = local_text(at) if live else to_text(at)
    return {
        "id": tenant.next_id("package", 301),
        "orderId": order_id,
        "packageId": row.get("packageId", 0),
        "weight": row.get("weight", 0),
        "extraWeight": row.get("extraWeight", 0),
        "itemsWeight": row.get("itemsWeight", 0),
        "packageNumber": row.get("packageNumber", ""),
        "labelPath": row.get("labelPath", ""),
        "returnPackageNumber": row.get("returnPackageNumber", ""),
        "packageType": row.get("packageType", 24),
        "volume": row.get("volume", 0),
        "palletId": None,
        "isClosed": None if live else False,
        "packageSscc": "",
        "mrn": "",
        "atlasRegistration": 0,
        "createdAt": when,
        "updatedAt": when,
    } | ({"trackingStatusId": None} if live else {})


def _add_note(tenant: Tenant, order: Order, text: str) -> None:
    """Add a note of the customer: of nobody's account, and visible to the customer."""
    number = tenant.next_id("comment", 1)
    tenant.comments[number] = {
        "id": number,
        "referenceType": "order",
        "referenceValue": order.id,
        "userId": None,
        "text": text,
        "isVisibleForContact": True,
        "createdAt": to_text(order.created),
        "updatedAt": to_text(order.created),
    }
    tenant.comments_of["order", order.id].append(number)


def _add_items(tenant: Tenant, order: Order, source: JsonObject, warehouse: int) -> None:
    for row in source["items"]:
        head = _item(tenant, order, row, warehouse)
        order.items.append(head)
        variation = tenant.variations.get(head["itemVariationId"], {})
        components = row.get("components")
        if components is None and "type" not in row:
            components = [
                {
                    "variation": part["componentVariationId"],
                    "quantity": decimal_of(part["componentQuantity"])
                    * decimal_of(head["quantity"]),
                }
                for part in variation.get("variationBundleComponents", [])
            ]
        if components:
            head["typeId"] = int(row.get("type", 2))
        for part in components or []:
            kind = 14 if head["typeId"] == 13 else 3
            item = _item(tenant, order, {"price": 0, **part, "type": kind}, warehouse)
            item["references"] = [
                {
                    "orderItemId": item["id"],
                    "referenceOrderItemId": head["id"],
                    "referenceType": "set" if kind == 14 else "bundle",
                }
            ]
            order.items.append(item)
    costs = source.get("shipping_costs", 4.9)
    if costs is not None and order.type_id not in (DELIVERY_ORDER, RETURN):
        # described with id 0 (contract 6.6), live with an id and without a warehouse (23)
        line = {"typeId": 6, "itemVariationId": 0, "orderItemName": "Versandkosten"}
        line |= {"warehouseId": None} if tenant.is_live else {"id": 0}
        order.items.append(
            complete_item(tenant, order, {**line, "quantity": 1, "amounts": _price(costs)})
        )


def _item(tenant: Tenant, order: Order, row: JsonObject, warehouse: int) -> JsonObject:
    variation_id = _variation_id(tenant, row.get("variation", 0))
    known = tenant.variations.get(variation_id)
    name = row.get("name")
    if name is None and known is not None:
        name = tenant.items[known["itemId"]]["texts"][0]["name1"]
    quantity = row.get("quantity", 1)
    return complete_item(
        tenant,
        order,
        {
            "id": row.get("id"),
            "typeId": int(row.get("type", 1)),
            "itemVariationId": variation_id,
            "quantity": float(quantity) if isinstance(quantity, Decimal) else quantity,
            "orderItemName": name or "",
            "warehouseId": int(row.get("warehouse", warehouse)),
            "shippingProfileId": 0,
            "amounts": _price(row.get("price", 9.9)),
            "properties": row.get("properties", []),
        },
    )


def _variation_id(tenant: Tenant, value: Any) -> int:
    if isinstance(value, str):
        if value.lower() in tenant.by_number:
            return tenant.by_number[value.lower()]
        if not value.lstrip("-").isdigit():
            msg = f"unknown variation number {value!r}"
            raise SandboxError(msg)
    return int(value)


def _price(gross: Any) -> list[JsonObject]:
    price = float(gross)
    return [
        {
            "currency": "EUR",
            "isSystemCurrency": True,
            "exchangeRate": 1,
            "purchasePrice": 0,
            "priceOriginalGross": price,
            "priceOriginalNet": round(price / 1.19, 4),
            "priceGross": price,
            "priceNet": round(price / 1.19, 4),
            "surcharge": 0,
            "discount": 0,
            "isPercentage": False,
        }
    ]


def _add_compact_addresses(tenant: Tenant, order: Order, source: JsonObject, now: float) -> None:
    roles = ((DELIVERY, source.get("delivery")), (BILLING, source.get("billing")))
    for role, row in roles:
        if row is None:
            continue
        number = int(row.get("id") or tenant.next_id("address", FIRST_ADDRESS))
        tenant.seen_id("address", number)
        tenant.addresses[number] = expand_address(row, number, now)
        order.addresses[role] = number
    if BILLING not in order.addresses and DELIVERY in order.addresses and "billing" not in source:
        order.addresses[BILLING] = order.addresses[DELIVERY]  # both roles on one address


def _relation(order: Order, kind: str, number: int, role: str) -> JsonObject:
    return {
        "orderId": order.id,
        "referenceType": kind,
        "referenceId": number,
        "relation": role,
    }


def _link_parent(tenant: Tenant, order: Order, parent: Any) -> None:
    if parent is not None:
        order.references.append(parent_reference(tenant, order.id, int(parent)))


def parent_reference(tenant: Tenant, order_id: int, parent_id: int) -> JsonObject:
    """Return the reference of a delivery order or a return to its order."""
    return {
        "id": tenant.next_id("reference", 1),
        "orderId": order_id,
        "originOrderId": parent_id,
        "referenceOrderId": parent_id,
        "referenceType": "parent",
    }


def _sum_up(order: Order) -> None:
    gross = sum(
        (
            decimal_of(item["amounts"][0]["priceGross"]) * decimal_of(item["quantity"])
            for item in order.items
            if item["amounts"]
        ),
        Decimal(0),
    )
    net = round(gross / Decimal("1.19"), 2)
    paid = gross if order.dates.get(DATE_PAID) is not None else Decimal(0)
    order.amounts = [
        {
            "id": order.id,
            "orderId": order.id,
            "isSystemCurrency": True,
            "isNet": False,
            "currency": "EUR",
            "exchangeRate": 1,
            "netTotal": float(net),
            "grossTotal": float(gross),
            "vatTotal": float(gross - net),
            "invoiceTotal": float(gross),
            "paidAmount": float(paid),
            "giftCardAmount": 0,
            "prepaidAmount": 0,
            "vats": [{"vatField": 0, "vatRate": 19, "value": float(gross - net)}],
        }
    ]


def _date(value: Any) -> float | None:
    return None if not value or str(value).startswith("-") else to_timestamp(value)
