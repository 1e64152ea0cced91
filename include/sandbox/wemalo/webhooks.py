"""Webhooks: what is announced, and how it is delivered (wemalo contract 10 and 15.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo.errors import ApiError, not_found
from include.sandbox.wemalo.model import Webhook

if TYPE_CHECKING:
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Parcel, Tenant

EVENTS = ("status_update", "stock_change", "refurbishment_action", "trackingnumber_added")

# wemalo contract 10, in simulated time
PAUSE_S = 300
MOST_FAILURES = 10


@dataclass(slots=True)
class Delivery:
    """One event on its way. `due` is simulated time in Unix seconds."""

    tenant: str
    event: str
    data: dict[str, Any]
    due: float
    attempts: int = 0


def register(tenant: Tenant, event: str, payload: str, token: str, mail: str) -> Webhook:
    """Register the hook of an event, in place of an earlier one."""
    if event not in EVENTS:
        raise not_found(event, "event")
    if not payload:
        raise ApiError(400, "missingParameter: payload")
    hook = Webhook(event, payload, token, mail)
    tenant.webhooks[event] = hook
    return hook


def unregister(tenant: Tenant, event: str) -> None:
    """Remove the hook of an event; ApiError 404 if there is none."""
    if tenant.webhooks.pop(event, None) is None:
        raise not_found(event, "webhook")


def announce_status(world: Ground, tenant: Tenant, order: Order) -> None:
    """Announce a new state of an order."""
    data: dict[str, Any] = {
        "orderId": order.id,
        "externalId": order.external_id,
        "orderNumber": order.number,
        "statusName": order.state,
    }
    if not tenant.settings.webhook_bare:
        data["reasonPartiallyReserved"] = tenant.shown_reason(order)
        data["blockReason"] = order.block_reason
    _announce(world, tenant, "status_update", data)


def announce_tracking(world: Ground, tenant: Tenant, order: Order, parcel: Parcel) -> None:
    """Announce the tracking number of a parcel."""
    data: dict[str, Any] = {"goodsOrderId": order.id, "goodsOrderParcelId": parcel.id}
    if not tenant.settings.webhook_bare:
        data["goodsOrderExternalId"] = order.external_id
    _announce(world, tenant, "trackingnumber_added", data)


def announce_stock(
    world: Ground, tenant: Tenant, kind: str, stock_order_id: int, external_id: str
) -> None:
    """Announce booked goods: `kind` INCOMING_STOCK or RETURNSHIPMENT, one event for all rows."""
    data = {"type": kind, "orderId": stock_order_id, "externalId": external_id}
    _announce(world, tenant, "stock_change", data)


def announce_refurbishment(world: Ground, tenant: Tenant, refurbishment_id: int) -> None:
    """Announce a refurbishment."""
    _announce(world, tenant, "refurbishment_action", {"refurbishmentId": refurbishment_id})


def due_deliveries(world: Ground) -> list[Delivery]:
    """Take the deliveries that are due out of the list, in the order in which they shall go."""
    now = world.clock.timestamp()
    due = [one for one in world.deliveries if one.due <= now]
    world.deliveries = [one for one in world.deliveries if one.due > now]
    swap = [one for one in due if world.tenants[one.tenant].settings.webhook_swapped]
    if swap:
        due = [one for one in due if one not in swap] + swap[::-1]
    return due


def message(tenant: Tenant, delivery: Delivery) -> dict[str, Any] | None:
    """Return what is posted to the receiver; None if the hook is no longer registered."""
    hook = tenant.webhooks.get(delivery.event)
    if hook is None:
        return None
    token = "wrong-token" if tenant.settings.webhook_wrong_token else hook.token
    return {"token": token, "eventData": delivery.data}


def delivered(world: Ground, delivery: Delivery, problem: str) -> None:
    """Note the result of an attempt; `problem` is empty on success.

    A failure is tried again some simulated minutes later. After ten failures in a row the hook is
    unregistered and a mail goes out (wemalo contract 10).
    """
    tenant = world.tenants.get(delivery.tenant)
    hook = tenant.webhooks.get(delivery.event) if tenant is not None else None
    if tenant is None or hook is None:
        return
    world.changed = True
    if not problem:
        hook.failures = 0
        return
    hook.failures += 1
    delivery.attempts += 1
    if hook.failures >= MOST_FAILURES:
        del tenant.webhooks[hook.event]
        tenant.mails.append(
            {
                "to": hook.mail,
                "subject": f"webhook event '{hook.event}' deactivated !",
                "text": f"payload: {hook.payload}\nlast error: {problem}",
            }
        )
        return
    delivery.due = world.clock.timestamp() + PAUSE_S
    world.deliveries.append(delivery)


def _announce(world: Ground, tenant: Tenant, event: str, data: dict[str, Any]) -> None:
    if event not in tenant.webhooks:
        return
    for _ in range(2 if tenant.settings.webhook_duplicate else 1):
        delivery = Delivery(tenant.name, event, dict(data), world.now.timestamp())
        world.deliveries.append(delivery)
