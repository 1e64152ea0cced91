"""What can happen to a write: one story plays it with one call, an item for each trouble.

Everything happens where calls leave this process: late ones are kept and sent on when their time
has come; pages and refusals come from the sandbox. The stories: `tests.flow.systems.write_stories`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fulfilment.hooks import base, retries
from fulfilment.hooks.base import ApiHook
from fulfilment.hooks.transport import NoAnswer
from sqlalchemy import text, update

from include.core.systems.errors import FulfilmentError
from include.ledger import tables
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.systems import circuits, locks, writes
from tests.flow.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pytest

#: what an answer of the other system is worth while the trouble lasts
ANSWERS: Mapping[str, dict[str, Any]] = {
    "403 page": {"kind": "html", "status": 403},
    "404": {"kind": "status", "status": 404},
    "500 for one item": {"kind": "status", "status": 500},
}
#: the first one is in the loop before all others, what ends a run comes late, what starts another
#: one last
TROUBLES = (
    "late landing", "lost reply", "absent from search", *ANSWERS,
    "killed before", "killed after", "lock lost", "two at once", "zombie",
)  # fmt: skip
NEIGHBOURS = ("first", "last")
TELLS = "reconcile_tracking"
#: the call took effect at once, whether we know it or not
TOOK_EFFECT = frozenset(
    {"lost reply", "absent from search", "killed after", "two at once", "zombie", *NEIGHBOURS}
)
CELLS = (NEIGHBOURS[0], *TROUBLES, NEIGHBOURS[1])


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


@dataclass(frozen=True)
class Story:
    """How the flow comes to make one call about some items, and what shows its effect.

    :param due: lets the call become due for items of these ids, in their order.
    :param tasks: make the call.
    :param effects: item -> how often it has happened, as the other system tells it.
    :param names: what else calls and exceptions name an item by -> the item.
    :param search: plentymarkets' route that lags, and shows nothing of an item.
    :param none: trouble -> why it cannot happen to this call.
    :param told: trouble -> code of the exception that a person ends, for the call never comes.
    :param twice: a late call counts again where it is repeated: nothing was asked for between.
    """

    due: Callable[[Stage, Sequence[int]], None]
    tasks: tuple[str, ...]
    effects: Callable[[Stage], Mapping[int, float]]
    names: Callable[[Stage], Mapping[str, int]] = lambda _: {}
    search: str = "GET /rest/orders/search"
    none: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[pytest.MonkeyPatch], None] = lambda _: None
    asks: bool = False


@dataclass
class Play:
    """One call, one item per trouble, and what became of each."""

    stage: Stage
    call: str
    story: Story
    patch: pytest.MonkeyPatch
    fired: set[str] = field(default_factory=set)
    late: list[Callable[[], Any]] = field(default_factory=list)
    lasting: bool = False
    unlocked: bool = False  # this run's lock was cut: no write may leave
    wrong: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = [cell for cell in CELLS if cell not in self.story.none]
        self.items = {7701 + number: cell for number, cell in enumerate(wanted)}
        exchange = base.exchange

        def leave(session: Any, url: str, request: Any, **options: Any) -> Any:
            def arrive() -> Any:
                return exchange(session, url, request, **options)

            return self._leave(url, request, arrive)

        self.patch.setattr(base, "exchange", leave)
        self.patch.setattr(ApiHook, "_take_permit", lambda _, request: self._wait(request))
        self.patch.setattr(retries, "READ_PAUSES_S", (0.0,))
        self.patch.setattr(circuits, "FAILURES_TO_OPEN", 10**6)  # one system, many sick items
        self.patch.setattr(locks, "TRUSTED_S", 0)
        self.story.prepare(self.patch)
        self.stage.settle_s = 300
        self.stage.sandbox.plenty.settings(limits=False)
        tenant = {"tenant": "alpha", "settings": {"limit_calls": 10**6, "auto": False}}
        self.stage.sandbox.wemalo.merge({"tenants": [tenant]})

    # -- the troubles

    def _trouble(self, request: Any) -> tuple[int, str]:
        """Return the item of a call, and what is to happen to it: "" for nothing."""
        if request.name != self.call or not self.lasting:
            return 0, ""
        body = json.dumps(request.body)
        tokens = set(re.findall(r"[\w.-]+", f"{request.path} {body}"))
        names = {str(item): item for item in self.items} | dict(self.story.names(self.stage))
        for item in sorted({names[token] for token in tokens & names.keys()}):
            cell = self.items.get(item, "")
            if cell in ANSWERS or (cell in TROUBLES and cell not in self.fired):
                return item, cell
        return 0, ""

    def _wait(self, request: Any) -> None:
        """Stand in for the wait for a call's turn: that is where processes sleep."""
        trouble = self._trouble(request)[1]
        if trouble == "zombie":
            self.fired.add(trouble)
            with self.stage.engine.begin() as connection:
                connection.execute(text(  # not of the calls that are on their way
                    "UPDATE writes SET lease_until = now() WHERE doubt_until IS NULL"
                ))  # fmt: skip
            self._run_tasks()
        elif trouble == "lock lost":
            self.fired.add(trouble)
            self.unlocked = True
            with self.stage.engine.begin() as connection:
                connection.execute(text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                    "AND database = (SELECT oid FROM pg_database WHERE datname = "
                    "current_database())"
                ))  # fmt: skip

    def _leave(self, url: str, request: Any, arrive: Callable[[], Any]) -> Any:
        if self.unlocked and request.kind == "write":
            self._note("lock lost", f"{request.name} left without the lock")
        item, trouble = self._trouble(request)
        if trouble in ("", "zombie"):
            return arrive()
        self.fired.add(trouble)
        if trouble in ANSWERS:
            sandbox = self.stage.sandbox
            system = sandbox.plenty if url.startswith(sandbox.plenty_url) else sandbox.wemalo
            system.fault(times=1, **ANSWERS[trouble])
            return arrive()
        if trouble == "late landing":
            self.late.append(arrive)
            raise NoAnswer
        if trouble == "killed before":
            raise Death
        if trouble == "two at once":
            self._run_tasks()
        answer = arrive()
        if trouble == "absent from search":
            self._hide(item)
        if trouble == "killed after":
            raise Death
        if trouble in ("lost reply", "absent from search"):
            raise NoAnswer
        return answer

    def _hide(self, item: int) -> None:
        """Let plentymarkets' search lag behind what just happened to an item."""
        names = self.story.names(self.stage).items()
        rows = [item, *(int(name) for name, of in names if of == item and name.isdecimal())]
        self.stage.sandbox.plenty.fault(route=self.story.search, kind="omit", rows=rows)

    # -- runs

    def _run_tasks(self) -> None:
        for task in self.story.tasks:
            self.stage.step(task)

    def run(self) -> None:
        """Run as Airflow does: a task that is killed or ends red is run again by the next."""
        due_now(self.stage)
        for task in self.story.tasks:
            self.unlocked = False
            with locks.exclusive(self.stage.engine, self.stage.name, task):
                try:
                    self.stage.step(task)
                except Death:
                    over(self.stage)
                except FulfilmentError as error:
                    if error.code != "LOCK_LOST":
                        raise

    def told(self) -> dict[str, set[str]]:
        """Return cell -> codes of the open exceptions that name its item."""
        found: dict[str, set[str]] = {}
        with self.stage.engine.begin() as connection:
            rows = open_exceptions(connection, self.stage.name)
        for row in rows:
            for cell in self._cells(row.subject):
                found.setdefault(cell, set()).add(row.code)
        return found

    def _cells(self, subject: str) -> set[str]:
        """Return the cells whose item a subject names."""
        names = {str(item): item for item in self.items} | dict(self.story.names(self.stage))
        items = {names[token] for token in subject.split(":") if token in names}
        return {self.items[item] for item in items & self.items.keys()}

    def _note(self, cell: str, what: str) -> None:
        self.wrong[cell] = "; ".join(filter(None, (self.wrong.get(cell), what)))

    def play(self) -> dict[str, str]:
        """Play the story and return cell -> what is wrong there."""
        self.story.due(self.stage, list(self.items))
        self.lasting = True
        cells = set(self.items.values())
        for number in range(10):
            self.run()
            if self.fired >= cells - set(NEIGHBOURS) and number >= LEAST_RUNS:
                break
        for cell in sorted(cells - set(NEIGHBOURS) - self.fired):
            self.wrong[cell] = "never happened"
        self._tell()
        self._check_meanwhile()
        self.lasting = False
        self.stage.sandbox.plenty.clear_faults()
        for arrive in self.late:
            with suppress(NoAnswer):
                arrive()
        for _ in range(RUNS_AFTER):
            settled(self.stage)
            self.run()
        long_over(self.stage)
        self.run()
        self._tell()
        self._check_end()
        return self.wrong

    def _tell(self) -> None:
        """Let the task run that tells what the others left undone."""
        if TELLS not in self.story.tasks:
            self.stage.step(TELLS)

    def _check_meanwhile(self) -> None:
        """Nothing is repeated early, neighbours are done, and what is not done is told."""
        effects, told = self.story.effects(self.stage), self.told()
        with self.stage.engine.begin() as connection:
            doubts = writes.in_doubt(connection, self.stage.name)
        for cell in {cell for row in doubts for cell in self._cells(row.subject)} - told.keys():
            self._note(cell, "in doubt, and nobody is told")
        for item, cell in self.items.items():
            count = effects.get(item, 0)
            most = 0 if cell in ("late landing", *ANSWERS) and not self.story.asks else 1
            done = 1 if cell in TOOK_EFFECT and not self.story.asks else 0
            if not done <= count <= most:
                self._note(cell, f"{count} times before it settled")
            elif not count and cell not in told:
                self._note(cell, "not done, and nobody is told")

    def _check_end(self) -> None:
        """Each call has taken effect once, and nothing is open but what only a person can end."""
        effects, told = self.story.effects(self.stage), self.told()
        for item, cell in self.items.items():
            ends = {self.story.told[cell]} if cell in self.story.told else set()
            count = effects.get(item, 0)
            if count > 1 or (count != 1 and not ends):
                self._note(cell, f"{count} times in the end, told: {told.get(cell)}")
            elif told.get(cell, set()) != ends:
                self._note(cell, f"told in the end: {sorted(told.get(cell, ()))}")
        with self.stage.engine.begin() as connection:
            rows = connection.execute(text("SELECT step, subject FROM writes")).all()
        rows = [row for row in rows if not self._cells(row.subject) <= self.story.told.keys()]
        if rows:
            self.wrong["open"] = f"writes that never end: {[tuple(row) for row in rows]}"


#: enough for a look, a second one and a repetition, were a doubt taken for settled
LEAST_RUNS = 3
RUNS_AFTER = 2


def due_now(stage: Stage) -> None:
    """End every pause: what rests is tried by the next run."""
    with stage.engine.begin() as connection:
        for table in tables.metadata.tables.values():
            if "next_attempt_at" in table.c:
                moment = table.c.next_attempt_at
                late = update(table).where(moment > text("now()"))
                connection.execute(late.values(next_attempt_at=text("now()")))


def long_over(stage: Stage) -> None:
    """Let what nobody tries any more, for it is done, be forgotten."""
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE failures SET next_attempt_at = now() - interval '1 day'"))


def over(stage: Stage) -> None:
    """Let so much time pass that every lease is over."""
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE writes SET lease_until = now()"))


def settled(stage: Stage) -> None:
    """Let so much time pass that nothing can arrive any more."""
    over(stage)
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE writes SET doubt_until = LEAST(doubt_until, now())"))
