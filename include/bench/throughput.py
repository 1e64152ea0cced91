"""Orders a minute, calls per order, CPU and memory for 1, 10 and 50 merchants.

Beside each: a bare script that makes the same HTTP calls in a loop, in the same run and with as
many processes. The last figure is that of a real stack, with Airflow's tasks around the flow.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.bench import bare, crowd, flow_run, recording
from include.bench.process import fresh
from include.bench.real_stack import real_stack
from include.bench.rows import Row
from include.bench.servers import sandbox, servers
from include.ledger.engine import ledger_engine
from include.sandbox.client import ControlClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.bench.process import Cost
    from include.bench.servers import Addresses
    from include.sandbox.scenarios.demo_orders import StoryMerchant

ORDERS, QUICK_ORDERS = 1_000, 20
MERCHANTS, QUICK_MERCHANTS = (1, 10, 50), (2,)
PROCESSES = 2
DAY_S = 6 * 3600.0  # of the warehouse's clock: enough to pick, pack and hand over everything
STACK_MERCHANTS, STACK_ORDERS = 10, 20


def run(*, quick: bool = False) -> list[Row]:
    """Let orders travel to the warehouse and back, and make the same calls bare."""
    rows = []
    for count in QUICK_MERCHANTS if quick else MERCHANTS:
        rows += _compare(count, QUICK_ORDERS if quick else ORDERS)
    return rows if quick else [*rows, _real_stack()]


def _compare(merchants: int, orders: int) -> list[Row]:
    crowd_ = crowd.members(merchants)
    share = orders // merchants
    shares = [part for n in range(PROCESSES) if (part := crowd_[n::PROCESSES])]
    with servers() as ours:
        _open(ours.plenty, ours.wemalo, crowd_, share)
        engine = ledger_engine(ours.addresses.ledger)
        flow_run.without_limits(engine, crowd_)
        engine.dispose()
        database = ours.database_cpu_s()
        costs, wall = _side_by_side(work_through, [(ours.addresses, part) for part in shares])
        database = ours.database_cpu_s() - database
        calls = {kind: sum(ours.plenty.calls()[kind].values()) for kind in ("reads", "writes")}
        routes = ours.wemalo.calls()["counts"].values()
        calls["wemalo"] = sum(number for counts in routes for number in counts.values())
    with sandbox() as (plenty, wemalo):
        _open(plenty, wemalo, crowd_, share)
        places = (plenty.base_url, wemalo.base_url, DAY_S)
        bares, bare_wall = _side_by_side(bare.make_again, [(cost.value, *places) for cost in costs])
    made = sum(len(cost.value) for cost in costs)
    other = sum(cost.value for cost in bares)
    if other > made * 0.02:
        msg = f"the bare script was answered otherwise {other} of {made} times"
        raise RuntimeError(msg)
    total = share * merchants
    cpu, bare_cpu = (sum(cost.cpu_s for cost in some) / total * 1000 for some in (costs, bares))
    peak, bare_peak = (max(cost.peak_mb for cost in some) for some in (costs, bares))
    name = f"{merchants} merchant{'s' if merchants > 1 else ''}"
    against = "bare script"
    return [
        Row(f"{name}: orders a minute", total / wall * 60, "1/min", bare_wall / wall, against),
        *(Row(f"  calls per order, {kind}", number / total, "") for kind, number in calls.items()),
        Row("  CPU of 1,000 orders", cpu, "CPU s", cpu / bare_cpu, against),
        Row("  the database's beside it", database / total * 1000, "CPU s"),
        Row("  peak memory", peak, "MB", peak / bare_peak, against),
    ]


def _open(
    plenty: ControlClient, wemalo: ControlClient, members: list[StoryMerchant], share: int
) -> None:
    crowd.open_tenants(plenty, wemalo, members, plan="unlimited")
    for member in members:
        crowd.release(plenty, member, range(1, share + 1))
    plenty.reset_calls()
    wemalo.reset_calls()


def _side_by_side(
    function: Callable[..., Any], arguments: list[tuple[Any, ...]]
) -> tuple[list[Cost], float]:
    """Call a function in as many fresh processes at once; return the costs and the longest wall."""
    with ThreadPoolExecutor(len(arguments)) as pool:
        costs = list(pool.map(lambda one: fresh(function, *one), arguments))
    return costs, max(cost.wall_s for cost in costs)


def work_through(addresses: Addresses, members: list[StoryMerchant]) -> list[bare.Call]:
    """Hand the members' orders over, let the warehouse send them, bring the numbers back."""
    calls: list[bare.Call] = []
    recording.record(calls, addresses.plenty)
    engine = flow_run.enter(addresses, members)
    for member in members:
        for task in flow_run.HAND_OVER:
            flow_run.step(engine, member, task)
    ControlClient(addresses.wemalo).clock(advance=DAY_S)
    calls.append(bare.Call("day"))
    for member in members:
        done = flow_run.step(engine, member, "reconcile_tracking")
        if not done["shipped"]:
            msg = f"no order of {member.name} came back"
            raise RuntimeError(msg)
    engine.dispose()
    return calls


def _real_stack() -> Row:
    """Release orders of many merchants at once on a real stack and time until all are accepted."""
    with real_stack(STACK_MERCHANTS, poll_seconds=5, schedule_minutes=720) as ready:
        query = text("SELECT count(*) FROM orders WHERE state = 'accepted'")

        def accepted() -> int:
            with ready.ledger.connect() as connection:
                return int(connection.execute(query).scalar_one())

        for member in ready.members:
            crowd.release(ready.plenty, member, range(1, 2))  # warms up, and shows it is watched
        ready.eventually(lambda: accepted() == STACK_MERCHANTS, 600)
        started = time.monotonic()
        for member in ready.members:
            crowd.release(ready.plenty, member, range(2, STACK_ORDERS + 2))
        total = STACK_MERCHANTS * STACK_ORDERS
        ready.eventually(lambda: accepted() == STACK_MERCHANTS + total, 1200)
        wall = time.monotonic() - started
    name = f"{STACK_MERCHANTS} merchants, real stack: orders a minute until accepted"
    return Row(name, total / wall * 60, "1/min")
