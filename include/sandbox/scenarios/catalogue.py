"""All scenarios by name: one per row of docs/status-contract.md, and the race of each part."""

from __future__ import annotations

from include.sandbox.scenarios import goods, orders

#: part of the status contract -> its scenarios
PARTS = {
    "statuses": orders.STATUSES,
    "cancellations": orders.CANCELLATIONS,
    "changes": orders.CHANGES,
    "waiting orders": orders.WAITING,
    "shipping": orders.SHIPPING,
    "returns": goods.RETURNS,
    "documents": goods.DOCUMENTS,
    "stock": goods.STOCK,
    "products": goods.PRODUCTS,
}
SCENARIOS = {scenario.name: scenario for part in PARTS.values() for scenario in part}
