"""What the system does by itself when stock or payment changes (contract 8: 3, 4 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.plenty import effects
from include.sandbox.plenty.values import decimal_of, status_of

if TYPE_CHECKING:
    from include.sandbox.plenty.model import Order, Tenant


def after_stock(tenant: Tenant, now: float) -> None:
    """Move paid orders between 4 and 5 as the stock allows, if the merchant limits by stock.

    Falling stock takes an order out of 5 as well, whoever works on it (contract 23).
    """
    if not tenant.stock_limitation:
        return
    for number in sorted(tenant.by_status[status_of(5)], reverse=True):  # the oldest keep theirs
        order = tenant.orders[number]
        if not in_stock(tenant, order):
            effects.set_status(tenant, order, 4, now=now, user=None, text="Bestand")
    for number in sorted(tenant.by_status[status_of(4)]):
        order = tenant.orders[number]
        if in_stock(tenant, order):
            effects.set_status(tenant, order, 5, now=now, user=None, text="Bestand")


def after_payment(tenant: Tenant, order: Order, now: float) -> None:
    """Move an order that waits for payment to 5, or to 4 without enough stock."""
    if not status_of(3) <= order.status < status_of(4):
        return
    ready = not tenant.stock_limitation or in_stock(tenant, order)
    effects.set_status(
        tenant, order, 5 if ready else 4, now=now, user=None, text="Zahlung vollständig"
    )


def in_stock(tenant: Tenant, order: Order) -> bool:
    """Tell whether the goods are there beyond what other orders reserve."""
    for item in order.goods():
        key = (int(item["itemVariationId"]), int(item.get("warehouseId") or 0))
        mine = order.reserved.get(key, decimal_of(0))
        others = tenant.reserved.get(key, decimal_of(0)) - mine
        if tenant.physical(key) - others < decimal_of(item["quantity"]):
            return False
    return True
