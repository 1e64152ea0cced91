"""What changed rules would have decided of orders that were judged before: nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.stock.stock_rules import StockView
from include.quality.batch import judge

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order, Verdict

OK = "ok"
STOCK = frozenset({"STOCK_SHORT", "STOCK_WAIT"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One order and the codes that decide it, `OK` where it is sent."""

    order_id: int
    before: str
    after: str


def compare(
    judged: Mapping[int, tuple[Order, str]],
    now: Merchant,
    changed: Merchant,
    known_products: Container[str] | None,
) -> list[Difference]:
    """Judge orders by the settings of now and by the changed ones; return where they differ.

    Both sides see the same, so what differs is due to the settings. The stock of that time is gone:
    an order that was short then counts as short on both sides, as far as their settings have it.

    :param judged: order id -> the order as it was read, and the code the ledger has for it.
    """
    before, after = (
        {
            verdict.order_id: _code(verdict, judged[verdict.order_id][1], merchant)
            for verdict in judge(
                [order for order, _ in judged.values()],
                merchant=merchant,
                stock=StockView(available={}),
                known_products=known_products,
            )
        }
        for merchant in (now, changed)
    )
    return [
        Difference(order_id, code, after[order_id])
        for order_id, code in before.items()
        if code != after[order_id]
    ]


def _code(verdict: Verdict, recorded: str, merchant: Merchant) -> str:
    if verdict.code:
        return verdict.code
    short = "STOCK_SHORT" if merchant.quality.short_orders == "status" else "STOCK_WAIT"
    return short if recorded in STOCK and not STOCK & set(merchant.quality.off) else OK
