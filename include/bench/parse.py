"""Parsing 1,000 merchants, beside the least Airflow can do, and beside dag-factory's own way."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bench.process import fresh
from include.bench.rows import Row
from include.config.merchants import FOLDER, dag_id
from include.stack.layout import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

MERCHANTS, QUICK = 1000, 20
DAG_FACTORY = "dag-factory==1.1.0"
_STEPS = ("extract", "validate", "load", "writeback", "reconcile")


def run(*, quick: bool = False) -> list[Row]:
    """Measure full parses and one task's start; each in a process of its own."""
    merchants = QUICK if quick else MERCHANTS
    with tempfile.TemporaryDirectory() as temporary:
        many, one, full = (Path(temporary) / name for name in ("many", "one", "full"))
        write_merchants(many, merchants)
        write_merchants(one, 1)
        write_merchants(full, merchants, all_groups=True)
        whole, grouped = best(ours, many), best(ours, full)
        bare = best(bare_factory, merchants)
        start_many = best(ours, many, dag_id("m0"))
        start_one = best(ours, one, dag_id("m0"))
        rows = [
            Row(f"full parse, {merchants:,} merchants", whole, "CPU s", whole / bare,
                "bare five-task factory"),
            Row("full parse, every group switched on", grouped, "CPU s", grouped / bare,
                "bare five-task factory"),
            Row("one task's start", start_many, "CPU s", start_many / start_one,
                "with one merchant file"),
        ]  # fmt: skip
        factory = dag_factory(Path(temporary), merchants)
        if factory is None:
            rows.append(Row(f"{DAG_FACTORY} could not be had or run", float("nan"), ""))
        else:
            rows.insert(1, Row("full parse", whole, "CPU s", whole / factory, DAG_FACTORY))
    return rows


def best(function: Callable[..., float], *arguments: Any) -> float:
    """Return the least of three runs: others on the machine only ever add to it."""
    return min(float(fresh(function, *arguments).value) for _ in range(3))


def write_merchants(folder: Path, count: int, *, all_groups: bool = False) -> None:
    """Write merchant files, each with a name of its own: like a new one, or like the demo's."""
    folder.mkdir()
    text = (FOLDER / "alpha.yaml").read_text(encoding="utf-8")
    if not all_groups:
        text = text[: text.index("returns:")]  # everything from there on is as nobody set it
    for number in range(count):
        (folder / f"m{number}.yaml").write_text(text.replace("alpha", f"m{number}"))


def ours(folder: Path, wanted: str | None = None) -> float:
    """Return the CPU seconds of reading the DAG file, without the imports every parse shares.

    :param wanted: the DAG whose task starts; None for the dag processor's full parse.
    """
    sys.path.insert(0, str(PROJECT / "dags"))
    os.environ["FULFILMENT_MERCHANTS"] = str(folder)
    # the imports and the caches filled by the first DAG are not what differs
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id("m0")
    spec = importlib.util.spec_from_file_location("parsed", PROJECT / "dags" / "merchants.py")
    if spec is None or spec.loader is None:
        raise ImportError
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    if wanted is None:
        del os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"]
    module = importlib.util.module_from_spec(spec)
    start = time.process_time()
    spec.loader.exec_module(module)
    taken = time.process_time() - start
    found = sum(name.startswith(dag_id("")) for name in vars(module))
    expected = len(list(folder.iterdir())) if wanted is None else 1
    if found != expected:
        message = f"{found} DAGs instead of {expected}"
        raise RuntimeError(message)
    return taken


def bare_factory(count: int) -> float:
    """Return the CPU seconds of as many DAGs of five empty tasks in a chain."""
    from datetime import UTC, datetime
    from itertools import pairwise

    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, CronDataIntervalTimetable

    start = time.process_time()
    for number in range(count):
        with DAG(
            f"bare_{number}",
            schedule=CronDataIntervalTimetable("*/30 * * * *", timezone="UTC"),
            start_date=datetime(2024, 1, 1, tzinfo=UTC),
            catchup=False,
        ) as dag:
            tasks = [EmptyOperator(task_id=name) for name in _STEPS]
            for before, after in pairwise(tasks):
                before >> after
        globals()[dag.dag_id] = dag
    return time.process_time() - start


_FACTORY_PARSE = """
import sys, time
from pathlib import Path
import dagfactory
folder = Path(sys.argv[1])
start = time.process_time()
found = {}
for file in sorted(folder.glob("*.yml")):
    dagfactory.load_yaml_dags(globals_dict=found, config_filepath=str(file))
print(time.process_time() - start, sum(name.startswith("fulfilment__") for name in found))
"""


def dag_factory(temporary: Path, count: int) -> float | None:
    """Return the CPU seconds of dag-factory over DAGs of our shape; None if it is not to be had.

    It is not a package of this project: it goes into a throw-away folder beside this Airflow.
    """
    target = temporary / "dag-factory"
    for installer in (
        ["uv", "pip", "install", "-q", "--python", sys.executable, "--target"],
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", sys.executable,
         "--target"],
    ):  # fmt: skip
        command = [*installer, str(target), "--no-deps", DAG_FACTORY]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            break
    else:
        return None
    folder = temporary / "factory-files"
    folder.mkdir()
    for number in range(count):
        (folder / f"m{number}.yml").write_text(_factory_file(dag_id(f"m{number}")))
    path = os.pathsep.join((str(target), str(PROJECT)))
    measured = []
    for _ in range(2):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _FACTORY_PARSE, str(folder)],
            env={**os.environ, "PYTHONPATH": path},
            check=False,
            capture_output=True,
            text=True,
        )
        words = done.stdout.split()[-2:]
        if done.returncode or int(words[1]) != count:
            return None
        measured.append(float(words[0]))
    return min(measured)


def _factory_file(name: str) -> str:
    """Return a DAG of the shape of ours: five steps, a group, a watcher."""
    operator = "airflow.providers.standard.operators.empty.EmptyOperator"
    tasks = [
        *((step, [before] if before else []) for before, step in zip(
            (None, *_STEPS), _STEPS, strict=False)),
        ("returns", ["load"]),
        ("watcher", [*_STEPS, "returns"]),
    ]  # fmt: skip
    lines = [
        f"{name}:",
        "  default_args: {owner: fulfilment, start_date: 2024-01-01, retries: 2}",
        "  schedule: '*/30 * * * *'",
        "  catchup: false",
        "  tasks:",
    ]
    for task, needs in tasks:
        lines += [f"    - task_id: {task}", f"      operator: {operator}"]
        if needs:
            lines.append(f"      dependencies: [{', '.join(needs)}]")
    return "\n".join(lines) + "\n"
