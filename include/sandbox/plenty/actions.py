"""The merchant at work: what people and rules do in plentymarkets between our calls.

Every action takes "order" (the order id) unless said otherwise:
create_order {"order": {...scenario order...}} -> {"id"}; release; set_status {"status", "user"?};
cancel {"status"?}; edit_address {"role"?: 2, "changes": {...}}; edit_items {"items": [...]} (plenty
rows) ; delete; pay; delivery_order {"items"?: {item id: quantity}} -> {"id"}; touch; lock; unlock;
set_stock {"variation", "warehouse"?, "location"?, "quantity"}; book; add_package {"package": {}};
set_property {"type", "value"}; make_document {"kind"}; enter_return {"status"?, "items": {position
from 1: quantity}, "reason"?} -> {"id"}; expire_tokens (no order) -> {"expired": n}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.plenty import effects
from include.sandbox.plenty.addresses import edit_address, expand_address
from include.sandbox.plenty.delivery import make_delivery_order
from include.sandbox.plenty.model import (
    DATE_PAID,
    DELIVERY,
    PROPERTY_PAYMENT_STATUS,
    Order,
    Tenant,
)
from include.sandbox.plenty.order_scenario import FIRST_ADDRESS, add_order, new_package
from include.sandbox.plenty.release import after_payment, after_stock
from include.sandbox.plenty.request import Query, Request
from include.sandbox.plenty.routes_documents import add_document
from include.sandbox.plenty.routes_order_changes import remove, replace_items
from include.sandbox.plenty.routes_returns import create_return
from include.sandbox.plenty.scenario import extend_tenant
from include.sandbox.plenty.values import decimal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.world import PlentyWorld

MERCHANT_NOTE = "Merchant"
PROPERTY_REASON = 35  # of an item of a return (contract 9.2)


def run_action(world: PlentyWorld, tenant: Tenant, action: str, args: JsonObject) -> Any:
    """Run an action; SandboxError if it is unknown or the order does not exist."""
    now = world.clock.timestamp()
    if action == "create_order":
        return {"id": add_order(tenant, args["order"], now=now).id}
    if action == "set_stock":
        extend_tenant(tenant, {"stock": [args]}, now=now)
        after_stock(tenant, now)
        return {"ok": True}
    if action == "expire_tokens":
        return {"expired": world.sessions.expire_all(tenant.name)}
    if action not in _ORDER_ACTIONS and action not in _BY_HAND:
        known = ", ".join(sorted({*_ORDER_ACTIONS, *_BY_HAND}))
        msg = f"unknown action {action!r}, known are {known}"
        raise SandboxError(msg)
    order = tenant.orders.get(int(args.get("order", 0)))
    if order is None:
        msg = f"tenant {tenant.name!r} has no order {args.get('order')!r}"
        raise SandboxError(msg)
    if action in _BY_HAND:
        user = next(iter(tenant.users.values()))
        request = Request(world, tenant, user, {"order_id": str(order.id)}, Query(""), None, now)
        return _BY_HAND[action](request, order, args)
    return _ORDER_ACTIONS[action](tenant, order, args, now) or {"ok": True}


def _make_document(request: Request, order: Order, args: JsonObject) -> JsonObject:
    return {"id": add_document(request, order, args["kind"])["id"]}


def _enter_return(request: Request, order: Order, args: JsonObject) -> JsonObject:
    reason = [{"typeId": PROPERTY_REASON, "value": str(args["reason"])}] if "reason" in args else []
    goods = order.goods()
    request.body = {
        "statusId": args.get("status", request.tenant.return_status),
        "quantities": [
            {"orderItemId": goods[int(place) - 1]["id"], "quantity": count, "properties": reason}
            for place, count in args["items"].items()
        ],
    }
    return {"id": create_return(request)["id"]}


def _release(tenant: Tenant, order: Order, _: JsonObject, now: float) -> None:
    effects.set_status(tenant, order, 5, now=now, user=None, text=MERCHANT_NOTE)


def _set_status(tenant: Tenant, order: Order, args: JsonObject, now: float) -> None:
    effects.set_status(tenant, order, args["status"], now=now, user=None, text=MERCHANT_NOTE)


def _cancel(tenant: Tenant, order: Order, args: JsonObject, now: float) -> None:
    status = args.get("status", tenant.cancel_status)
    effects.set_status(tenant, order, status, now=now, user=None, text="Storniert")


def _edit_address(tenant: Tenant, order: Order, args: JsonObject, now: float) -> None:
    """Change the address of a role; one that both roles share changes for this role only."""
    role = int(args.get("role", DELIVERY))
    old = order.addresses.get(role)
    number = tenant.next_id("address", FIRST_ADDRESS)
    if old is None:
        tenant.addresses[number] = expand_address(args["changes"], number, now)
        order.addresses[role] = number
    else:
        if list(order.addresses.values()).count(old) > 1:
            tenant.addresses[number] = tenant.addresses[old] | {"id": number}
            order.addresses[role] = old = number
        edit_address(tenant.addresses[old], args["changes"], now)
    effects.touch(order, now)
    effects.fire(tenant, order, "address_changed", now)


def _edit_items(tenant: Tenant, order: Order, args: JsonObject, now: float) -> None:
    replace_items(tenant, order, args["items"])
    effects.touch(order, now)


def _delete(tenant: Tenant, order: Order, _: JsonObject, __: float) -> None:
    remove(tenant, order)


def _pay(tenant: Tenant, order: Order, _: JsonObject, now: float) -> None:
    """Pay in full; what the system then does by itself is in `release`."""
    order.set_property(PROPERTY_PAYMENT_STATUS, "fullyPaid")
    order.dates[DATE_PAID] = now
    effects.touch(order, now)
    after_payment(tenant, order, now)


def _delivery_order(tenant: Tenant, order: Order, args: JsonObject, now: float) -> JsonObject:
    quantities = args.get("items")
    wanted = {int(k): decimal_of(v) for k, v in quantities.items()} if quantities else None
    return {"id": make_delivery_order(tenant, order, wanted, now=now).id}


def _touch(_: Tenant, order: Order, __: JsonObject, now: float) -> None:
    effects.touch(order, now)


def _lock(_: Tenant, order: Order, __: JsonObject, ___: float) -> None:
    order.lock_status = "reversibleLocked"


def _unlock(_: Tenant, order: Order, __: JsonObject, ___: float) -> None:
    order.lock_status = "unlocked"


def _book(tenant: Tenant, order: Order, _: JsonObject, now: float) -> None:
    effects.book(tenant, order, now=now, at=now, user=None)


def _add_package(tenant: Tenant, order: Order, args: JsonObject, now: float) -> JsonObject:
    package = new_package(tenant, order.id, args.get("package", {}), now)
    order.packages.append(package)
    effects.touch(order, now)
    return package


def _set_property(_: Tenant, order: Order, args: JsonObject, now: float) -> None:
    order.set_property(int(args["type"]), str(args["value"]))
    effects.touch(order, now)


#: what a person does in the back end, by the same rules as over the API
_BY_HAND: dict[str, Callable[[Request, Order, JsonObject], JsonObject]] = {
    "make_document": _make_document,
    "enter_return": _enter_return,
}
_ORDER_ACTIONS: dict[str, Callable[[Tenant, Order, JsonObject, float], JsonObject | None]] = {
    "release": _release,
    "set_status": _set_status,
    "cancel": _cancel,
    "edit_address": _edit_address,
    "edit_items": _edit_items,
    "delete": _delete,
    "pay": _pay,
    "delivery_order": _delivery_order,
    "split": _delivery_order,
    "touch": _touch,
    "lock": _lock,
    "unlock": _unlock,
    "book": _book,
    "add_package": _add_package,
    "set_property": _set_property,
}
