from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.cli import backfill, backfill_runs
from include.cli.main import app
from include.core.dry_run.plan import PlanLine, skip
from include.core.systems.errors import ConfigError
from include.ledger.dry_run import plans
from include.ledger.engine import ledger_engine
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from typing import Any


class Airflow:
    """An Airflow whose DAG of alpha is in a given condition."""

    base_url = "http://127.0.0.1:1"

    def __init__(
        self, *, paused: bool = False, active: bool = False, runs: int = 0, red: bool = False
    ) -> None:
        self.paused, self.active, self.runs, self.red = paused, active, runs, red
        self.made: list[dict[str, Any]] = []
        self.looks = 0

    def dags(self) -> list[dict[str, Any]]:
        return [{"dag_id": "fulfilment__alpha", "is_paused": self.paused}]

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        if (method, path) == ("GET", "backfills"):
            one = {"id": 7, "from_date": "2026-01-01T", "to_date": "2026-01-02T"}
            return {"backfills": [{**one, "completed_at": None}] if self.active else []}
        if path == "backfills/dry_run":
            rows = [{"logical_date": f"2026-01-01T{n:02}:00:00Z"} for n in range(self.runs)]
            return {"backfills": rows}
        if (method, path) == ("POST", "dags/fulfilment__alpha/dagRuns"):
            assert arguments["json"]["conf"]["dry_run"] is True
            return {"dag_run_id": "run-a"}
        if path.endswith("/dagRuns/run-a"):
            return {"state": "success"}
        if path.endswith("/taskInstances"):
            states = ["success", "skipped", "success" if self.looks > 2 else None]
            watcher = {"task_id": "watcher", "state": None}
            return {"task_instances": [*({"task_id": "t", "state": s} for s in states), watcher]}
        if path.endswith("/dagRuns"):
            self.looks += 1
            ended = "failed" if self.red else "success"
            dates = arguments["params"]
            many = dates["logical_date_gte"] != dates["logical_date_lte"]
            names = [f"run-{n}" for n in range(self.runs if many else 1)]
            state = ended if self.looks > 2 else "running"
            rows = [{"dag_run_id": name, "state": state} for name in names]
            return {"dag_runs": rows, "total_entries": len(rows)}
        assert (method, path) == ("POST", "backfills")
        self.made.append(arguments["json"])
        return {"id": 8}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_runs.time, "sleep", lambda _: None)


def typed(airflow: Airflow, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setattr(backfill.airflow_api, "connect", lambda _: airflow)
    return CliRunner().invoke(app, ["backfill", *words])


@pytest.fixture
def ledger(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    lines = [PlanLine(1, "send"), PlanLine(2, "status", "6.2", "Nr. fehlt", "no number"),
             skip(3, "SHIPPED")]  # fmt: skip
    with engine.begin() as connection:
        plans.keep(connection, "alpha", "run-a", "dry_run", (None, None), lines, [])
    engine.dispose()


@pytest.mark.usefixtures("ledger")
def test_a_plan_is_read_at_the_terminal_in_both_languages() -> None:
    english = CliRunner().invoke(app, ["plan", "alpha", "--skipped"]).stdout.splitlines()
    assert "would send 1 order(s) to wemalo" in english
    assert "2  status  6.2  no number" in english
    assert "3  skip  SHIPPED  shipped" in english
    german = CliRunner().invoke(app, ["plan", "alpha", "run-a", "--language", "de"]).stdout
    assert "2  status  6.2  Nr. fehlt" in german
    with pytest.raises(ConfigError, match="no plan of run other"):
        CliRunner().invoke(app, ["plan", "alpha", "other"], catch_exceptions=False)


@pytest.mark.usefixtures("ledger")
def test_one_run_with_the_window_repairs_it_after_a_yes_and_tells_how_far_it_is_and_what_it_did(
    monkeypatch: pytest.MonkeyPatch, ledger_url: str
) -> None:
    days = ("alpha", "2026-01-01", "2026-01-02")
    airflow = Airflow(runs=3)
    done = typed(airflow, monkeypatch, *days)  # nobody says yes
    assert "would send 1 order(s) to wemalo" in done.output
    assert airflow.made == []

    engine = ledger_engine(ledger_url)
    journal = Journal("alpha", "load_to_wemalo", "run-0", 1)
    create = airflow.call

    def call(method: str, path: str, **arguments: Any) -> Any:
        if (method, path) == ("POST", "backfills"):  # the run does its work
            with engine.begin() as connection:
                journal.add(connection, 1, "submitting")
                journal.add(connection, 2, "status_written", target="6.2")
        return create(method, path, **arguments)

    with engine.begin() as connection:
        journal.add(connection, 9, "submitting")  # of the same run, in its life before
    monkeypatch.setattr(airflow, "call", call)
    done = typed(airflow, monkeypatch, *days, "--yes")
    engine.dispose()
    assert done.exit_code == 0, done.output
    (made,) = airflow.made
    assert made["from_date"] == made["to_date"] == "2026-01-01T02:00:00+00:00"
    assert made["dag_run_conf"] == {
        "window_from": "2026-01-01T00:00:00+00:00", "window_to": "2026-01-03T00:00:00+00:00",
    }  # fmt: skip
    assert (made["reprocess_behavior"], made["max_active_runs"]) == ("completed", 2)
    said = done.output.splitlines()
    told = [line for line in said if line.startswith("alpha: ") and line.endswith(" steps")]
    assert told == ["alpha: 2/3 steps", "alpha: 3/3 steps"]
    after = said[said.index("alpha repaired:") + 1 :]
    assert after[:2] == ["  1 order(s) sent to wemalo: 1", "  1 status(es) set: 2"]


@pytest.mark.usefixtures("ledger")
def test_more_than_one_run_can_repair_is_left_to_a_run_per_interval_and_red_ones_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill_runs, "ORDERS_IN_ONE_RUN", 1)
    airflow = Airflow(runs=3, red=True)
    done = typed(airflow, monkeypatch, "alpha", "2026-01-01", "2026-01-02", "--yes")
    (made,) = airflow.made
    assert made["dag_run_conf"] == {}
    assert made["from_date"] < made["to_date"]
    assert "alpha: 3/3 runs" in done.output
    assert "red: run-0, run-1, run-2" in done.output
    assert done.exit_code == 1


@pytest.mark.usefixtures("ledger")
def test_single_orders_and_all_merchants_are_replayed_and_what_cannot_be_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    airflow = Airflow(runs=1)
    done = typed(airflow, monkeypatch, "alpha", "--order", "1", "--order", "2", "--yes")
    assert done.exit_code == 0, done.output
    assert airflow.made[0]["dag_run_conf"] == {"order_ids": [1, 2]}
    days = ("2026-01-01", "2026-01-02")
    done = typed(airflow, monkeypatch, "--all", *days, "--yes", "--no-wait", "--language", "de")
    assert done.exit_code == 1
    assert "alpha: 1 Lauf/Läufe angelegt." in done.output
    assert "beta übergangen: Airflow has no DAG fulfilment__beta yet." in done.output
    for words in (["alpha"], ["alpha", days[0]], ["--all", "alpha", *days]):
        assert "Write: fulfil backfill" in str(typed(airflow, monkeypatch, *words).exception)
    assert len(airflow.made) == 2


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("airflow", "merchant", "word"),
    [
        (Airflow(paused=True), "alpha", "is paused"),
        (Airflow(active=True), "alpha", "Backfill 7 .* still active"),
        (Airflow(runs=0), "alpha", "fulfilment__alpha has no run before"),
        (Airflow(), "beta", "no DAG fulfilment__beta"),
        (Airflow(), "gamma", "gamma"),
    ],
    ids=["paused", "active", "no runs", "no DAG", "unknown merchant"],
)
def test_what_stands_in_the_way_of_a_backfill_is_said(
    airflow: Airflow, merchant: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = typed(airflow, monkeypatch, merchant, "2026-01-01", "2026-01-02", "--yes")
    assert isinstance(done.exception, ConfigError)
    assert re.search(word, done.exception.operator)
    assert airflow.made == []
