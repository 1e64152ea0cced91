"""The simulated clock of one sandbox server."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SimClock:
    """A clock that can be moved and sped up; it runs on from where it was after a restart.

    All times are aware and UTC. `factor` 60 makes one real second a simulated minute.
    """

    def __init__(self, start: datetime | None = None, factor: float = 1.0) -> None:
        # Wall time, not a monotonic clock: the anchor must keep its meaning in a snapshot.
        self._real = time.time()
        self._start = start if start is not None else datetime.now(UTC)
        self.factor = _checked(factor)

    def now(self) -> datetime:
        """Return the simulated time."""
        return self._start + timedelta(seconds=(time.time() - self._real) * self.factor)

    def timestamp(self) -> float:
        """Return the simulated time as Unix seconds."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Jump ahead by simulated seconds. A clock never runs backwards: ValueError."""
        if seconds < 0:
            msg = "the simulated clock cannot go back"
            raise ValueError(msg)
        self._start += timedelta(seconds=seconds)

    def set_now(self, now: datetime) -> None:
        """Set the simulated time (aware), back as well: for scenarios that start on a given day."""
        if now.tzinfo is None:
            msg = "the time needs an offset, for example 2026-03-01T08:00:00+00:00"
            raise ValueError(msg)
        self._start, self._real = now.astimezone(UTC), time.time()

    def set_factor(self, factor: float) -> None:
        """Change the speed from now on, without a jump. 0 stops the clock."""
        self._start, self._real = self.now(), time.time()
        self.factor = _checked(factor)

    def real_seconds(self, simulated: float) -> float:
        """Return how long a client has to wait, on its own clock, for so many simulated seconds."""
        return simulated / self.factor if self.factor > 0 else simulated


def _checked(factor: float) -> float:
    if factor < 0:
        msg = "the speed of the simulated clock must not be negative"
        raise ValueError(msg)
    return factor
