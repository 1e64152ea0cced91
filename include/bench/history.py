"""An idle chain of tasks beside more and more orders that have ended: its cost must not grow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fulfilment.flow.steps import ORDER_TASKS

from include.bench import crowd, flow_run
from include.bench.ended_orders import fill, settle
from include.bench.rows import Row
from include.bench.servers import servers
from include.ledger.engine import ledger_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.bench.servers import Servers
    from include.sandbox.scenarios.demo_orders import StoryMerchant

SIZES, QUICK_SIZES = (0, 100_000, 1_000_000), (0, 2_000)
#: of what an order's diary tells, two events: nothing that a run reads
EVENTS = ("fetched", "shipped")
#: chains that are measured, and those before them, which read what later ones have in memory
CHAINS, WARM_UP = 40, 3


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
            found = _chain(engine, member, ours)
            name = f"idle chain of the five tasks beside {size:,} ended orders"
            if size == 0:
                first = found
            for label, unit, value, least in zip(
                (name, "  CPU of the database for it"), ("s", "CPU s"), found, first, strict=True
            ):
                compared = (value / least, "none ended") if size else (None, "")
                rows.append(Row(label, value, unit, *compared))
        engine.dispose()
        admin.dispose()
    return rows


def _chain(engine: Engine, member: StoryMerchant, ours: Servers) -> tuple[float, float]:
    """Return the seconds of the fastest chain, and the database's CPU seconds of each."""
    seconds = []
    for number in range(WARM_UP + CHAINS):
        if number == WARM_UP:
            database = ours.database_cpu_s()
        started = time.perf_counter()
        for task in ORDER_TASKS:
            flow_run.step(engine, member, task)
        seconds.append(time.perf_counter() - started)
    return min(seconds[WARM_UP:]), (ours.database_cpu_s() - database) / CHAINS
