"""The DAG factory: what an operator sees, and what parsing costs."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CHAIN = [
    "extract_plenty_orders",
    "validate",
    "load_to_wemalo",
    "writeback_status",
    "reconcile_tracking",
]
BESIDE = ["returns.handle_returns", "documents.attach_documents"]
INDEPENDENT = ["stock.sync_stock", "products.sync_products"]

PARSE = """
import json, sys
sys.path.insert(0, "dags")
import merchants
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
dags = {v.dag_id: v for v in vars(merchants).values() if isinstance(v, DAG)}
print(json.dumps({
    "modules": sorted(m for m in ("pandas", "great_expectations", "numpy") if m in sys.modules),
    "dags": {
        dag_id: {
            "order": [t.task_id for t in dag.topological_sort()],
            "edges": sorted([t.task_id, d] for t in dag.tasks for d in t.downstream_task_ids),
            "rules": {t.task_id: t.trigger_rule.value for t in dag.tasks},
            "doc": dag.doc_md, "tags": sorted(dag.tags), "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "owners": sorted({t.owner for t in dag.tasks}),
            "timeouts": all(t.execution_timeout for t in dag.tasks if t.task_id != "x"),
            "serialized": json.dumps(DagSerialization.to_dict(dag), sort_keys=True, default=str),
        }
        for dag_id, dag in dags.items()
    },
}))
"""


def parse(merchants: Path | None = None, hash_seed: str = "0") -> dict:  # type: ignore[type-arg]
    """Parse the DAG folder in a process of its own, as Airflow does."""
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    if merchants:
        env["FULFILMENT_MERCHANTS"] = str(merchants)
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def parsed() -> dict:  # type: ignore[type-arg]
    return parse()


def test_both_demo_merchants_have_their_dag(parsed: dict) -> None:  # type: ignore[type-arg]
    assert {"fulfilment__alpha", "fulfilment__beta"} <= set(parsed["dags"])


def test_the_five_tasks_stand_in_their_chain_and_a_watcher_watches_them(parsed: dict) -> None:  # type: ignore[type-arg]
    for dag in parsed["dags"].values():
        assert [task for task in dag["order"] if task in CHAIN] == CHAIN
        within = [edge for edge in dag["edges"] if set(edge) <= set(CHAIN)]
        assert within == sorted(list(pair) for pair in itertools.pairwise(CHAIN))
        watched = {before for before, after in dag["edges"] if after == "watcher"}
        assert watched == set(dag["order"]) - {"watcher"}
        assert dag["rules"]["watcher"] == "one_failed"
        assert {dag["rules"][task] for task in CHAIN[1:]} == {"all_done"}


def test_returns_and_documents_follow_the_hand_over_and_hold_nothing_up(parsed: dict) -> None:  # type: ignore[type-arg]
    for dag in parsed["dags"].values():
        for task in BESIDE:
            edges = [edge for edge in dag["edges"] if task in edge]
            assert edges == sorted([["load_to_wemalo", task], [task, "watcher"]])
            assert dag["rules"][task] == "all_done"


def test_stock_and_products_wait_for_nothing_and_hold_nothing_up(parsed: dict) -> None:  # type: ignore[type-arg]
    for dag in parsed["dags"].values():
        for task in INDEPENDENT:
            assert [edge for edge in dag["edges"] if task in edge] == [[task, "watcher"]]


def test_an_operator_finds_tags_owner_and_what_to_do(parsed: dict) -> None:  # type: ignore[type-arg]
    dag = parsed["dags"]["fulfilment__beta"]
    assert "merchant:beta" in dag["tags"]
    assert dag["owners"] == ["fulfilment"]
    assert "5.65" in dag["doc"]
    assert (dag["catchup"], dag["max_active_runs"], dag["timeouts"]) == (False, 1, True)


def test_parsing_imports_neither_pandas_nor_great_expectations(parsed: dict) -> None:  # type: ignore[type-arg]
    assert parsed["modules"] == []


def test_two_parses_give_the_same_dags_so_that_no_version_grows(parsed: dict) -> None:  # type: ignore[type-arg]
    again = parse(hash_seed="4711")
    for dag_id, dag in parsed["dags"].items():
        assert again["dags"][dag_id]["serialized"] == dag["serialized"]


GOOD = (PROJECT / "include" / "merchants" / "alpha.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("typo", GOOD.replace("warehouse_id", "warehose_id"), "plenty.warehose_id"),
        ("wrong_type", GOOD.replace("plenty_id: 1001", "plenty_id: many"), "plenty.plenty_id"),
        ("bad_status", GOOD + "statuses: {fetch: later}\n", "statuses.fetch"),
        ("tab", "merchant: x\n\tplenty: 1\n", "cannot be read as YAML"),
        ("empty", "", "is empty"),
        ("double", GOOD, "already set up in alpha.yaml"),
    ],
)
def test_a_broken_file_is_a_visible_dag_and_hides_nobody(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / "alpha.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    dags = parse(tmp_path)["dags"]
    assert set(dags) == {"fulfilment__alpha", f"fulfilment__{name}"}
    broken = dags[f"fulfilment__{name}"]
    assert "config-error" in broken["tags"]
    assert message in broken["doc"]
    assert f"{name}.yaml" in broken["doc"]
