"""`stock`: wemalo's stock to plentymarkets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.stock.sync import stock
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class StockOperator(FulfilmentOperator):
    """Carry wemalo's sellable stock over to plentymarkets."""

    priority = "stock"
    knows_orders = False

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.stock.sync`."""
        return stock(work)
