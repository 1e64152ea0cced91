"""`products`: product master data to wemalo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.products.sync import products
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class ProductsOperator(FulfilmentOperator):
    """Tell wemalo of new and changed variations."""

    priority = "products"
    knows_orders = False

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.products.sync`."""
        return products(work)
