"""A backfill of seven days over a live system, twice, while runs go on: real Airflow."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from sqlalchemy import text

from include.sandbox.scenarios.demo_orders import ALPHA
from tests.end_to_end.running import PASSWORD, RunningMerchant
from tests.waiting import eventually

if TYPE_CHECKING:
    from include.stack.testing import ThrowAwayStack

pytestmark = pytest.mark.timeout(900)
WEEK = replace(ALPHA, name="week", username="fulfilment_week")
# one loss of each kind, and an order that lacks nothing
NEVER_SENT, LOST_LEDGER, LOST_STATUS, NO_PACKAGE, TAKEN, LOST_RETURN, WELL = range(1, 8)
OLD = tuple(range(1, 8))
#: what the orders' diary calls it once it is done -> what the plan calls it
DONE = {
    "submitting": "send",
    "adopted": "adopt",
    "status_written": "status",
    "shipping_info_written": "tracking",
    "return_created": "return",
}
MORE = """\
poll_seconds: 0  # nobody takes the order that was never sent before the plan has named it
returns: {status: 9.0.1, reasons: {damaged: 3}}
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: the diary's last line, and the packages per order."""

    event_id: int
    packages: Counter[int]


class Live(RunningMerchant):
    """Merchant `week`: its clock will jump by three days, its warehouse ships what it is told."""

    def __init__(self, stack: ThrowAwayStack) -> None:
        super().__init__(stack, WEEK, MORE)
        self.fresh = itertools.count(100)

    def open(self) -> None:
        super().open()
        self.api.call("PATCH", self.dag, json={"is_paused": False})
        eventually(self.is_free, 120)  # unpausing makes the run of the newest interval

    def is_free(self) -> bool:
        """Tell whether no live run is active: runs of a backfill do not count."""
        return self.at_rest("manual", "scheduled")

    def run(self) -> None:
        self.trigger()
        eventually(self.is_free, 180)

    def day_goes_on(self) -> None:
        """Release one order more and start a run for it, unless a run is at work."""
        if self.is_free():
            self.release(next(self.fresh))
            self.trigger()

    def states(self) -> dict[int, str]:
        with self.ledger() as connection:
            rows = connection.execute(
                text("SELECT order_id, state FROM orders WHERE merchant = 'week'")
            )
            return {row.order_id: row.state for row in rows}

    def mark(self) -> Mark:
        """Remember where the diary and the packages stand."""
        with self.ledger() as connection:
            last = connection.execute(text("SELECT max(event_id) FROM order_events")).scalar()
        return Mark(int(last), self.packages())

    def packages(self) -> Counter[int]:
        """Return the number of packages of each order of that day at plentymarkets."""
        orders = self.orders()
        return Counter(
            {n: sum(bool(p["packageNumber"]) for p in orders[n]["shippingPackages"]) for n in OLD}
        )

    def done_since(self, mark: Mark) -> list[tuple[int, str]]:
        """Return what was done for the orders of that day, sorted: each as often as it was."""
        with self.ledger() as connection:
            rows = connection.execute(
                text(
                    "SELECT order_id, kind FROM order_events WHERE merchant = 'week' "
                    "AND event_id > :id AND order_id = ANY(:ids) AND kind = ANY(:kinds)"
                ),
                {"id": mark.event_id, "ids": list(OLD), "kinds": list(DONE)},
            )
            done = [(row.order_id, DONE[row.kind]) for row in rows]
        added = self.packages() - mark.packages
        return sorted([*done, *((n, "package") for n in added.elements())])

    def begin_backfill(self) -> subprocess.Popen[str]:
        """Plan and make a backfill of today and the seven days before; it ends when it is done."""
        today = datetime.now(UTC).date()
        first = (today - timedelta(days=7)).isoformat()
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "fulfil"), "backfill", "week", first,
             today.isoformat(), "--yes"],
            env=self.stack.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def backfill(self) -> tuple[int, str, str]:
        """Do it to its end; return exit code, output and errors."""
        process = self.begin_backfill()
        output, errors = process.communicate(timeout=300)
        return process.returncode, output, errors

    def replay_all_the_same(self) -> None:
        """Make the backfill that the command sees no reason for."""
        today = datetime.now(UTC)
        body = {
            "dag_id": self.dag_id, "from_date": (today - timedelta(days=7)).isoformat(),
            "to_date": today.isoformat(), "reprocess_behavior": "completed",
            "max_active_runs": 2,
        }  # fmt: skip
        self.api.call("POST", "backfills", json=body)

    def backfills_ended(self) -> bool:
        rows = self.api.call("GET", "backfills", params={"dag_id": self.dag_id})
        return all(row["completed_at"] for row in rows["backfills"])

    def wait_while_the_day_goes_on(self) -> None:
        def ended() -> bool:
            self.day_goes_on()
            return self.backfills_ended()

        eventually(ended, 400)

    def clocks(self, now: datetime) -> None:
        for server in (self.plenty, self.wemalo):
            server.clock(now=now.isoformat())


def a_working_day(live: Live) -> None:
    """Let the orders travel: handed over, shipped, and one comes back."""
    live.release(*(n for n in OLD if n != NEVER_SENT))
    live.run()
    for order_id in (NO_PACKAGE, LOST_RETURN, WELL):
        live.wemalo.act("ship", "week", order=str(order_id))
    live.run()


def damage(live: Live) -> None:
    """Lose something of each kind."""
    live.release(NEVER_SENT)
    live.plenty.act("set_status", "week", order=LOST_STATUS, status="5")
    live.wemalo.act("ship", "week", order=str(TAKEN))
    came_back = [{"product": "2001", "reason": "damaged"}]
    live.wemalo.act("book_return", "week", order=str(LOST_RETURN), items=came_back)
    queues = live.wemalo.state("week")["tenants"]["week"]["queues"]
    for queue, route in (("sent", "goodsOrder/packages/sent"), ("returns", "returns/booked")):
        assert queues[queue], "there is nothing that somebody else could take"
        for row in queues[queue]:
            taken = requests.put(
                f"{live.wemalo_url}/v1/{route}/{row}",
                headers={"Authorization": f"JWT {live.token}"}, json={}, timeout=10,
            )  # fmt: skip
            taken.raise_for_status()
    login = {"username": WEEK.username, "password": PASSWORD}
    token = requests.post(f"{live.plenty_url}/rest/login", json=login, timeout=10).json()
    requests.delete(
        f"{live.plenty_url}/rest/orders/{NO_PACKAGE}/shipping/packages",
        headers={"Authorization": f"Bearer {token['accessToken']}"}, timeout=10,
    ).raise_for_status()  # fmt: skip
    with live.ledger() as connection:
        for table in ("orders", "outbox"):
            where = "merchant = 'week' AND order_id = :id"
            connection.execute(text(f"DELETE FROM {table} WHERE {where}"), {"id": LOST_LEDGER})  # noqa: S608


def planned(output: str) -> list[tuple[int, str]]:
    """Return order and action of every line of a printed plan, sorted."""
    lines = re.findall(r"^(\d+)  ([a-z_]+)", output, re.MULTILINE)
    return sorted((int(number), action) for number, action in lines)


def test_a_week_is_repaired_twice_over_a_live_system_and_no_order_is_sent_twice(
    airflow_stack: ThrowAwayStack,
) -> None:
    live = Live(airflow_stack)
    live.open()
    live.clocks(datetime.now(UTC) - timedelta(days=3))
    a_working_day(live)
    damage(live)
    live.clocks(datetime.now(UTC))
    before, mark = live.submissions(), live.mark()

    first = live.begin_backfill()
    eventually(lambda: not live.backfills_ended() or first.poll() is not None, 300)
    code, _, errors = live.backfill()
    assert (code, "still active" in errors) == (1, True)
    live.wait_while_the_day_goes_on()
    output, errors = first.communicate(timeout=120)
    assert first.returncode == 0, output + errors
    plan = planned(output)
    assert plan == [
        (NEVER_SENT, "send"), (NEVER_SENT, "status"),
        (LOST_LEDGER, "adopt"),
        (LOST_STATUS, "status"),
        (NO_PACKAGE, "package"), (NO_PACKAGE, "tracking"),
        (TAKEN, "package"), (TAKEN, "tracking"),
        (LOST_RETURN, "return"),
    ]  # fmt: skip
    assert "week: 1 run(s) created." in output
    assert "week repaired:" in output
    assert f"  1 return order(s) created: {LOST_RETURN}" in output
    assert live.done_since(mark) == plan

    mark = live.mark()
    code, output, errors = live.backfill()
    assert code == 0, output + errors
    assert planned(output) == []
    assert "Nothing to do." in output
    assert "created" not in output
    live.replay_all_the_same()
    live.wait_while_the_day_goes_on()
    eventually(live.is_free, 180)
    assert live.done_since(mark) == []

    last = next(live.fresh)
    assert last > 102, "no run went on beside the backfills"
    assert live.submissions() == {**before, NEVER_SENT: 1, **dict.fromkeys(range(100, last), 1)}
    assert live.states() == {
        **dict.fromkeys((NEVER_SENT, LOST_LEDGER, LOST_STATUS, *range(100, last)), "accepted"),
        **dict.fromkeys((NO_PACKAGE, TAKEN, LOST_RETURN, WELL), "shipped"),
    }
    there = live.orders()
    for order_id in (NEVER_SENT, LOST_LEDGER, LOST_STATUS, *range(100, last)):
        assert (order_id, there[order_id]["statusId"]) == (order_id, 5.1)
    for order_id in (NO_PACKAGE, TAKEN, LOST_RETURN, WELL):
        assert (order_id, len(there[order_id]["shippingPackages"])) == (order_id, 1)
    assert len(live.orders(kind=3)) == 1
    runs = live.api.call("GET", f"{live.dag}/dagRuns", params={"limit": 100})["dag_runs"]
    assert {run["state"] for run in runs} == {"success"}
