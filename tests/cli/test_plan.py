from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.cli import backfill
from include.cli.main import app
from include.core.errors import ConfigError
from include.core.plan import PlanLine, skip
from include.ledger import plans
from include.ledger.engine import ledger_engine

if TYPE_CHECKING:
    from typing import Any


class Airflow:
    """An Airflow whose DAG of alpha is in a given condition."""

    base_url = "http://127.0.0.1:1"

    def __init__(self, *, paused: bool = False, active: bool = False, runs: int = 0) -> None:
        self.paused, self.active, self.runs = paused, active, runs
        self.made: list[dict[str, Any]] = []

    def dags(self) -> list[dict[str, Any]]:
        return [{"dag_id": "fulfilment__alpha", "is_paused": self.paused}]

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        if (method, path) == ("GET", "backfills"):
            one = {"id": 7, "from_date": "2026-01-01T", "to_date": "2026-01-02T"}
            return {"backfills": [{**one, "completed_at": None}] if self.active else []}
        if path == "backfills/dry_run":
            rows = [{"logical_date": f"2026-01-0{n + 1}T00:00:00Z"} for n in range(self.runs)]
            return {"backfills": rows}
        if path.endswith("/dagRuns"):
            assert arguments["json"]["conf"]["dry_run"] is True
            return {"dag_run_id": "run-a"}
        if path.endswith("/dagRuns/run-a"):
            return {"state": "success"}
        self.made.append(arguments["json"])
        return {"id": 8}


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
def test_a_backfill_is_planned_first_and_made_only_with_a_yes() -> None:
    words = ("alpha", "2026-01-01", "2026-01-02", "en")
    airflow = Airflow(runs=2)
    said = list(backfill.backfill(airflow, *words, lambda _: False))  # type: ignore[arg-type]
    assert "would send 1 order(s) to wemalo" in said
    assert said[-1] == "Nothing was created."
    assert airflow.made == []
    said = list(backfill.backfill(airflow, *words, lambda _: True))  # type: ignore[arg-type]
    assert any(line.startswith("Backfill 8 created. Follow it at http://") for line in said)
    (made,) = airflow.made
    assert (made["reprocess_behavior"], made["max_active_runs"]) == ("completed", 2)


@pytest.mark.parametrize(
    ("airflow", "merchant", "word"),
    [
        (Airflow(paused=True), "alpha", "is paused"),
        (Airflow(active=True), "alpha", "Backfill 7 .* still active"),
        (Airflow(runs=0), "alpha", "No run of fulfilment__alpha"),
        (Airflow(), "beta", "no DAG fulfilment__beta"),
        (Airflow(), "gamma", "gamma"),
    ],
    ids=["paused", "active", "no runs", "no DAG", "unknown merchant"],
)
def test_what_stands_in_the_way_of_a_backfill_is_said(
    airflow: Airflow, merchant: str, word: str
) -> None:
    said = backfill.backfill(
        airflow,
        merchant,
        "2026-01-01",
        "2026-01-02",
        "en",
        lambda _: True,  # type: ignore[arg-type]
    )
    with pytest.raises(ConfigError, match=word):
        list(said)
    assert airflow.made == []
