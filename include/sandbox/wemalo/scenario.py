"""Reads the tenants of a scenario.

One tenant, all keys but `tenant` optional::

    {"tenant": "alpha", "token": "...", "shop": "alpha", "client_id": 3, "warehouse_id": 1,
     "products": [{"externalId": "1093", "sku": "LAMP-1", "name": "Lamp", "netWeight": 900,
                   "set": {"<externalId of a part>": 2}, "units": [{unit as in the API}]}],
     "stock": {"1093": 10, "1094": {"quantity": 5, "B": 1, "serials": ["s1"], "blocked": 2}},
     "profiles": [dispatchers as GET goodsOrder/profiles answers them],
     "attributes": [{"id": 91, "code": "1", "german": "...", "english": "...", "default": true}],
     "interfaces": [rows as GET user/genericInterfaces answers them],
     "parcels": {"<order externalId>": 2}, "reasons": {"<order externalId>": "UNKNOWN"},
     "settings": {switches of this tenant alone},
     "orders": [bodies of POST goodsOrder/add], "refurbishments": [history rows]}

A product that only `stock` names is created. Merging adds to what is there; stock is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo import products, stock
from include.sandbox.wemalo.bodies import OrderBody, parse
from include.sandbox.wemalo.model import Attribute, Tenant
from include.sandbox.wemalo.orders import submit
from include.sandbox.wemalo.packing import DEFAULT_PROFILES
from include.sandbox.wemalo.reservation import distribute
from include.sandbox.wemalo.settings import changed

if TYPE_CHECKING:
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Product

KEYS = {
    "tenant", "token", "shop", "client_id", "client_name", "warehouse_id", "products", "stock",
    "profiles", "attributes", "interfaces", "parcels", "reasons", "settings", "orders",
    "refurbishments",
}  # fmt: skip
DEFAULT_ATTRIBUTES = (
    Attribute(91, "1", "1. Wahl", "1. Choice", default=True),
    Attribute(92, "2", "2. Wahl", "2. Choice"),
)
FORCED_TIMES = 1_000_000  # an injected reason of a scenario stays until an action removes it


def add_tenant(world: Ground, rows: dict[str, Any]) -> None:
    """Add a tenant, or add to it; SandboxError for unknown keys or a token that is taken."""
    unknown = set(rows) - KEYS
    if unknown:
        msg = f"unknown keys in a wemalo tenant: {sorted(unknown)}"
        raise SandboxError(msg)
    name = rows["tenant"]
    tenant = world.tenants.get(name)
    if tenant is None:
        tenant = _new_tenant(world, rows)
        if tenant.token in world.tokens:
            msg = f"the token of tenant {name!r} is already in use"
            raise SandboxError(msg)
        world.tenants[name] = tenant
        world.tokens[tenant.token] = name
    else:
        tenant.own_settings |= rows.get("settings", {})
        tenant.settings = changed(world.settings, tenant.own_settings)
    tenant.interfaces += rows.get("interfaces", [])
    tenant.parcels_wanted |= rows.get("parcels", {})
    for external_id, reason in rows.get("reasons", {}).items():
        tenant.forced_reasons[external_id] = (reason, FORCED_TIMES)
    for row in rows.get("products", []):
        _add_product(world, tenant, row)
    for external_id, amount in rows.get("stock", {}).items():
        _add_stock(world, tenant, str(external_id), amount)
    for body in rows.get("orders", []):
        submit(world, tenant, parse(OrderBody, body), upsert=True)
    for row in rows.get("refurbishments", []):
        tenant.refurbishments.append({"id": world.new_id("refurbishment")} | row)


def _new_tenant(world: Ground, rows: dict[str, Any]) -> Tenant:
    name = rows["tenant"]
    own = rows.get("settings", {})
    number = len(world.tenants) + 1
    shop = rows.get("shop", name)
    attributes = [Attribute(**row) for row in rows.get("attributes", [])]
    return Tenant(
        name=name,
        token=rows.get("token", f"token-{name}"),
        shop=shop,
        client_id=rows.get("client_id", 300 + number),
        client_name=rows.get("client_name", shop),
        warehouse_id=rows.get("warehouse_id", number),
        settings=changed(world.settings, own),
        own_settings=dict(own),
        profiles=rows.get("profiles", DEFAULT_PROFILES),
        attributes=attributes or list(DEFAULT_ATTRIBUTES),
    )


def _add_product(world: Ground, tenant: Tenant, row: dict[str, Any]) -> None:
    external_id = products.external_id_of(row)
    if external_id in tenant.product_ids:
        product = products.find(tenant, external_id)
        products.update(world, tenant, product, row)
    else:
        sku = str(row.get("sku", external_id))
        product = products.create(
            world, tenant, external_id, sku, {"productGroup": "default"} | row
        )
    product.parts = [
        (products.find(tenant, part).id, count) for part, count in row.get("set", {}).items()
    ]
    for unit in row.get("units", []):
        products.add_unit(world, product, unit)


def _add_stock(world: Ground, tenant: Tenant, external_id: str, amount: Any) -> None:
    if external_id in tenant.product_ids:
        product = products.find(tenant, external_id)
    else:
        row = {"productGroup": "default", "name": external_id}
        product = products.create(world, tenant, external_id, external_id, row)
    detail = amount if isinstance(amount, dict) else {"quantity": amount}
    serials = list(detail.get("serials", []))
    count = int(detail.get("quantity", len(serials)))
    stock.put_in(world, tenant, product, count, serials=serials)
    product.initial += count
    _add_other_stock(world, tenant, product, detail)
    distribute(world, tenant, {product.id})


def _add_other_stock(
    world: Ground, tenant: Tenant, product: Product, detail: dict[str, Any]
) -> None:
    blocked = int(detail.get("blocked", 0))
    product.blocked += blocked
    product.initial += blocked
    others = [one.code for one in tenant.attributes if not one.default]
    for key, count in detail.items():
        if key not in ("quantity", "serials", "blocked"):
            code = others[0] if key == "B" and others else key
            stock.put_in(world, tenant, product, int(count), attribute=code)
            product.initial += int(count)
