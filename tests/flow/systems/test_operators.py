"""What the tasks do with a dry run, a replay and a busy merchant, as Airflow calls them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.exceptions import (
    AirflowRescheduleException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)
from fulfilment.operators.extract import ExtractPlentyOrdersOperator
from fulfilment.operators.load import LoadToWemaloOperator
from fulfilment.operators.stock import StockOperator

from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError
from include.ledger.dry_run import plans
from include.ledger.merchants import modes
from include.ledger.systems import locks
from include.ledger.systems.locks import exclusive
from tests.flow.stage import good_order

if TYPE_CHECKING:
    from tests.flow.stage import Stage

NOW = datetime.now(UTC)


@pytest.fixture
def live(stage: Stage, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    return stage


def execute(stage: Stage, operator: Any, run_type: str = "manual", **options: Any) -> Any:
    """Run one task of a DAG of two as Airflow's task runner does, with rendered fields."""
    fields = {"order_ids": [], "window_from": "", "window_to": "", "plan_only": "False", **options}
    with DAG("d", schedule=None):
        task = operator(task_id="extract_plenty_orders", merchant=stage.merchant, **fields)
        task >> LoadToWemaloOperator(task_id="load_to_wemalo", merchant=stage.merchant)
    context = {
        "dag_run": SimpleNamespace(run_type=DagRunType(run_type), run_id=f"{run_type}__1"),
        "ti": SimpleNamespace(try_number=1),
        "data_interval_start": NOW - timedelta(hours=12),
        "data_interval_end": NOW + timedelta(hours=1),
    }
    return task.execute(context)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window_from": "2026-01-01T00:00:00"}, "has no time zone"),
        ({"window_from": "2026-01-01T00:00:00+01:00"}, "must both be given"),
        ({"window_from": "yesterday", "window_to": "today"}, "is not a time"),
        ({"order_ids": ["A-1"]}, "no order id"),
        ({"order_ids": "[1, x]"}, "no order id"),
    ],
)
def test_a_wrong_window_or_order_id_is_told_in_the_log_and_touches_nothing(
    live: Stage, capsys: pytest.CaptureFixture[str], options: dict[str, Any], said: str
) -> None:
    live.add(good_order(1))
    with pytest.raises(ConfigError, match=said):
        execute(live, ExtractPlentyOrdersOperator, **options)
    assert said in capsys.readouterr().out
    assert live.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0


def test_a_dry_run_keeps_its_plan_and_skips_the_other_tasks(live: Stage) -> None:
    live.add(good_order(1))
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        execute(live, ExtractPlentyOrdersOperator, plan_only="True")
    assert skipped.value.tasks == ["load_to_wemalo"]
    with live.engine.begin() as connection:
        plan = plans.find(connection, "alpha", "manual__1")
        assert plan is not None
        lines = plans.lines_of(connection, plan.plan_id)
    assert [(line.order_id, line.action) for line in lines if line.action == "send"] == [
        (1, "send")
    ]
    assert live.wemalo_orders() == {}


def test_every_run_of_a_merchant_in_shadow_mode_is_a_dry_run(live: Stage) -> None:
    live.merchant = live.merchant.model_copy(update={"mode": "shadow"})
    with pytest.raises(AirflowSkipException):
        execute(live, LoadToWemaloOperator, run_type="scheduled")
    with pytest.raises(DownstreamTasksSkipped):
        execute(live, ExtractPlentyOrdersOperator, run_type="backfill")
    with live.engine.begin() as connection:
        plan = plans.find(connection, "alpha")
    assert plan is not None
    assert plan.kind == "shadow"


def test_the_tasks_of_a_paused_merchant_are_skipped_and_say_what_stays_undone(live: Stage) -> None:
    live.add(good_order(1))
    with live.engine.begin() as connection:
        modes.decide(connection, live.name, Mode.PAUSED, by="anna", reason="fire")
    with pytest.raises(AirflowSkipException, match="cancellations do not reach the warehouse"):
        execute(live, ExtractPlentyOrdersOperator)
    with live.engine.begin() as connection:
        modes.decide(connection, live.name, Mode.LIVE, by="anna", reason="over")
    assert execute(live, ExtractPlentyOrdersOperator)["fetched"] == 1


def test_a_backfill_takes_its_interval_and_ends_at_once_where_nothing_is_missing(
    live: Stage,
) -> None:
    live.add(good_order(1))
    done = execute(live, ExtractPlentyOrdersOperator, run_type="backfill")
    assert (done["fetched"], done["scope"]) == (1, 1)
    live.run()
    with pytest.raises(DownstreamTasksSkipped):
        execute(live, ExtractPlentyOrdersOperator, run_type="backfill")
    with pytest.raises(AirflowSkipException):
        execute(live, StockOperator, run_type="backfill")


def test_a_backfill_gives_its_worker_back_while_a_live_run_works(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "ASK_S", 0.1)
    with (
        exclusive(live.engine, "alpha", "extract_plenty_orders"),
        pytest.raises(AirflowRescheduleException) as later,
    ):
        execute(live, ExtractPlentyOrdersOperator, run_type="backfill")
    assert later.value.reschedule_date > datetime.now(UTC)
