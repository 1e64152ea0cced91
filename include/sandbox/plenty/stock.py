"""Physical stock per storage location, and the journal of its movements (contract 12)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.plenty.dates import to_text
from include.sandbox.plenty.values import number

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Tenant

MOVEMENT_INCOMING, MOVEMENT_ORDER, MOVEMENT_INTAKE = 1, 2, 4


def add_stock(
    tenant: Tenant,
    variation_id: int,
    warehouse_id: int,
    location_id: int,
    quantity: Decimal,
    *,
    now: float,
    reason: int,
    row_type: int = MOVEMENT_INCOMING,
    row_id: int = 0,
    user_id: int = 0,
    batch: str = "",
    best_before: str | None = None,
) -> JsonObject:
    """Change the stock at one location by a quantity of either sign; return the journal row."""
    location_id = location_id or tenant.default_location(warehouse_id)
    key = (variation_id, warehouse_id)
    shelf = tenant.stock.setdefault(key, {})
    shelf[location_id] = shelf.get(location_id, Decimal(0)) + quantity
    tenant.stock_updated[key] = now
    movement = {
        "id": tenant.next_id("movement", 1),
        "itemId": item_of(tenant, variation_id),
        "variationId": variation_id,
        "warehouseId": warehouse_id,
        "quantity": number(quantity),
        "reason": reason,
        "reasonString": str(reason),
        "processRowType": row_type,
        "processRowId": row_id,
        "createdAt": to_text(now),
        "batch": batch,
        "bestBeforeDate": best_before,
        "storageLocationName": location_name(tenant, location_id),
        "warehouseName": tenant.warehouses.get(warehouse_id, {}).get("name", ""),
        "attributeValues": "",
        "purchasePrice": 0,
        "userId": user_id,
        "_at": now,
    }
    tenant.movements.append(movement)
    return movement


def take_goods(
    tenant: Tenant,
    variation_id: int,
    warehouse_id: int,
    quantity: Decimal,
    *,
    now: float,
    reason: int,
    row_type: int,
    row_id: int,
    user_id: int,
) -> None:
    """Take a quantity (negative: put it back), from the fullest locations first.

    What no location holds is taken from the default location, whose stock then is negative.
    """
    shelf = tenant.stock.get((variation_id, warehouse_id), {})
    left = quantity
    for location_id, there in sorted(shelf.items(), key=lambda row: -row[1]):
        part = min(there, left)
        if part <= 0:
            break
        add_stock(
            tenant, variation_id, warehouse_id, location_id, -part,
            now=now, reason=reason, row_type=row_type, row_id=row_id, user_id=user_id,
        )  # fmt: skip
        left -= part
    if left:
        add_stock(
            tenant, variation_id, warehouse_id, 0, -left,
            now=now, reason=reason, row_type=row_type, row_id=row_id, user_id=user_id,
        )  # fmt: skip


def item_of(tenant: Tenant, variation_id: int) -> int:
    """Return the item of a variation, 0 if it is unknown."""
    row = tenant.variations.get(variation_id)
    return int(row["itemId"]) if row is not None else 0


def location_name(tenant: Tenant, location_id: int) -> str:
    """Return the label of a storage location; 0 is the default location."""
    row = tenant.locations.get(location_id)
    return str(row["label"]) if row is not None else "Standard-Lagerort"


def stock_row(tenant: Tenant, key: tuple[int, int]) -> JsonObject:
    """Return one row of the stock list: net is physical less everything reserved."""
    variation_id, warehouse_id = key
    physical, reserved = tenant.physical(key), tenant.reserved.get(key, Decimal(0))
    return {
        "itemId": item_of(tenant, variation_id),
        "variationId": variation_id,
        "warehouseId": warehouse_id,
        "stockPhysical": number(physical),
        "reservedStock": number(reserved),
        "reservedEbay": 0,
        "reservedBundle": 0,
        "reorderDelta": 0,
        "reordered": 0,
        "stockNet": number(physical - reserved),
        "warehousePriority": tenant.warehouses.get(warehouse_id, {}).get("priority", 1),
        "averagePurchasePrice": 0,
        "averageSale": 0,
        "updatedAt": to_text(tenant.stock_updated.get(key, 0.0)),
    }
