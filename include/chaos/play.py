"""Plays a day of a plan on the real flow: each task a process, both systems and the ledger real.

While it is played calls fail and land late, processes are killed, sleep and lose their locks. Then
everything settles, and the oracle judges.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update

from include.chaos import plan as plans
from include.chaos.acts import GOODS, Acts
from include.chaos.oracle import PERSON, Facts, Verdict, judge
from include.chaos.outcome import Outcome
from include.chaos.process import Ground, Process, here
from include.chaos.troubles import faults
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.orders import timeline
from include.ledger.stock.stock_sync import approve
from include.ledger.tables import failures, metadata, orders, stock_bookings
from include.quality.preload import preload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from include.chaos.plan import Act, Plan, Task
    from include.core.merchants.merchant import Merchant
    from include.sandbox.client import ControlClient

#: no task of such a day may take longer
TASK_S = 60.0
#: a process that slept so long goes on, whoever did its work or not
ASLEEP_S = 180.0
#: so many runs may pass until everything has settled
FEWEST_RUNS, MOST_RUNS = 5, 9
#: the first product is never short, the last one has none to spare
PIECES = 300
HOUR_S = 3600


@dataclass(slots=True)
class _Asleep:
    """A process that sleeps.

    :param tasks: so many tasks run first.
    :param lost_at: its claims can be taken over from then on.
    :param until: it sleeps no longer.
    :param overtaken: the same task ran meanwhile, to its end: what it was about to do is done.
    """

    process: Process
    tasks: int
    lost_at: float
    until: float
    overtaken: bool = False

    @property
    def is_allowed(self) -> bool:
        """Say whether its call has been allowed: nothing but its end is waited for then."""
        return self.process.mishap is not None and self.process.mishap.place == "allowed"


class Day:
    """One merchant between both systems and a ledger, for one day.

    :param ground: merchant, ledger and times; connections are in the environment.
    """

    def __init__(self, ground: Ground, plenty: ControlClient, wemalo: ControlClient) -> None:
        """Change nothing yet."""
        self.ground = ground
        self.plenty, self.wemalo = plenty, wemalo
        self.name = ground.merchant.merchant
        self.engine: Engine = ledger_engine(ground.ledger_url, application="chaos")
        self.outcome = Outcome()
        self.acts = Acts(self.name, plenty, wemalo)
        self.outcome.acts = self.acts.done
        self._asleep: list[_Asleep] = []
        self._runs = 0
        self._due: list[plans.Mishap] = []  # what no process has come to yet

    # -- the day

    def play(self, plan: Plan) -> Outcome:
        """Play a whole day and judge it."""
        started = time.monotonic()
        try:
            self._open()
            for one in plan.rounds:
                self.wemalo.clock(advance=one.hours * HOUR_S)
                self.acts.release(one.orders, plan.seed)
                self._act(one.races)
                self._round(one)
            self._make_up()
            self._settle()
        finally:
            for sleeper in self._asleep:
                sleeper.process.kill()
            self.engine.dispose()
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    def _open(self) -> None:
        """Bring both stocks together before anything happens."""
        preload()
        self.plenty.settings(limits=False)
        house = {
            "tenant": self.name,
            "settings": {"limit_calls": 1_000_000},
            "stock": dict.fromkeys(GOODS, PIECES),
        }
        self.wemalo.merge({"tenants": [house]})
        for number in range(2):
            for name in plans.TASKS:
                here(self.ground, name, f"morning-{number}")
            with self.engine.begin() as connection:
                approve(connection, self.name)

    def _round(self, one: plans.Round) -> None:
        self._time_passes()
        self._runs += 1
        beside: Process | None = None
        for task in one.tasks:
            self._act(task.acts)
            self._trouble(task)
            process = self._start(task)
            if task.beside:
                beside = process
                continue
            well = self._see_through(process)
            if task.name == plans.TASKS[0] and not well:  # the others wait until it went well
                self._see_through(self._start(task, mishap=False))
            if beside is not None:
                self._see_through(beside)
                beside = None
            self._wake_up(tasks=1)

    def _make_up(self) -> None:
        """Go on until each kind of mishap has happened: some came to no place on their day."""
        self.wemalo.clock(advance=3 * HOUR_S)
        for name in plans.TASKS * 2:
            if all(self.outcome.fired[one.kind] for one in self._due):
                return
            self._due.sort(key=lambda one: self.outcome.fired[one.kind] > 0)
            self._see_through(self._start(plans.Task(name)))
            self._wake_up(tasks=1)

    def _settle(self) -> None:
        """Let everybody finish, without faults, until nothing is left to do."""
        self._count_troubles()
        red, self.outcome.red = self.outcome.red, Counter()
        self._calm_run()  # those who sleep still are overtaken; what is to race still does
        self._count_races()
        self._wake_up(everybody=True)
        for number in range(1, MOST_RUNS + 1):
            if number in (1, 4, 7):  # what is in doubt is decided after that
                time.sleep(self.ground.times.lease + self.ground.times.settle)
            self.wemalo.clock(advance=6 * HOUR_S)
            self.outcome.red.clear()
            self._calm_run()
            self.outcome.runs_to_settle = number
            self.outcome.verdict = self._judge()
            verdict = self.outcome.verdict
            over = verdict.counts["doubled"] or not (verdict.lines or self.outcome.red)
            if number >= FEWEST_RUNS and over:  # what is there twice stays so
                break
        self.outcome.verdict.false_alarms += [
            f"a run without faults is red: {code}" for code in self.outcome.red
        ]
        self.outcome.red = red
        self._tell_stories()

    def _tell_stories(self) -> None:
        """Tell what happened to everything that is not as it should be."""
        lines = self.outcome.verdict.lines
        wrong = {word for line in lines for word in line.replace(": ", " ").split()}
        subjects = sorted(word for word in wrong if word.startswith("order:"))
        plenty, wemalo = self.acts.at_plenty()["orders"], self.acts.at_wemalo()["orders"]
        with self.engine.begin() as connection:
            for row in exceptions.open_exceptions(connection, self.name):
                self.outcome.stories.append(f"open: {row.subject} {row.code} {row.en}")
            for subject in subjects:
                key = subject.removeprefix("order:")
                story = [subject]
                for row in plenty.get(key, {}).get("statusHistory", []):
                    who = "person" if row["userId"] == PERSON else "we"
                    story.append(f"{row['createdAt']} plentymarkets: {row['statusId']} by {who}")
                for at, state in wemalo.get(key, {}).get("history", []):
                    story.append(f"{at} wemalo: {state}")
                known = timeline.read(connection, self.name, int(key))
                story += [
                    f"{one.at} ledger: {one.kind} {one.task} {one.run_id} {one.data}"
                    for one in (known.events if known else ())
                ]
                self.outcome.stories.append("\n  ".join(story))

    def _judge(self) -> Verdict:
        with self.engine.begin() as connection:
            told = frozenset(
                (str(row.subject), str(row.code))
                for row in exceptions.open_exceptions(connection, self.name)
            )
            mine = select(orders.c.order_id, orders.c.state).where(orders.c.merchant == self.name)
            states = {row.order_id: str(row.state) for row in connection.execute(mine)}
        acts = self.acts
        return judge(
            Facts(
                acts.at_plenty(),
                acts.at_wemalo(),
                states,
                told,
                acts.edits,
                frozenset(acts.deleted),
            )
        )

    def _act(self, some: Sequence[Act]) -> None:
        for act in some:
            line = self.acts.act(act)
            if line:
                self._note(line)

    def _note(self, line: str) -> None:
        at = datetime.now(UTC).strftime("%H:%M:%S.%f")
        self.outcome.diary.append(f"{at} run-{self._runs} {line}")

    # -- tasks

    def _calm_run(self) -> None:
        self._time_passes()
        with self.engine.begin() as connection:  # what nobody tries again is forgotten some day
            ago = func.now() - timedelta(days=1)
            connection.execute(update(failures).values(next_attempt_at=ago))
            refused = stock_bookings.c.state == "refused"  # due again then
            connection.execute(update(stock_bookings).where(refused).values(called_at=ago))
        self._runs += 1
        for name in plans.TASKS:
            process = Process(self.ground, name, f"run-{self._runs}")
            self._wait(process)
            self._report(process)

    def _start(self, task: Task, *, mishap: bool = True) -> Process:
        run = f"run-{self._runs}" + ("-backfill" if task.beside else "" if mishap else "-again")
        due = task.mishap if mishap else None
        if mishap and due is None and self._due:
            due = self._due.pop(0)
        return Process(self.ground, task.name, run, due)

    def _see_through(self, process: Process) -> bool:
        """Wait for a process; where it stops its mishap happens. Say whether it went well."""
        mishap = process.mishap
        if self._wait(process):
            self._report(process)
            if mishap and "signal" not in process.report:  # it never came there: another will
                self._due.append(replace(mishap, at=max(1, mishap.at // 2)))
            return not process.report
        if mishap is None:
            msg = f"{process.task} stopped by itself"
            raise RuntimeError(msg)
        self.outcome.fired[mishap.kind] += 1
        self._note(f"{process.task} {mishap}")
        if mishap.kind == "ledger restarted":
            self._end_sessions("application_name <> 'chaos'")
            process.wake()
            self._wait(process)
            self._report(process)
            return not process.report
        self._end_sessions("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")
        if mishap.kind == "asleep":
            times = self.ground.times
            # once its call was allowed nobody can stop it: it wakes up while it is waited for
            longest = times.lease + times.latest if mishap.place == "allowed" else ASLEEP_S
            now = time.monotonic()
            self._asleep.append(_Asleep(process, mishap.tasks, now + times.lease, now + longest))
            return False
        twin = Process(self.ground, process.task, f"run-{self._runs}-twin")
        process.wake()
        for one in (twin, process):
            self._wait(one)
            self._report(one)
        return not twin.report or not process.report

    def _wait(self, process: Process) -> bool:
        """Wait for a process, and let those go on in time that sleep with a call allowed."""
        return process.wait(TASK_S, meanwhile=self._wake_those_allowed)

    def _wake_those_allowed(self) -> None:
        for one in self._asleep:
            if one.is_allowed and time.monotonic() >= one.until:
                one.process.wake()

    def _wake_up(self, *, tasks: int = 0, everybody: bool = False) -> None:
        """Let those go on that have slept long enough: others have done their work."""
        for one in list(self._asleep):
            one.tasks -= tasks
            sleeps = one.tasks > 0 or not one.overtaken
            if sleeps and time.monotonic() < one.until and not everybody:
                continue
            self._asleep.remove(one)
            one.process.wake()
            self._wait(one.process)
            self._report(one.process)

    def _report(self, process: Process) -> None:
        report = process.report
        self._note(f"{process.task} {report.get('red') or report or 'done'}")
        if not report:
            for one in self._asleep:
                one.overtaken |= one.process.task == process.task and process.started > one.lost_at
        if "signal" in report:
            self.outcome.fired["killed"] += 1
        if "red" in report:
            self.outcome.red[report["red"]] += 1
        if "broken" in report:
            self.outcome.broken.append(f"{process.task}: {report['broken']}")

    def _end_sessions(self, where: str) -> None:
        """End sessions of the ledger, as a restart or a failover of PostgreSQL does."""
        ends = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - own words
            f"WHERE datname = current_database() AND pid <> pg_backend_pid() AND {where}"
        )
        with self.engine.begin() as connection:
            connection.execute(ends)

    def _time_passes(self) -> None:
        """Let every pause be over; what is in doubt stays so for its time."""
        with self.engine.begin() as connection:
            for table in metadata.sorted_tables:
                for name in ("next_attempt_at", "open_until"):
                    if name in table.c:
                        connection.execute(
                            update(table)
                            .where(table.c[name] > func.now())
                            .values({name: func.now()})
                        )

    # -- troubles of calls

    def _trouble(self, task: Task) -> None:
        for one in task.troubles:
            client = self.plenty if one.system == "plenty" else self.wemalo
            numbers = sorted(int(number) for number in self.acts.at_plenty()["orders"])
            for fault in faults(one, self.ground.times, numbers):
                client.fault(skip=one.skip, may_not_fire=one.kind, **fault)

    def _count_troubles(self) -> None:
        for client in (self.plenty, self.wemalo):
            for fault in client.faults():
                self.outcome.fired[fault["may_not_fire"]] += fault["fired"]
                if fault["fired"]:
                    self._note(f"  fired: {fault['may_not_fire']} {fault['calls']} {fault['rows']}")
            client.clear_faults()

    def _count_races(self) -> None:
        for hook in self.plenty.hooks():
            self.outcome.raced[hook["may_not_fire"]] += hook["fired"]
            if hook["fired"]:
                self._note(f"  raced: {hook['may_not_fire']} {hook['match']}")
        self.plenty.clear_hooks()


def of_alpha(merchant: Merchant) -> Merchant:
    """Return the merchant as the day needs it: goods issue is booked by us."""
    data = merchant.model_dump(mode="json")
    data["goods_issue"] = "book"
    data["stock"]["book_shipments"] = False
    return type(merchant).model_validate(data)
