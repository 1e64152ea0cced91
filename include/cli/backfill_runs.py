"""The runs of a backfill in Airflow: its plan, the runs themselves, how far they are."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.cli import airflow_api
from include.config.merchants import dag_id
from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.core.merchants.merchant import Merchant
    from include.stack.api import AirflowApi

#: of the backfill's runs so many at a time; live runs are not counted
RUNS_AT_A_TIME = 2
#: what one run repairs within the time that its tasks have; more is left to a run per interval
ORDERS_IN_ONE_RUN = 500
PLAN_WAIT_S = 900.0
LOOK_EVERY_S = 2.0
_ENDED = ("success", "failed")
_TASK_ENDED = (*_ENDED, "skipped", "upstream_failed", "removed")


class Replay:
    """A window or single orders of one merchant, replayed by Airflow.

    Its runs are a backfill of Airflow's, because those go on beside live runs and give way to them.
    One run is enough for most: it takes the newest interval's place and is given the whole window.

    :param window: closed-open, aware UTC; None for ``orders``.
    """

    def __init__(
        self,
        api: AirflowApi,
        merchant: Merchant,
        window: tuple[datetime, datetime] | None,
        orders: Sequence[int],
    ) -> None:
        """Look whether Airflow can do it.

        :raises ConfigError: there is no such DAG, it is paused, or another backfill is active.
        """
        self._api = api
        self._dag = dag_id(merchant.merchant)
        self._minutes = merchant.schedule_minutes
        self._conf = (
            {"window_from": window[0].isoformat(), "window_to": window[1].isoformat()}
            if window
            else {"order_ids": list(orders)}
        )
        self._window = window
        self._body: dict[str, Any] = {}
        self._check_dag()

    @property
    def page(self) -> str:
        """Return the address of the backfills' page."""
        return airflow_api.page(self._api, f"{self._dag}/backfills")

    def plan(self) -> str:
        """Let Airflow rehearse it, with its own connections; return the run's id.

        :raises ConfigError: the plan could not be made.
        """
        made = self._api.call(
            "POST",
            f"dags/{self._dag}/dagRuns",
            json={"logical_date": None, "conf": {**self._conf, "dry_run": True}},
        )
        run_id = str(made["dag_run_id"])
        route = f"dags/{self._dag}/dagRuns/{quote(run_id, safe='')}"
        deadline = time.monotonic() + PLAN_WAIT_S
        while time.monotonic() < deadline:
            state = self._api.call("GET", route)["state"]
            if state == "success":
                return run_id
            if state == "failed":
                where = airflow_api.page(self._api, f"{self._dag}/runs/{quote(run_id, safe='')}")
                text = (
                    f"The plan could not be made. The log of extract_plenty_orders in run {run_id} "
                    f"says why: {where}"
                )
                raise ConfigError(text, code="PLAN_FAILED")
            time.sleep(1)
        text = f"Run {run_id} has not made its plan within {PLAN_WAIT_S:.0f} s; look at it there."
        raise ConfigError(text, code="PLAN_FAILED")

    def choose(self, orders: int) -> int:
        """Choose the runs for so many orders to be repaired; return how many there are.

        :raises ConfigError: no interval of the DAG is over that could be replayed.
        """
        if self._window and orders > ORDERS_IN_ONE_RUN:
            dates = self._dates(self._window[0], self._window[1])
            if dates:
                self._ask_for(dates, {})
                return len(dates)
        until = self._window[1] if self._window else datetime.now(UTC)
        dates = self._dates(until - timedelta(minutes=3 * self._minutes), until)
        if not dates:
            text = (
                f"{self._dag} has no run before {until:%Y-%m-%d %H:%M} UTC that could be replayed: "
                f"it runs every {self._minutes} minutes, and none that is at work is taken."
            )
            raise ConfigError(text, code="BACKFILL_EMPTY")
        self._ask_for(dates[-1:], self._conf)
        return 1

    def start(self) -> None:
        """Create what was chosen.

        :raises ConfigError: Airflow took none of the runs.
        """
        self._api.call("POST", "backfills", json=self._body)
        if not self.states():
            text = (
                f"{self._dag} is at work on the run that the backfill would take. Nothing was "
                "created; start it again in some minutes."
            )
            raise ConfigError(text, code="BACKFILL_EMPTY")

    def progress(self) -> Iterator[tuple[int, int, str]]:
        """Yield done, total and of what (``tasks`` of a single run, else ``runs``), to the end."""
        told: tuple[int, int, str] | None = None
        while True:
            states = self.states()
            ended = sum(state in _ENDED for state in states.values())
            now = (ended, len(states), "runs")
            if len(states) == 1:
                now = (*self._tasks(next(iter(states))), "tasks")
            if now != told:
                told = now
                yield now
            if ended == len(states):
                return
            time.sleep(LOOK_EVERY_S)

    def states(self) -> dict[str, str]:
        """Return the state of each run, by its id."""
        params = {
            "run_type": "backfill",
            "logical_date_gte": self._body["from_date"],
            "logical_date_lte": self._body["to_date"],
            "limit": 100,
        }
        found: dict[str, str] = {}
        while True:
            answer = self._api.call(
                "GET", f"dags/{self._dag}/dagRuns", params={**params, "offset": len(found)}
            )
            found |= {row["dag_run_id"]: row["state"] for row in answer["dag_runs"]}
            if not answer["dag_runs"] or len(found) >= answer["total_entries"]:
                return found

    def _tasks(self, run_id: str) -> tuple[int, int]:
        route = f"dags/{self._dag}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        rows = [
            row for row in self._api.call("GET", route, params={"limit": 100})["task_instances"]
            if row["task_id"] != "watcher"
        ]  # fmt: skip
        return sum(row["state"] in _TASK_ENDED for row in rows), len(rows)

    def _check_dag(self) -> None:
        there = {dag["dag_id"]: dag for dag in self._api.dags()}
        if self._dag not in there:
            text = f"Airflow has no DAG {self._dag} yet. It appears half a minute after its file."
            raise ConfigError(text, code="NO_DAG")
        if there[self._dag]["is_paused"]:
            text = (
                f"{self._dag} is paused: its plan and its backfill would wait for ever. Unpause it."
            )
            raise ConfigError(text, code="DAG_PAUSED")
        params = {"dag_id": self._dag, "limit": 100}
        for one in self._api.call("GET", "backfills", params=params)["backfills"]:
            if one["completed_at"] is None:
                text = (
                    f"Backfill {one['id']} of {self._dag} ({one['from_date'][:10]} to "
                    f"{one['to_date'][:10]}) is still active, and there is one at a time. Wait for "
                    f"it, or cancel it at {self.page}."
                )
                raise ConfigError(text, code="BACKFILL_ACTIVE")

    def _dates(self, since: datetime, until: datetime) -> list[datetime]:
        """Return the logical dates that Airflow would replay, ascending.

        A run covers the time after its date: the last one is over.
        """
        over = datetime.now(UTC) - timedelta(minutes=self._minutes)
        if since > min(until, over):
            return []
        body = self._range(since, min(until, over), {})
        answer = self._api.call("POST", "backfills/dry_run", json=body)
        return sorted(
            datetime.fromisoformat(row["logical_date"])
            for row in answer["backfills"]
            if row["logical_date"]
        )

    def _ask_for(self, dates: Sequence[datetime], conf: dict[str, Any]) -> None:
        self._body = self._range(dates[0], dates[-1], conf)

    def _range(self, since: datetime, until: datetime, conf: dict[str, Any]) -> dict[str, Any]:
        return {
            "dag_id": self._dag,
            "from_date": since.isoformat(),
            "to_date": until.isoformat(),
            "reprocess_behavior": "completed",
            "max_active_runs": RUNS_AT_A_TIME,
            "dag_run_conf": conf,  # also where it is empty: a run's earlier one would stay
        }
