"""An idle chain of tasks beside more and more orders that have ended: its cost must not grow."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from fulfilment.flow.steps import ORDER_TASKS
from sqlalchemy import event

from include.bench import crowd, flow_run
from include.bench.ended_orders import fill, settle
from include.bench.rows import Row
from include.bench.servers import servers
from include.ledger.engine import ledger_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.sandbox.scenarios.demo_orders import StoryMerchant

SIZES, QUICK_SIZES = (0, 100_000, 1_000_000), (0, 2_000)
#: of what an order's diary tells, two events: nothing that a run reads
EVENTS = ("fetched", "shipped")
CHAINS = 15  # that are measured; the median counts


def run(*, quick: bool = False) -> list[Row]:
    """Let the five tasks find nothing to do, again and again, while the ledger grows."""
    (member,) = crowd.members(1)
    rows: list[Row] = []
    with servers() as ours:
        crowd.open_tenants(ours.plenty, ours.wemalo, [member], plan="classic")
        admin = ledger_engine(ours.addresses.ledger)
        engine = flow_run.enter(ours.addresses, [member])
        flow_run.without_limits(engine, [member])
        there, first = 0, (0.0, 0.0)
        for size in QUICK_SIZES if quick else SIZES:
            if size > there:
                fill(admin, [member.name], size - there, first=10_000_000 + there, events=EVENTS)
                there = size
            settle(admin)
            found = _median(engine, member)
            name = f"idle chain of the five tasks beside {size:,} ended orders"
            if size == 0:
                first = found
                rows += [Row(name, found[0], "s"), Row("  its time in the ledger", found[1], "s")]
                continue
            rows.append(Row(name, found[0], "s", found[0] / first[0], "none ended"))
            in_sql = Row("  its time in the ledger", found[1], "s", found[1] / first[1], "the same")
            rows.append(in_sql)
        engine.dispose()
        admin.dispose()
    return rows


def _median(engine: Engine, member: StoryMerchant) -> tuple[float, float]:
    """Return the seconds of a chain, and those of them that its statements took."""
    spent: list[float] = []

    def before(_c: Any, _cursor: Any, _s: str, _p: Any, context: Any, _m: bool) -> None:
        context.began = time.perf_counter()

    def after(_c: Any, _cursor: Any, _s: str, _p: Any, context: Any, _m: bool) -> None:
        spent.append(time.perf_counter() - context.began)

    listeners = {"before_cursor_execute": before, "after_cursor_execute": after}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    seconds, in_sql = [], []
    for _ in range(CHAINS + 3):  # the first ones read what later ones have in memory
        spent.clear()
        started = time.perf_counter()
        for task in ORDER_TASKS:
            flow_run.step(engine, member, task)
        seconds.append(time.perf_counter() - started)
        in_sql.append(sum(spent))
    for name, listener in listeners.items():
        event.remove(engine, name, listener)
    return statistics.median(seconds[3:]), statistics.median(in_sql[3:])
