"""`fulfil rename` and `fulfil retire`: a merchant's end is a decision, and loses nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.cli import airflow_api, standstill
from include.cli.main import app
from include.config.merchants import load_all
from include.config.telling import BY, tell
from include.core.merchants.modes import Mode
from include.core.orders.states import State
from include.core.systems.errors import ConfigError
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.merchants import merchant_files, modes, pauses
from include.ledger.systems.locks import exclusive
from tests.cli import invoke
from tests.dags.test_merchants import GOOD, write
from tests.ledger.merchants.test_merchant_facts import put, set_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@dataclass
class Airflow:
    """Airflow's API as far as both commands ask it."""

    runs: list[dict[str, str]] = field(default_factory=list)
    connections: set[str] = field(default_factory=lambda: {"plenty_beta", "wemalo_beta", "mail"})
    off: set[str] = field(default_factory=set)

    def dags(self) -> list[dict[str, str]]:
        return [{"dag_id": "fulfilment__beta"}, {"dag_id": "fulfilment__alpha"}]

    def call(self, method: str, path: str, **given: Any) -> Any:
        if (method, path) == ("GET", "dags/~/dagRuns"):
            assert given["params"]["state"] == ["running", "queued"]
            return {"dag_runs": self.runs}
        if (method, path) == ("GET", "connections"):
            return {"connections": [{"connection_id": name} for name in self.connections]}
        kind, _, name = path.partition("/")
        if (method, kind) == ("DELETE", "connections"):
            self.connections.remove(name)
        elif (method, kind) == ("PATCH", "dags"):
            assert given["json"] == {"is_paused": True}
            self.off.add(name)
        else:
            raise AssertionError(method, path)
        return None


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    fake = Airflow()
    monkeypatch.setattr(airflow_api, "connect", lambda _: fake)
    monkeypatch.setattr(standstill, "PATIENCE_S", 0.0)
    return fake


@pytest.fixture
def engine(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A ledger in which alpha and beta work; beta has an order in the warehouse and one not yet."""
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path))
    engine = ledger_engine(ledger_url)
    write(tmp_path, alpha=GOOD, beta=file_of("beta"))
    with engine.begin() as connection:
        for merchant in load_all()[0]:
            merchant_files.note_good(connection, merchant)
    put(engine, "beta", None, 11)
    set_state(engine, "beta", State.ACCEPTED)
    put(engine, "beta", None, 12)
    yield engine
    engine.dispose()


def file_of(name: str) -> str:
    return re.sub(r"\balpha\b|(?<=_)alpha\b", name, GOOD)


def read_files(engine: Engine) -> set[tuple[str, str]]:
    """Read the files as the DAG processor does; return what is told."""
    tell(load_all()[1])
    with engine.begin() as connection:
        for name, standing in modes.decided(connection).items():
            if standing.by != BY:  # the same is told already: its file is gone
                pauses.tell(connection, name)
        return {(row.merchant, row.code) for row in exceptions.open_exceptions(connection)}


def mode(engine: Engine, name: str) -> Mode:
    with engine.begin() as connection:
        return modes.of(connection, name).mode


def orders_of(engine: Engine, name: str) -> list[int]:
    with engine.begin() as connection:
        statement = text("SELECT order_id FROM orders WHERE merchant = :m ORDER BY 1")
        return list(connection.execute(statement, {"m": name}).scalars())


def run(*words: str) -> str:
    done = invoke(app, *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def refused(*words: str) -> str:
    done = invoke(app, *words)
    assert isinstance(done.exception, ConfigError), done.output
    return done.exception.operator


def test_a_renamed_merchant_goes_on_with_all_its_orders_and_nothing_stays_told(
    engine: Engine, airflow: Airflow, tmp_path: Path
) -> None:
    assert "beta.yaml is still there" in refused("rename", "beta", "gamma")
    (tmp_path / "beta.yaml").unlink()
    write(tmp_path, gamma=file_of("beta").replace("merchant: beta", "merchant: gamma"))
    assert read_files(engine) == {
        ("beta", "MERCHANT_FILE_MISSING"), ("gamma", "MERCHANT_FILE_BROKEN")
    }  # fmt: skip
    order = run("order", "beta", "11")
    assert "MERCHANT_FILE_MISSING" in order
    assert "fulfil rename beta <new name>" in order

    said = run("rename", "beta", "gamma")

    assert "beta is gamma now" in said
    assert "fulfil unpause gamma" in said
    assert (orders_of(engine, "beta"), orders_of(engine, "gamma")) == ([], [11, 12])
    assert read_files(engine) == set()
    good, broken = load_all()
    assert ([m.merchant for m in good], broken) == (["alpha", "gamma"], [])
    # whoever still looks for orders under the old name stands; the new one is live
    assert (mode(engine, "beta"), mode(engine, "gamma")) == (Mode.PAUSED, Mode.LIVE)
    with engine.begin() as connection:
        merchant_files.note_good(connection, good[1])
    assert airflow.connections == {"plenty_beta", "wemalo_beta", "mail"}
    # and back again
    (tmp_path / "gamma.yaml").rename(tmp_path / "beta.yaml")
    write(tmp_path, beta=file_of("beta"))
    run("rename", "gamma", "beta")
    assert orders_of(engine, "beta") == [11, 12]
    assert (mode(engine, "beta"), read_files(engine)) == (Mode.LIVE, set())


def test_a_rename_is_refused_over_another_merchant_or_an_active_run_and_changes_nothing(
    engine: Engine, airflow: Airflow, tmp_path: Path
) -> None:
    (tmp_path / "beta.yaml").unlink()
    put(engine, "alpha", None, 1)
    assert "alpha is a merchant of its own" in refused("rename", "beta", "alpha")
    assert "no merchant nobody" in refused("rename", "nobody", "gamma")
    assert "small letters" in refused("rename", "beta", "../Gamma")

    airflow.runs = [{"dag_run_id": "manual", "dag_id": "fulfilment__beta"}]
    assert "run manual of fulfilment__beta is still active" in refused("rename", "beta", "gamma")
    airflow.runs = [{"dag_run_id": "manual", "dag_id": "fulfilment__alpha"}]
    with exclusive(engine, "beta", "returns.handle_returns"):
        assert "a task of beta is still active" in refused("rename", "beta", "gamma")
    assert (orders_of(engine, "beta"), orders_of(engine, "gamma")) == ([11, 12], [])
    assert (mode(engine, "beta"), mode(engine, "gamma")) == (Mode.LIVE, Mode.LIVE)


def test_a_merchant_is_retired_once_nothing_but_unsent_orders_is_open(
    engine: Engine, airflow: Airflow, tmp_path: Path
) -> None:
    said = run("retire", "beta")
    assert "1 orders that were not handed over: 12" in said
    assert "1 orders at the warehouse: 11" in said
    assert mode(engine, "beta") is Mode.LIVE, "showing changes nothing"

    assert "takes no new orders from now on" in run("retire", "beta", "--finish")
    assert (mode(engine, "beta"), airflow.off) == (Mode.FINISH, set())

    with engine.begin() as connection:
        connection.execute(text("UPDATE orders SET state = 'shipped' WHERE order_id = 11"))
    (tmp_path / "beta.yaml").unlink()
    assert read_files(engine) == {("beta", "MERCHANT_PAUSED")}, "somebody said what becomes of it"
    said = run("retire", "beta", "--finish")
    assert "beta is retired" in said
    assert (airflow.off, airflow.connections) == ({"fulfilment__beta"}, {"mail"})
    assert mode(engine, "beta") is Mode.PAUSED, "nobody looks for its orders any more"
    assert read_files(engine) == set()
    assert [merchant.merchant for merchant in load_all()[0]] == ["alpha"]
    assert load_all("fulfilment__beta") == ([], [])
    assert invoke(app, "retire", "beta", "--finish").exit_code == 1


def test_stopping_asks_first_says_what_is_left_and_keeps_what_another_merchant_uses(
    engine: Engine, airflow: Airflow, tmp_path: Path
) -> None:
    # another warehouse of the same plentymarkets system, which may share the client
    third = file_of("beta").replace("merchant: beta", "merchant: third")
    write(tmp_path, third=third.replace("warehouse_id: 3", "warehouse_id: 4"))
    assert invoke(app, "retire", "beta", "--stop", given="n\n").exit_code == 1
    assert mode(engine, "beta") is Mode.LIVE

    said = run("retire", "beta", "--stop", "--yes")

    assert "1 orders at the warehouse: 11" in said
    assert "The connection plenty_beta stays: another merchant uses it." in said
    assert airflow.connections == {"plenty_beta", "wemalo_beta", "mail"}
    assert "remove beta.yaml" in said
    assert mode(engine, "beta") is Mode.PAUSED


def test_what_all_merchants_share_is_shown_for_each_and_lint_says_who_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path, _defaults="owner: [\n")
    assert read_files(engine) == {("_defaults", "MERCHANT_DEFAULTS_BROKEN")}
    for words in (("exceptions", "alpha"), ("exceptions",), ("order", "beta", "99")):
        assert "MERCHANT_DEFAULTS_BROKEN" in run(*words)
    (tmp_path / "beta.yaml").unlink()
    done = invoke(app, "lint")
    assert done.exit_code == 1
    assert "alpha goes on by the version that is in use since" in done.output
    assert "beta takes no new orders" in done.output
