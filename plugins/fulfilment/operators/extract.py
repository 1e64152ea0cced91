"""`extract_plenty_orders`: released and cancelled orders into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.extract import extract
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.work import Work
    from include.core.window import Window


class ExtractPlentyOrdersOperator(FulfilmentOperator):
    """Read which orders are released or cancelled: all ids first, then what is new."""

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.extract`."""
        return extract(work, window=window, order_ids=order_ids)
