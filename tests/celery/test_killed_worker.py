"""Two Celery workers and a real Redis on one machine; one worker is killed while it sends orders.

Run by `make test-celery`.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import text

from include.config.merchants import find
from include.core.orders.states import State
from include.demo.check import check
from include.demo.run import Stage, dag_id, prepare, run_all, tell
from include.ledger.engine import ledger_engine
from include.sandbox.client import ControlClient
from include.stack.airflow_env import ledger_url
from include.stack.testing import throw_away_stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.testing import ThrowAwayStack

pytestmark = pytest.mark.timeout(1500)
MERCHANT = "alpha"


@pytest.fixture(scope="module")
def stack() -> Iterator[ThrowAwayStack]:
    with throw_away_stack() as stack:
        stack.variables["FULFILMENT_EXECUTOR"] = "celery"
        stack.variables["FULFILMENT_WORKERS"] = "2"
        stack.variables["AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT"] = "20"
        stack.up(with_sandbox=True)
        yield stack


def stage_of(stack: ThrowAwayStack) -> Stage:
    ports = stack.layout.ports()
    plenty, wemalo = (f"http://127.0.0.1:{port}" for port in (ports.plenty, ports.wemalo))
    return Stage(stack.api, ControlClient(plenty), ControlClient(wemalo), plenty, wemalo)


def test_a_worker_killed_while_it_sends_loses_nothing_and_sends_nothing_twice(
    stack: ThrowAwayStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stage_of(stack)
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url(stack.layout))  # the story's, too
    engine = ledger_engine(ledger_url(stack.layout))
    story = prepare(stage)[MERCHANT]  # one merchant is enough
    stage.wemalo.fault(route="POST /v1/goodsOrder/addConditional", kind="delay", seconds=0.5)
    api = stack.api
    dag = f"dags/{dag_id(MERCHANT)}"
    api.call("PATCH", dag, json={"is_paused": False})
    first = api.call("POST", f"{dag}/dagRuns", json={"logical_date": None})["dag_run_id"]

    ours = {"ids": [order.order_id for order in story], "merchant": MERCHANT}

    def states() -> list[str]:
        query = "SELECT state FROM orders WHERE merchant = :merchant AND order_id = ANY(:ids)"
        with engine.connect() as connection:
            return list(connection.execute(text(query), ours).scalars())

    def sender() -> str | None:
        """Return the worker that is in the middle of sending, some orders sent and some not."""
        if not {State.ACCEPTED, State.SUBMITTING, State.READY} <= set(states()):
            return None
        running = api.call("GET", f"{dag}/dagRuns/~/taskInstances", params={"state": "running"})
        pids = [t["pid"] for t in running["task_instances"] if t["task_id"] == "load_to_wemalo"]
        family = {parent.pid for parent in psutil.Process(pids[0]).parents()} if pids else set()
        workers = stack.supervisor.pids().items()
        return next((n for n, pid in workers if n.startswith("worker") and pid in family), None)

    killed = eventually(sender, 400)
    os.kill(stack.supervisor.pids()[killed], signal.SIGKILL)
    stack.supervisor.stop(killed)  # it stays away: the other one has to do all the rest
    left = {"worker-1", "worker-2"} - {killed}
    assert State.SUBMITTING in states(), "nothing was interrupted"
    stage.wemalo.clear_faults()

    run = f"{dag}/dagRuns/{first}"
    eventually(lambda: api.call("GET", run)["state"] in ("success", "failed"), 600)
    while State.SUBMITTING in states():  # until the dead worker's lease is over
        run_all(stage, [MERCHANT])
    tell(stage, {MERCHANT: story}, print)
    running = {n for n in stack.supervisor.pids() if n.startswith("worker")}
    assert running == left, "the killed worker came back and helped"
    with engine.connect() as connection:
        found = check(
            find(MERCHANT),
            story,
            stage.plenty.state(MERCHANT)["tenants"][MERCHANT],
            stage.wemalo.state(MERCHANT)["tenants"][MERCHANT],
            connection,
        )
    engine.dispose()
    assert found.faults == []
    assert found.counts["handed over"] == 36
