"""One pandas frame per batch: one row per order, and not one personal value in it.

The pure rules have already looked at the orders; the frame holds what they found (codes) and the
numbers that Great Expectations compares. So nothing that GX keeps or shows can name a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from include.core.orders.models import Order
    from include.core.quality.rules import Finding
    from include.core.stock.stock_rules import Demand

ORDER = "order_id"
ADDRESS, ORDER_RULES, STOCK_RULES = "address_findings", "order_findings", "stock_findings"
POSITIONS, QUANTITY = "positions", "smallest_quantity"
CUMULATIVE, AVAILABLE = "cumulative_demand", "available_stock"


def codes(findings: Iterable[Finding]) -> str:
    """Return the codes as one text, ``|A|B|``; ``|`` when there is none.

    Each code once, whatever the number of findings: a rule counts orders, not positions.
    """
    return "|" + "".join(f"{code}|" for code in dict.fromkeys(f.code for f in findings))


def by_code(column: pd.Series[str]) -> dict[str, list[int]]:
    """Return the order ids (the index) per code that a column of codes names."""
    orders: dict[str, list[int]] = {}
    for order_id, text in column.items():
        for code in text.split("|")[1:-1]:
            orders.setdefault(code, []).append(int(str(order_id)))
    return orders


def _smallest(order: Order) -> float | None:
    """Return the smallest quantity; None (not checked) without positions, which is a rule apart."""
    return min((float(i.quantity) for i in order.items), default=None)


def build(
    orders: Sequence[Order],
    address: Mapping[int, Sequence[Finding]],
    order: Mapping[int, Sequence[Finding]],
    demand: Mapping[int, Demand],
) -> pd.DataFrame:
    """Return the frame of a batch; all mappings are by order id.

    Columns: order id, three columns of codes, number of positions, smallest quantity, cumulative
    demand and available stock of the tightest product (empty where stock was not compared).
    """
    import pandas as pd

    def number(value: object) -> float | None:
        return None if value is None else float(str(value))

    shares = [demand.get(o.order_id) for o in orders]
    ids = [o.order_id for o in orders]
    return pd.DataFrame(
        {
            ORDER: ids,
            ADDRESS: [codes(address[o.order_id]) for o in orders],
            ORDER_RULES: [codes(order[o.order_id]) for o in orders],
            STOCK_RULES: [codes([s.finding] if s and s.finding else []) for s in shares],
            POSITIONS: [len(o.items) for o in orders],
            QUANTITY: pd.array([_smallest(o) for o in orders], dtype="float64"),
            CUMULATIVE: pd.array([number(s and s.cumulative) for s in shares], dtype="float64"),
            AVAILABLE: pd.array([number(s and s.available) for s in shares], dtype="float64"),
        },
        index=pd.Index(ids),
    )
