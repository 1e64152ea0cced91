"""A ledger and both remote systems for benchmarks of the flow alone, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from cryptography.fernet import Fernet

from include.ledger.migrate import upgrade
from include.sandbox.client import ControlClient
from include.stack.testing import free_ports, throw_away_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a process finds everything; it can be handed to another process."""

    ledger: str
    plenty: str
    wemalo: str
    token_key: str

    def enter(self, connections: Mapping[str, Mapping[str, str]]) -> None:
        """Let this process use them, with these Airflow connections."""
        os.environ["FULFILMENT_DATABASE_URL"] = self.ledger
        os.environ["FULFILMENT_TOKEN_KEY"] = self.token_key
        for name, values in connections.items():
            os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(values)


@dataclass(frozen=True, slots=True)
class Servers:
    """The running servers, with a control client for each of the sandbox's."""

    addresses: Addresses
    plenty: ControlClient
    wemalo: ControlClient
    database: psutil.Process

    def database_cpu_s(self) -> float:
        """Return the CPU seconds of PostgreSQL so far."""
        return tree_cpu_s(self.database)


@contextmanager
def servers(*, factor: float = 1.0) -> Iterator[Servers]:
    """Run them until the block ends.

    :param factor: speed of the sandbox's clock.
    """
    with throw_away_postgres() as server, sandbox(factor) as (plenty, wemalo):
        url = server.ensure_database("ledger")
        upgrade(url)
        addresses = Addresses(url, plenty.base_url, wemalo.base_url, Fernet.generate_key().decode())
        pid = int((Path(server.data) / "postmaster.pid").read_text().split()[0])
        yield Servers(addresses, plenty, wemalo, psutil.Process(pid))


@contextmanager
def sandbox(factor: float = 1.0) -> Iterator[tuple[ControlClient, ControlClient]]:
    """Run both remote systems in one process until the block ends."""
    ports = [str(port) for port in free_ports(2)]
    command = [sys.executable, "-m", "include.sandbox", "--factor", str(factor)]
    command += ["--plenty-port", ports[0], "--wemalo-port", ports[1]]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603
    try:
        for _ in range(2):  # the two addresses: both servers listen
            process.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
        plenty, wemalo = (ControlClient(f"http://127.0.0.1:{p}", timeout=120) for p in ports)
        yield plenty, wemalo
    finally:
        process.terminate()
        process.communicate()


def tree_cpu_s(*roots: psutil.Process) -> float:
    """Return the CPU seconds of processes and all below them, ended ones included.

    A process that has ended counts once its parent has taken notice of it.
    """
    total = 0.0
    for root in roots:
        for process in (root, *root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += sum(times[:4])  # own and ended children's, user and system
    return total
