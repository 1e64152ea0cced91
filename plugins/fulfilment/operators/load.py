"""`load_to_wemalo`: valid orders to the warehouse, each exactly once; cancellations first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.tasks.load import load
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class LoadToWemaloOperator(FulfilmentOperator):
    """Hand orders over by the write-ahead protocol."""

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.tasks.load`."""
        return load(work)
