"""What an order costs at the ledger, counted: statements and commits do not depend on the clock."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from include.bench.flow_run import without_limits
from include.sandbox.scenarios.demo_orders import ALPHA
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from sqlalchemy import Engine

FEW, MANY = 10, 110
DAY_S = 6 * 3600.0  # of the warehouse's clock: enough to pick, pack and hand over everything
#: goals: from the first look to the acknowledged parcel
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
    assert {stage.state(n) for n in ids} == {"shipped"}


def test_one_more_order_costs_few_statements_and_commits(stage: Stage) -> None:
    stage.calls_in_flight = 4
    goods = {"2001": 500, "2002": 500, "2003": 500, "2004": 500}
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "stock": goods}]})
    stage.sandbox.wemalo.merge(
        {"tenants": [{"tenant": "alpha", "settings": {"limit_calls": 10**6}}]}
    )
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "plan": "unlimited"}]})
    without_limits(stage.engine, [ALPHA])
    counts = counted(stage.engine)
    travel(stage, range(1, FEW + 1))
    few = counts.copy()
    travel(stage, range(FEW + 1, FEW + MANY + 1))

    cost = {what: (counts[what] - 2 * few[what]) / (MANY - FEW) for what in few}
    assert 0 < cost["statements"] <= MOST_STATEMENTS, cost
    assert 0 < cost["commits"] <= MOST_COMMITS, cost
