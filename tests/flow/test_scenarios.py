"""Every scenario of the sandbox's catalogue, through the whole flow, and everything replayed.

All are played side by side on one pair of sandbox servers: the steps of each, then one run for
all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from include.config.merchants import find
from include.demo.scenarios import Stagehand, plenty_stock, wemalo_stock
from include.ledger.stock.stock_sync import approve
from include.sandbox.scenarios.catalogue import SCENARIOS
from include.sandbox.scenarios.demo_orders import ALPHA
from include.sandbox.scenarios.parts import Numbers
from include.sandbox.server import run_sandbox
from include.stack.postgres import PostgresServer
from tests.flow.stage import Stage, set_up

pytestmark = pytest.mark.timeout(900)
NUMBERS = {name: Numbers(700_000 + 100 * n) for n, name in enumerate(SCENARIOS)}


@dataclass
class Played:
    """All scenarios at their end: what each system had, and what was wrong."""

    stage: Stage
    hand: Stagehand
    faults: dict[str, list[str]]
    races: list[dict[str, Any]]

    def worlds(self) -> dict[str, Any]:
        """Return everything that a replay must not change."""
        plenty = self.stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]
        wemalo = self.stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
        orders = {
            key: {name: row[name] for name in ("statusId", "shippingPackages", "comments",
                                               "orderItems", "shippingInformation")}
            for key, row in plenty["orders"].items()
        }  # fmt: skip
        sent = {
            key: {name: row[name] for name in ("status", "submissions", "documents", "positions")}
            for key, row in wemalo["orders"].items()
        }
        return {
            "orders": orders,
            "movements": plenty["movements"],
            "stock": plenty_stock(plenty),
            "sent": sent,
            "announced": wemalo["returns"],
            "products": wemalo["products"],
            "in the house": wemalo_stock(wemalo),
            "queues": wemalo["queues"],
        }


@pytest.fixture(scope="module")
def played(postgres_server: PostgresServer, _ledger_template: str) -> Iterator[Played]:
    url = postgres_server.ensure_database("scenarios", template=_ledger_template)
    with pytest.MonkeyPatch.context() as patch, run_sandbox() as sandbox:
        patch.setenv("FULFILMENT_TOKEN_KEY", Fernet.generate_key().decode())
        stage = set_up(sandbox, url, find("alpha"), ALPHA)
        sandbox.plenty.settings(limits=False, document_seconds=0)
        sandbox.wemalo.merge(
            {"tenants": [{"tenant": "alpha", "settings": {"auto": False, "limit_calls": 100_000}}]}
        )
        hand = Stagehand(sandbox.plenty, sandbox.wemalo, stage.engine)
        stuck = play(stage, hand)
        races = [*sandbox.plenty.hooks(), *sandbox.wemalo.hooks()]
        faults = {
            name: [*stuck[name], *hand.faults(one, NUMBERS[name])]
            for name, one in SCENARIOS.items()
        }
        yield Played(stage, hand, faults, races)
        stage.engine.dispose()
    postgres_server.drop_database("scenarios")


def play(stage: Stage, hand: Stagehand) -> dict[str, list[str]]:
    """Play all scenarios step by step; return what could not be done, by scenario."""
    stuck: dict[str, list[str]] = {name: [] for name in SCENARIOS}
    run(stage)  # the goods that the demo merchant has anyway
    with stage.engine.begin() as connection:
        approve(connection, "alpha")
    run(stage)
    for name, scenario in SCENARIOS.items():
        hand.put(scenario, NUMBERS[name])
    steps = max(len(scenario.steps) for scenario in SCENARIOS.values())
    for number in range(steps):
        for name, scenario in SCENARIOS.items():
            for act in scenario.steps[number : number + 1]:
                for one in act:
                    try:
                        hand.do(one, NUMBERS[name])
                    except RuntimeError as error:
                        stuck[name].append(f"{one.words()}: {error}")
        run(stage)
    run(stage)  # what a race has left to the next run
    run(stage)
    return stuck


def run(stage: Stage) -> None:
    """Run all tasks of the DAG; calls are not short, and pauses between tries are over."""
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM rate_budget"))
    stage.run(groups=True)
    assert not stage.errors, stage.errors


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_ends_as_it_says_in_both_systems_and_in_the_ledger(
    played: Played, name: str
) -> None:
    assert played.faults[name] == []


def test_every_race_was_forced(played: Played) -> None:
    assert [race for race in played.races if race["error"] or not race["fired"]] == []
    wanted = sum(act.is_race for one in SCENARIOS.values() for step in one.steps for act in step)
    assert len(played.races) == wanted


@pytest.mark.parametrize("how", ["queues full again", "a window", "everything read anew"])
def test_replaying_everything_changes_nothing(played: Played, how: str) -> None:
    before = played.worlds()
    stage = played.stage
    for _ in range(3):
        window = (None, None)
        if how == "queues full again":
            assert stage.sandbox.wemalo.act("requeue", "alpha")["rows"]
        elif how == "a window":
            now = datetime.now(UTC)
            window = (now - timedelta(days=2), now + timedelta(days=1))
        else:
            with stage.engine.begin() as connection:
                connection.execute(
                    text("UPDATE sync_state SET looked_at = NULL, read_until = NULL")
                )
                connection.execute(text("UPDATE orders SET plenty_updated_at = NULL"))
        with stage.engine.begin() as connection:
            connection.execute(text("DELETE FROM rate_budget"))
        stage.run(groups=True, window=window)
        assert not stage.errors
    after = played.worlds()
    for part, rows in before.items():
        assert after[part] == rows, part
