"""A merchant between two real sandbox servers and a real ledger, run step by step."""

from __future__ import annotations

import itertools
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from fulfilment.flow.exceptions.from_ledger import look_over
from fulfilment.flow.steps import ORDER_TASKS, steps_of
from fulfilment.flow.systems.work import Work
from fulfilment.flow.tasks.skips import idle_by_ledger
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import Engine, text

from include.core.merchants.merchant import Merchant
from include.core.orders.statuses import status
from include.core.systems.errors import FulfilmentError
from include.core.systems.window import EVERYTHING, Window
from include.ledger.engine import ledger_engine
from include.ledger.orders import timeline
from include.ledger.orders.batches import open_batch
from include.ledger.orders.journal import Journal
from include.quality.batch import examine
from include.sandbox.scenarios.demo_orders import (
    ALPHA,
    StoryMerchant,
    plenty_scenario,
    released_order,
    wemalo_scenario,
)
from include.sandbox.server import Sandbox

STEPS = steps_of(examine)
GROUPS = {task: step for task, step in STEPS.items() if task not in ORDER_TASKS}
#: looks of idle tasks, and the counts that say that a look showed work
LOOKS = {
    "reconcile_tracking": (1, ("queue_rows", "foreign_rows")),
    "handle_returns": (2, ("return_rows", "returns_announced", "failing")),
}
PASSWORD, TOKEN = "p/w:1", "token-1"
_runs = itertools.count(1)


@dataclass
class Stage:
    """One merchant of the demo with its own sandbox and ledger."""

    sandbox: Sandbox
    engine: Engine
    merchant: Merchant
    lease_s: int = 300
    settle_s: float = 1  # minutes in real life: a late call lands after it was given up
    look_again_s: int = 0
    again_s: int = 900
    pause_s: int = 0  # items that failed are tried again by the next run
    fresh_s: int = 30
    calls_in_flight: int = 1  # what a test breaks comes in one order
    errors: dict[str, FulfilmentError] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.merchant.merchant

    def work(self, task: str, run: str = "", *, by_hand: bool = True) -> Work:
        """Return the work of one task, or of somebody who acts as merchant or warehouse.

        :param by_hand: its hooks write what nobody has claimed, too; the tasks' own never do.
        """
        plenty, wemalo = self.merchant.plenty.connection, self.merchant.wemalo.connection
        return Work(
            merchant=self.merchant,
            engine=self.engine,
            journal=Journal(self.name, task, run or f"run-{next(_runs)}", 1),
            batch_id=self._batch(run),
            plenty=PlentyHook(
                self.name,
                plenty,
                self.engine,
                by_hand=by_hand,
                calls_in_flight=self.calls_in_flight,
            ),
            wemalo=WemaloHook(
                self.name,
                wemalo,
                self.engine,
                by_hand=by_hand,
                calls_in_flight=self.calls_in_flight,
            ),
            lease_s=self.lease_s,
            settle_s=self.settle_s,
            look_again_s=self.look_again_s,
            again_s=self.again_s,
            pause_s=self.pause_s,
            fresh_s=self.fresh_s,
        )

    def _batch(self, run: str) -> int:
        with self.engine.begin() as connection:
            return open_batch(connection, self.name, run or f"run-{next(_runs)}", (None, None))

    def step(self, task: str) -> dict[str, int]:
        """Run one task; an error of it is raised."""
        return STEPS[task](self.work(task, by_hand=False))

    def run(
        self, *, groups: bool = False, window: Window = EVERYTHING
    ) -> dict[str, dict[str, int]]:
        """Run the five tasks, and the groups' where wanted: a failed one does not stop the others.

        :param window: of a backfill.
        """
        run = f"run-{next(_runs)}"
        self.errors = {}
        counts: dict[str, dict[str, int]] = {}
        idle: set[str] = set()
        for task, step in (STEPS | steps_of(examine, window)).items():
            if task in GROUPS and not groups:
                continue
            before = self._done() if task in idle else None
            try:
                counts[task] = step(self.work(task, run, by_hand=False))
                if task == "extract_plenty_orders" and window == EVERYTHING:
                    work = self.work(task, run, by_hand=False)
                    idle = idle_by_ledger(work)
                    if "reconcile_tracking" in idle:
                        look_over(work)  # told by the first task where that one is skipped
            except FulfilmentError as error:
                self.errors[task] = error
            if before is not None and task in counts:
                self._assert_idle(task, counts[task], before)
        return counts

    def _assert_idle(self, task: str, counts: dict[str, int], before: tuple[int, int]) -> None:
        """See that a task which the ledger has no work for did nothing: it would be skipped."""
        looks, shows_work = LOOKS.get(task, (0, ()))
        if any(counts.get(name) for name in shows_work):
            return  # its look found work, so that it would run
        calls, events = self._done()
        assert not any(counts.values()), (task, counts)
        assert calls - before[0] <= looks, task
        assert events == before[1], task

    def _done(self) -> tuple[int, int]:
        """Return how many calls both systems had of this merchant, and how many events we noted."""
        systems = (self.sandbox.plenty, self.sandbox.wemalo)
        counted = [system.calls(self.name)["counts"].get(self.name, {}) for system in systems]
        with self.engine.connect() as connection:
            events = connection.execute(text("SELECT last_value FROM order_event_ids")).scalar_one()
        return sum(sum(routes.values()) for routes in counted), events

    # -- both systems and the ledger, as they are now

    def plenty_order(self, order_id: int) -> dict[str, Any]:
        tenant = self.sandbox.plenty.state(self.name)["tenants"][self.name]
        return next(o for o in tenant["orders"].values() if int(o["id"]) == order_id)

    def plenty_status(self, order_id: int) -> Decimal:
        return status(self.plenty_order(order_id)["statusId"])

    def wemalo_orders(self) -> dict[str, Any]:
        tenant = self.sandbox.wemalo.state(self.name)["tenants"][self.name]
        return dict(tenant["orders"])

    def timeline(self, order_id: int) -> timeline.Timeline:
        with self.engine.begin() as connection:
            found = timeline.read(connection, self.name, order_id)
        assert found is not None, f"order {order_id} is not in the ledger"
        return found

    def state(self, order_id: int) -> str:
        return str(self.timeline(order_id).order.state)

    def events(self, order_id: int) -> list[str]:
        return [event.kind for event in self.timeline(order_id).events]

    def add(self, *orders: dict[str, Any]) -> None:
        rows = [{"tenant": self.name, "orders": list(orders)}]
        self.sandbox.plenty.merge({"tenants": rows})


def good_order(order_id: int, merchant: StoryMerchant = ALPHA, **changes: Any) -> dict[str, Any]:
    """Return an order that can be sent as it is, without the empty package of a shipping rule."""
    return {
        **released_order(merchant, order_id, address={"email": "erika@example.org"}),
        "packages": [],  # [{}] where its package is to be filled instead of made
        **changes,
    }


def a_second_later() -> None:
    """Wait until plentymarkets' change times, which have whole seconds, tell before from after."""
    time.sleep(1.05 - time.time() % 1)


def settings(stage: Stage, **changes: Any) -> None:
    """Change the merchant's settings; stock is as nobody set it, unless it is among them."""
    data = {**stage.merchant.model_dump(), "stock": {}, **changes}
    stage.merchant = type(stage.merchant).model_validate(data)


def set_up(sandbox: Sandbox, ledger_url: str, merchant: Merchant, story: StoryMerchant) -> Stage:
    """Open both tenants without orders and name the connections by environment variables."""
    sandbox.plenty.merge(plenty_scenario(story, [], PASSWORD))
    sandbox.wemalo.merge(wemalo_scenario(story, [], TOKEN))
    set_connection(
        merchant.plenty.connection, "plenty", sandbox.plenty_url, story.username, PASSWORD
    )
    set_connection(merchant.wemalo.connection, "wemalo", sandbox.wemalo_url, "", TOKEN)
    return Stage(sandbox, ledger_engine(ledger_url), merchant)


def set_connection(conn_id: str, kind: str, url: str, login: str, password: str) -> None:
    host = quote(url, safe="")
    os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = (
        f"{kind}://{quote(login, safe='')}:{quote(password, safe='')}@{host}"
    )


def drop_connection(conn_id: str) -> None:
    with suppress(KeyError):
        del os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"]
