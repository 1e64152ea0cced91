"""How a day of a plan went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from include.chaos.oracle import Verdict


@dataclass(slots=True)
class Outcome:
    """How a day went.

    :param fired: what happened, by kind: only what took place.
    :param raced: what merchants did right before our call.
    :param red: errors of tasks by code, while there were faults.
    :param broken: errors that are no errors of the flow's own: each is a fault of it.
    """

    verdict: Verdict = field(default_factory=Verdict)
    fired: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    raced: Counter[str] = field(default_factory=Counter)
    red: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    diary: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    runs_to_settle: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> int:
        """Return how many faults took place."""
        return sum(self.fired.values())
