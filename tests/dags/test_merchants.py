"""The DAG factory: what an operator sees, and what parsing costs."""

from __future__ import annotations

import itertools
import json
import os
import re
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
BESIDE = {
    "returns.handle_returns": "load_to_wemalo",
    "documents.attach_documents": "load_to_wemalo",
    "stock.sync_stock": "reconcile_tracking",
    "products.sync_products": "extract_plenty_orders",
}
ALL_ON = "documents: {invoice: optional}\nstock: {enabled: true}\nproducts: {enabled: true}\n"

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


def parse(merchants: Path | None = None, hash_seed: str = "0", wanted: str = "") -> dict:  # type: ignore[type-arg]
    """Parse the DAG folder in a process of its own, as Airflow does.

    :param wanted: the DAG whose task is about to start, "" for the dag processor's full parse.
    """
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    if wanted:
        env |= {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": wanted}
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


def test_only_parts_switched_on_have_a_task_and_it_holds_nothing_up(
    tmp_path: Path,
) -> None:
    off = re.sub(r"\balpha\b|(?<=_)alpha\b", "off", GOOD)  # a client of its own at both systems
    off += "returns: {create: false}\n"
    write(tmp_path, alpha=GOOD + ALL_ON, off=off)
    dags = parse(tmp_path)["dags"]
    assert set(dags["fulfilment__off"]["order"]) == {*CHAIN, "watcher"}  # a task costs a process
    dag = dags["fulfilment__alpha"]
    assert set(dag["order"]) == {*CHAIN, *BESIDE, "watcher"}
    for task, before in BESIDE.items():
        edges = [edge for edge in dag["edges"] if task in edge]
        assert edges == sorted([[before, task], [task, "watcher"]])
        assert dag["rules"][task] == "all_done"


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


# without its first line, which is for editors
ALPHA = (PROJECT / "include" / "merchants" / "alpha.yaml").read_text(encoding="utf-8")
GOOD = ALPHA.partition("\n")[2].partition("returns:\n")[0]  # without the groups


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


#: the file's fault, and where and how it is named
FAULTS = {
    "typo": (
        GOOD.replace("warehouse_id", "warehose_id"),
        "typo.yaml, line 8, column 3: plenty.warehose_id: is no setting; did you mean warehouse_id",
    ),
    "wrong_type": (
        GOOD.replace("plenty_id: 1001", "plenty_id: many"),
        "wrong_type.yaml, line 7, column 14: plenty.plenty_id: must be a whole number",
    ),
    "duplicate": (
        GOOD + "plenty: {connection: plenty_x}\n",
        "duplicate.yaml, line 21, column 1: plenty: is set twice; the first one stands in line 5",
    ),
    "tab": (
        GOOD.replace("  plenty_id", "\tplenty_id"),
        "tab.yaml, line 7, column 1: a tab stands here",
    ),
    "empty": ("", "empty.yaml, line 1, column 1: the file is empty"),
    "copy": (GOOD, "copy.yaml, line 2, column 11: merchant: alpha is already set up in alpha.yaml"),
    "same_orders": (
        GOOD.replace("merchant: alpha", "merchant: same_orders"),
        "those of alpha.yaml, which goes on; same_orders.yaml is not used",
    ),
    "twice": (
        GOOD.replace("merchant: alpha", "merchant: twice"),
        "twice.yaml and twice.yml are both files of merchant twice",
    ),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict]:  # type: ignore[type-arg]
    """The DAGs of a good merchant alone, and of the same among broken files."""
    folder = tmp_path_factory.mktemp("merchants")
    write(folder, alpha=GOOD)
    alone = parse(folder)["dags"]
    write(folder, **{name: text for name, (text, _) in FAULTS.items()})
    (folder / "twice.yml").write_text(FAULTS["twice"][0], encoding="utf-8")
    return alone, parse(folder, hash_seed="11")["dags"]


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_file_is_a_visible_dag_that_names_place_field_and_help(
    faulty: tuple[dict, dict],  # type: ignore[type-arg]
    name: str,
) -> None:
    broken = faulty[1][f"fulfilment__{name}"]
    assert broken["tags"] == ["config-error", "fulfilment"]
    assert broken["order"] == ["read_merchant_file"]
    assert FAULTS[name][1] in broken["doc"]


def test_broken_files_leave_the_dag_of_another_merchant_as_it_is(faulty: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    alone, among = faulty
    assert set(among) == {f"fulfilment__{name}" for name in (*FAULTS, "alpha")}
    assert among["fulfilment__alpha"]["serialized"] == alone["fulfilment__alpha"]["serialized"]


def test_a_connection_that_does_not_exist_is_no_matter_of_parsing(tmp_path: Path) -> None:
    write(tmp_path, alpha=GOOD)
    alone = parse(tmp_path)["dags"]
    write(tmp_path, unconnected=re.sub(r"\balpha\b|(?<=_)alpha\b", "unconnected", GOOD))
    among = parse(tmp_path, hash_seed="12")["dags"]
    # its first task says what is missing: tests/flow/systems/test_troubles.py
    assert among["fulfilment__unconnected"]["order"] == among["fulfilment__alpha"]["order"]
    assert among["fulfilment__alpha"]["serialized"] == alone["fulfilment__alpha"]["serialized"]


def test_a_tasks_start_builds_its_own_dag_and_opens_no_other_merchants_file(
    tmp_path: Path,
) -> None:
    write(tmp_path, alpha=GOOD, beta=GOOD.replace("merchant: alpha", "merchant: beta"))
    unreadable = tmp_path / "gamma.yaml"
    os.mkfifo(unreadable)  # opening it would wait for ever
    whole = parse(tmp_path, wanted="fulfilment__beta")["dags"]
    assert set(whole) == {"fulfilment__beta"}


def test_the_task_of_a_broken_file_fails_with_the_message_and_is_not_tried_again() -> None:
    from airflow.sdk.exceptions import AirflowFailException
    from fulfilment.operators.misconfigured import MisconfiguredOperator

    task = MisconfiguredOperator(task_id="read_merchant_file", message=FAULTS["typo"][1])
    with pytest.raises(AirflowFailException, match="did you mean warehouse_id"):
        task.execute({})  # type: ignore[arg-type]
