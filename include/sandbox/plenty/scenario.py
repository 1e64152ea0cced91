"""Turns scenarios into tenants: users, warehouses, products, stock.

Orders are in `order_scenario`. Everything is optional but "tenant", "username" and "password".
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.plenty.dates import to_text, to_timestamp
from include.sandbox.plenty.defaults import (
    BARCODE_TYPES,
    PACKAGE_TYPES,
    PLANS,
    PROFILES,
    PROVIDERS,
    RETURN_REASONS,
    RETURN_STATES,
)
from include.sandbox.plenty.model import Tenant, User
from include.sandbox.plenty.order_scenario import add_order
from include.sandbox.plenty.stock import add_stock
from include.sandbox.plenty.values import decimal_of, status_of

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.switches import Switches

REASON_START = 101


def new_tenant(source: JsonObject, *, seed: int, switches: Switches, now: float) -> Tenant:
    """Build a tenant with the defaults of a fresh system and the rows of the scenario."""
    try:
        name, plenty_id = str(source["tenant"]), int(source.get("plenty_id", 1000))
        tenant = Tenant(name=name, plenty_id=plenty_id, plan=source.get("plan", "classic"))
        main_user = User(1, str(source["username"]), str(source["password"]))
    except KeyError as error:
        msg = f"a plentymarkets tenant needs {error}"
        raise SandboxError(msg) from error
    if tenant.plan not in PLANS:
        msg = f"unknown plan {tenant.plan!r}, known are {', '.join(PLANS)}"
        raise SandboxError(msg)
    tenant.random = random.Random(f"{seed}:{name}")  # noqa: S311 - repeatable on purpose
    tenant.switches = switches
    tenant.users[1] = main_user
    _fill_defaults(tenant, source)
    extend_tenant(tenant, source, now=now)
    return tenant


def extend_tenant(tenant: Tenant, source: JsonObject, *, now: float) -> None:
    """Add the rows of a scenario to a tenant; a row with a known id replaces it."""
    for row in source.get("users", []):
        _add_user(tenant, row)
    _add_settings(tenant, source)
    for row in source.get("warehouses", []):
        add_warehouse(tenant, row)
    for row in source.get("storage_locations", []):
        _add_location(tenant, row)
    for row in source.get("shipping_profiles", []):
        tenant.profiles[int(row["id"])] = _profile(row)
    for row in source.get("providers", []):
        tenant.providers[int(row["id"])] = _provider(row)
    for row in source.get("variations", []):
        add_variation(tenant, row, now=now)
    for row in source.get("contacts", []):
        tenant.contacts[int(row["id"])] = dict(row)
    for row in source.get("stock", []):
        _set_stock(tenant, row, now=now)
    for row in source.get("orders", []):
        add_order(tenant, row, now=now)


def add_warehouse(tenant: Tenant, row: JsonObject) -> None:
    """Add a warehouse; kind "sales" and logistics "own" unless said otherwise."""
    number = int(row["id"])
    tenant.warehouses[number] = {
        "id": number,
        "name": row.get("name", f"Warehouse {number}"),
        "note": "",
        "typeId": 0,
        "priority": 1,
        "onStockAvailability": 1,
        "outOfStockAvailability": 10,
        "splitByShippingProfile": False,
        "storageLocationType": "small",
        "storageLocationZone": 0,
        "repairWarehouseId": 0,
        "isInventoryModeActive": False,
        "logisticsType": "own",
        "allocationReferrerIds": [],
    } | row


def add_variation(tenant: Tenant, row: JsonObject, *, now: float) -> None:
    """Add a product from a compact row, or from the vendor's own JSON (it has "itemId").

    Compact: {"id", "number", "name", "item_id"?, "barcode" or "barcodes"?, "weight_g", "length_mm",
    "width_mm", "height_mm", "active"?, "bundle": [{"variation", "quantity"}]?, "stock"?: 10}.
    """
    number = int(row["id"])
    item_id = int(row.get("itemId") or row.get("item_id") or 100_000 + number)
    at = to_text(to_timestamp(row["updated"]) if "updated" in row else now)
    codes = row.get("barcodes") or ([row["barcode"]] if row.get("barcode") else [])
    variation: JsonObject = {
        "id": number,
        "itemId": item_id,
        "isMain": True,
        "mainVariationId": None,
        "isActive": bool(row.get("active", True)),
        "number": str(row.get("number", number)),
        "externalId": "",
        "model": "",
        "name": "",
        "weightG": row.get("weight_g", 0),
        "weightNetG": row.get("weight_g", 0),
        "lengthMM": row.get("length_mm", 0),
        "widthMM": row.get("width_mm", 0),
        "heightMM": row.get("height_mm", 0),
        "packingUnits": 0,
        "unitsContained": 1,
        "customsTariffNumber": row.get("customs_tariff_number", ""),
        "mainWarehouseId": next(iter(tenant.warehouses), 0),
        "stockLimitation": 0,
        "picking": None,
        "bundleType": "bundle" if row.get("bundle") else None,
        "createdAt": at,
        "updatedAt": at,
        "relatedUpdatedAt": at,
        "variationBarcodes": [_barcode(code, number, at) for code in codes],
        "variationBundleComponents": [
            {
                "id": number * 100 + place,
                "variationId": number,
                "componentVariationId": int(part["variation"]),
                "componentQuantity": part.get("quantity", 1),
            }
            for place, part in enumerate(row.get("bundle", []))
        ],
        "variationClients": [{"variationId": number, "plentyId": tenant.plenty_id}],
    }
    if "itemId" in row:
        variation |= row
    tenant.variations[number] = variation
    tenant.by_number[variation["number"].lower()] = number
    tenant.items[item_id] = _item(row, variation, at)
    if "stock" in row:
        _set_stock(tenant, {"variation": number, "quantity": row["stock"]}, now=now)


def _fill_defaults(tenant: Tenant, source: JsonObject) -> None:
    if not source.get("warehouses"):
        add_warehouse(tenant, {"id": 1, "name": "Standard"})
    tenant.profiles = {row["id"]: _profile(row) for row in PROFILES}
    tenant.providers = {row["id"]: _provider(row) for row in PROVIDERS}
    tenant.package_types = {
        row["id"]: {"individualWeight": 0, "unit": "mm", "maxVolume": 0, "volumeType": 0} | row
        for row in PACKAGE_TYPES
    }
    tenant.barcodes = {row["id"]: {"referrers": []} | row for row in BARCODE_TYPES}
    tenant.return_reasons = [
        {"id": place, "reason": text} for place, text in enumerate(RETURN_REASONS, 1)
    ]
    tenant.return_states = [
        {"id": place, "status": text} for place, text in enumerate(RETURN_STATES, 1)
    ]
    tenant.webstores[tenant.plenty_id] = {
        "id": 0,
        "name": tenant.name,
        "type": "plentymarkets",
        "storeIdentifier": tenant.plenty_id,
        "pluginSetId": 1,
        "configuration": {"defaultCurrency": "EUR"},
    }


def _add_settings(tenant: Tenant, source: JsonObject) -> None:
    for value in source.get("statuses", []):
        named = isinstance(value, dict)
        status = status_of(value["id"] if named else value)
        tenant.statuses[status] = value.get("name", "") if named else ""
    if "cancel_status" in source:
        tenant.cancel_status = status_of(source["cancel_status"])
    if "return_status" in source:
        tenant.return_status = status_of(source["return_status"])
    if "reservation_range" in source:
        low, high = source["reservation_range"]
        tenant.reservation_range = (decimal_of(low), decimal_of(high))
    tenant.stock_limitation = bool(source.get("stock_limitation", tenant.stock_limitation))
    tenant.procedures.extend(source.get("procedures", []))


def _add_user(tenant: Tenant, row: JsonObject) -> None:
    number = max(tenant.users, default=0) + 1
    statuses, plenty_ids = row.get("statuses"), row.get("plenty_ids")
    tenant.users[number] = User(
        number,
        str(row["username"]),
        str(row["password"]),
        frozenset(status_of(value) for value in statuses) if statuses is not None else None,
        frozenset(plenty_ids) if plenty_ids is not None else None,
    )


def _add_location(tenant: Tenant, row: JsonObject) -> None:
    number = int(row["id"])
    tenant.locations[number] = {
        "id": number,
        "levelId": 1,
        "label": row.get("label", f"L{number}"),
        "fullLabel": row.get("label", f"L{number}"),
        "purposeKey": "picking",
        "statusKey": "active",
        "position": 1,
        "type": "small",
        "notes": "",
        "warehouseId": int(row.get("warehouse_id") or row.get("warehouseId") or 0),
    }


def _profile(row: JsonObject) -> JsonObject:
    name = row.get("name", f"Profile {row['id']}")
    result = {"backendName": name, "parcelServiceId": 1, "priority": 1, "shippingGroup": "1"}
    flags = ("isExpress", "isInsured", "isCod", "isParcelBox", "isPostOffice", "isSelfPickup")
    return result | dict.fromkeys(flags, 0) | {k: v for k, v in row.items() if k != "name"}


def _provider(row: JsonObject) -> JsonObject:
    return {"pluginId": 0, "icon": ""} | row


def _barcode(code: Any, variation_id: int, at: str) -> JsonObject:
    row = code if isinstance(code, dict) else {"code": code}
    return {
        "variationId": variation_id,
        "barcodeId": row.get("barcode_id", 1),
        "code": str(row["code"]),
        "createdAt": at,
    }


def _item(row: JsonObject, variation: JsonObject, at: str) -> JsonObject:
    text = {
        "lang": "de",
        "name1": row.get("name", variation["number"]),
        "name2": "",
        "name3": "",
        "shortDescription": "",
        "description": "",
        "urlPath": "",
    }
    return {
        "id": variation["itemId"],
        "position": 0,
        "itemType": "default",
        "stockType": 0,
        "ownerId": 0,
        "manufacturerId": 0,
        "mainVariationId": variation["id"],
        "isShippingPackage": False,
        "createdAt": at,
        "updatedAt": at,
        "texts": [text],
    }


def _set_stock(tenant: Tenant, row: JsonObject, *, now: float) -> None:
    """Set the stock of a location to a quantity: {"variation", "quantity", "warehouse"?,...}."""
    warehouse = int(row.get("warehouse", next(iter(tenant.warehouses), 0)))
    location = int(row.get("location", 0)) or tenant.default_location(warehouse)
    variation = int(row["variation"])
    there = tenant.stock.get((variation, warehouse), {}).get(location, Decimal(0))
    change = decimal_of(row["quantity"]) - there
    add_stock(tenant, variation, warehouse, location, change, now=now, reason=REASON_START)
