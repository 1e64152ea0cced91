"""`reconcile_tracking`: parcels, tracking numbers and carriers to plentymarkets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.parcels.reconcile import reconcile
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.work import Work
    from include.core.window import Window


class ReconcileTrackingOperator(FulfilmentOperator):
    """Write what the warehouse has sent, and acknowledge its queue last."""

    priority = "tracking"

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.parcels.reconcile`."""
        return reconcile(work)
