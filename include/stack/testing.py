"""Throw-away servers for tests: own folders, own sockets, gone with the process that made them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.stack import control
from include.stack.layout import PROJECT, Layout
from include.stack.postgres import THROW_AWAY, PostgresServer
from include.stack.supervision import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.api import AirflowApi

# The shell lives as long as its standard input: when the test process ends, however it ends, the
# pipe closes and the server is stopped.
_UNTIL_PARENT_ENDS = '"$@" < /dev/null & cat > /dev/null; kill -QUIT $!; wait $!'


@contextmanager
def throw_away_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server in a temporary folder until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="fulfilment-pg-"))
    sockets = folder / "s"
    sockets.mkdir(mode=0o700)
    server = PostgresServer(folder / "data", sockets, THROW_AWAY)
    try:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", _UNTIL_PARENT_ENDS, "sh", *server.command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        try:
            server.wait_until_ready()
            yield server
        finally:
            process.communicate()  # closes the pipe and waits
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class ThrowAwayStack:
    """A stack of its own state folder and ports; its commands run as a user would run them."""

    layout: Layout
    variables: dict[str, str]

    def run(
        self, *arguments: str, seconds: float = control.HEALTHY_S + 30
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python -m include.stack`` with these arguments and return what it said."""
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "include.stack", *arguments],
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def up(self, *, with_sandbox: bool = False, seconds: float = control.HEALTHY_S + 30) -> None:
        """Start what does not run and wait until it is healthy."""
        done = self.run("up", *(["--with-sandbox"] if with_sandbox else []), seconds=seconds)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    def down(self) -> None:
        """Stop everything."""
        self.run("down")

    @property
    def api(self) -> AirflowApi:
        """A client of this stack's Airflow."""
        return control.api(self.layout)

    @property
    def merchants(self) -> Path:
        """The folder of this stack's merchant files: a copy, a test may add some."""
        return Path(self.variables["FULFILMENT_MERCHANTS"])

    @property
    def supervisor(self) -> Supervisor:
        """This stack's supervisord."""
        return Supervisor(self.layout)


def free_ports(count: int) -> list[int]:
    """Return TCP ports of 127.0.0.1 that nobody listens on right now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _variables(layout: Layout, dags: Path) -> dict[str, str]:
    foreign = ("AIRFLOW", "FULFILMENT_", "PG")
    variables = {name: one for name, one in os.environ.items() if not name.startswith(foreign)}
    for name, port in zip(("UI", "PLENTY", "WEMALO"), free_ports(3), strict=True):
        variables[f"FULFILMENT_{name}_PORT"] = str(port)
    variables["FULFILMENT_STATE"] = str(layout.state)
    merchants = layout.state.parent / "merchants"
    shutil.copytree(PROJECT / "include" / "merchants", merchants)
    variables["FULFILMENT_MERCHANTS"] = str(merchants)
    variables["FULFILMENT_STACK_OWNER"] = str(os.getpid())
    variables["AIRFLOW__CORE__DAGS_FOLDER"] = str(dags)
    return variables


@contextmanager
def throw_away_stack(dags: Path = PROJECT / "dags") -> Iterator[ThrowAwayStack]:
    """Give a stack that is not started yet; it is stopped and removed after the block.

    It also ends when the process that made it ends without leaving the block.
    """
    folder = Path(tempfile.mkdtemp(prefix="fulfilment-stack-"))
    layout = Layout(folder / "state")
    stack = ThrowAwayStack(layout, _variables(layout, dags))
    try:
        yield stack
    finally:
        stack.down()
        shutil.rmtree(folder, ignore_errors=True)
