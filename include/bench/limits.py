"""How much of a plan's write limit is used, and whether plentymarkets ever had to refuse a call.

The Classic plan allows 80 writes a minute. A backlog of statuses is written for some minutes of
the sandbox's clock; counted is what the sandbox took and what it refused.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.bench import crowd, flow_run
from include.bench.process import fresh
from include.bench.rows import Row
from include.bench.servers import servers
from include.sandbox.plenty.defaults import PLANS

if TYPE_CHECKING:
    from include.bench.servers import Addresses
    from include.sandbox.scenarios.demo_orders import StoryMerchant

PLAN = "classic"
WINDOWS, QUICK_WINDOWS = 4, 2
QUICK_FACTOR = 10.0  # a minute in six seconds: then the second of safety weighs ten times as much


def run(*, quick: bool = False) -> list[Row]:
    """Write a backlog at the limit for some windows."""
    windows, factor = (QUICK_WINDOWS, QUICK_FACTOR) if quick else (WINDOWS, 1.0)
    limit = PLANS[PLAN].writes_minute
    (member,) = crowd.members(1)
    with servers(factor=factor) as ours:
        crowd.open_tenants(ours.plenty, ours.wemalo, [member], plan=PLAN)
        crowd.release(ours.plenty, member, range(1, limit * (windows + 1) + 1))
        used = fresh(write_at_the_limit, ours.addresses, member, windows * 60.0 / factor).value
        refused = sum(call["status"] == 429 for call in ours.plenty.calls()["last"])
    allowed = limit * windows
    minutes = f"{windows} minutes of {PLAN}"
    return [
        Row(f"writes in {minutes}", used, "", used / allowed, f"{allowed} allowed"),
        Row("answers 429", refused, ""),
    ]


def write_at_the_limit(addresses: Addresses, member: StoryMerchant, seconds: float) -> int:
    """Hand the backlog over, then write its statuses; return the writes of the first ``seconds``.

    Time runs from the first write, which opens the first window.
    """
    engine = flow_run.enter(addresses, [member])
    for task in flow_run.HAND_OVER[:3]:
        flow_run.step(engine, member, task)
    with engine.begin() as connection:  # the login was a write, too: begin with a fresh window
        window = connection.execute(
            text("SELECT extract(epoch FROM max(resets_at) - clock_timestamp()) FROM rate_budget "
                 "WHERE system = 'plenty' AND bucket = 'write'")
        ).scalar_one()  # fmt: skip
    time.sleep(max(float(window), 0) + 1)
    flow_run.step(engine, member, "writeback_status")
    query = text(
        "WITH w AS (SELECT at, min(at) OVER () AS first FROM order_events "
        "WHERE kind = 'status_written') "
        "SELECT count(*) FROM w WHERE at < first + make_interval(secs => :seconds)"
    )
    with engine.connect() as connection:
        written = int(connection.execute(query, {"seconds": seconds}).scalar_one())
    engine.dispose()
    return written
