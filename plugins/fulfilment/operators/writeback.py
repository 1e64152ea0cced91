"""`writeback_status`: statuses and notes to plentymarkets, never over a cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.tasks.writeback import write_back
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class WritebackStatusOperator(FulfilmentOperator):
    """Empty the outbox of statuses and notes."""

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.tasks.writeback`."""
        return write_back(work)
