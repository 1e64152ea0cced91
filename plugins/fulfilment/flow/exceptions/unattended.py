"""What is due in the ledger and not being worked on: a reason to start a run.

No run is started in a loop for what it cannot do: what a run has left as it was starts the next one
after a pause that grows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfilment import texts
from include.core.merchants.modes import Mode
from include.ledger.exceptions.undone import Undone, resting, undone
from include.ledger.systems import locks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from include.core.orders.between_runs import Watch

LOOK_EVERY_S = 10.0
#: between two of a run's tasks nobody holds anything for some seconds
SETTLED_S = 20.0
#: from one start for the same thing to the next: doubling
AGAIN_FIRST_S, AGAIN_LONGEST_S = 120.0, 900.0


@dataclass(slots=True)
class _Seen:
    """One thing that is due: when it may start a run (monotonic), and how long to wait then."""

    next_at: float
    pause: float = AGAIN_FIRST_S


class Unattended:
    """One merchant's looks at the ledger."""

    def __init__(self, watch: Watch) -> None:
        """Know nothing yet."""
        self._watch = watch
        self._seen: dict[Undone, _Seen] = {}
        self._looked = float("-inf")

    def __call__(self, engine: Engine, mode: Mode) -> int:
        """Look once, if it is time; return how many things a run should be started for.

        :raises SQLAlchemyError: the ledger cannot be read.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY_S:
            return 0
        self._looked = now
        merchant = self._watch.merchant
        with engine.connect() as connection:
            found = undone(
                connection,
                merchant,
                self._watch.groups,
                takes_new=mode is Mode.LIVE,
                resting=resting(connection, merchant),
            )
            busy = bool(found) and locks.at_work(connection, merchant, sorted(texts.TASKS))
        return self._new(found, now, busy=busy)

    def _new(self, found: Sequence[Undone], now: float, *, busy: bool) -> int:
        settled = now + SETTLED_S
        self._seen = {one: self._seen.get(one) or _Seen(settled) for one in found}
        if busy:  # a run is at it: what it leaves counts from its end on
            for seen in self._seen.values():
                seen.next_at = max(seen.next_at, settled)
            return 0
        ripe = [seen for seen in self._seen.values() if seen.next_at <= now]
        for seen in ripe:
            seen.next_at = now + seen.pause
            seen.pause = min(seen.pause * 2, AGAIN_LONGEST_S)
        return len(ripe)
