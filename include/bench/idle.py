"""What a merchant costs when nothing happens: the looks of the poll loop, and scheduled runs.

Measured for a short while and scaled to an hour with the defaults of a merchant file. The poll
loop runs as it does in the triggerer; a scheduled run's cost is that of a real stack's processes,
Airflow's own included, less what they take without one.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
from fulfilment.triggers.orders_waiting import OrdersWaitingTrigger

from include.bench import crowd, flow_run
from include.bench.process import fresh
from include.bench.real_stack import real_stack
from include.bench.rows import Row
from include.bench.servers import servers, tree_cpu_s
from include.core.merchants.merchant import Merchant
from include.core.orders.between_runs import Watch
from include.sandbox.client import ControlClient
from include.stack.control import SANDBOX

if TYPE_CHECKING:
    from include.bench.real_stack import RealStack
    from include.bench.servers import Addresses
    from include.sandbox.scenarios.demo_orders import StoryMerchant

MERCHANTS, QUICK_MERCHANTS = 200, 5
POLL_S, QUICK_POLL_S = 15, 1
ROUNDS = 4  # looks per merchant that are measured
RUNS = 6
HOUR_S = 3600


def run(*, quick: bool = False) -> list[Row]:
    """Watch idle merchants for a while; then, on a real stack, let one run for nothing."""
    count, every_s = (QUICK_MERCHANTS, QUICK_POLL_S) if quick else (MERCHANTS, POLL_S)
    rows = _poll_loop(count, every_s)
    return rows if quick else [*rows, *_sweeps()]


def _poll_loop(count: int, every_s: int) -> list[Row]:
    members = crowd.members(count)
    with servers() as ours:
        crowd.open_tenants(ours.plenty, ours.wemalo, members, plan="classic")
        database = ours.database_cpu_s()
        cost = fresh(watch, ours.addresses, members, every_s)
        database = ours.database_cpu_s() - database
    reads, cpu_s, seconds = cost.value
    scale = HOUR_S / seconds / count * every_s / POLL_S  # to an hour of looks every 15 seconds
    name = f"{count} idle merchants, a look every {POLL_S} s"
    return [
        Row(f"{name}: reads per merchant and hour", reads * scale, ""),
        Row("  CPU of the poll loop, per merchant and hour", cpu_s * scale, "CPU s"),
        Row("  CPU of the database for it", database * scale, "CPU s"),
        Row("  share of one core for all of them", (cpu_s + database) / seconds * every_s / POLL_S,
            "cores"),
    ]  # fmt: skip


def watch(
    addresses: Addresses, members: list[StoryMerchant], every_s: int
) -> tuple[int, float, float]:
    """Watch the members as a triggerer does; return reads, CPU seconds and seconds."""
    flow_run.enter(addresses, members).dispose()
    plenty = ControlClient(addresses.plenty)
    triggers = []
    for member in members:
        merchant = Merchant.model_validate(crowd.settings(member))
        triggers.append(OrdersWaitingTrigger(poll_seconds=every_s, **Watch.of(merchant).to_json()))

    async def fire(trigger: OrdersWaitingTrigger) -> None:
        async for event in trigger.run():
            msg = f"an idle merchant fired: {event.payload}"
            raise RuntimeError(msg)

    async def main() -> tuple[float, float]:
        tasks = [asyncio.create_task(fire(trigger)) for trigger in triggers]
        await asyncio.sleep(every_s * 2)  # imports, logins and first looks are not counted
        plenty.reset_calls()
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(every_s * ROUNDS)
        spent = time.process_time() - cpu, time.monotonic() - wall
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return spent

    cpu_s, seconds = asyncio.run(main())
    return sum(plenty.calls()["reads"].values()), cpu_s, seconds


def _sweeps() -> list[Row]:
    """Trigger runs of an idle merchant one after the other and see what each costs."""
    with real_stack(1, poll_seconds=0, schedule_minutes=720) as ready:
        _run_once(ready)  # the first one imports what later ones have
        reads, wemalo = _reads(ready)
        started = time.monotonic()
        cpu = _cpu_s(ready)
        time.sleep(30)
        quiet = (_cpu_s(ready) - cpu) / (time.monotonic() - started)
        reads, wemalo = _reads(ready)
        started, cpu = time.monotonic(), _cpu_s(ready)
        for _ in range(RUNS):
            _run_once(ready)
        spent = _cpu_s(ready) - cpu - quiet * (time.monotonic() - started)
        more_reads, more_wemalo = _reads(ready)
    an_hour = HOUR_S / 60 / Merchant.model_fields["schedule_minutes"].default
    return [
        Row("a scheduled run of an idle merchant", spent / RUNS, "CPU s"),
        Row("  its reads of plentymarkets", (more_reads - reads) / RUNS, ""),
        Row("  its calls to wemalo", (more_wemalo - wemalo) / RUNS, ""),
        Row(f"  {an_hour:.0f} of them an hour, per merchant", spent / RUNS * an_hour, "CPU s"),
        Row("Airflow alone, per hour", quiet * HOUR_S, "CPU s"),
    ]


def _run_once(ready: RealStack) -> None:
    (member,) = ready.members
    api, dag = ready.stack.api, ready.dag(member)
    run = api.call("POST", f"{dag}/dagRuns", json={"logical_date": None})["dag_run_id"]

    def ended() -> bool:
        state = str(api.call("GET", f"{dag}/dagRuns/{run}")["state"])
        if state == "failed":
            msg = f"the run {run} failed: its cost says nothing"
            raise RuntimeError(msg)
        return state == "success"

    ready.eventually(ended, 300)


def _reads(ready: RealStack) -> tuple[int, int]:
    counts = ready.wemalo.calls()["counts"].values()
    return (
        sum(ready.plenty.calls()["reads"].values()),
        sum(number for routes in counts for number in routes.values()),
    )


def _cpu_s(ready: RealStack) -> float:
    """Return the CPU seconds of everything but the sandbox."""
    pids = ready.stack.supervisor.pids()
    return tree_cpu_s(*(psutil.Process(pid) for name, pid in pids.items() if name != SANDBOX))
