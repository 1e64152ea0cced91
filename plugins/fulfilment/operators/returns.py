"""`returns.handle_returns`: what came back becomes return orders; announced ones reach wemalo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.flow.returns.handle import handle_returns
from fulfilment.operators.base import FulfilmentOperator

if TYPE_CHECKING:
    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class HandleReturnsOperator(FulfilmentOperator):
    """Make return orders of wemalo's queue of booked returns, and acknowledge it last."""

    priority = "returns"

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.returns.handle`."""
        return handle_returns(work, window=window, order_ids=order_ids)
