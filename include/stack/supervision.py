"""supervisord: starts every component as its child and starts it again when it dies."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import Faults, SupervisorTransport

from include.core.systems.errors import ConfigError
from include.stack.processes import MARKER, remember_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.stack.layout import Layout


@dataclass(frozen=True)
class Program:
    """One component: its name, its command, and more settings of supervisord for it."""

    name: str
    command: Sequence[str]
    directory: Path
    settings: Mapping[str, str] = field(default_factory=dict)


def _escape(text: object) -> str:
    return str(text).replace("%", "%%")  # supervisord expands %(...)s in every value


def _section(title: str, values: Mapping[str, object]) -> str:
    lines = [f"{name}={_escape(value)}" for name, value in values.items()]
    return "\n".join([f"[{title}]", *lines, ""])


def socket_file(layout: Layout) -> Path:
    """Return the Unix socket on which supervisord is asked."""
    return layout.sockets / "supervisor.sock"


def configuration(layout: Layout, programs: Sequence[Program]) -> str:
    """Return supervisord's configuration; it holds no secrets, those come by the environment."""
    python = shlex.quote(sys.executable)
    parts = [
        _section("unix_http_server", {"file": socket_file(layout), "chmod": "0700"}),
        _section(
            "supervisord",
            {
                "pidfile": layout.sockets / "supervisord.pid",
                "logfile": layout.logs / "supervisord.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": "2",
                "directory": layout.state,
                "nodaemon": "true",
                "silent": "true",
                "umask": "077",
            },
        ),
        _section(
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        _section(
            "eventlistener:reaper",
            {
                "command": f"{python} -m include.stack.reaper",
                "events": "PROCESS_STATE_EXITED,PROCESS_STATE_STOPPED,TICK_5,TICK_3600",
                "directory": layout.state,
                "stderr_logfile": layout.logs / "reaper.log",
                "stderr_logfile_maxbytes": "1MB",
                "stderr_logfile_backups": "1",
                "autorestart": "true",
                "startretries": "1000",
                "stopwaitsecs": "2",
            },
        ),
    ]
    parts += [_program(layout, program) for program in programs]
    return "\n".join(parts)


def _program(layout: Layout, program: Program) -> str:
    values: dict[str, object] = {
        "command": " ".join(shlex.quote(part) for part in program.command),
        "directory": program.directory,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "2",
        # Nobody is there to start it by hand: it is tried again, slower each time.
        "startretries": "1000",
        "stopasgroup": "true",
        "killasgroup": "true",
        "stopwaitsecs": "15",
        "stdout_logfile": layout.logs / f"{program.name}.log",
        "redirect_stderr": "true",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "3",
        **program.settings,
    }
    return _section(f"program:{program.name}", values)


class Supervisor:
    """The supervisord of one layout."""

    def __init__(self, layout: Layout) -> None:
        """Touch nothing yet."""
        self.layout = layout

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport("", "", f"unix://{socket_file(self.layout)}")
        try:
            proxy = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def pid(self) -> int | None:
        """Return supervisord's process id, or None if it does not run."""
        try:
            return int(self._call("getPID"))
        except (OSError, HTTPException):
            return None

    def launch(self, programs: Sequence[Program], environment: Mapping[str, str]) -> int:
        """Start supervisord, without any component yet, in a session of its own.

        :raises ConfigError: it does not answer.
        """
        file = self.layout.state / "supervisord.conf"
        file.write_text(configuration(self.layout, programs))
        socket_file(self.layout).unlink(missing_ok=True)
        variables = {**os.environ, **environment, MARKER: str(self.layout.state)}
        with (self.layout.logs / "supervisord.out").open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=variables,
                cwd=self.layout.state,
                start_new_session=True,
            )
        remember_session(self.layout, process.pid)
        deadline = time.monotonic() + 20
        while self.pid() != process.pid:
            if process.poll() is not None or time.monotonic() > deadline:
                text = f"The process supervisor does not start: see {self.layout.logs}."
                raise ConfigError(text, code="SUPERVISOR")
            time.sleep(0.05)
        return process.pid

    def states(self) -> dict[str, str]:
        """Return each component's state in supervisord's words, for example RUNNING."""
        return {one["name"]: one["statename"] for one in self._call("getAllProcessInfo")}

    def pids(self) -> dict[str, int]:
        """Return each running component's process id."""
        return {one["name"]: one["pid"] for one in self._call("getAllProcessInfo") if one["pid"]}

    def start(self, name: str) -> None:
        """Start a component and do not wait; nothing happens if it runs already."""
        self._ignoring(Faults.ALREADY_STARTED, "startProcess", name, False)

    def stop(self, name: str, *, wait: bool = True) -> None:
        """Stop a component; nothing happens if it does not run or does not exist."""
        self._ignoring((Faults.NOT_RUNNING, Faults.BAD_NAME), "stopProcess", name, wait)

    def shutdown(self) -> None:
        """Tell supervisord to end itself and everything it still runs."""
        self._call("shutdown")

    def _ignoring(self, codes: int | tuple[int, ...], method: str, *arguments: Any) -> None:
        expected = codes if isinstance(codes, tuple) else (codes,)
        try:
            self._call(method, *arguments)
        except Fault as fault:
            if fault.faultCode not in expected:
                raise
