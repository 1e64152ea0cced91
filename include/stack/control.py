"""Start, stop and look at the stack. Every function can be called again at any time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from include.core.systems.errors import ConfigError, LedgerUnavailable
from include.ledger import URL_VARIABLE
from include.ledger.migrate import upgrade
from include.stack import airflow_env, broker, processes
from include.stack.api import AirflowApi
from include.stack.layout import Ports, write_private
from include.stack.supervision import Program, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.stack.layout import Layout

AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
POSTGRES = "postgres"
REDIS = "redis"
SANDBOX = "sandbox"
REAPER = "reaper"
API_URL, UI_USER, UI_PASSWORD = (
    "FULFILMENT_API_URL",
    "FULFILMENT_UI_USER",
    "FULFILMENT_UI_PASSWORD",
)
"""Where Airflow is and who logs in, where it is not the stack of this folder: in containers."""
SANDBOX_URLS = ("FULFILMENT_PLENTY_URL", "FULFILMENT_WEMALO_URL")
"""Where the sandbox's two systems are, in containers."""
HEALTHY_S = 420
"""A start is given up after so long; two busy cores were seen to take three minutes."""
POOLS: Mapping[str, int] = {}
"""Pools of the DAGs and their slots."""

_LEAST_FREE = 1_000_000_000  # bytes


def base_url(ports: Ports) -> str:
    """Return the address of the Airflow UI."""
    return f"http://127.0.0.1:{ports.ui}"


def api(layout: Layout) -> AirflowApi:
    """Return a client of Airflow: the one that the environment names, else the running stack's.

    :raises ConfigError: `API_URL` is set, and user or password are not.
    """
    if os.environ.get(API_URL):
        return AirflowApi(given(API_URL), given(UI_USER), given(UI_PASSWORD))
    secrets = layout.secrets()
    return AirflowApi(base_url(layout.ports()), secrets.user, secrets.password)


def given(name: str) -> str:
    """Return a variable that goes with `API_URL`.

    :raises ConfigError: it is not set.
    """
    value = os.environ.get(name, "")
    if not value:
        text = f"{name} is not set; it belongs to {API_URL}."
        raise ConfigError(text)
    return value


def sandbox_urls(layout: Layout) -> tuple[str, str]:
    """Return the addresses of the sandbox's plentymarkets and wemalo, without a path.

    :raises ConfigError: `API_URL` is set, and one of `SANDBOX_URLS` is not.
    """
    if os.environ.get(API_URL):
        plenty, wemalo = (given(name) for name in SANDBOX_URLS)
        return plenty, wemalo
    ports = layout.ports()
    return f"http://127.0.0.1:{ports.plenty}", f"http://127.0.0.1:{ports.wemalo}"


def typed(here: str, compose: str) -> str:
    """Return the command that a person types: one of this folder, or one for its containers."""
    return f"docker compose {compose}" if os.environ.get(API_URL) else here


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Let one command at a time start or stop the stack; a second one waits."""
    with (layout.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_disk(layout: Layout, least: int = _LEAST_FREE) -> None:
    """Raise `ConfigError` if the disk of the state folder is nearly full."""
    free = shutil.disk_usage(layout.state).free
    if free < least:
        text = (
            f"Only {free / 1e9:.1f} GB are free on the disk of {layout.state}, at least "
            f"{least / 1e9:.1f} GB are needed. Free some, or set FULFILMENT_STATE to another disk."
        )
        raise ConfigError(text, code="DISK_FULL")


def _user_of(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
                if connection.pid is None:
                    return "another user's process"
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another process"


def check_ports(wanted: Mapping[str, int]) -> None:
    """Raise `ConfigError` if a port is taken.

    :param wanted: port by the name of the variable that sets it.
    """
    for variable, port in wanted.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                text = f"Port {port} is taken by {_user_of(port)}. End it, or set {variable}."
                raise ConfigError(text, code="PORT_TAKEN") from error


def programs(layout: Layout, ports: Ports) -> list[Program]:
    """Return all components as supervisord's programs."""
    home = layout.airflow_home
    found = []
    if airflow_env.needs_postgres():
        server = airflow_env.server(layout)
        # SIGINT is PostgreSQL's fast shutdown, and is for the first process only.
        settings = {"stopsignal": "INT", "stopasgroup": "false", "startsecs": "0"}
        found.append(Program(POSTGRES, server.command(), layout.state, settings))
    for name in AIRFLOW:
        command = [sys.executable, "-m", "airflow", name]
        if name in ("scheduler", "triggerer"):
            # Its log server listens on every address; the UI reads the same files from the disk.
            command.append("--skip-serve-logs")
        # The triggerer tells its own child; told twice, that one takes long to end. Triggers are
        # made to be continued, so nothing is lost when it is not waited for.
        triggerer = {"stopasgroup": "false", "stopwaitsecs": "4"}
        settings = triggerer if name == "triggerer" else {}
        found.append(Program(name, command, home, settings))
    found += _celery(layout)
    sandbox = [sys.executable, "-m", "include.sandbox", "--host", "127.0.0.1"]
    sandbox += ["--plenty-port", str(ports.plenty), "--wemalo-port", str(ports.wemalo)]
    sandbox += ["--state-dir", str(layout.sandbox)]
    return [*found, Program(SANDBOX, sandbox, layout.sandbox)]


def _celery(layout: Layout) -> list[Program]:
    workers = airflow_env.celery_workers()
    if not workers:
        return []
    command = [sys.executable, "-m", "airflow", "celery", "worker", "--skip-serve-logs"]
    return [
        Program(REDIS, broker.command(layout), layout.redis_data, {"startsecs": "0"}),
        *(
            Program(name, [*command, "--celery-hostname", f"{name}@127.0.0.1"], layout.airflow_home)
            for name in workers
        ),
    ]


def _tasks_and_ui(supervisor: Supervisor) -> list[str]:
    """Return the components that need the databases: those of Airflow, and Celery's workers."""
    return [n for n in supervisor.states() if n not in (POSTGRES, REDIS, SANDBOX, REAPER)]


def _migrate_airflow(layout: Layout, environment: Mapping[str, str]) -> None:
    """Bring Airflow's tables to the installed version; costs nothing if they are."""
    stamp = layout.state / "airflow-migrated.json"
    url = airflow_env.airflow_url(layout)
    wanted = json.dumps([version("apache-airflow"), url])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    log = layout.logs / "airflow-migrate.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            cwd=layout.airflow_home,
            check=False,
        )
    if done.returncode != 0:
        text = f"Airflow's database could not be brought to this version: see {log}."
        raise ConfigError(text, code="AIRFLOW_MIGRATE")
    write_private(stamp, wanted)


def _databases(layout: Layout, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    if airflow_env.needs_postgres():
        server = airflow_env.server(layout)
        supervisor.start(POSTGRES)
        server.wait_until_ready()
        for name in ("airflow", "ledger"):
            server.ensure_database(name)
    try:
        upgrade(airflow_env.ledger_url(layout))
    except LedgerUnavailable as error:
        text = f"{error.operator} Check {URL_VARIABLE}."
        raise ConfigError(text, log=error.log, code="LEDGER_DATABASE") from None
    _migrate_airflow(layout, environment)


def up(layout: Layout, ports: Ports, *, with_sandbox: bool, say: Callable[[str], None]) -> None:
    """Start what does not run yet and return when everything is healthy.

    :param ports: used for a new start; a running stack keeps the ports it has.
    :param say: is given a line about each step.
    :raises ConfigError: a port is taken, the disk is full, or a component does not come up.
    """
    layout.prepare()
    check_disk(layout)
    with _alone(layout):
        supervisor = Supervisor(layout)
        runs = supervisor.pid() is not None
        if runs:
            ports = _same_ports(layout.ports())
        sandboxes = {"FULFILMENT_PLENTY_PORT": ports.plenty, "FULFILMENT_WEMALO_PORT": ports.wemalo}
        if not runs:
            left_over = processes.end_all(layout)
            if left_over:
                say(f"ended {left_over} processes of a stack whose supervisor died")
            wanted = {"FULFILMENT_UI_PORT": ports.ui, **(sandboxes if with_sandbox else {})}
            check_ports(wanted)  # all of them, before anything starts
            _launch(layout, ports, supervisor, say)
        elif with_sandbox and supervisor.states().get(SANDBOX) != "RUNNING":
            check_ports(sandboxes)
        if with_sandbox:
            supervisor.start(SANDBOX)
        environment = airflow_env.environment(layout, ports)
        _databases(layout, supervisor, environment)
        if REDIS in supervisor.states():
            supervisor.start(REDIS)
        for name in _tasks_and_ui(supervisor):
            supervisor.start(name)
    say("waiting until Airflow is healthy")
    wait(layout)
    api(layout).ensure_pools(POOLS)


def _same_ports(running: Ports) -> Ports:
    """Return the ports of the running stack.

    :raises ConfigError: the environment names others.
    """
    asked = Ports.from_environment(running)
    if asked != running:
        numbers = f"{running.ui}, {running.plenty} and {running.wemalo}"
        text = f"The stack runs already, on the ports {numbers}. Run `make down` to change them."
        raise ConfigError(text, code="OTHER_PORTS")
    return running


def _launch(
    layout: Layout, ports: Ports, supervisor: Supervisor, say: Callable[[str], None]
) -> None:
    secrets = layout.secrets()
    write_private(layout.passwords, json.dumps({secrets.user: secrets.password}))
    write_private(layout.running_file, json.dumps(ports.__dict__))
    say("starting the databases")
    supervisor.launch(programs(layout, ports), airflow_env.environment(layout, ports))


def wait(layout: Layout, seconds: float = HEALTHY_S) -> None:
    """Return when all components are healthy and the DAG folder was read.

    :raises ConfigError: not within ``seconds``; the text names who is missing.
    """
    client = api(layout)
    deadline = time.monotonic() + seconds
    while lacking := missing(layout, client):
        if time.monotonic() > deadline:
            text = f"Not healthy after {seconds:.0f} s: {', '.join(lacking)}. See {layout.logs}."
            raise ConfigError(text, code="NOT_HEALTHY")
        time.sleep(0.5)


def missing(layout: Layout, client: AirflowApi) -> list[str]:
    """Return what the stack lacks to be healthy: components of Airflow, or its DAGs."""
    unhealthy = client.unhealthy()
    if unhealthy:
        return unhealthy
    dags = Path(airflow_env.environment(layout, layout.ports())["AIRFLOW__CORE__DAGS_FOLDER"])
    none_expected = not any(dags.rglob("*.py"))
    return [] if none_expected or client.dags() or client.import_errors() else ["DAGs"]


def down(layout: Layout) -> int:
    """Stop everything, also what a crash left behind; return how many leftovers were ended."""
    if not layout.state.exists():
        return 0
    layout.prepare()
    with _alone(layout):
        supervisor = Supervisor(layout)
        pid = supervisor.pid()
        if pid is not None:
            for name in (*_tasks_and_ui(supervisor), SANDBOX):
                supervisor.stop(name, wait=False)
            _until_stopped(supervisor)
            for name in (REDIS, POSTGRES):
                supervisor.stop(name)
            supervisor.shutdown()
            with suppress(psutil.Error):
                psutil.Process(pid).wait(timeout=30)
        left_over = processes.end_all(layout)
        layout.running_file.unlink(missing_ok=True)
        return left_over


def _until_stopped(supervisor: Supervisor) -> None:
    deadline = time.monotonic() + 25  # supervisord itself kills after 15
    while "STOPPING" in supervisor.states().values():
        if time.monotonic() > deadline:
            return  # whoever is left is ended by force
        time.sleep(0.1)


def status(layout: Layout) -> dict[str, str]:
    """Return the state of each component; empty if the stack does not run."""
    supervisor = Supervisor(layout)
    return supervisor.states() if supervisor.pid() is not None else {}
