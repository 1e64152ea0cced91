"""Which benchmarks there are. A new one is a module with ``run(*, quick)`` and a line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.bench.rows import Row

#: name -> module; imported when it runs, so that one benchmark never pays for another
BENCHMARKS: dict[str, str] = {
    "parse": "include.bench.parse",
    "rules": "include.bench.rules",
    "throughput": "include.bench.throughput",
    "limits": "include.bench.limits",
    "memory": "include.bench.memory",
    "idle": "include.bench.idle",
    "history": "include.bench.history",
    "latency": "include.bench.latency",
}


def benchmark(name: str) -> Callable[..., list[Row]]:
    """Return the benchmark of that name.

    :raises KeyError: there is none.
    """
    return cast("Callable[..., list[Row]]", import_module(BENCHMARKS[name]).run)
