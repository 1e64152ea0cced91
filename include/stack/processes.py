"""Which processes are the stack's, and how they are ended, also after a crash.

Every process is found by facts about itself, never by its name: the environment variable that the
supervisor gave it, or the session it was started in together with a working folder below the state
folder. (Airflow's processes and PostgreSQL's overwrite their environment with their title.)
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from include.stack.layout import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.stack.layout import Layout

MARKER = "FULFILMENT_STACK"
"""Environment variable of all processes of a stack: its state folder."""


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def remember_session(layout: Layout, session: int) -> None:
    """Keep the session (the supervisor's process id) in which all processes live."""
    write_private(layout.session_file, json.dumps({"session": session, "boot": _boot_id()}))


def session_of(layout: Layout) -> int | None:
    """Return the session of the last start since the machine was booted, if there was one."""
    try:
        kept = json.loads(layout.session_file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return int(kept["session"]) if kept["boot"] == _boot_id() else None


def in_session(session: int) -> Iterator[psutil.Process]:
    """Yield the processes of one session."""
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getsid(process.pid) == session:
                yield process


def _works_below(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return Path(process.cwd()).is_relative_to(folder)
    return False


def _is_marked(process: psutil.Process, layout: Layout) -> bool:
    with suppress(psutil.Error, OSError):
        return process.environ().get(MARKER) == str(layout.state)
    return False


def postmaster(layout: Layout) -> psutil.Process | None:
    """Return the process of the embedded PostgreSQL server, if it runs."""
    with suppress(OSError, ValueError, IndexError, psutil.Error):
        lines = (layout.postgres_data / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        # The file outlives a crash: only the process that wrote it has its start time.
        if abs(process.create_time() - int(lines[2])) < 10 and process.name() == "postgres":
            return process
    return None


def members(layout: Layout) -> list[psutil.Process]:
    """Return all processes of the stack except PostgreSQL, this one and its parents excluded."""
    found = {process for process in psutil.process_iter() if _is_marked(process, layout)}
    session = session_of(layout)
    if session is not None:
        found.update(one for one in in_session(session) if _works_below(one, layout.state))
    for process in list(found):
        with suppress(psutil.Error):
            found.update(process.children(recursive=True))
    me = psutil.Process()
    database = postmaster(layout)
    spared = {me, *me.parents(), *([database, *database.children()] if database else [])}
    return sorted(found - spared, key=lambda process: process.pid)


def _tell(process: psutil.Process, number: int) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def end(processes: Iterable[psutil.Process], *, first: int = signal.SIGTERM, grace: float) -> None:
    """Ask the processes to end, wait ``grace`` seconds, then kill those that are left.

    Only the topmost are asked: they tell their children themselves.
    """
    asked = list(processes)
    ids = {process.pid for process in asked}
    for process in asked:
        with suppress(psutil.Error):
            if process.ppid() not in ids:
                _tell(process, first)
    _, left = psutil.wait_procs(asked, timeout=grace)
    for process in left:
        _tell(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=10)


def end_all(layout: Layout) -> int:
    """End whatever is left of the stack, the database last; return how many processes it was."""
    ended = 0
    # Twice: a task may have started another process while its parent was ended.
    for _ in range(2):
        left = members(layout)
        ended += len(left)
        end(left, grace=5)
    database = postmaster(layout)
    if database is not None:
        end([database], first=signal.SIGINT, grace=30)
        ended += 1
    layout.session_file.unlink(missing_ok=True)
    return ended
