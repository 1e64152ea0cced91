"""Ends what a dead component left behind; runs under supervisord as an event listener.

A killed scheduler leaves its workers, a killed worker its task. They hold ports and database
sessions and write results that nobody waits for, so they go before the component is back.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from supervisor import childutils

from include.stack.processes import in_session

_LOG_DAYS = 30
_HOURLY = "TICK_3600"
_OWNER = "FULFILMENT_STACK_OWNER"
"""Environment variable of a stack that belongs to one process, a test run: ends with it."""


def reap(supervisor: int) -> list[int]:
    """Kill the session's processes that no longer descend from the supervisor; return their ids."""
    ended = []
    for process in list(in_session(os.getsid(supervisor))):
        with suppress(psutil.Error):
            family = {process.pid, *(parent.pid for parent in process.parents())}
            if supervisor not in family:
                process.kill()
                ended.append(process.pid)
    return ended


def remove_old_logs(folder: Path, days: int = _LOG_DAYS) -> int:
    """Remove task logs that nothing was written to for ``days`` days; return how many."""
    oldest = time.time() - days * 24 * 3600
    removed = 0
    for file in folder.rglob("*.log"):
        with suppress(OSError):
            if file.stat().st_mtime < oldest:
                file.unlink()
                removed += 1
    return removed


def handle(event: str, supervisor: int) -> None:
    """Do what one event of supervisord asks for."""
    if event == "TICK_5":
        owner = os.environ.get(_OWNER)
        if owner and not psutil.pid_exists(int(owner)):
            os.kill(supervisor, signal.SIGTERM)
    elif event == _HOURLY:
        remove_old_logs(Path(os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]))
    else:
        ended = reap(supervisor)
        if ended:
            sys.stderr.write(f"ended {len(ended)} processes that a component left behind\n")


def main() -> None:
    """Listen until supervisord ends."""
    supervisor = os.getppid()
    while True:
        headers, _ = childutils.listener.wait(sys.stdin, sys.stdout)
        handle(headers["eventname"], supervisor)
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
