"""Days full of faults: nothing lost, nothing twice, nothing wrong, nothing silent.

`CHAOS_SEEDS`, `CHAOS_ORDERS` and `CHAOS_ROUNDS` play other days, `CHAOS_WITHOUT` one without a
protection (`include.chaos.without`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from include.bench.servers import sandbox
from include.chaos.plan import MISHAPS, TROUBLES, plan
from include.chaos.play import Day, of_alpha
from include.chaos.process import Ground
from include.config.merchants import find
from include.sandbox.scenarios.demo_orders import ALPHA, plenty_scenario, wemalo_scenario
from tests.flow.stage import PASSWORD, TOKEN, drop_connection, set_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(3600)
SEEDS = [int(seed) for seed in os.environ.get("CHAOS_SEEDS", "1").split(",")]
ORDERS = int(os.environ.get("CHAOS_ORDERS", "24"))
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "6"))
WITHOUT = os.environ.get("CHAOS_WITHOUT", "")


@pytest.fixture
def day(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", Fernet.generate_key().decode())
    merchant = of_alpha(find("alpha"))
    with sandbox() as (plenty, wemalo):
        plenty.merge(plenty_scenario(ALPHA, [], PASSWORD))
        wemalo.merge(wemalo_scenario(ALPHA, [], TOKEN))
        conns = merchant.plenty.connection, merchant.wemalo.connection
        set_connection(conns[0], "plenty", plenty.base_url, ALPHA.username, PASSWORD)
        set_connection(conns[1], "wemalo", wemalo.base_url, "", TOKEN)
        yield Day(Ground(merchant, ledger_url, without=WITHOUT), plenty, wemalo)
        for conn in conns:
            drop_connection(conn)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_day_full_of_faults_nothing_is_lost_doubled_wrong_or_silent(
    day: Day, seed: int, record_property: pytest.RecordProperty
) -> None:
    outcome = day.play(plan(seed, orders=ORDERS, rounds=ROUNDS))
    figures = (
        f"chaos seed {seed}: {outcome.faults} faults in {outcome.seconds:.0f} s, settled after "
        f"{outcome.runs_to_settle} runs; {dict(outcome.fired)}; {dict(outcome.acts)}; "
        f"right before our status {dict(outcome.raced)}; "
        f"red {dict(outcome.red)}"
    )
    record_property("figures", figures)
    again = (
        f"CHAOS_SEEDS={seed} CHAOS_ORDERS={ORDERS} CHAOS_ROUNDS={ROUNDS} "
        ".venv/bin/pytest tests/flow/test_chaos.py"
    )
    told = [*outcome.verdict.lines, *outcome.broken, *outcome.stories, *outcome.diary]
    lines = [*told, figures, f"again: {again}"]
    report = "\n".join(lines)
    print(report)
    assert outcome.verdict.counts == {"lost": 0, "doubled": 0, "wrong": 0, "silent": 0}, report
    assert (outcome.verdict.false_alarms, outcome.broken) == ([], []), report
    assert outcome.fired.keys() == {*TROUBLES, *MISHAPS}, report
