"""What an order costs at the ledger, counted: statements and commits do not depend on the clock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import event, insert, text

from include.ledger.tables import rate_budget
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from sqlalchemy import Engine

FEW, MANY = 10, 60
DAY_S = 6 * 3600.0  # of the warehouse's clock: enough to pick, pack and hand over everything
#: from the first look to the acknowledged parcel
MOST_STATEMENTS, MOST_COMMITS = 10, 2


def counted(engine: Engine) -> Counter[str]:
    """Count what this engine does from now on."""
    counts: Counter[str] = Counter()

    @event.listens_for(engine, "before_cursor_execute")
    def statement(*_: Any) -> None:
        counts["statements"] += 1

    @event.listens_for(engine, "commit")
    def commit(_: Any) -> None:
        counts["commits"] += 1

    return counts


def travel(stage: Stage, ids: range) -> None:
    """Let orders travel to the warehouse and back."""
    stage.add(*(good_order(n, items=[{"variation": 2001 + n % 4, "quantity": 1}]) for n in ids))
    stage.run()
    stage.sandbox.wemalo.clock(advance=DAY_S)
    stage.step("reconcile_tracking")
    with stage.engine.begin() as connection:
        states = connection.execute(text("SELECT state FROM orders")).scalars().all()
    assert states == ["shipped"] * ids[-1]


@pytest.fixture
def unlimited(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """No call waits for its turn; its permit is taken all the same."""
    goods = dict.fromkeys(("2001", "2002", "2003", "2004"), 500)
    for change in ({"stock": goods}, {"settings": {"limit_calls": 10**6}}):
        stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", **change}]})
    stage.sandbox.plenty.settings(limits=False)
    for hook in (PlentyHook, WemaloHook):
        monkeypatch.setattr(hook, "_readings", lambda *_: {})
    rows = [
        {
            "merchant": "alpha",
            "system": system,
            "bucket": bucket,
            "max_calls": 10**9,
            "calls_left": 10**9,
            "resets_at": datetime(2100, 1, 1, tzinfo=UTC),
            "period_s": 86_400,
        }
        for system, bucket in [
            *(("plenty", name) for name in ("read", "write", "read_day", "write_day")),
            ("wemalo", "call"),
        ]
    ]
    with stage.engine.begin() as connection:
        connection.execute(insert(rate_budget), rows)
    return stage


def test_one_more_order_costs_few_statements_and_commits(unlimited: Stage) -> None:
    stage = unlimited
    stage.calls_in_flight = 4
    stage.look_again_s = 900  # as in real life: an order that moves on is not looked at
    counts = counted(stage.engine)
    travel(stage, range(1, FEW + 1))
    few = counts.copy()
    travel(stage, range(FEW + 1, FEW + MANY + 1))

    cost = {what: (counts[what] - 2 * few[what]) / (MANY - FEW) for what in few}
    assert 0 < cost["statements"] <= MOST_STATEMENTS, cost
    assert 0 < cost["commits"] <= MOST_COMMITS, cost
