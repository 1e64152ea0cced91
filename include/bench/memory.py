"""Peak memory of the tasks that hand orders over, for few orders and for many.

The number that matters is the ratio between few and many orders in the same run; the steps work in
slices, so it is to stay near one. Both extractions are measured: of everything that is released,
and of a backfill's window. A hundred thousand orders take an hour of the sandbox' answers;
``FULFILMENT_BENCH_ORDERS=100000`` adds them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy import create_engine

from include.bench import crowd, flow_run
from include.bench.process import fresh
from include.bench.rows import Row
from include.bench.servers import servers

if TYPE_CHECKING:
    from include.bench.servers import Addresses
    from include.demo.story import StoryMerchant

FEW, MANY = 1_000, 10_000
QUICK_FEW, QUICK_MANY = 30, 300


def run(*, quick: bool = False) -> list[Row]:
    """Hand few orders over, and many; compare each task's peak."""
    few, many = (QUICK_FEW, QUICK_MANY) if quick else (FEW, MANY)
    asked = int(os.environ.get("FULFILMENT_BENCH_ORDERS") or many)
    small = _peaks(few)
    rows = []
    for orders in sorted({many, asked}):
        large = _peaks(orders)
        rows += [
            Row(f"{task}, {orders:,} orders", peak, "MB", peak / small[task], f"{few:,} orders")
            for task, peak in large.items()
        ]
    return rows


def _peaks(orders: int) -> dict[str, float]:
    """Return the peak memory of each task's own process, for so many orders."""
    member, replayed = members = crowd.members(2)
    with servers() as ours:
        crowd.open_tenants(ours.plenty, ours.wemalo, members, plan="unlimited")
        for each in members:
            crowd.release(ours.plenty, each, range(1, orders + 1))
        engine = create_engine(ours.addresses.ledger)
        flow_run.without_limits(engine, members)
        engine.dispose()
        tasks = [(flow_run.BACKFILL, replayed), *((task, member) for task in flow_run.HAND_OVER)]
        return {
            task: fresh(measured, ours.addresses, who, task, orders).peak_mb for task, who in tasks
        }


def measured(addresses: Addresses, member: StoryMerchant, task: str, orders: int) -> None:
    """Run one task over all orders."""
    engine = flow_run.enter(addresses, [member])
    counts = flow_run.step(engine, member, task, priority="backfill")
    engine.dispose()
    if orders not in counts.values():
        msg = f"{task} did not see all {orders} orders: {counts}"
        raise RuntimeError(msg)
