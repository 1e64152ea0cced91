"""Open the work of one task run: both hooks, the ledger or its copy, the scope of a replay."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from fulfilment.flow.merchants import facts
from fulfilment.flow.systems.work import Work
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from include.ledger.merchants.merchant_facts import check_client

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fulfilment.hooks.base import ApiHook
    from fulfilment.hooks.rehearsal import Rehearsal
    from include.core.merchants.merchant import Merchant
    from include.core.systems.slices import IdSet
    from include.ledger.orders.journal import Journal


#: for what a process does between taking a write and making its call
LEASE_MARGIN_S = 30.0


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run works with instead of the ledger and the writing half of both systems."""

    paper: Engine
    rehearsal: Rehearsal


def open_work(
    merchant: Merchant,
    engine: Engine,
    journal: Journal,
    batch_id: int,
    *,
    priority: str,
    scope: IdSet | None = None,
    dry: DryRun | None = None,
) -> Work:
    """Return the work of one task; limits, logins and circuits are the ledger's in a dry run, too.

    :param priority: of its calls, a key of `include.ledger.systems.budget.RESERVES`.
    :raises ConfigError: a connection cannot be used, or another merchant's orders of another
        system are in the wemalo client (code ``SAME_CLIENT``): no call is made.
    """
    rehearsal = dry.rehearsal if dry else None
    plenty = PlentyHook(
        merchant.merchant,
        merchant.plenty.connection,
        engine,
        plan=merchant.plenty.plan,
        priority=priority,
        calls_in_flight=merchant.plenty.calls_in_flight,
        rehearsal=rehearsal,
    )
    wemalo = WemaloHook(
        merchant.merchant,
        merchant.wemalo.connection,
        engine,
        shop=merchant.wemalo.shop,
        priority=priority,
        calls_in_flight=merchant.wemalo.calls_in_flight,
        rehearsal=rehearsal,
    )
    if dry:  # the copy of the ledger knows nothing of the other merchants
        with engine.connect() as connection:
            check_client(connection, merchant.merchant, facts.kept(merchant, plenty, wemalo))
    ledger = dry.paper if dry else engine
    return Work(
        merchant=merchant,
        engine=ledger,
        journal=journal,
        batch_id=batch_id,
        lease_s=lease_seconds(merchant, plenty, wemalo),
        settle_s=merchant.settle_seconds,
        scope=scope,
        left={} if dry else None,
        plenty=plenty,
        wemalo=wemalo,
        known_facts=facts.meet(ledger, merchant, plenty, wemalo),
    )


def lease_seconds(merchant: Merchant, *hooks: ApiHook) -> int:
    """Return how long a write is held: the merchant's setting, and never less than a call takes.

    :raises ConfigError: a connection is missing or cannot be used.
    """
    longest = max(hook.longest_call_s for hook in hooks)
    return max(merchant.wemalo.lease_seconds, ceil(longest + LEASE_MARGIN_S))
