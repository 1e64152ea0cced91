"""What happens on a day full of faults, drawn from a seed: the same seed is the same plan.

Whom it happens to is drawn here as well, as a place between 0 and 1 among those who are there when
it is played; how far everybody is at that moment depends on the machine.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

System = Literal["plenty", "wemalo"]
Calls = Literal["read", "write"]
Place = Literal["commit", "permit", "allowed", "answered"]

#: the tasks of a run, in the order of the DAG
TASKS = (
    "extract_plenty_orders", "validate", "load_to_wemalo", "writeback_status",
    "reconcile_tracking", "handle_returns", "attach_documents", "sync_products", "sync_stock",
)  # fmt: skip
BACKFILL = "backfill"

#: what happens to a call -> how often, among writes and among reads
TROUBLES: dict[str, tuple[int, int]] = {
    "late landing": (4, 0),  # takes effect after the client gave up
    "lost reply": (4, 0),  # takes effect, and nobody is told
    "cut behind it": (2, 0),  # the same, by a connection that breaks
    "server error": (2, 2),
    "call limit": (1, 1),
    "firewall page": (1, 1),
    "half an answer": (2, 1),
    "search that lags": (0, 4),
}
#: what happens to the process of a task -> how often
MISHAPS: dict[str, int] = {
    "killed": 5,
    "asleep": 6,  # its lock is lost, others do its work, it wakes up and goes on
    "lock lost": 3,  # and the same task starts beside it
    "ledger restarted": 1,  # every session of the ledger ends
}
#: where: before a commit, before a call has its permit, between the permit and the call, behind it
PLACES: dict[str, tuple[Place, ...]] = {
    "killed": ("commit", "permit", "allowed", "answered"),
    "asleep": ("permit", "permit", "permit", "allowed", "answered"),
    "lock lost": ("permit", "answered"),
    "ledger restarted": ("permit", "answered"),
}
#: what merchant and warehouse do -> how often (`include.chaos.acts` can do more: see there)
ACTS: dict[str, int] = {
    "merchant cancels": 3,
    "merchant changes the address": 3,
    "merchant corrects the address": 2,
    "goods come": 2,
    "goods are found": 1,
    "goods are lost": 1,
    "goods come back": 3,
}
#: of these the moment counts: they also happen right before our call that sets a status,
#: once each round
RACES = ("merchant cancels", "merchant changes the address")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that happens to one call of a task.

    :param skip: so many calls of this kind go well before.
    :param share: where a duration or a selection is needed: a place between nothing and all.
    """

    kind: str
    system: System
    calls: Calls
    skip: int
    share: float


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that happens to the process of a task.

    :param at: the how-manieth time it comes to ``place``.
    :param tasks: a process that sleeps does so while so many tasks run, and its own among them.
    """

    kind: str
    place: Place
    at: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Act:
    """Something that merchant or warehouse do.

    :param pick: whom it concerns: a place among all whom it can concern.
    :param share: how much.
    :param race: not now, but right before our next status of the order is written.
    """

    kind: str
    pick: float
    share: float
    race: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One task, and what happens before and during it.

    :param beside: the next task starts while this one runs.
    """

    name: str
    acts: tuple[Act, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    mishap: Mishap | None = None
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """Hours pass in the warehouse, new orders come, then the DAG runs once.

    :param races: what happens to some of the new orders right before their status is written.
    """

    hours: float
    orders: tuple[int, ...]
    races: tuple[Act, ...]
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole day."""

    seed: int
    rounds: tuple[Round, ...]

    @property
    def orders(self) -> tuple[int, ...]:
        """Return the numbers of all orders."""
        return tuple(number for one in self.rounds for number in one.orders)


class Deck:
    """Cards as often as their weights say: after so many draws each has come as often."""

    def __init__(self, dice: random.Random, weights: Mapping[str, int]) -> None:
        """Shuffle nothing yet."""
        self._dice, self._weights = dice, weights
        self._left: list[str] = []

    def draw(self) -> str:
        """Draw a card."""
        if not self._left:
            self._left = [name for name, often in self._weights.items() for _ in range(often)]
            self._dice.shuffle(self._left)
        return self._left.pop()


def plan(seed: int, *, orders: int, rounds: int) -> Plan:
    """Draw a day.

    :param orders: how many are released, evenly over the rounds.
    """
    dice = random.Random(seed)  # noqa: S311 - a plan, no secret
    size = -(-orders // rounds)
    parts = [range(first, min(first + size, orders + 1)) for first in range(1, orders + 1, size)]
    planner = _Planner(dice)
    return Plan(seed, tuple(planner.round(part) for part in parts))


class _Planner:
    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._acts, self._mishaps = Deck(dice, ACTS), Deck(dice, MISHAPS)
        self._troubles: dict[Calls, Deck] = {
            "write": Deck(dice, {name: often for name, (often, _) in TROUBLES.items()}),
            "read": Deck(dice, {name: often for name, (_, often) in TROUBLES.items()}),
        }

    def round(self, orders: range) -> Round:
        tasks = [self._task(name) for name in TASKS]
        if self._dice.random() < 0.5:
            tasks.insert(0, Task(BACKFILL, mishap=self._mishap(), beside=True))
        races = [self._race(kind) for kind in RACES]
        hours = self._dice.choice([0, 0.2, 1, 3])
        return Round(hours, tuple(orders), tuple(races), tuple(tasks))

    def _race(self, kind: str) -> Act:
        return Act(kind, self._dice.random(), self._dice.random(), race=True)

    def _task(self, name: str) -> Task:
        dice = self._dice
        acts = [self._act() for _ in range(dice.choice([0, 0, 1, 2]))]
        troubles = [self._trouble() for _ in range(dice.choice([0, 1, 1, 2]))]
        mishap = self._mishap() if dice.random() < 0.5 else None
        return Task(name, tuple(acts), tuple(troubles), mishap)

    def _act(self) -> Act:
        dice = self._dice
        return Act(self._acts.draw(), dice.random(), dice.random())

    def _trouble(self) -> Trouble:
        dice = self._dice
        calls: Calls = "write" if dice.random() < 0.7 else "read"
        kind = self._troubles[calls].draw()
        searches = kind == "search that lags"
        system: System = "plenty" if searches or dice.random() < 0.6 else "wemalo"
        return Trouble(kind, system, calls, self._few(), dice.random())

    def _mishap(self) -> Mishap:
        dice = self._dice
        kind = self._mishaps.draw()
        return Mishap(kind, dice.choice(PLACES[kind]), 1 + self._few(), dice.randint(11, 17))

    def _few(self) -> int:
        """Return a small number, most often 0: tasks with much to do are rare."""
        return min(int(self._dice.expovariate(0.6)), 8)
