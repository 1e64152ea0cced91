"""Load what the tasks' processes need in the process that they are forked from.

Of an idle task's CPU seconds half went into importing its own operator. LocalExecutor forks tasks
from the scheduler, Celery from its worker; `include.quality.preload` says how it is switched off.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from include.quality import preload as checks


def preload() -> None:
    """Import all operators, and what judging orders needs, unless it is switched off."""
    if not checks.is_on():
        return
    from fulfilment import operators

    for module in pkgutil.iter_modules(operators.__path__, f"{operators.__name__}."):
        import_module(module.name)
    checks.preload()  # last: it tells the garbage collector that all of this stays
