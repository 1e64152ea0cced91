from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import psycopg2
import pytest
from sqlalchemy import create_engine, inspect

from include.stack import postgres
from include.stack.postgres import THROW_AWAY, PostgresServer

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

ROOT = os.geteuid() == 0


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_the_server_listens_on_no_tcp_port(postgres_server: PostgresServer) -> None:
    assert postgres_server.execute("SHOW listen_addresses") == [("",)]


def test_the_socket_is_closed_to_others(postgres_server: PostgresServer) -> None:
    assert stat.S_IMODE(postgres_server.socket_folder.stat().st_mode) == 0o700
    socket = postgres_server.socket_folder / f".s.PGSQL.{postgres_server.port}"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700


def test_a_fresh_ledger_has_its_tables_and_no_rows(ledger_url: str) -> None:
    assert {"orders", "ledger_version"} <= tables(ledger_url)


def test_each_test_gets_a_ledger_of_its_own(
    postgres_server: PostgresServer, ledger_url: str
) -> None:
    other = postgres_server.ensure_database("another", template="ledger_template")
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE only_here (id int)")
    engine.dispose()
    assert "only_here" in tables(ledger_url)
    assert "only_here" not in tables(other)
    postgres_server.drop_database("another")


def test_a_database_is_created_once_and_dropped_with_open_sessions(
    postgres_server: PostgresServer,
) -> None:
    assert postgres_server.ensure_database("twice") == postgres_server.ensure_database("twice")
    session = postgres_server.connect("twice")
    postgres_server.drop_database("twice")
    with pytest.raises(psycopg2.OperationalError):
        session.cursor().execute("SELECT 1")


def ways() -> list[ParameterSet]:
    if not ROOT:
        return [pytest.param(os.geteuid(), [], id="as ourselves")]
    return [
        pytest.param(owner, prefix, id=prefix[0])
        for owner, prefix in postgres._ways_down(postgres._unprivileged_user())
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    ]


@pytest.mark.parametrize(("owner", "prefix"), ways())
def test_the_server_starts_in_a_folder_that_only_we_can_enter(
    owner: int, prefix: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [stat.S_IMODE(folder.stat().st_mode) for folder in [closed, *closed.parents]]
    monkeypatch.setattr(postgres, "unprivileged_prefix", lambda _: (owner, prefix))
    sockets = closed / "s"
    sockets.mkdir(mode=0o700)
    server = PostgresServer(closed / "data", sockets, THROW_AWAY)
    with (closed / "log").open("wb") as log:
        process = subprocess.Popen(server.command(), stdout=log, stderr=log, cwd="/")
    try:
        server.wait_until_ready(30)
        assert server.execute("SELECT 42") == [(42,)]
    finally:
        process.terminate()
        process.wait(30)
    assert before == [stat.S_IMODE(folder.stat().st_mode) for folder in [closed, *closed.parents]]
