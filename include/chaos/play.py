"""Plays a day of a plan on the real flow: each task a process, both systems and the ledger real.

While it is played calls fail and land late, processes are killed, sleep and lose their locks. Then
everything settles, and the oracle judges.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text, update

from include.chaos import plan as plans
from include.chaos.oracle import PERSON, RETURN, Facts, Verdict, judge
from include.chaos.process import Ground, Process, here
from include.demo.story import ALPHA, PLACES
from include.ledger import exceptions, timeline
from include.ledger.engine import ledger_engine
from include.ledger.stock_sync import approve
from include.ledger.tables import failures, metadata, orders
from include.quality.preload import preload

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.chaos.plan import Act, Plan, Task, Trouble
    from include.core.merchant import Merchant
    from include.sandbox.client import ControlClient

#: no task of such a day may take longer
TASK_S = 60.0
#: so many runs may pass until everything has settled
FEWEST_RUNS, MOST_RUNS = 5, 9
#: the first product is never short, the last one has none to spare
PIECES = 300
HOUR_S = 3600
RELEASED = Decimal(5)
BAD = Decimal("6.2")  # status of a faulty address
GOODS = [str(ALPHA.first_variation + number) for number in range(5)]
#: what ``share`` of a trouble means for search results
LAGGING = 3
STATUS_CALL = "PUT /rest/orders/{order_id}"
SEARCHES = ("GET /rest/orders/search", "POST /rest/orders/search", "GET /rest/orders")


@dataclass(slots=True)
class Outcome:
    """How a day went.

    :param fired: what happened, by kind: only what took place.
    :param red: errors of tasks by code, while there were faults.
    :param broken: errors that are no errors of the flow's own: each is a fault of it.
    """

    verdict: Verdict = field(default_factory=Verdict)
    fired: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
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


@dataclass(slots=True)
class _Asleep:
    process: Process
    tasks: int
    until: float


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
        self.edits: Counter[int] = Counter()
        self._asleep: list[_Asleep] = []
        self._runs = 0
        self._back: set[str] = set()
        self._due: list[plans.Mishap] = []  # what no process has come to yet

    # -- the day

    def play(self, plan: Plan) -> Outcome:
        """Play a whole day and judge it."""
        started = time.monotonic()
        try:
            self._open()
            for one in plan.rounds:
                self.wemalo.clock(advance=one.hours * HOUR_S)
                self._release(one.orders, plan.seed)
                for act in one.races:
                    self._act(act)
                self._round(one)
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
            for act in task.acts:
                self._act(act)
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

    def _settle(self) -> None:
        """Let everybody finish, without faults, until nothing is left to do."""
        self.plenty.clear_hooks()
        self._count_troubles()
        while self._asleep:
            self._wake_up(tasks=100)
        red, self.outcome.red = self.outcome.red, Counter()
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
        plenty, wemalo = self._at_plenty()["orders"], self._at_wemalo()["orders"]
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
        return judge(Facts(self._at_plenty(), self._at_wemalo(), states, told, self.edits))

    def _note(self, line: str) -> None:
        at = datetime.now(UTC).strftime("%H:%M:%S.%f")
        self.outcome.diary.append(f"{at} run-{self._runs} {line}")

    # -- tasks

    def _calm_run(self) -> None:
        self._time_passes()
        with self.engine.begin() as connection:  # what nobody tries again is forgotten some day
            ago = func.now() - timedelta(days=1)
            connection.execute(update(failures).values(next_attempt_at=ago))
        self._runs += 1
        for name in plans.TASKS:
            process = Process(self.ground, name, f"run-{self._runs}")
            process.wait(TASK_S)
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
        if process.wait(TASK_S):
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
            process.wait(TASK_S)
            self._report(process)
            return not process.report
        self._end_sessions("pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")
        if mishap.kind == "asleep":
            times = self.ground.times
            # once its call was allowed nobody can stop it: it wakes up while it is waited for
            longest = times.lease + times.latest if mishap.place == "allowed" else TASK_S
            until = time.monotonic() + longest
            self._asleep.append(_Asleep(process, mishap.tasks, until))
            return False
        twin = Process(self.ground, process.task, f"run-{self._runs}-twin")
        process.wake()
        for one in (twin, process):
            one.wait(TASK_S)
            self._report(one)
        return not twin.report or not process.report

    def _wake_up(self, *, tasks: int) -> None:
        """Let those go on that have slept long enough."""
        for one in list(self._asleep):
            one.tasks -= tasks
            if one.tasks > 0 and time.monotonic() < one.until:
                continue
            self._asleep.remove(one)
            one.process.wake()
            one.process.wait(TASK_S)
            self._report(one.process)

    def _report(self, process: Process) -> None:
        report = process.report
        self._note(f"{process.task} {report.get('red') or report or 'done'}")
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
            for fault in self._faults(one):
                client.fault(skip=one.skip, may_not_fire=one.kind, **fault)

    def _faults(self, one: Trouble) -> list[dict[str, Any]]:
        times = self.ground.times
        once: dict[str, Any] = {"calls": one.calls, "times": 1}
        late = times.answer + 0.1 + one.share * times.latest
        known: dict[str, dict[str, Any]] = {
            "late landing": {"kind": "delay", "seconds": late},
            "lost reply": {"kind": "lost_reply"},
            "cut behind it": {"kind": "lost_reply", "cut": True},
            "server error": {"kind": "status", "status": 500 + int(one.share * 4)},
            "call limit": {"kind": "limit"},
            "firewall page": {"kind": "html", "status": 403},
            "half an answer": {"kind": "malformed"},
        }
        if one.kind != "search that lags":
            return [{**once, **known[one.kind]}]
        numbers = sorted(int(number) for number in self._at_plenty()["orders"])
        first = int(one.share * len(numbers))
        hidden = {"kind": "omit", "rows": numbers[first : first + LAGGING], "times": 2}
        return [{"route": route, **hidden} for route in SEARCHES]

    def _count_troubles(self) -> None:
        for client in (self.plenty, self.wemalo):
            for fault in client.faults():
                self.outcome.fired[fault["may_not_fire"]] += fault["fired"]
                if fault["fired"]:
                    self._note(f"  fired: {fault['may_not_fire']} {fault['calls']} {fault['rows']}")
            client.clear_faults()

    # -- merchant and warehouse

    def _release(self, numbers: tuple[int, ...], seed: int) -> None:
        rows = [_order(number, seed) for number in numbers]
        parcels = {str(row["id"]): 1 + (row["items"][0]["quantity"] > 2) for row in rows}
        self.wemalo.merge({"tenants": [{"tenant": self.name, "parcels": parcels}]})
        self.plenty.merge({"tenants": [{"tenant": self.name, "orders": rows}]})
        self.outcome.acts["orders"] += len(rows)

    def _act(self, act: Act) -> None:
        """Do it now, or at one of the flow's next calls; where nobody is there, nothing."""
        chosen = _pick(act.pick, self._candidates(act))
        if act.kind.startswith("goods are") or act.kind == "goods come":
            self._stock(act)
        elif chosen is None:
            return
        elif act.kind == "goods come back":
            self._send_back(chosen)
        else:
            self._merchant(act, int(chosen))
        self.outcome.acts[act.kind] += 1
        when = " as its status is written" if act.race else ""
        self._note(f"{act.kind} {chosen or ''}{when}")

    def _candidates(self, act: Act) -> list[str]:
        if act.kind == "goods come back":
            there = self._at_wemalo()["orders"]
            left = [key for key, row in there.items() if row["status"] == "SHIPPED"]
            return sorted(set(left) - self._back)
        shown = {
            key: Decimal(str(row["statusId"]))
            for key, row in self._at_plenty()["orders"].items()
            if row["typeId"] != RETURN
        }
        match act.kind:
            case _ if act.race:  # the newest are those whose status is written next
                new = sorted(int(key) for key, status in shown.items() if status == RELEASED)
                return [str(number) for number in new[-4:]]
            case "merchant cancels":
                return sorted(key for key, status in shown.items() if status < BAD)
            case "merchant changes the address":
                there = self._at_wemalo()["orders"]
                gone = {key for key, row in there.items() if row["status"] == "SHIPPED"}
                return sorted(
                    key for key, status in shown.items() if status < BAD and key not in gone
                )
            case "merchant corrects the address":
                return sorted(key for key, status in shown.items() if status == BAD)
            case _:
                return []

    def _merchant(self, act: Act, order: int) -> None:
        if act.kind == "merchant cancels":
            doing: dict[str, Any] = {"action": "cancel", "order": order}
        else:
            street = PLACES[int(act.share * len(PLACES))][0]
            changes = {"address1": street, "address2": str(1 + int(act.share * 90))}
            doing = {"action": "edit_address", "order": order, "changes": changes}
            self.edits[order] += 1
        if not act.race:
            self.plenty.act(tenant=self.name, **doing)
        else:
            self.plenty.hook(
                route=STATUS_CALL, match=f"/rest/orders/{order}?",
                action={"tenant": self.name, **doing}, may_not_fire=act.kind,
            )  # fmt: skip
        if act.kind == "merchant corrects the address":
            self.plenty.act("release", self.name, order=order)

    def _stock(self, act: Act) -> None:
        product = GOODS[int(act.pick * len(GOODS))]
        pieces = 1 + int(act.share * 5)
        if act.kind == "goods come":
            item = {"product": product, "quantity": pieces}
            self.wemalo.act("receive_goods", self.name, items=[item])
        else:
            delta = pieces if act.kind == "goods are found" else -pieces
            self.wemalo.act("inventory", self.name, product=product, delta=delta)

    def _send_back(self, key: str) -> None:
        rows = self._at_wemalo()["orders"][key]["positions"]
        items = [{"product": r["externalId"], "quantity": int(r["quantity"])} for r in rows]
        self.wemalo.act("book_return", self.name, order=key, items=items)
        self._back.add(key)

    def _at_plenty(self) -> dict[str, Any]:
        return dict(self.plenty.state(self.name)["tenants"][self.name])

    def _at_wemalo(self) -> dict[str, Any]:
        return dict(self.wemalo.state(self.name)["tenants"][self.name])


def _pick(place: float, some: list[str]) -> str | None:
    return some[int(place * len(some))] if some else None


def _order(number: int, seed: int) -> dict[str, Any]:
    """Return a released order; every ninth has a faulty address."""
    street, postal_code, town, country = PLACES[(number + seed) % 4]
    faulty = (number + seed) % 9 == 0
    goods = [GOODS[(number + seed) % 5], GOODS[(number * 3 + seed + 1) % 5]]
    return {
        "id": number,
        "status": ALPHA.fetch,
        "plenty_id": ALPHA.plenty_id,
        "warehouse": ALPHA.warehouse_id,
        "profile": ALPHA.profiles[0][0],
        "type": 1,
        "items": [
            {"variation": int(product), "quantity": 1 + (number + seed) % 3}
            for product in sorted(set(goods[: 1 + number % 2]))
        ],
        "delivery": {
            "name2": "Erika",
            "name3": "Musterfrau",
            "address1": "Weg" if faulty else street,
            "address2": "" if faulty else str(number % 90 + 1),
            "postalCode": postal_code,
            "town": town,
            "country": country,
        },
    }


def of_alpha(merchant: Merchant) -> Merchant:
    """Return the merchant as the day needs it: goods issue is booked by us."""
    data = merchant.model_dump(mode="json")
    data["goods_issue"] = "book"
    data["stock"]["book_shipments"] = False
    return type(merchant).model_validate(data)
