"""What is loaded ahead, by whom, and what is not.

That the scheduler of a LocalExecutor does is shown by a real one, in tests/end_to_end.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

IMPORTS = {"AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": '{"imports": ["fulfilment.celery_worker"]}'}
WORKER = """
from airflow.providers.celery.executors.celery_executor import app
app.loader.import_default_modules()
"""
PLUGIN = """
import importlib, os, sys
sys.path.insert(0, "plugins")
for command, executor, preload in (
    ("scheduler", "LocalExecutor", "0"),
    ("scheduler", "CeleryExecutor", "1"),
    ("api-server", "LocalExecutor", "1"),
    ("dag-processor", "LocalExecutor", "1"),
):
    sys.argv = ["airflow", command]
    os.environ["AIRFLOW__CORE__EXECUTOR"] = executor
    os.environ["FULFILMENT_PRELOAD"] = preload
    sys.modules.pop("fulfilment_plugin", None)
    importlib.import_module("fulfilment_plugin")
"""


GX, TASK = "great_expectations", "fulfilment.operators.extract"


def loaded(code: str, module: str = GX, **environment: str) -> bool:
    """Tell whether a module is loaded after ``code`` in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint({module!r} in sys.modules)"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return {"True": True, "False": False}[done.stdout.split()[-1]]


@pytest.mark.parametrize("module", [GX, TASK])
def test_a_celery_worker_loads_ahead_before_it_forks(module: str) -> None:
    assert loaded(WORKER, module, **IMPORTS)


@pytest.mark.parametrize("module", [GX, TASK])
def test_a_worker_that_is_told_not_to_does_not(module: str) -> None:
    assert not loaded(WORKER, module, **IMPORTS, FULFILMENT_PRELOAD="0")


@pytest.mark.parametrize("module", [GX, TASK])
def test_no_other_component_and_no_scheduler_that_does_not_fork_tasks_loads_it(
    module: str,
) -> None:
    assert not loaded(PLUGIN, module)
