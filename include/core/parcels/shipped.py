"""Compare what left the warehouse with what an order holds."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from include.core.orders.wemalo_order import product_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order


def differences(
    order: Order, sent: Mapping[str, Decimal], merchant: Merchant
) -> dict[int, Decimal] | None:
    """Return pieces that the order holds beyond those that left, by variation; below 0: too few.

    Products that agree are absent. None where it cannot be said: a row names a product that the
    order does not have, as parts of a set do.

    :param order: as it was sent, or as plentymarkets has it now.
    :param sent: pieces that left, by product as wemalo names it.
    """
    held: dict[str, Decimal] = defaultdict(Decimal)
    variations: dict[str, int] = {}
    for item in order.items:
        if item.warehouse_id in (None, 0, merchant.plenty.warehouse_id):
            held[product_key(item, merchant)] += item.quantity
            variations[product_key(item, merchant)] = item.variation_id
    if not sent or not sent.keys() <= held.keys():
        return None
    found: dict[int, Decimal] = defaultdict(Decimal)
    for product, pieces in held.items():
        if pieces != sent.get(product, Decimal(0)):
            found[variations[product]] += pieces - sent.get(product, Decimal(0))
    return dict(found)
