"""DAGs that are paused in Airflow, looked at on Airflow's own tables."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from airflow.models import import_all_models
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from fulfilment.web import paused_dags
from fulfilment.web.paused_dags import _is_pause, look
from sqlalchemy import create_engine, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from include.core.merchants.modes import Mode
from include.core.merchants.pause_texts import CAME_BACK, DAG_PAUSED
from include.ledger.engine import ledger_engine
from include.ledger.merchants import modes, pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

NAME = "fulfilment__alpha"
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "extra", "word"),
    [
        ("patch_dag", '{"is_paused": true, "method": "PATCH"}', True),
        ("patch_dag", '{"is_paused": "True", "method": "PATCH"}', True),
        ("patch_dags", '{"is_paused": false, "dag_id_pattern": "%"}', False),
        ("patch_dag", '{"method": "PATCH"}', None),
        ("patch_dag", "no json", None),
        ("patch_dag", None, None),
        ("cli_dag_pause", '{"full_command": "airflow dags pause x"}', True),
        ("cli_dag_unpause", "{}", False),
        ("fulfilment_unpause", "{}", False),
    ],
)
def test_an_entry_pauses_unpauses_or_says_nothing(
    event: str, extra: str | None, word: bool | None
) -> None:
    assert _is_pause(event, extra) is word


class Airflow:
    """Airflow's database with alpha's DAG, and another that is none of ours."""

    def __init__(self) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        import_all_models()  # the tables name each other
        tables = [model.__table__ for model in (DagModel, DagRun, TaskInstance, Log)]
        DagModel.metadata.create_all(self.engine, tables=tables)
        for name in (NAME, "fulfilment_doctor"):
            self.insert(
                DagModel, dag_id=name, is_paused=False, is_stale=False, bundle_name="dags",
                max_active_tasks=1, max_consecutive_failed_dag_runs=0,
                has_task_concurrency_limits=False,
            )  # fmt: skip

    def insert(self, model: Any, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(model.__table__.insert().values(**values))

    def pause(self, *, word: bool = True) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(DagModel.__table__).values(is_paused=word))

    def run(self, state: str, **tasks: str | None) -> None:
        run = {"dag_id": NAME, "run_id": f"run-{state}"}
        self.insert(
            DagRun, id=len(tasks), run_type="manual", state=state, run_after=NOW,
            logical_date=None, log_template_id=None, **run,
        )  # fmt: skip
        for task, of_task in tasks.items():
            self.insert(
                TaskInstance, id=uuid4(), task_id=task, state=of_task, pool="default_pool",
                try_number=0, max_tries=0, **run,
            )  # fmt: skip

    def paused(self) -> bool:
        with self.engine.begin() as connection:
            query = select(DagModel.is_paused).where(DagModel.dag_id == NAME)
            return bool(connection.execute(query).scalar_one())

    def log(self, *, word: bool, after_s: int = 0) -> None:
        self.insert(
            Log, event="patch_dag", owner="anna", dag_id=NAME,
            dttm=NOW + timedelta(seconds=after_s), extra=json.dumps({"is_paused": word}),
        )  # fmt: skip


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    airflow = Airflow()

    @contextmanager
    def create_session() -> Iterator[Session]:
        with Session(airflow.engine) as session, session.begin():
            yield session

    monkeypatch.setattr(paused_dags, "create_session", create_session)
    yield airflow
    airflow.engine.dispose()


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    with engine.begin() as connection:
        modes.decide(connection, "alpha", Mode.LIVE, by="anna", reason="went live")
    yield engine
    engine.dispose()


def told(engine: Engine) -> dict[str, str]:
    with engine.begin() as connection:
        return {row.code: row.en for row in pauses.open_pauses(connection)}


def test_a_pause_by_a_person_is_told_with_who_when_and_the_half_done_run(
    engine: Engine, airflow: Airflow
) -> None:
    look(engine)
    assert told(engine) == {}
    airflow.log(word=False)
    airflow.log(word=True, after_s=60)
    airflow.run("success", load_to_wemalo="success", writeback_status=None)
    airflow.run("running", load_to_wemalo="success", writeback_status=None, watcher="scheduled")
    airflow.pause()
    look(engine)
    text = told(engine)[DAG_PAUSED]
    assert "since 2026-07-01 08:01 UTC by anna" in text
    assert "(run-running: watcher, writeback_status)" in text
    assert look(engine) == []
    assert airflow.paused()
    airflow.pause(word=False)
    look(engine)
    assert told(engine) == {}


def test_a_dag_that_came_back_paused_is_told_and_then_switched_on_with_an_entry_of_its_own(
    engine: Engine, airflow: Airflow
) -> None:
    airflow.log(word=True)
    airflow.log(word=False, after_s=60)
    airflow.pause()
    assert look(engine) == []
    assert set(told(engine)) == {CAME_BACK}
    assert look(engine) == ["alpha"]
    assert not airflow.paused()
    look(engine)
    assert told(engine) == {}
    with airflow.engine.begin() as connection:
        mine = select(func.count()).where(Log.owner == "fulfilment", Log.dag_id == NAME)
        assert connection.execute(mine).scalar_one() == 1
