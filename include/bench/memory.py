"""Peak memory of the tasks that hand orders over, for few orders and for many.

The number that matters is the ratio between few and many orders in the same run; the steps work in
slices, so it is to stay near one. Both extractions are measured: of everything that is released,
and of a backfill's window. A backfill asks wemalo for each order it does not know, so a hundred
thousand orders take half an hour of the sandbox' answers; ``FULFILMENT_BENCH_ORDERS=10000`` makes
it shorter.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from include.bench import crowd, flow_run
from include.bench.process import fresh
from include.bench.rows import Row
from include.bench.servers import servers
from include.ledger.engine import ledger_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bench.servers import Addresses
    from include.sandbox.scenarios.demo_orders import StoryMerchant

FEW, MANY, BACKFILLED = 1_000, 10_000, 100_000
QUICK_FEW, QUICK_MANY = 30, 300


def run(*, quick: bool = False) -> list[Row]:
    """Hand few orders over, and many; compare each task's peak."""
    few, many, most = (QUICK_FEW, QUICK_MANY, QUICK_MANY) if quick else (FEW, MANY, BACKFILLED)
    most = int(os.environ.get("FULFILMENT_BENCH_ORDERS") or most)
    rows = []
    for tasks, orders in (([flow_run.BACKFILL], most), (flow_run.HAND_OVER, many)):
        small, large = _peaks(tasks, few), _peaks(tasks, orders)
        rows += [
            Row(f"{task}, {orders:,} orders", large[task], "MB", large[task] / small[task],
                f"{few:,} orders")
            for task in tasks
        ]  # fmt: skip
    return rows


def _peaks(tasks: Sequence[str], orders: int) -> dict[str, float]:
    """Return the peak memory of each task's own process for so many orders."""
    (member,) = crowd.members(1)
    with servers() as ours:
        crowd.open_tenants(ours.plenty, ours.wemalo, [member], plan="unlimited")
        crowd.release(ours.plenty, member, range(1, orders + 1))
        engine = ledger_engine(ours.addresses.ledger)
        flow_run.without_limits(engine, [member])
        engine.dispose()
        return {
            task: fresh(measured, ours.addresses, member, task, orders).peak_mb for task in tasks
        }


def measured(addresses: Addresses, member: StoryMerchant, task: str, orders: int) -> None:
    """Run one task over all orders."""
    engine = flow_run.enter(addresses, [member])
    counts = flow_run.step(engine, member, task, priority="backfill")
    engine.dispose()
    if orders not in counts.values():
        msg = f"{task} did not see all {orders} orders: {counts}"
        raise RuntimeError(msg)
