"""`extract_plenty_orders`: released and cancelled orders into the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import DownstreamTasksSkipped

from fulfilment.flow.dry_run.rehearse import rehearse, tell
from fulfilment.flow.replay.window import replay
from fulfilment.flow.shadow.compare import compare_days
from fulfilment.flow.tasks.extract import extract
from fulfilment.flow.tasks.skips import tasks_to_skip
from fulfilment.operators.base import FulfilmentOperator
from fulfilment.operators.links import PlanLink
from include.core.systems.window import EVERYTHING
from include.quality.batch import examine

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Engine

    from fulfilment.flow.systems.work import Work
    from include.core.systems.window import Window


class ExtractPlentyOrdersOperator(FulfilmentOperator):
    """Read which orders are released or cancelled: all ids first, then what is new.

    A dry run happens here as a whole, and so costs one task.
    """

    operator_extra_links = (PlanLink(),)
    idle: frozenset[str] = frozenset()  # tasks that have nothing to do in this run

    def work(self, work: Work, window: Window, order_ids: list[int]) -> dict[str, int]:
        """See `fulfilment.flow.tasks.extract` and `fulfilment.flow.replay.window`."""
        if order_ids or window != EVERYTHING:
            return replay(work, window, order_ids)
        counts = extract(work)
        self.idle = tasks_to_skip(work)
        return counts

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the step; where later tasks have nothing to do, have them skipped unstarted.

        A replay that found nothing to repair ends here. A skipped task that is cleared runs.
        """
        result = super().execute(context)
        if result.get("scope") == 0:
            self._skip_the_others()
        others = self.get_flat_relative_ids()
        idle = sorted(task for task in others if task.rpartition(".")[2] in self.idle)
        if idle:
            self.log.info("Nothing to do for: %s", ", ".join(idle))
            raise DownstreamTasksSkipped(tasks=idle)  # type: ignore[no-untyped-call]
        return result

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
        if self.merchant.mode == "shadow":
            now = datetime.now(UTC)
            for day in compare_days(self.merchant, engine, run_id, examine, now):
                self.log.info("compared %s: fulfil shadow %s", day, self.merchant.merchant)
        self._skip_the_others()

    def _skip_the_others(self) -> NoReturn:
        others = sorted(self.get_flat_relative_ids())
        raise DownstreamTasksSkipped(tasks=others)  # type: ignore[no-untyped-call]
