"""`watcher`: makes the run red when any of its tasks is red, although the others went on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context


class WatcherOperator(BaseOperator):
    """Fail with the names of the failed tasks; skipped where none failed.

    A run's state is its leaves' state: without this leaf a failed load would end in a green run.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Run as soon as one task has failed, and once only."""
        super().__init__(trigger_rule="one_failed", retries=0, **kwargs)

    def execute(self, context: Context) -> None:
        """Fail, always: it only runs when a task has failed."""
        ti = context["ti"]
        states = ti.get_task_states(
            dag_id=ti.dag_id, task_ids=sorted(self.upstream_task_ids), run_ids=[ti.run_id]
        ).get(ti.run_id, {})
        failed = [task for task, state in states.items() if str(state) == "failed"]
        text = f"Failed: {', '.join(failed) or 'a task before this one'}. Its log says what to do."
        raise AirflowFailException(text)
