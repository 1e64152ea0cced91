"""`reconcile_tracking`: parcels, tracking numbers and carriers to plentymarkets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.tasks.reconcile import reconcile
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class ReconcileTrackingOperator(FulfilmentOperator):
    """Write what the warehouse has sent, and acknowledge its queue last."""

    priority = "tracking"

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.tasks.reconcile`."""
        return reconcile(work)
