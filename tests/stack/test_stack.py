"""The engine as a user meets it: commands, what they print, and what survives a killed process."""

from __future__ import annotations

import os
import signal
import socket
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import create_engine, inspect

from include.stack import processes
from include.stack.testing import free_ports, throw_away_stack
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.stack.postgres import PostgresServer
    from include.stack.testing import ThrowAwayStack

DAG = r"""
from __future__ import annotations

import os
import time
from pathlib import Path

from airflow.sdk import dag, task


@dag(schedule=None, is_paused_upon_creation=False)
def scratch():
    @task(retries=3, retry_delay=1)
    def work(begun: str, release: str) -> int:
        with Path(begun).open("a") as file:
            file.write(f"{os.getpid()}\n")
        while not Path(release).exists():
            time.sleep(0.1)
        return 1

    work("{{ dag_run.conf['begun'] }}", "{{ dag_run.conf['release'] }}")


scratch()
"""


@pytest.fixture(scope="module")
def one_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThrowAwayStack]:
    dags = tmp_path_factory.mktemp("dags")
    (dags / "scratch.py").write_text(DAG)
    with throw_away_stack(dags) as stack:
        yield stack


@pytest.fixture
def stack(one_stack: ThrowAwayStack) -> ThrowAwayStack:
    """A healthy stack, whatever the test before did to it."""
    one_stack.up()
    return one_stack


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def all_processes(stack: ThrowAwayStack) -> list[psutil.Process]:
    database = processes.postmaster(stack.layout)
    return [*processes.members(stack.layout), *([database] if database else [])]


def listening(stack: ThrowAwayStack) -> dict[int, str]:
    """Port and address of every TCP socket the stack listens on."""
    found = {}
    for process in all_processes(stack):
        with suppress(psutil.NoSuchProcess):  # a task may end in between
            for one in process.net_connections("tcp"):
                if one.status == psutil.CONN_LISTEN:
                    found[one.laddr.port] = one.laddr.ip
    return found


def ui_port(stack: ThrowAwayStack) -> int:
    return int(stack.variables["FULFILMENT_UI_PORT"])


class Run:
    """One run of the scratch DAG, whose task waits until it is released."""

    def __init__(self, stack: ThrowAwayStack, folder: Path) -> None:
        self.stack = stack
        self.begun = folder / "begun"
        self.release = folder / "release"
        conf = {"begun": str(self.begun), "release": str(self.release)}
        body = {"logical_date": None, "conf": conf}
        self.id = stack.api.call("POST", "dags/scratch/dagRuns", json=body)["dag_run_id"]

    def state(self) -> str:
        return str(self.stack.api.call("GET", f"dags/scratch/dagRuns/{self.id}")["state"])

    def tries(self) -> list[int]:
        """Return the process id of each try so far."""
        return [int(line) for line in self.begun.read_text().split()] if self.begun.exists() else []


def test_up_prints_address_and_login_and_does_nothing_the_second_time(
    stack: ThrowAwayStack,
) -> None:
    before = stack.supervisor.pids()
    done = stack.run("up")
    assert done.returncode == 0
    assert f"http://127.0.0.1:{ui_port(stack)}" in done.stdout
    assert stack.layout.secrets().password in done.stdout
    assert stack.supervisor.pids() == before


def test_only_the_generated_password_opens_the_ui(stack: ThrowAwayStack) -> None:
    from include.core.systems.errors import ConfigError
    from include.stack.api import AirflowApi

    assert [dag["dag_id"] for dag in stack.api.dags()] == ["scratch"]
    for user, password in [("admin", "admin"), ("airflow", "airflow"), ("admin", "")]:
        with pytest.raises(ConfigError):
            AirflowApi(stack.api.base_url, user, password).dags()


def test_everything_listens_on_the_loopback_address_only(stack: ThrowAwayStack) -> None:
    assert listening(stack) == {ui_port(stack): "127.0.0.1"}


def test_secrets_are_readable_for_their_owner_only(stack: ThrowAwayStack) -> None:
    state = stack.layout.state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for file in (state / "secrets.json", stack.layout.passwords, state / "airflow-migrated.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = stack.layout.secrets().password
    assert password not in (state / "supervisord.conf").read_text()


def test_pools_and_connections_are_created_and_replaced(stack: ThrowAwayStack) -> None:
    for slots in (3, 5):
        stack.api.ensure_pools({"narrow": slots})
        assert stack.api.call("GET", "pools/narrow")["slots"] == slots
    for host in ("http://127.0.0.1:1", "http://127.0.0.1:2"):
        stack.api.set_connections({"somewhere": {"conn_type": "http", "host": host}})
        assert stack.api.call("GET", "connections/somewhere")["host"] == host


def test_a_killed_scheduler_comes_back_without_leftovers_and_the_work_goes_on(
    stack: ThrowAwayStack, tmp_path: Path
) -> None:
    run = Run(stack, tmp_path)
    eventually(run.tries)
    scheduler = psutil.Process(stack.supervisor.pids()["scheduler"])
    family = [scheduler, *scheduler.children(recursive=True)]
    scheduler.kill()
    eventually(lambda: stack.supervisor.pids().get("scheduler", scheduler.pid) != scheduler.pid)
    eventually(lambda: not any(process.is_running() for process in family))
    eventually(lambda: len(run.tries()) == 2, 90)
    run.release.touch()
    eventually(lambda: run.state() == "success")
    assert len(run.tries()) == 2


def test_a_killed_task_is_tried_again(stack: ThrowAwayStack, tmp_path: Path) -> None:
    run = Run(stack, tmp_path)
    os.kill(eventually(run.tries)[0], signal.SIGKILL)
    run.release.touch()
    eventually(lambda: run.state() == "success")
    assert len(run.tries()) == 2


@pytest.mark.parametrize("component", ["api-server", "dag-processor", "triggerer", "postgres"])
def test_a_killed_component_comes_back(stack: ThrowAwayStack, component: str) -> None:
    before = stack.supervisor.pids()[component]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: stack.supervisor.pids().get(component, before) != before)
    assert stack.run("wait", "90").returncode == 0


@pytest.mark.parametrize("command", ["down", "up"])
def test_what_a_killed_supervisor_leaves_is_found_and_ended(
    stack: ThrowAwayStack, command: str
) -> None:
    eventually(lambda: len(all_processes(stack)) > 6)  # what was killed before is back
    orphans = all_processes(stack)
    supervisor = stack.supervisor.pid()
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    done = stack.run(command)
    assert done.returncode == 0, done.stderr
    assert not any(process.is_running() for process in orphans)


def test_down_leaves_no_process_and_no_port_and_can_be_repeated(stack: ThrowAwayStack) -> None:
    running = all_processes(stack)
    ports = listening(stack)
    for _ in range(2):
        assert stack.run("down").returncode == 0
        assert all_processes(stack) == []
    assert not any(process.is_running() for process in running)
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert stack.run("status").returncode == 1


@pytest.mark.parametrize("name", ["UI", "PLENTY", "WEMALO"])
def test_a_taken_port_is_named_in_one_line_and_nothing_is_started(
    tmp_path: Path, name: str
) -> None:
    with throw_away_stack(tmp_path) as stack, socket.socket() as other:
        variable = f"FULFILMENT_{name}_PORT"
        port = int(stack.variables[variable])
        other.bind(("127.0.0.1", port))
        other.listen()
        done = stack.run("up", "--with-sandbox")
        assert done.returncode == 1
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1
        assert f"Port {port} is taken" in lines[0]
        assert variable in lines[0]
        assert all_processes(stack) == []


def test_a_running_stack_says_that_it_has_other_ports(stack: ThrowAwayStack) -> None:
    variables = stack.variables
    other = str(free_ports(1)[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(variables, "FULFILMENT_WEMALO_PORT", other)
        done = stack.run("up")
    assert done.returncode == 1
    assert "The stack runs already" in done.stderr
    assert "make down" in done.stderr


def test_status_prints_address_and_login_and_fails_while_a_component_is_missing(
    stack: ThrowAwayStack,
) -> None:
    # a scheduler that was started anew counts as healthy until its predecessor's last word is old
    done = eventually(lambda: done if (done := stack.run("status")).returncode == 0 else None, 90)
    assert f"http://127.0.0.1:{ui_port(stack)}" in done.stdout
    assert stack.layout.secrets().password in done.stdout
    stack.supervisor.stop("api-server")
    done = stack.run("status")
    assert done.returncode == 1
    assert "Not healthy" in done.stdout


def test_given_databases_win_over_the_embedded_server(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with throw_away_stack(tmp_path) as stack:
        airflow, ledger = (postgres_server.ensure_database(one) for one in ("given_a", "given_l"))
        stack.variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = airflow
        stack.variables["FULFILMENT_DATABASE_URL"] = ledger
        stack.up()
        assert "postgres" not in stack.supervisor.states()
        assert not stack.layout.postgres_data.exists()
    assert tables(airflow) >= {"dag_run", "job"}
    assert tables(ledger) >= {"orders", "ledger_version"}
    for name in ("given_a", "given_l"):
        postgres_server.drop_database(name)


def test_a_ledger_of_newer_code_is_refused_in_one_line(
    postgres_server: PostgresServer, ledger_url: str, tmp_path: Path
) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_version SET version_num = 'from_the_future'")
    engine.dispose()
    with throw_away_stack(tmp_path) as stack:
        stack.variables["FULFILMENT_DATABASE_URL"] = ledger_url
        done = stack.run("up")
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
        assert "newer" in done.stderr
        assert set(stack.supervisor.pids()) == {"postgres", "reaper"}


def test_a_ledger_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with throw_away_stack(tmp_path) as stack:
        url = f"postgresql://fulfil:hidden-word@127.0.0.1:{free_ports(1)[0]}/ledger"
        stack.variables["FULFILMENT_DATABASE_URL"] = url
        done = stack.run("up")
        assert done.returncode == 1
        assert "FULFILMENT_DATABASE_URL" in done.stderr
        assert "hidden-word" not in done.stdout + done.stderr


def test_a_wrong_port_is_named_in_one_line(tmp_path: Path) -> None:
    with throw_away_stack(tmp_path) as stack:
        stack.variables["FULFILMENT_UI_PORT"] = "http"
        done = stack.run("up")
    assert done.returncode == 1
    assert done.stderr == "Error: FULFILMENT_UI_PORT=http is no port number (1 to 65535).\n"


def test_the_stack_ends_with_the_process_it_belongs_to(
    one_stack: ThrowAwayStack, tmp_path: Path
) -> None:
    with throw_away_stack(tmp_path) as stack:
        gone = psutil.Popen(["true"])
        gone.wait()
        stack.variables["FULFILMENT_STACK_OWNER"] = str(gone.pid)
        stack.run("up")
        eventually(lambda: all_processes(stack) == [], 90)


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20
