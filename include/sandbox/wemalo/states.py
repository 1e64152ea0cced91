"""Entering a state of an order (wemalo contract 15.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.wemalo.webhooks import announce_status

if TYPE_CHECKING:
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Tenant

AUTO_STATES = ("OPEN", "INPROCESS", "INPICKING", "READYFORSHIPMENT", "PACKED")


def change_state(
    world: Ground, tenant: Tenant, order: Order, state: str, *, event: bool = True
) -> None:
    """Enter a state: history, `status_update`, and the timer of the next step."""
    order.state = state
    order.history.append((world.now, state))
    if event:
        announce_status(world, tenant, order)
    plan_next(world, tenant, order)


def plan_next(world: Ground, tenant: Tenant, order: Order) -> None:
    """Set the timer for the warehouse's next step, if it works by itself."""
    if tenant.settings.auto and order.state in AUTO_STATES:
        delay: float = getattr(tenant.settings.delays, order.state.lower())
        world.at(world.now.timestamp() + delay, tenant, "work", order)
