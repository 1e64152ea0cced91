"""Master data of products (wemalo contract 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo.errors import ApiError, not_found
from include.sandbox.wemalo.model import Product, Unit
from include.sandbox.wemalo.reservation import distribute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Tenant

TEXTS = (
    "productGroup", "name", "description", "ean", "ean2", "ean3", "ean4", "customsTariffNumber",
    "factoryNumber", "supplierNumber", "originCountry", "producerName", "externalArticleNumber",
)  # fmt: skip
NUMBERS = (
    "depth", "height", "width", "volume", "depthShipping", "heightShipping", "widthShipping",
    "volumeShipping", "netWeight", "grossWeight", "salesPrice", "purchasePrice",
)  # fmt: skip
FLAGS = {"hasSerialNumber": False, "ignorePicking": False}
UNIT_FIELDS = (
    "unitId", "unitValue", "unitHeight", "unitWidth", "unitDepth", "unitWeight", "unitName",
    "isActive", "barcode",
)  # fmt: skip
UNIT_KINDS = ("BOX", "HANDLE_UNIT", "PALLET")


def find(tenant: Tenant, external_id: str) -> Product:
    """Return a product by the merchant's id; ApiError 404."""
    product_id = tenant.product_ids.get(external_id)
    if product_id is None:
        raise not_found(external_id, "externalId")
    return tenant.products[product_id]


def find_any(tenant: Tenant, key: str) -> Product:
    """Return a product by external id or SKU; ApiError 404."""
    product_id = tenant.product_ids.get(key, tenant.sku_ids.get(key))
    if product_id is None:
        raise not_found(key, "extId")
    return tenant.products[product_id]


def external_id_of(body: dict[str, Any]) -> str:
    """Return the external id under either spelling (`externalId`, `extId`)."""
    return _text(body.get("externalId")) or _text(body.get("extId"))


def add(world: Ground, tenant: Tenant, body: dict[str, Any]) -> Product:
    """Create a product. ApiError 400 for missing fields, 409 if id or SKU are taken."""
    external_id, sku = external_id_of(body), _text(body.get("sku"))
    for name, value in (
        ("externalId", external_id), ("sku", sku), ("productGroup", _text(body.get("productGroup")))
    ):  # fmt: skip
        if not value:
            raise ApiError(400, f"missingParameter: {name}")
    if external_id in tenant.product_ids:
        raise ApiError(409, f"product already exists: {external_id}")
    return create(world, tenant, external_id, sku, body)


def create(
    world: Ground, tenant: Tenant, external_id: str, sku: str, body: dict[str, Any]
) -> Product:
    """Create a product without a look at required fields. ApiError 409 if the SKU is taken."""
    _check_sku(tenant, sku, 0)
    product = Product(
        id=world.new_id("product"),
        external_id=external_id,
        sku=sku,
        data={},
        changed=world.now,
        stock_changed=world.now,
    )
    tenant.products[product.id] = product
    tenant.product_ids[external_id] = product.id
    tenant.sku_ids[sku] = product.id
    _take_over(product, body)
    world.touch_product(tenant, product.id)
    return product


def update(world: Ground, tenant: Tenant, product: Product, body: dict[str, Any]) -> None:
    """Change the fields that were sent; a SKU of another product is refused with 409."""
    sku = _text(body.get("sku"))
    if sku and sku != product.sku:
        _check_sku(tenant, sku, product.id)
        del tenant.sku_ids[product.sku]
        product.sku = sku
        tenant.sku_ids[sku] = product.id
    _take_over(product, body)
    world.touch_product(tenant, product.id)
    distribute(world, tenant, {product.id})  # an order may wait for it to become active


def add_multiple(world: Ground, tenant: Tenant, bodies: list[dict[str, Any]]) -> None:
    """Insert or update many products; the first bad row refuses all of them.

    The plugin sends new and changed products alike through this route (wemalo contract 8).
    """
    if len(bodies) > tenant.settings.add_multiple_max:
        raise ApiError(400, f"more than {tenant.settings.add_multiple_max} products")
    for body in bodies:
        external_id = external_id_of(body)
        known = tenant.product_ids.get(external_id, 0)
        if not external_id or (not known and not _text(body.get("sku"))):
            raise ApiError(400, "missingParameter: externalId, sku")
        _check_sku(tenant, _text(body.get("sku")), known)
    for body in bodies:
        external_id = external_id_of(body)
        if external_id in tenant.product_ids:
            update(world, tenant, find(tenant, external_id), body)
        else:
            create(world, tenant, external_id, _text(body.get("sku")), body)


def add_unit(world: Ground, product: Product, body: dict[str, Any]) -> Unit:
    """Create a container unit, or update one by `entityId` (its name and value never change)."""
    entity_id = body.get("entityId")
    if entity_id:
        for unit in product.units:
            if unit.id == int(entity_id):
                fixed = {name: unit.data[name] for name in ("unitName", "unitValue")}
                unit.data.update(_unit_data(body))
                unit.data.update(fixed)
                return unit
        raise not_found(entity_id, "entityId")
    data = {"isActive": True, "barcode": ""} | _unit_data(body)
    for name in UNIT_FIELDS[:7]:
        if data.get(name) in (None, ""):
            raise ApiError(400, f"missingParameter: {name}")
    if data["unitId"] not in UNIT_KINDS:
        raise ApiError(400, f"unitId INVALID: {data['unitId']}")
    unit = Unit(world.new_id("unit"), data)
    product.units.append(unit)
    return unit


def shown(product: Product) -> dict[str, Any]:
    """Return a product as wemalo shows it; absent texts are "", absent numbers 0."""
    data = product.data
    return (
        {"externalId": product.external_id, "sku": product.sku, "isActive": product.active}
        | {name: data.get(name, "") for name in TEXTS}
        | {name: data.get(name, 0) for name in NUMBERS}
        | {name: data.get(name, default) for name, default in FLAGS.items()}
    )


def changed_since(rows: Iterable[Product], attribute: str, since: Any) -> list[Product]:
    """Return products from the newest change back to `since`; reads no further than that."""
    found = []
    for product in rows:
        if getattr(product, attribute) < since:
            break
        found.append(product)
    return found


def _take_over(product: Product, body: dict[str, Any]) -> None:
    for name in TEXTS:
        if name in body:
            product.data[name] = _text(body[name])
    if "EAN" in body and "ean" not in body:
        product.data["ean"] = _text(body["EAN"])
    for name in NUMBERS:
        if name in body:
            product.data[name] = _number(name, body[name])
    for name in FLAGS:
        if name in body:
            product.data[name] = _flag(body[name])
    if body.get("isActive") is not None:
        product.active = _flag(body["isActive"])


def _check_sku(tenant: Tenant, sku: str, product_id: int) -> None:
    owner = tenant.sku_ids.get(sku)
    if owner is not None and owner != product_id:
        raise ApiError(409, f"sku is already used: {sku}")


def _unit_data(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in UNIT_FIELDS if name in body}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(name: str, value: Any) -> float:
    if value in (None, ""):
        return 0
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        raise ApiError(400, f"INVALID: {name}") from None
    return int(number) if number.is_integer() else number


def _flag(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")
