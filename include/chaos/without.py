"""Protections of the flow, switched off one by one: a proof that cannot fail proves nothing.

Only for processes that end with their task: nothing is switched on again. Days of 24 orders and six
rounds find ``look`` (doubled), ``fence`` and ``write-ahead`` (stock booked twice) and ``history``
(shipped although cancelled) by seed 1.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders import history
from fulfilment.flow.systems import write
from fulfilment.flow.tasks import reconcile
from sqlalchemy import update

from include.core.systems.errors import WriteHeld
from include.ledger.systems import locks, writes
from include.ledger.tables import writes as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from include.ledger.systems.writes import Claim


def _look() -> None:
    """Let what is in doubt be sent again at once, without a look."""
    write._look = lambda *_: None


def _fence() -> None:
    """Let who lost the claim or the lock send all the same."""
    allow = writes.allow

    def anybody(*args: Any, **options: Any) -> None:
        with suppress(WriteHeld):
            allow(*args, **options)

    writes.allow = anybody
    locks.check = lambda: None


def _history() -> None:
    """Let nobody look at what a status has overwritten."""
    history.watch = lambda *_: (True, False)


def _acknowledge_last() -> None:
    """Take rows off wemalo's queue as soon as they were read."""
    take = reconcile._take_page

    def early(work: Any, page: Any, counts: dict[str, int]) -> list[str]:
        for row in page:
            work.wemalo.acknowledge_sent(int(row["historyId"]))
        return take(work, page, counts)

    reconcile._take_page = early


def _write_ahead() -> None:
    """Note nothing before a call: a process that dies behind it leaves no doubt."""
    allow = writes.allow

    def forget(engine: Engine, claims: Sequence[Claim], **options: Any) -> None:
        allow(engine, claims, **options)
        with engine.begin() as connection:
            connection.execute(
                update(rows)
                .where(rows.c.token.in_([claim.token for claim in claims]))
                .values(doubt_until=None, doubt_since=None)
            )

    writes.allow = forget


PROTECTIONS: dict[str, Callable[[], None]] = {
    "look": _look,
    "fence": _fence,
    "history": _history,
    "acknowledge-last": _acknowledge_last,
    "write-ahead": _write_ahead,
}


def switch_off(name: str) -> None:
    """Switch off a protection in this process; "": none."""
    if name:
        PROTECTIONS[name]()
