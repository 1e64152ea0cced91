"""What an order costs at the ledger, counted: statements and commits do not depend on the clock."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from sqlalchemy import Engine

ORDERS = 50
#: goals: ten round trips and two commits an order, from the first look to the written status
MOST_STATEMENTS, MOST_COMMITS = 10, 2
WRITING = ("load_to_wemalo", "writeback_status")
#: of the tasks that write: a group costs as many statements however large it is
MOST_WRITING_STATEMENTS, MOST_WRITING_COMMITS = 4, 2


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


def test_an_order_costs_few_statements_and_commits(stage: Stage) -> None:
    stage.calls_in_flight = 4
    products = range(2001, 2005)
    stage.add(
        *(
            good_order(n, items=[{"variation": products[n % 4], "quantity": 1}])
            for n in range(1, ORDERS + 1)
        )
    )
    counts = counted(stage.engine)
    cost = {}
    for task in ("extract_plenty_orders", "validate", *WRITING):
        before = counts.copy()
        stage.step(task)
        cost[task] = {what: (counts - before)[what] / ORDERS for what in counts}

    assert {stage.state(n) for n in range(1, ORDERS + 1)} == {"accepted"}
    for tasks, statements, commits in (
        (cost, MOST_STATEMENTS, MOST_COMMITS),
        (WRITING, MOST_WRITING_STATEMENTS, MOST_WRITING_COMMITS),
    ):
        assert sum(cost[task]["statements"] for task in tasks) <= statements, cost
        assert sum(cost[task]["commits"] for task in tasks) <= commits, cost
