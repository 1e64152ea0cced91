"""`writeback_status`: statuses and notes to plentymarkets, never over a cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.orders.writeback import write_back
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.work import Work
    from include.core.window import Window


class WritebackStatusOperator(FulfilmentOperator):
    """Empty the outbox of statuses and notes."""

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.orders.writeback`."""
        return write_back(work)
