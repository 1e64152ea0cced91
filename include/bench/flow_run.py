"""The five tasks of merchants, step by step in one process, as the workers run them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fulfilment.flow.steps import steps_of
from fulfilment.flow.systems.work import Work
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import insert

from include.bench import crowd
from include.core.merchants.merchant import Merchant
from include.ledger.engine import ledger_engine
from include.ledger.orders.batches import open_batch
from include.ledger.orders.journal import Journal
from include.ledger.tables import rate_budget
from include.quality.batch import examine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from include.bench.servers import Addresses
    from include.sandbox.scenarios.demo_orders import StoryMerchant

BACKFILL = "backfill of a window"
HAND_OVER = ("extract_plenty_orders", "validate", "load_to_wemalo", "writeback_status")
_runs = itertools.count(1)


def enter(addresses: Addresses, members: Sequence[StoryMerchant]) -> Engine:
    """Make this process a worker of these merchants; return the ledger's engine."""
    addresses.enter(crowd.connections(list(members), addresses.plenty, addresses.wemalo))
    return ledger_engine(addresses.ledger)


def step(
    engine: Engine,
    member: StoryMerchant,
    task: str,
    *,
    priority: str = "orders",
) -> dict[str, int]:
    """Run one task of one merchant; an error of it is raised."""
    merchant = Merchant.model_validate(crowd.settings(member))
    run = f"bench-{next(_runs)}"
    with engine.begin() as connection:
        batch_id = open_batch(connection, member.name, run, (None, None))
    work = Work(
        merchant=merchant,
        engine=engine,
        journal=Journal(member.name, task, run, 1),
        batch_id=batch_id,
        plenty=PlentyHook(
            member.name,
            merchant.plenty.connection,
            engine,
            priority=priority,
            calls_in_flight=merchant.plenty.calls_in_flight,
        ),
        wemalo=WemaloHook(
            member.name,
            merchant.wemalo.connection,
            engine,
            priority=priority,
            calls_in_flight=merchant.wemalo.calls_in_flight,
        ),
    )
    try:
        now = datetime.now(UTC)
        if task == BACKFILL:
            window = (now - timedelta(days=1), now + timedelta(days=1))
            return steps_of(examine, window)["extract_plenty_orders"](work)
        return steps_of(examine)[task](work)
    finally:
        work.plenty.close()
        work.wemalo.close()


def without_limits(engine: Engine, members: Sequence[StoryMerchant]) -> None:
    """Give the merchants call budgets that never run out (sandbox plan ``unlimited``)."""
    rows = [
        {
            "merchant": member.name,
            "system": "plenty",
            "bucket": bucket,
            "max_calls": 10**9,
            "calls_left": 10**9,
            "resets_at": datetime(2100, 1, 1, tzinfo=UTC),
            "period_s": 86_400,
        }
        for member in members
        for bucket in ("read", "write", "read_day", "write_day")
    ]
    with engine.begin() as connection:
        connection.execute(insert(rate_budget), rows)
