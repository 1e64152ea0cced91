"""Fixtures for all tests. Nothing here, and no test, touches a running stack or its state."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.postgres import PostgresServer
    from include.stack.testing import ThrowAwayStack

# Before anything imports Airflow: its import writes a configuration into AIRFLOW_HOME, and the
# settings of a stack that runs on this machine must not reach the tests.
for name in list(os.environ):
    if name.startswith(("AIRFLOW_", "FULFILMENT_", "PG")):
        del os.environ[name]
_home = tempfile.TemporaryDirectory(prefix="fulfilment-airflow-")
_project = Path(__file__).parents[1]
os.environ.update(
    AIRFLOW_HOME=_home.name,
    AIRFLOW__CORE__LOAD_EXAMPLES="false",
    AIRFLOW__CORE__DAGS_FOLDER=str(_project / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(_project / "plugins"),
    AIRFLOW__CORE__UNIT_TEST_MODE="false",
    GX_ANALYTICS_ENABLED="false",
)

_numbers = itertools.count(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests measured (property ``figures``), also from worker processes."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    figures = [
        value
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "figures"
    ]
    if figures:
        terminalreporter.section("measured")
        for line in figures:
            terminalreporter.write_line(str(line))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL server of this test session: socket only, in a temporary folder."""
    from include.stack.testing import throw_away_postgres

    with throw_away_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of this test."""
    name = f"test_{next(_numbers)}"
    yield postgres_server.ensure_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def _ledger_template(postgres_server: PostgresServer) -> str:
    from include.ledger.migrate import upgrade

    upgrade(postgres_server.ensure_database("ledger_template"))
    return "ledger_template"


@pytest.fixture
def ledger_url(postgres_server: PostgresServer, _ledger_template: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty, migrated ledger of this test (a copy of one template)."""
    name = f"ledger_{next(_numbers)}"
    yield postgres_server.ensure_database(name, template=_ledger_template)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def airflow_stack() -> Iterator[ThrowAwayStack]:
    """The whole engine with this project's DAGs and the sandbox, healthy, on ports of its own."""
    from include.stack.testing import throw_away_stack

    with throw_away_stack() as stack:
        stack.up(with_sandbox=True)
        yield stack
