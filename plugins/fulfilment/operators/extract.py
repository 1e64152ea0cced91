"""`extract_plenty_orders`: released and cancelled orders into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import DownstreamTasksSkipped

from fulfilment.flow.extract import extract
from fulfilment.flow.rehearse import rehearse, tell
from fulfilment.operators.base import FulfilmentOperator
from include.quality.batch import examine

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fulfilment.flow.work import Work
    from include.core.window import Window


class ExtractPlentyOrdersOperator(FulfilmentOperator):
    """Read which orders are released or cancelled: all ids first, then what is new.

    A dry run happens here as a whole, and so costs one task.
    """

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.extract`."""
        return extract(work, window=window, order_ids=order_ids)

    def rehearse(self, engine: Engine, run_id: str, window: Window, order_ids: list[int]) -> None:
        """Make the plan of all steps, tell it, keep it, and skip the steps."""
        plan = rehearse(
            self.merchant,
            engine,
            run_id=run_id,
            examine=examine,
            window=window,
            order_ids=order_ids,
        )
        for line in tell(self.merchant, engine, run_id, window, plan):
            self.log.info("%s", line)
        if plan.troubles:
            raise plan.troubles[0]
        others = sorted(self.get_flat_relative_ids())
        raise DownstreamTasksSkipped(tasks=others)  # type: ignore[no-untyped-call]
