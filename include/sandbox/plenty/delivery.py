"""Delivery orders: goods and reservation move to them, prices and documents stay (contract 9.1)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.plenty import effects
from include.sandbox.plenty.errors import invalid, refused
from include.sandbox.plenty.model import DATE_CREATED, DELIVERY_ORDER, Order
from include.sandbox.plenty.order_scenario import FIRST_ORDER, complete_item, parent_reference
from include.sandbox.plenty.values import decimal_of, number

if TYPE_CHECKING:
    from decimal import Decimal

    from include.sandbox.plenty.model import Tenant


def make_delivery_order(
    tenant: Tenant, main: Order, quantities: dict[int, Decimal] | None, *, now: float
) -> Order:
    """Make a delivery order of all goods, or of some: item id -> quantity.

    ApiError 422 if an item is not there, more is asked for than is left, or the order is booked.
    """
    if main.is_booked:
        raise refused("The outgoing items are booked.")
    left = {int(item["id"]): decimal_of(item["quantity"]) for item in main.goods()}
    for child_id in main.children:
        for item in tenant.orders[child_id].items:
            for row in item["references"]:
                left[int(row["referenceOrderItemId"])] -= decimal_of(item["quantity"])
    wanted = quantities if quantities is not None else left
    order = Order(
        id=tenant.next_id("order", FIRST_ORDER),
        type_id=DELIVERY_ORDER,
        status=main.status,
        plenty_id=main.plenty_id,
        created=now,
        updated=now,
        referrer=main.referrer,
        addresses=dict(main.addresses),
        dates={DATE_CREATED: now},
    )
    sources = {int(item["id"]): item for item in main.items}
    for item_id, quantity in wanted.items():
        if quantity > left.get(item_id, decimal_of(0)):
            raise invalid("quantities", "The quantity is higher than what is left of the item.")
        if quantity <= 0:
            continue
        row = {k: v for k, v in sources[item_id].items() if k not in ("id", "amounts")}
        item = complete_item(tenant, order, row | {"id": None, "quantity": number(quantity)})
        item["references"] = [
            {
                "orderItemId": item["id"],
                "referenceOrderItemId": item_id,
                "referenceType": "parent",
            }
        ]
        order.items.append(item)
    order.properties = [dict(row, orderId=order.id) for row in main.properties]
    order.relations = [dict(row, orderId=order.id) for row in main.relations]
    order.references = [parent_reference(tenant, order.id, main.id)]
    tenant.add_order(order)
    effects.add_history(tenant, order, now=now, user=None, text="Lieferauftrag")
    effects.reserve(tenant, main)
    effects.reserve(tenant, order)
    effects.touch(main, now)
    effects.fire(tenant, main, "new_delivery_order", now)
    return order
