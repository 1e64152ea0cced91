"""Run a function in a fresh interpreter and say what it cost."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Cost:
    """What one call returned, and what it took of the machine.

    ``cpu_s`` and ``wall_s`` are of the call alone; ``peak_mb`` is the process' highest resident
    memory in its whole life, its imports included.
    """

    value: Any
    cpu_s: float
    wall_s: float
    peak_mb: float


def fresh(function: Callable[..., Any], *arguments: Any) -> Cost:
    """Call a function of a module in a new process that has imported that module only."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, arguments).result()


def _measured(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    value = function(*arguments)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(value, cpu, wall, peak_mb())


def peak_mb() -> float:
    """Return this process' highest resident memory so far, in megabytes."""
    # not getrusage: its maximum starts with that of the parent process
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    msg = "the kernel does not tell the peak of resident memory"
    raise OSError(msg)
