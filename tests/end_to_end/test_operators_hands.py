"""What operators do to runs and DAGs: what was left undone, when it was told, what finished it."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.ledger.engine import ledger_engine
from include.sandbox.client import ControlClient
from include.sandbox.scenarios.demo_orders import ALPHA, plenty_scenario, wemalo_scenario
from include.stack.airflow_env import ledger_url
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.stack.testing import ThrowAwayStack

pytestmark = pytest.mark.timeout(1800)
HANDS = replace(ALPHA, name="hands", username="fulfilment_hands")
DAG = "dags/fulfilment__hands"
PASSWORD, TOKEN = "p1", "hands-1"
LATEST_S = 120.0  # after it could be done
FILE = """\
merchant: hands
schedule_minutes: 720
poll_seconds: 5
plenty: {connection: plenty_hands, plenty_id: 1001, warehouse_id: 3, storage_location_id: 7}
wemalo: {connection: wemalo_hands, shop: hands}
shipping_profiles: {6: dhl-paket}
carriers: {DHL: DHL}
goods_issue: none
"""
SEARCH, ADD = "GET /rest/orders/search", "POST /v1/goodsOrder/addConditional"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    action: str
    undone: str
    told: str
    told_after_s: float
    done_after_s: float


class Hands:
    """Merchant `hands` on a running stack, and an operator."""

    def __init__(self, stack: ThrowAwayStack) -> None:
        self.stack, self.api = stack, stack.api
        ports = stack.layout.ports()
        self.plenty_url = f"http://127.0.0.1:{ports.plenty}"
        self.wemalo_url = f"http://127.0.0.1:{ports.wemalo}"
        self.plenty, self.wemalo = ControlClient(self.plenty_url), ControlClient(self.wemalo_url)
        self.next_order = 1

    def open(self) -> None:
        self.plenty.merge(plenty_scenario(HANDS, [], PASSWORD))
        warehouse = wemalo_scenario(HANDS, [], TOKEN)
        warehouse["tenants"][0]["settings"]["auto"] = False
        self.wemalo.merge(warehouse)
        self.api.set_connections(
            {
                "plenty_hands": {
                    "conn_type": "plentymarkets", "host": self.plenty_url,
                    "login": HANDS.username, "password": PASSWORD,
                },
                "wemalo_hands": {
                    "conn_type": "wemalo", "host": self.wemalo_url, "password": TOKEN,
                },
            }
        )  # fmt: skip
        self.file = self.stack.merchants / "hands.yaml"
        self.file.write_text(FILE)
        eventually(lambda: "fulfilment__hands" in {d["dag_id"] for d in self.api.dags()}, 120)
        self.fulfil("unpause", "hands")

    def fulfil(self, *words: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "fulfil"), *words],
            env=self.stack.variables, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def release(self) -> int:
        """Release an order and return its number."""
        order_id, self.next_order = self.next_order, self.next_order + 1
        one: dict[str, Any] = {
            "id": order_id, "status": "5", "plenty_id": HANDS.plenty_id, "warehouse": 3,
            "profile": 6, "type": 1, "items": [{"variation": 2001, "quantity": 1}], "packages": [],
            "delivery": {
                "name2": "Anna", "name3": "Beispiel-Alpha", "address1": "Lindenallee",
                "address2": "5", "postalCode": "50667", "town": "Köln", "country": "DE",
            },
        }  # fmt: skip
        self.plenty.merge({"tenants": [{"tenant": "hands", "orders": [one]}]})
        return order_id

    def status(self, order_id: int) -> float:
        orders = self.plenty.state("hands")["tenants"]["hands"]["orders"].values()
        return next(float(o["statusId"]) for o in orders if int(o["id"]) == order_id)

    def numbers(self, order_id: int) -> list[str]:
        """Return the tracking numbers that plentymarkets has of an order."""
        orders = self.plenty.state("hands")["tenants"]["hands"]["orders"].values()
        order = next(o for o in orders if int(o["id"]) == order_id)
        return [p["packageNumber"] for p in order["shippingPackages"] if p["packageNumber"]]

    def submissions(self) -> dict[str, int]:
        rows = self.wemalo.state("hands")["tenants"]["hands"]["orders"]
        return {key: row["submissions"] for key, row in rows.items()}

    def active_run(self) -> str:
        found = self.api.call("GET", f"{DAG}/dagRuns", params={"state": ["running"]})["dag_runs"]
        return found[0]["dag_run_id"] if found else ""

    def task(self, run: str, task: str) -> str | None:
        rows = self.api.call("GET", f"{DAG}/dagRuns/{run}/taskInstances")["task_instances"]
        return next((row["state"] for row in rows if row["task_id"] == task), None)

    def run_of(self, task: str) -> str:
        """Wait until a run works on a task and return it."""

        def there() -> str:
            run = self.active_run()
            return run if run and self.task(run, task) == "running" else ""

        eventually(there, 120)
        return self.active_run()

    def at_rest(self) -> bool:
        states = {"state": ["running", "queued"]}
        return not self.api.call("GET", f"{DAG}/dagRuns", params=states)["dag_runs"]

    @contextmanager
    def ledger(self) -> Iterator[Any]:
        engine = ledger_engine(ledger_url(self.stack.layout))
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def told(self, code: str, *, ever: bool = False) -> str:
        """Return what is told of the merchant's pause now, or was ever told of it."""
        where = "merchant = 'hands' AND code = :code" + ("" if ever else " AND cleared_at IS NULL")
        with self.ledger() as connection:
            query = text(f"SELECT en FROM exceptions WHERE {where}")  # noqa: S608 - ours
            rows = connection.execute(query, {"code": code})
            return " ".join(row.en for row in rows)


def seconds(until: Callable[[], object]) -> float:
    """Wait for something and return how long it took."""
    began = time.monotonic()
    eventually(until, LATEST_S)
    return time.monotonic() - began


def pause_in_the_middle(hands: Hands) -> Row:
    hands.wemalo.fault(route=ADD, kind="delay", seconds=6, times=1)
    order_id = hands.release()
    run = hands.run_of("load_to_wemalo")
    hands.api.call("PATCH", DAG, json={"is_paused": True})
    told_after = seconds(lambda: "writeback_status" in hands.told("DAG_PAUSED"))
    assert hands.status(order_id) == 5.0
    assert str(order_id) in hands.submissions()
    told = hands.told("DAG_PAUSED")
    assert run in told
    assert "by admin" in told
    assert "paused in Airflow" in hands.fulfil("order", "hands", str(order_id))
    hands.fulfil("resume", "hands")
    done = seconds(lambda: hands.status(order_id) == 5.1)
    assert not hands.told("DAG_PAUSED")
    return Row("pause in the middle", "status 5.1", "DAG_PAUSED", told_after, done)


def mark_load_success(hands: Hands) -> Row:
    hands.plenty.fault(route=SEARCH, kind="delay", seconds=8, times=3)
    order_id = hands.release()
    run = hands.run_of("extract_plenty_orders")
    task = f"{DAG}/dagRuns/{run}/taskInstances/load_to_wemalo"
    hands.api.call("PATCH", task, json={"new_state": "success"})
    eventually(lambda: hands.active_run() != run, 120)
    assert str(order_id) not in hands.submissions()
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("load marked success", "hand-over", "next run", 0.0, done)


def mark_run_failed(hands: Hands) -> Row:
    hands.wemalo.fault(route=ADD, kind="delay", seconds=6, times=1)
    order_id = hands.release()
    run = hands.run_of("validate")
    hands.api.call("PATCH", f"{DAG}/dagRuns/{run}", json={"state": "failed"})
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("run marked failed", "all after validate", "next run", 0.0, done)


def clear_the_load(hands: Hands) -> Row:
    order_id = hands.release()
    run = hands.run_of("validate")
    eventually(lambda: hands.task(run, "load_to_wemalo") == "success", 120)
    body = {"dry_run": False, "dag_run_id": run, "task_ids": ["load_to_wemalo"],
            "include_downstream": True, "only_failed": False}  # fmt: skip
    hands.api.call("POST", f"{DAG}/clearTaskInstances", json=body)
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("load cleared", "writeback", "same run", 0.0, done)


def delete_the_dag(hands: Hands) -> Row:
    eventually(hands.at_rest, 120)
    hands.api.call("DELETE", DAG)
    order_id = hands.release()
    back = seconds(lambda: "fulfilment__hands" in {d["dag_id"] for d in hands.api.dags()})
    told = seconds(lambda: hands.told("DAG_CAME_BACK_PAUSED", ever=True))
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("DAG deleted", f"everything (back after {back:.0f} s)", "DAG_CAME_BACK_PAUSED",
               told, told + done)  # fmt: skip


def break_the_file(hands: Hands) -> Row:
    hands.file.write_text(FILE.replace("warehouse_id", "warehose_id"))
    told = seconds(lambda: "warehose_id" in hands.told("MERCHANT_FILE_BROKEN"))
    order_id = hands.release()
    done = seconds(lambda: hands.status(order_id) == 5.1)
    hands.file.write_text(FILE)
    seconds(lambda: not hands.told("MERCHANT_FILE_BROKEN"))
    return Row("file broken", "nothing", "MERCHANT_FILE_BROKEN", told, done)


def remove_the_file(hands: Hands) -> Row:
    shipped = hands.release()
    eventually(lambda: hands.status(shipped) == 5.1, 120)
    hands.file.unlink()
    told = seconds(lambda: hands.told("MERCHANT_FILE_MISSING"))
    new = hands.release()
    hands.wemalo.act("ship", "hands", order=str(shipped))
    hands.api.call("POST", f"{DAG}/dagRuns", json={"logical_date": None})
    done = seconds(lambda: hands.numbers(shipped))
    assert str(new) not in hands.submissions(), "what is new waits"
    hands.file.write_text(FILE)
    back = seconds(lambda: hands.status(new) == 5.1)
    assert not hands.told("MERCHANT_FILE_MISSING")
    return Row("file removed", "new orders", "MERCHANT_FILE_MISSING", told, max(done, back))


def test_nothing_stays_undone_for_two_minutes_whatever_operators_do(
    airflow_stack: ThrowAwayStack,
) -> None:
    hands = Hands(airflow_stack)
    hands.open()
    table = []
    for action in (
        pause_in_the_middle, mark_load_success, mark_run_failed, clear_the_load, delete_the_dag,
        break_the_file, remove_the_file,
    ):  # fmt: skip
        eventually(hands.at_rest, 120)
        table.append(action(hands))
    for row in table:
        print(
            f"{row.action:<22} undone: {row.undone:<34} told: {row.told} after "
            f"{row.told_after_s:.0f} s, done after {row.done_after_s:.0f} s"
        )
    assert max(row.told_after_s for row in table) <= 60
    assert max(row.done_after_s for row in table) <= LATEST_S
    assert set(hands.submissions().values()) == {1}
    assert len(hands.submissions()) == len(table) + 1  # the file's removal concerns two
    eventually(lambda: "No open exceptions" in hands.fulfil("exceptions", "hands"), LATEST_S)
