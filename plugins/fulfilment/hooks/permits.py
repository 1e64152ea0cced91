"""The permits of one process: taken from the shared budget some at once, used one by one.

The first block is one call, the next ones grow while they are used up, so that a task which makes
three calls holds none back. What answers say of the limits comes with the next block; at once where
they refuse a call, or where fewer are left than the budget thought.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from include.core.systems.errors import LedgerError, RateLimited
from include.ledger.systems import budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from include.ledger.systems.budget import Grant, Limit, Reading

GROWTH = 4  # of a block over the one before
LOOKS_ONLY = "watch"  # this priority leaves to the others whatever it does not need now
HELD_S = 10.0  # a block is not held longer: others may need what is left of it


@dataclass(slots=True)
class _Block:
    """Permits of one grant, and the newest reading of each of their buckets."""

    grant: Grant
    left: int
    until: float  # of `time.monotonic`
    readings: dict[str, tuple[float, Reading]] = field(default_factory=dict)

    def usable(self) -> bool:
        """Say whether a permit of it is left and still counts."""
        return self.left > 0 and time.monotonic() < self.until

    def next_size(self) -> int:
        """Return how large the next one should be: as the use of this one shows."""
        return max(self.grant.calls - self.left, 1) if self.left else GROWTH * self.grant.calls

    def account(self) -> budget.Account:
        """Return what the ledger has to know of it; the readings' times count from now."""
        now = time.monotonic()
        readings = {bucket: budget.Reading() for bucket in self.grant.left}
        for bucket, (read_at, reading) in self.readings.items():
            reset_s = reading.reset_s
            if reset_s is not None:
                reset_s -= now - read_at
            readings[bucket] = replace(reading, reset_s=reset_s)
        return budget.Account(self.grant.at, readings, self.left)


class Permits:
    """The permits that one hook holds of one system's budget; its threads share them."""

    def __init__(self, engine: Engine, merchant: str, system: str, priority: str) -> None:
        """Hold none yet."""
        self._engine = engine
        self._merchant = merchant
        self._system = system
        self._priority = priority
        self._blocks: dict[tuple[str, ...], _Block] = {}
        self._lock = Lock()

    def take(self, limits: Mapping[str, Limit]) -> Grant:
        """Return a grant of one call, or how long to wait for one; see `budget.take`."""
        with self._lock:
            return self._take(limits)

    def wait(
        self, limits: Mapping[str, Limit], max_wait_s: float, sleep: Callable[[float], None]
    ) -> None:
        """Wait for the turn of one call.

        :raises RateLimited: it would take longer than that; the error says until when.
        """
        deadline = time.monotonic() + max_wait_s
        waited = 0.0
        while True:
            grant = self.take(limits)
            if not grant.wait_s:
                return
            if waited + grant.wait_s > max_wait_s or time.monotonic() > deadline:
                text = (
                    f"{self._merchant}: the call budget of {self._system} ({grant.bucket}) is used "
                    f"up for {self._priority}; it reopens in {grant.wait_s:.0f} s."
                )
                raise RateLimited(
                    text, code="BUDGET", merchant=self._merchant, retry_after=grant.wait_s
                )
            pause = grant.wait_s + random.uniform(0.0, 0.2)  # noqa: S311 - not all at once
            sleep(pause)
            waited += pause

    def _take(self, limits: Mapping[str, Limit]) -> Grant:
        key = tuple(sorted(limits))
        block = self._blocks.get(key)
        if block is not None and block.usable():
            block.left -= 1
            return block.grant
        asked = time.monotonic()
        grant = budget.take(
            self._engine,
            self._merchant,
            self._system,
            limits,
            self._priority,
            most=block.next_size() if block and self._priority != LOOKS_ONLY else 1,
            account=block.account() if block else None,
        )
        if grant.wait_s:
            self._blocks.pop(key, None)
        else:
            until = asked + min(grant.valid_s, HELD_S)
            self._blocks[key] = _Block(grant, grant.calls - 1, until)
        return grant

    def correct(self, limits: Mapping[str, Limit], readings: Mapping[str, Reading]) -> None:
        """Note what an answer says of the limits."""
        with self._lock:
            self._correct(limits, readings)

    def _correct(self, limits: Mapping[str, Limit], readings: Mapping[str, Reading]) -> None:
        block = self._blocks.get(tuple(sorted(limits)))
        if block is None:
            return
        now = time.monotonic()
        fewer = False
        for bucket, reading in readings.items():
            if reading == budget.Reading():
                continue
            block.readings[bucket] = (now, reading)
            # others may have taken a block since
            thought = block.grant.left[bucket] + block.left - budget.block(limits[bucket].calls)
            fewer |= reading.left is not None and reading.left < thought
        if fewer:
            budget.settle(self._engine, self._merchant, self._system, block.account())
            block.left = 0
            block.readings.clear()

    def refuse(self, limits: Mapping[str, Limit], readings: Mapping[str, Reading]) -> None:
        """Note that a call was refused for a limit: nobody makes another one before its time."""
        with self._lock:
            self._blocks.pop(tuple(sorted(limits)), None)
        account = budget.Account(None, readings)
        budget.settle(self._engine, self._merchant, self._system, account)

    def give_back(self) -> None:
        """Give back what was not used; without a ledger it comes back with the next window."""
        with self._lock:
            blocks, self._blocks = self._blocks, {}
        with suppress(LedgerError):
            for block in blocks.values():
                if block.left or block.readings:
                    account = block.account()
                    budget.settle(self._engine, self._merchant, self._system, account)
