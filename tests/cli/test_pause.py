"""``fulfil pause`` and ``fulfil resume``: what stands, who said so, and where it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from include.cli import airflow_api
from include.cli.main import app
from include.core.merchants.modes import Mode
from include.core.merchants.pause_texts import CAME_BACK, DAG_PAUSED, MERCHANT_PAUSED, DagState
from include.core.systems.errors import ConfigError
from include.ledger.engine import ledger_engine
from include.ledger.merchants import modes, pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


class Airflow:
    """An Airflow that has alpha's DAG."""

    def __init__(self, *, paused: bool) -> None:
        self.paused = paused

    def dags(self) -> list[dict[str, Any]]:
        return [{"dag_id": "fulfilment__alpha", "is_paused": self.paused}]

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        assert (method, path) == ("PATCH", "dags/fulfilment__alpha")
        self.paused = arguments["json"]["is_paused"]


@pytest.fixture
def engine(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def told(engine: Engine) -> dict[str, str]:
    with engine.begin() as connection:
        return {row.code: row.en for row in pauses.open_pauses(connection, "alpha")}


def fulfil(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_a_pause_says_what_stays_undone_and_is_read_everywhere_until_somebody_resumes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    said = fulfil(
        "pause", "alpha", "--new-orders", "--reason", "stocktaking", "--by", "anna",
        "--until", until.isoformat(),
    )  # fmt: skip
    assert "takes no new orders" in said
    assert "What the warehouse has goes on: statuses, tracking, cancellations, returns." in said
    clause = f"by anna, until {until:%Y-%m-%d %H:%M} UTC: stocktaking"
    assert clause in said
    assert clause in fulfil("exceptions", "alpha")
    assert clause in fulfil("order", "alpha", "1")
    assert "keine neuen Aufträge" in fulfil("exceptions", "alpha", "--language", "de")

    said = fulfil("pause", "alpha", "--everything", "--reason", "fire", "--by", "bert")
    assert "cancellations do not reach the warehouse" in said
    assert "Everything stands" in told(engine)[MERCHANT_PAUSED]

    airflow = Airflow(paused=True)
    monkeypatch.setattr(airflow_api, "connect", lambda _: airflow)
    assert "was paused in Airflow and is switched on" in fulfil("resume", "alpha")
    assert (told(engine), airflow.paused) == ({}, False)
    assert fulfil("exceptions", "alpha") == "No open exceptions.\n"
    typo = CliRunner().invoke(app, ["exceptions", "alfa"])
    assert "There is no merchant 'alfa'" in str(typo.exception)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("alpha", "--reason", "x"), "--new-orders or --everything"),
        (("alpha", "--new-orders", "--everything", "--reason", "x"), "--new-orders or"),
        (("alpha", "--everything", "--reason", " "), "--reason"),
        (("alpha", "--everything", "--reason", "x", "--until", "tomorrow"), "no time"),
        (("alpha", "--everything", "--reason", "x", "--until", "2020-01-01"), "is past"),
        (("nobody", "--everything", "--reason", "x"), "nobody"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line_and_pauses_nobody(
    engine: Engine, words: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        fulfil("pause", *words)
    with engine.begin() as connection:
        assert modes.decided(connection) == {}


def test_a_dag_that_somebody_paused_is_told_with_its_half_done_run_and_stays(
    engine: Engine,
) -> None:
    since = datetime(2026, 7, 1, 8, tzinfo=UTC)
    run = {"scheduled__1": ["writeback_status"]}
    with engine.begin() as connection:
        modes.decide(connection, "alpha", Mode.LIVE, by="anna", reason="went live")
        paused = DagState(paused=True, by="bert", since=since, open_tasks=run)
        assert not pauses.tell(connection, "alpha", paused)
        # the audit log was cleaned: who decided is not known any more, that somebody did is
        assert not pauses.tell(connection, "alpha", DagState(paused=True))
        assert not pauses.tell(connection, "alpha", paused)
    text = told(engine)[DAG_PAUSED]
    assert "since 2026-07-01 08:00 UTC by bert" in text
    assert "A run is half done (scheduled__1: writeback_status)" in text
    with engine.begin() as connection:
        pauses.tell(connection, "alpha", DagState(paused=False))
    assert told(engine) == {}


def test_a_dag_that_nobody_paused_is_told_first_and_then_put_right(engine: Engine) -> None:
    with engine.begin() as connection:
        assert not pauses.tell(connection, "alpha", DagState(paused=True))
    assert told(engine) == {}, "a new merchant's DAG is paused until somebody lets it run"
    with engine.begin() as connection:
        modes.note_live(connection, "alpha", by="fulfilment", reason="its runs")
        assert not pauses.tell(connection, "alpha", DagState(paused=True))
    assert set(told(engine)) == {CAME_BACK}
    with engine.begin() as connection:
        assert pauses.tell(connection, "alpha", DagState(paused=True))
        modes.decide(connection, "alpha", Mode.PAUSED, by="anna", reason="fire")
        assert not pauses.tell(connection, "alpha", DagState(paused=True))
    assert set(told(engine)) == {MERCHANT_PAUSED}, "it agrees with what somebody decided"
