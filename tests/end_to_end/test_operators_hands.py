"""What operators do to runs and DAGs: what was left undone, when it was told, what finished it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.sandbox.scenarios.demo_orders import ALPHA
from tests.end_to_end.running import RunningMerchant
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.stack.testing import ThrowAwayStack

pytestmark = pytest.mark.timeout(1800)
HANDS = replace(ALPHA, name="hands", username="fulfilment_hands")
LATER = ("validate", "load_to_wemalo", "writeback_status", "reconcile_tracking")
LATEST_S = 120.0  # after it could be done
SEARCH, ADD = "GET /rest/orders/search", "POST /v1/goodsOrder/addConditional"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    action: str
    undone: str
    told: str
    told_after_s: float
    done_after_s: float


class Hands(RunningMerchant):
    """Merchant `hands`, and an operator."""

    def __init__(self, stack: ThrowAwayStack) -> None:
        super().__init__(stack, HANDS, "poll_seconds: 5\n")
        self.next_order = 1

    def open(self) -> None:
        super().open()
        self.fulfil("unpause", self.name)

    def next(self) -> int:
        """Release an order and return its number."""
        order_id, self.next_order = self.next_order, self.next_order + 1
        self.release(order_id)
        return order_id

    def status(self, order_id: int) -> float:
        return float(self.orders()[order_id]["statusId"])

    def numbers(self, order_id: int) -> list[str]:
        """Return the tracking numbers that plentymarkets has of an order."""
        packages = self.orders()[order_id]["shippingPackages"]
        return [p["packageNumber"] for p in packages if p["packageNumber"]]

    def active_run(self) -> str:
        found = self.api.call("GET", f"{self.dag}/dagRuns", params={"state": ["running"]})[
            "dag_runs"
        ]
        return found[0]["dag_run_id"] if found else ""

    def task(self, run: str, task: str) -> str | None:
        found = self.tasks(run).get(task)
        return found["state"] if found else None

    def run_of(self, task: str) -> str:
        """Wait until a run works on a task and return it."""

        def there() -> str:
            run = self.active_run()
            return run if run and self.task(run, task) == "running" else ""

        eventually(there, 120)
        return self.active_run()

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
    order_id = hands.next()
    run = hands.run_of("load_to_wemalo")
    hands.api.call("PATCH", hands.dag, json={"is_paused": True})
    told_after = seconds(lambda: "writeback_status" in hands.told("DAG_PAUSED"))
    eventually(lambda: order_id in hands.submissions())  # the task that runs goes on to its end
    assert hands.status(order_id) == 5.0
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
    order_id = hands.next()
    run = hands.run_of("extract_plenty_orders")
    task = f"{hands.dag}/dagRuns/{run}/taskInstances/load_to_wemalo"
    hands.api.call("PATCH", task, json={"new_state": "success"})
    eventually(lambda: hands.active_run() != run, 120)
    assert order_id not in hands.submissions()
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("load marked success", "hand-over", "next run", 0.0, done)


def mark_run_failed(hands: Hands) -> Row:
    hands.wemalo.fault(route=ADD, kind="delay", seconds=6, times=1)
    order_id = hands.next()
    run = hands.run_of("validate")
    hands.api.call("PATCH", f"{hands.dag}/dagRuns/{run}", json={"state": "failed"})
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("run marked failed", "all after validate", "next run", 0.0, done)


def clear_the_load(hands: Hands) -> Row:
    order_id = hands.next()
    run = hands.run_of("validate")
    eventually(lambda: hands.task(run, "load_to_wemalo") == "success", 120)
    body = {"dry_run": False, "dag_run_id": run, "task_ids": ["load_to_wemalo"],
            "include_downstream": True, "only_failed": False}  # fmt: skip
    hands.api.call("POST", f"{hands.dag}/clearTaskInstances", json=body)
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("load cleared", "writeback", "same run", 0.0, done)


def delete_the_dag(hands: Hands) -> Row:
    eventually(hands.at_rest, 120)
    hands.api.call("DELETE", hands.dag)
    order_id = hands.next()
    back = seconds(lambda: hands.dag_id in {d["dag_id"] for d in hands.api.dags()})
    told = seconds(lambda: hands.told("DAG_CAME_BACK_PAUSED", ever=True))
    done = seconds(lambda: hands.status(order_id) == 5.1)
    return Row("DAG deleted", f"everything (back after {back:.0f} s)", "DAG_CAME_BACK_PAUSED",
               told, told + done)  # fmt: skip


def break_the_file(hands: Hands) -> Row:
    hands.file.write_text(hands.settings.replace("warehouse_id", "warehose_id"))
    told = seconds(lambda: "warehose_id" in hands.told("MERCHANT_FILE_BROKEN"))
    order_id = hands.next()
    done = seconds(lambda: hands.status(order_id) == 5.1)
    hands.file.write_text(hands.settings)
    seconds(lambda: not hands.told("MERCHANT_FILE_BROKEN"))
    return Row("file broken", "nothing", "MERCHANT_FILE_BROKEN", told, done)


def remove_the_file(hands: Hands) -> Row:
    shipped = hands.next()
    eventually(lambda: hands.status(shipped) == 5.1, 120)
    hands.file.unlink()
    told = seconds(lambda: hands.told("MERCHANT_FILE_MISSING"))
    new = hands.next()
    hands.wemalo.act("ship", "hands", order=str(shipped))
    hands.trigger()
    done = seconds(lambda: hands.numbers(shipped))
    assert new not in hands.submissions(), "what is new waits"
    hands.file.write_text(hands.settings)
    back = seconds(lambda: hands.status(new) == 5.1)
    assert not hands.told("MERCHANT_FILE_MISSING")
    return Row("file removed", "new orders", "MERCHANT_FILE_MISSING", told, max(done, back))


@pytest.fixture(scope="module")
def hands(airflow_stack: ThrowAwayStack) -> Hands:
    hands = Hands(airflow_stack)
    hands.open()
    return hands


def test_an_idle_run_starts_one_process_and_a_task_that_is_cleared_runs_all_the_same(
    hands: Hands,
) -> None:
    eventually(hands.at_rest, 300)
    run = hands.trigger()
    eventually(hands.at_rest, 300)
    first, *others = ("extract_plenty_orders", *LATER, "returns.handle_returns")
    tasks = hands.tasks(run)
    assert hands.api.call("GET", f"{hands.dag}/dagRuns/{run}")["state"] == "success"
    assert tasks[first]["state"] == "success"
    for name in (*others, "watcher"):
        task = tasks[name]
        assert (name, task["state"], task["pid"]) == (name, "skipped", None)
        assert task["try_number"] == 0, name
    body = {"dry_run": False, "dag_run_id": run, "task_ids": [LATER[-1]], "only_failed": False}
    hands.api.call("POST", f"{hands.dag}/clearTaskInstances", json=body)
    eventually(hands.at_rest, 300)
    tasks = hands.tasks(run)
    assert (tasks[LATER[-1]]["state"], tasks[LATER[-1]]["try_number"]) == ("success", 1)
    assert tasks[LATER[0]]["state"] == "skipped"


def test_nothing_stays_undone_for_two_minutes_whatever_operators_do(
    hands: Hands,
) -> None:
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
