"""Who gets which goods, and whether an order is PARTIAL or OPEN (wemalo contract 15.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.wemalo import addresses, dates, stock
from include.sandbox.wemalo.ground import by_turn
from include.sandbox.wemalo.model import WAITING
from include.sandbox.wemalo.states import change_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Tenant


def distribute(world: Ground, tenant: Tenant, product_ids: Iterable[int]) -> None:
    """Give free pieces to the orders that lack them, by priority, then age."""
    for product_id in sorted(product_ids):
        product = tenant.products[product_id]
        waiting = sorted((tenant.orders[one] for one in product.waiting), key=by_turn)
        for order in waiting:
            if stock.free(tenant, product) <= 0:
                break
            stock.reserve(world, tenant, order)
            settle(world, tenant, order)


def settle(world: Ground, tenant: Tenant, order: Order, *, sent: bool = False) -> None:
    """Decide between PARTIAL and OPEN for an order that nobody works on yet.

    `sent`: the merchant has just sent the order, which uses up an injected reason.
    """
    if order.state not in (*WAITING, ""):
        return
    order.reason = _reason(world, tenant, order, sent=sent)
    target = "PARTIAL" if order.reason else "OPEN"
    if order.state != target:
        change_state(world, tenant, order, target)


def fall_back(world: Ground, tenant: Tenant, order: Order) -> None:
    """Return an order whose pieces are gone to PARTIAL, from anywhere before READYFORSHIPMENT."""
    freed = stock.put_back(world, tenant, order)
    stock.reserve(world, tenant, order)
    if order.state != "PARTIAL":
        order.reason = _reason(world, tenant, order, sent=False) or "STOCK"
        change_state(world, tenant, order, "PARTIAL")
    distribute(world, tenant, freed)
    settle(world, tenant, order)


def fall_back_if_lacking(world: Ground, tenant: Tenant, order: Order) -> None:
    """Take an order off its picking list if a late change made it lack goods."""
    if order.state not in WAITING and any(one.lacking() > 0 for one in order.positions):
        fall_back(world, tenant, order)


def _reason(world: Ground, tenant: Tenant, order: Order, *, sent: bool) -> str:
    forced, times = tenant.forced_reasons.get(order.external_id, ("", 0))
    if forced and sent:
        if times <= 0:
            del tenant.forced_reasons[order.external_id]
            forced = ""
        else:
            tenant.forced_reasons[order.external_id] = (forced, times - 1)
    if forced:
        return forced
    settings = tenant.settings
    if addresses.is_faulty(addresses.primary(order.meta.receiver)):
        return "ADDRESS"
    if settings.bill_required and all(one.kind != "BILL" for one in order.documents):
        return "BILL"
    day = dates.read_day(order.meta.expectedDeliveryDate)
    if day is not None and day > dates.local_day(world.now):
        return "DATE"
    return "STOCK" if any(one.lacking() > 0 for one in order.positions) else ""


def wait_for_day(world: Ground, tenant: Tenant, order: Order) -> None:
    """Look at an order again when its `expectedDeliveryDate` begins."""
    day = dates.read_day(order.meta.expectedDeliveryDate)
    if day is not None and day > dates.local_day(world.now):
        world.at(dates.start_of(day).timestamp(), tenant, "date", order)
