"""The whole thing as a newcomer sees it: real Airflow, real servers, killed processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
from sqlalchemy import text

from include.ledger.engine import ledger_engine
from include.sandbox.client import ControlClient
from include.sandbox.scenarios.demo_orders import MERCHANTS, private_words
from include.stack.airflow_env import airflow_url, ledger_url
from tests.waiting import eventually

if TYPE_CHECKING:
    from include.stack.testing import ThrowAwayStack

pytestmark = pytest.mark.timeout(1800)
CHAIN = [
    "extract_plenty_orders",
    "validate",
    "load_to_wemalo",
    "writeback_status",
    "reconcile_tracking",
]


def demo(stack: ThrowAwayStack) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "include.demo"],
        env=stack.variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )


@pytest.fixture(scope="module")
def told(airflow_stack: ThrowAwayStack) -> subprocess.CompletedProcess[str]:
    return demo(airflow_stack)


def test_the_demo_ends_well_and_says_so(told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 0, told.stdout + told.stderr
    assert "nothing lost, nothing twice" in told.stdout
    for merchant in MERCHANTS:
        assert re.search(
            rf"^{merchant.name} +45 +36 +4 +2 +1 +1 +1 +35 +38 +4 +2 +4 +0$",
            told.stdout,
            re.MULTILINE,
        )


def test_an_order_of_one_parcel_takes_few_calls(told: subprocess.CompletedProcess[str]) -> None:
    reads = [float(n) for n in re.findall(r"\(([\d.]+) per order", told.stdout)]
    writes = [float(n) for n in re.findall(r"one parcel took ([\d.]+) writes", told.stdout)]
    assert len(reads) == len(writes) == len(MERCHANTS)
    # Of all parts together, and more of them the longer the demo takes: runs by the clock read too.
    # What the chain alone reads is exact, and counted in tests/flow.
    assert max(reads) <= 5
    assert writes == [3.0, 4.0]  # beta books goods issue: one write more


def test_both_merchants_runs_are_green_and_the_five_tasks_ran_in_their_order(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    for merchant in MERCHANTS:
        dag = f"dags/fulfilment__{merchant.name}"
        runs = airflow_stack.api.call("GET", f"{dag}/dagRuns")["dag_runs"]
        manual = [run for run in runs if run["run_type"] == "manual"]
        assert [run["state"] for run in manual] == ["success"] * 4
        whole = 0  # runs in which nothing of the chain was skipped
        for run in runs:
            tasks = airflow_stack.api.call(
                "GET", f"{dag}/dagRuns/{run['dag_run_id']}/taskInstances"
            )
            chain = [t for t in tasks["task_instances"] if t["task_id"] in CHAIN]
            ran = [t for t in chain if t["state"] == "success"]
            names = [t["task_id"] for t in sorted(ran, key=lambda t: t["start_date"])]
            assert names == [name for name in CHAIN if name in names]
            whole += names == CHAIN
        assert whole, "some run took the orders all the way"


def test_a_second_demo_ends_well_too(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    again = demo(airflow_stack)
    assert again.returncode == 0, again.stdout + again.stderr


def test_no_personal_data_reaches_logs_xcom_or_rendered_fields(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    words = sorted(private_words())
    files = [path for path in airflow_stack.layout.logs.rglob("*") if path.is_file()]
    tasks = [path for path in files if "load_to_wemalo" in str(path)]
    assert tasks, "the search looked at no task log"
    places = {str(path): path.read_text(errors="replace") for path in files}
    places |= _airflow_tables(airflow_stack)
    found = [
        (place, word) for place, content in places.items() for word in words if word in content
    ]
    assert found == []


def _airflow_tables(stack: ThrowAwayStack) -> dict[str, str]:
    """Return the text of every row that Airflow keeps of runs, and of the ledger's diary."""
    wanted = {
        airflow_url(stack.layout): (
            "xcom",
            "rendered_task_instance_fields",
            "task_instance",
            "dag_run",
            "log",
            "serialized_dag",
        ),
        ledger_url(stack.layout): ("order_events", "batches", "outbox", "circuits", "data_docs"),
    }
    content = {}
    for url, tables in wanted.items():
        engine = ledger_engine(url)
        with engine.connect() as connection:
            for table in tables:
                rows = connection.execute(text(f"SELECT row_to_json(t)::text FROM {table} t"))  # noqa: S608
                content[table] = "\n".join(rows.scalars())
        engine.dispose()
    assert content["xcom"]
    assert content["order_events"]
    assert content["data_docs"]
    return content


def _data_docs_urls(stack: ThrowAwayStack) -> list[str]:
    """Return the links that the UI shows at the task `validate`, of all runs of alpha."""
    dag = "dags/fulfilment__alpha/dagRuns"
    tasks = stack.api.call("GET", f"{dag}/~/taskInstances", params={"state": "success"})
    runs = [t["dag_run_id"] for t in tasks["task_instances"] if t["task_id"] == "validate"]
    links = [stack.api.call("GET", f"{dag}/{run}/taskInstances/validate/links") for run in runs]
    return [str(link["extra_links"]["Data Docs"]) for link in links]


def test_data_docs_open_from_the_task_for_those_who_are_logged_in_and_nobody_else(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    urls = _data_docs_urls(airflow_stack)
    folder = urls[0].split("?")[0]
    secrets = airflow_stack.layout.secrets()
    with requests.Session() as session:
        session.trust_env = False
        for address in (urls[0], folder, f"{folder}/1"):
            assert session.get(address, timeout=30).status_code == 401
            forged = session.get(address, cookies={"_token": "forged"}, timeout=30)
            assert forged.status_code in {401, 403}
        login = {"username": secrets.user, "password": secrets.password}
        answer = session.post(f"{airflow_stack.api.base_url}/auth/token", json=login, timeout=30)
        token = answer.json()["access_token"]
        pages = [
            session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
            for url in urls
        ]
        browser = session.get(urls[0], cookies={"_token": token}, timeout=30)
    assert {page.status_code for page in [*pages, browser]} == {200}
    assert any("ADDRESS_NO_HOUSE_NUMBER" in page.text for page in pages)
    assert "default-src 'none'" in browser.headers["Content-Security-Policy"]
    assert [w for w in private_words() if any(w in page.text for page in pages)] == []


def test_airflows_test_of_a_stored_connection_works_and_names_it(
    airflow_stack: ThrowAwayStack,
) -> None:
    api, ports = airflow_stack.api, airflow_stack.layout.ports()
    api.set_connections(
        {
            "plenty_tested": {
                "conn_type": "plenty", "host": f"http://127.0.0.1:{ports.plenty}",
                "login": "nobody", "password": "wrong",
            },
            "wemalo_tested": {
                "conn_type": "wemalo", "host": "http://127.0.0.1:1/v1", "password": "x",
            },
        }
    )  # fmt: skip
    said = {}
    for name in ("plenty_tested", "wemalo_tested"):
        shown = api.call("GET", f"connections/{name}")
        form = {key: shown[key] for key in ("connection_id", "conn_type", "host", "login")}
        # as Airflow's UI sends it: Number(null) is 0, the password stays the stored one
        form |= {"port": int(shown["port"] or 0), "password": shown["password"], "schema": ""}
        said[name] = api.call("POST", "connections/test", json={**form, "extra": "{}"})
    assert "plenty_tested: plentymarkets refused the login." in said["plenty_tested"]["message"]
    assert "cannot be reached at 127.0.0.1:1" in said["wemalo_tested"]["message"]
    for name, answer in said.items():
        assert answer["status"] is False
        assert f"in the connection {name}." in answer["message"]


def test_the_scheduler_has_loaded_great_expectations_for_its_tasks_and_the_api_server_not(
    airflow_stack: ThrowAwayStack,
) -> None:
    pids = airflow_stack.supervisor.pids()
    has_pandas = {
        name: any("/pandas/" in part.path for part in psutil.Process(pids[name]).memory_maps())
        for name in ("scheduler", "api-server")
    }
    assert has_pandas == {"scheduler": True, "api-server": False}


def _ledger_states(stack: ThrowAwayStack, ids: list[int]) -> dict[int, str]:
    engine = ledger_engine(ledger_url(stack.layout))
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT order_id, state FROM orders WHERE order_id = ANY(:ids)"), {"ids": ids}
        )
        states = {row.order_id: row.state for row in rows}
    engine.dispose()
    return states


def test_killed_task_and_killed_scheduler_recover_and_each_order_is_at_wemalo_once(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    plenty = ControlClient(f"http://127.0.0.1:{airflow_stack.layout.ports().plenty}")
    wemalo = ControlClient(f"http://127.0.0.1:{airflow_stack.layout.ports().wemalo}")
    ids = list(range(900_001, 900_013))
    # what was about to leave beside the last call is in doubt for its lease and this time
    file = airflow_stack.merchants / "alpha.yaml"
    file.write_text(file.read_text() + "settle_seconds: 30\n")
    wemalo.fault(route="POST /v1/goodsOrder/addConditional", kind="delay", seconds=0.5)
    plenty.merge({"tenants": [{"tenant": "alpha", "orders": [_order(n) for n in ids]}]})
    dag = "dags/fulfilment__alpha"
    api = airflow_stack.api
    api.call("POST", f"{dag}/dagRuns", json={"logical_date": None})

    def sending() -> int:
        """Return the process that sends: a scheduled run may have taken the orders before ours."""
        running = api.call("GET", f"{dag}/dagRuns/~/taskInstances", params={"state": "running"})
        loads = [t for t in running["task_instances"] if t["task_id"] == "load_to_wemalo"]
        there = wemalo.state("alpha")["tenants"]["alpha"]["orders"]
        left = any(str(n) in there for n in ids)  # a group is noted before its first call leaves
        busy = left and "submitting" in _ledger_states(airflow_stack, ids).values()
        return int(loads[0]["pid"] or 0) if busy and loads else 0

    os.kill(eventually(sending, 180), signal.SIGKILL)
    os.kill(airflow_stack.supervisor.pids()["scheduler"], signal.SIGKILL)
    wemalo.clear_faults()

    def settled() -> bool:
        return set(_ledger_states(airflow_stack, ids).values()) == {"accepted"}

    def work_on() -> bool:
        if settled():
            return True
        runs = api.call("GET", f"{dag}/dagRuns", params={"state": ["running", "queued"]})
        if not runs["dag_runs"]:
            api.call("POST", f"{dag}/dagRuns", json={"logical_date": None})
        return settled()

    eventually(work_on, 480)
    orders = wemalo.state("alpha")["tenants"]["alpha"]["orders"]
    assert {orders[str(n)]["submissions"] for n in ids} == {1}


def _order(order_id: int) -> dict[str, Any]:
    return {
        "id": order_id,
        "status": "5",
        "plenty_id": 1001,
        "warehouse": 3,
        "profile": 6,
        "type": 1,
        "items": [{"variation": 2001, "quantity": 1}],
        "delivery": {
            "name2": "Anna",
            "name3": "Beispiel-Alpha",
            "address1": "Lindenallee",
            "address2": "5",
            "postalCode": "50667",
            "town": "Köln",
            "country": "DE",
        },
    }


def _first(stack: ThrowAwayStack, order_id: int, kind: str) -> str:
    """Return the run in which this first happened to an order, "" while it has not."""
    engine = ledger_engine(ledger_url(stack.layout))
    with engine.connect() as connection:
        run = connection.execute(
            text(
                "SELECT run_id FROM order_events WHERE merchant = 'alpha' AND order_id = :id "
                "AND kind = :kind ORDER BY event_id LIMIT 1"
            ),
            {"id": order_id, "kind": kind},
        ).scalar_one_or_none()
    engine.dispose()
    return run or ""


def test_released_and_cancelled_orders_start_runs_by_themselves_also_during_a_run(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    plenty = ControlClient(f"http://127.0.0.1:{airflow_stack.layout.ports().plenty}")
    wemalo = ControlClient(f"http://127.0.0.1:{airflow_stack.layout.ports().wemalo}")

    def release(order_id: int) -> None:
        plenty.merge({"tenants": [{"tenant": "alpha", "orders": [_order(order_id)]}]})

    def run_of(order_id: int, kind: str) -> str:
        return str(eventually(lambda: _first(airflow_stack, order_id, kind), 120))

    def at_rest() -> bool:
        active = {"state": ["running", "queued"]}
        dag = "dags/fulfilment__alpha/dagRuns"
        return not airflow_stack.api.call("GET", dag, params=active)["dag_runs"]

    eventually(at_rest, 180)  # a run that another story started would take the order
    wemalo.fault(route="POST /v1/goodsOrder/addConditional", kind="delay", seconds=20, times=1)
    release(910_001)
    first = run_of(910_001, "submitting")
    release(910_002)  # while that run is active, and has read its orders
    second = run_of(910_002, "accepted")
    assert run_of(910_001, "accepted") == first != second
    eventually(at_rest, 180)  # a run that still writes 5.1 would put the cancellation back itself
    plenty.act("cancel", "alpha", order=910_002)
    third = run_of(910_002, "cancelled")
    runs = {
        run: airflow_stack.api.call("GET", f"dags/fulfilment__alpha/dagRuns/{run}")
        for run in (first, second, third)
    }
    # a scheduled run may come in between, once in five minutes
    assert [run["run_type"] for run in runs.values()].count("asset_triggered") >= 2
    assert runs[first]["end_date"] <= runs[second]["start_date"]


def test_fulfil_order_tells_the_story_of_one_order(
    airflow_stack: ThrowAwayStack, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    done = subprocess.run(
        [str(Path(sys.executable).parent / "fulfil"), "order", "alpha", "100000"],
        env=airflow_stack.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    first, *rest = done.stdout.splitlines()
    assert first == "Order 100000 has left the warehouse completely."
    assert any("status 5.1 written to plentymarkets" in line for line in rest)
