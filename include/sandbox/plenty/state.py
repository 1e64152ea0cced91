"""The whole state of a tenant as JSON, for assertions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.plenty.dates import to_text
from include.sandbox.plenty.render import FULL, render_order
from include.sandbox.plenty.stock import stock_row

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Order, Tenant

EVERYTHING = FULL | {
    "addresses",
    "comments",
    "documents",
    "shippingPackages",
    "shippingInformation",
}


def order_state(tenant: Tenant, order: Order, now: float) -> JsonObject:
    """Return an order in full, with its status history, oldest first."""
    rows = tenant.history_of.get(order.id, [])
    return render_order(tenant, order, EVERYTHING, now) | {
        "statusHistory": [row | {"createdAt": to_text(row["createdAt"])} for row in rows]
    }


def tenant_state(tenant: Tenant, now: float) -> JsonObject:
    """Return {"orders": {id: order}, "deleted": [...], "stock": [...], ...}."""
    return {
        "plenty_id": tenant.plenty_id,
        "plan": tenant.plan,
        "statuses": [str(status) for status in sorted(tenant.statuses)],
        "orders": {
            str(order.id): order_state(tenant, order, now) for order in tenant.orders.values()
        },
        "deleted": sorted(tenant.deleted),
        "comments": list(tenant.comments.values()),
        "stock": [stock_row(tenant, key) for key in sorted(tenant.stock)],
        "movements": [
            {key: value for key, value in row.items() if key != "_at"} for row in tenant.movements
        ],
        "variations": {str(number): row for number, row in tenant.variations.items()},
    }
