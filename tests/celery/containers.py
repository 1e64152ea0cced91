"""The compose file's services as processes of this machine, each with its own command.

A stand-in for the engine: it fills in the variables, gives every service the image's and its own
environment and nothing else, and maps names of hosts, ports and folders to what is here. Two things
differ: everything listens on 127.0.0.1, and nobody serves task logs, the folder is shared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from include.stack import broker
from include.stack.testing import free_ports
from tests.stack import compose

if TYPE_CHECKING:
    from include.stack.postgres import PostgresServer

SERVES_LOGS = {"worker", "triggerer", "scheduler"}


@dataclass
class Containers:
    """All services of one start of the compose file, in ``folder``."""

    folder: Path
    postgres: PostgresServer
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project, self.home = self.folder / "project", self.folder / "airflow"
        self.connections = self.folder / "connections"
        for path in (self.project, self.home, self.connections):
            path.mkdir()
        compose.copy_project(self.project, compose.image_ignores())
        self.services = compose.services()
        self.redis_port, self.ui_port, self.plenty_port, self.wemalo_port = free_ports(4)
        socket = quote(str(self.postgres.socket_folder), safe="")
        self._here = {
            "/opt/fulfilment/connections": str(self.connections),
            "/opt/fulfilment": str(self.project),
            "/opt/airflow": str(self.home),
            "@postgres/airflow": f"@/airflow?host={socket}",
            "@postgres/ledger": f"@/ledger?host={socket}",
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "http://api-server:8080": f"http://127.0.0.1:{self.ui_port}",
            "http://127.0.0.1:8080": f"http://127.0.0.1:{self.ui_port}",
            "http://sandbox:8781": f"http://127.0.0.1:{self.plenty_port}",
            "http://sandbox:8782": f"http://127.0.0.1:{self.wemalo_port}",
            "http://127.0.0.1:8781": f"http://127.0.0.1:{self.plenty_port}",
            "http://127.0.0.1:8782": f"http://127.0.0.1:{self.wemalo_port}",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - taken away here
        }

    def _map(self, text: str) -> str:
        for there, here in self._here.items():
            text = text.replace(there, here)
        return text

    def environment(self, name: str) -> dict[str, str]:
        given = {**compose.image_environment(), **self.services[name].get("environment", {})}
        return {
            **{key: self._map(str(value)) for key, value in given.items()},
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "HOSTNAME": os.uname().nodename,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ui_port),
        }

    def command(self, name: str) -> list[str]:
        command = [self._map(part) for part in self.services[name]["command"]]
        if name == "redis":
            command[0] = broker.binary()
            command += ["--port", str(self.redis_port), "--bind", "127.0.0.1"]
        if name == "sandbox":
            ports = (self.plenty_port, self.wemalo_port)
            command += ["--plenty-port", str(ports[0]), "--wemalo-port", str(ports[1])]
        return command + (["--skip-serve-logs"] if name in SERVES_LOGS else [])

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def start(self, name: str) -> None:
        with self.log(name).open("ab") as output:
            self.processes[name] = subprocess.Popen(
                self.command(name),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.project if name != "redis" else self.folder,
                env=self.environment(name),
                start_new_session=True,
            )

    def run(self, name: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a service that ends by itself."""
        return subprocess.run(
            self.command(name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            cwd=self.project,
            env=self.environment(name),
        )

    def healthy(self, name: str, seconds: float = 300) -> bool:
        """Run the service's health check until it passes."""
        kind, *test = self.services[name]["healthcheck"]["test"]
        test = ["/bin/sh", "-c", test[0]] if kind == "CMD-SHELL" else test
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.processes[name].poll() is None:
            done = subprocess.run(
                [self._map(part) for part in test],
                capture_output=True,
                check=False,
                cwd=self.project,
                env=self.environment(name),
            )
            if done.returncode == 0:
                return True
            time.sleep(1)
        return False

    def end(self) -> None:
        """End all services and whatever they started."""
        family: list[psutil.Process] = []
        for process in self.processes.values():
            with suppress(psutil.Error):
                top = psutil.Process(process.pid)
                family += [top, *top.children(recursive=True)]
        for one in family:
            with suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(family, timeout=20)
        for process in self.processes.values():
            process.wait(timeout=20)
