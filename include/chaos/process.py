"""One task in a process of its own, which may be killed, put to sleep or lose its lock anywhere."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from fulfilment.flow.steps import steps_of
from fulfilment.flow.systems.work import Work
from fulfilment.hooks.base import ApiHook
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import event

from include.chaos.plan import BACKFILL
from include.chaos.without import switch_off
from include.core.systems.errors import FulfilmentError
from include.core.systems.window import EVERYTHING
from include.ledger.engine import ledger_engine
from include.ledger.orders.batches import open_batch
from include.ledger.orders.journal import Journal
from include.ledger.systems import locks
from include.quality.batch import examine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from fulfilment.hooks.transport import Request
    from requests.auth import AuthBase
    from sqlalchemy import Engine

    from include.chaos.plan import Mishap, Place
    from include.core.merchants.merchant import Merchant

_SIGNALS = {"killed": signal.SIGKILL}


@dataclass(frozen=True, slots=True)
class Times:
    """The flow's times, in seconds: minutes in real life."""

    answer: float = 0.5  # a call is given up after so long
    lease: float = 2.0
    settle: float = 3.0
    lock: float = 10.0  # a task waits so long for its lock
    ask: float = 0.5  # so long a backfill asks for it

    @property
    def latest(self) -> float:
        """Return how long after it was given up a call may still take effect."""
        return self.settle / 2


@dataclass(frozen=True, slots=True)
class Ground:
    """What a task works with."""

    merchant: Merchant
    ledger_url: str
    times: Times = field(default_factory=Times)
    without: str = ""  # a protection that is switched off, see `without`


class Gate:
    """Counts how often a process comes to the places of a plan; there its mishap happens."""

    def __init__(self, mishap: Mishap | None) -> None:
        self._mishap = mishap
        self._seen: Counter[str] = Counter()

    def __call__(self, place: Place) -> None:
        """Come to a place."""
        self._seen[place] += 1
        mishap = self._mishap
        if mishap and mishap.place == place and mishap.at == self._seen[place]:
            os.kill(os.getpid(), _SIGNALS.get(mishap.kind, signal.SIGSTOP))


class _Gated(ApiHook):
    """A hook whose writes pass a gate; it waits for no turn."""

    gate: Gate

    def through(self, gate: Gate) -> Self:
        self.gate = gate
        return self

    def _take_permit(self, request: Request) -> None:
        """Wait for nothing: the minutes of the day are seconds, the budget's are not."""

    @contextmanager
    def allowed_by(self, allow: Callable[[], None]) -> Iterator[None]:
        def gated() -> None:
            self.gate("permit")
            allow()
            self.gate("allowed")

        with super().allowed_by(gated):
            yield

    def _send(self, request: Request, auth: AuthBase | None) -> Any:
        answer = super()._send(request, auth)
        if request.kind == "write":
            self.gate("answered")
        return answer


class _Plenty(_Gated, PlentyHook):
    """Of plentymarkets."""


class _Wemalo(_Gated, WemaloHook):
    """Of wemalo."""


class Process:
    """A task that runs.

    :param run: names the run; each process needs its own.
    """

    def __init__(self, ground: Ground, task: str, run: str, mishap: Mishap | None = None) -> None:
        """Start it."""
        self.task, self.mishap, self.ended = task, mishap, False
        self.started = time.monotonic()
        self.report: dict[str, str] = {}
        self._end, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._end)
            _be(ground, task, run, mishap, write)
        os.close(write)

    def wait(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Wait until it has ended or stopped; say whether it has ended.

        :param meanwhile: is called again and again.
        :raises TimeoutError: neither.
        """
        deadline = time.monotonic() + seconds
        while not self.ended:
            pid, status = os.waitpid(self.pid, os.WUNTRACED | os.WNOHANG)
            if pid and os.WIFSTOPPED(status):
                return False
            if pid:
                self._note(status)
            elif time.monotonic() > deadline:
                self.kill()
                msg = f"{self.task} did not end within {seconds:.0f} s"
                raise TimeoutError(msg)
            else:
                meanwhile()
                time.sleep(0.005)
        return True

    def wake(self) -> None:
        """Let it go on after it stopped."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it, however it is."""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            self._note(os.waitpid(self.pid, 0)[1])

    def _note(self, status: int) -> None:
        self.ended = True
        with os.fdopen(self._end) as said:
            text = said.read()
        self.report = json.loads(text) if text else {}
        if os.WIFSIGNALED(status):
            self.report["signal"] = signal.Signals(os.WTERMSIG(status)).name


def here(ground: Ground, task: str, run: str) -> None:
    """Do a task in this process; what it loads the processes of later tasks have at hand.

    :raises FulfilmentError: as the task does.
    """
    _work(ground, task, run, Gate(None), _engine(ground.ledger_url))


@cache
def _engine(url: str) -> Engine:
    return ledger_engine(url)


def _be(ground: Ground, task: str, run: str, mishap: Mishap | None, said: int) -> None:
    """Be the process of a task: this never returns."""
    report = {}
    try:
        engine = _engine(ground.ledger_url)
        engine.dispose(close=False)  # its connections are the parent's
        locks.ASK_S, locks.ASK_EVERY_S = ground.times.ask, 0.1
        gate = Gate(mishap)
        event.listen(engine, "commit", lambda _: gate("commit"))
        switch_off(ground.without)
        _work(ground, task, run, gate, engine)
    except FulfilmentError as error:
        report["red"] = error.code
    except BaseException:
        report["broken"] = traceback.format_exc()
    finally:
        os.write(said, json.dumps(report).encode()[:60_000])
        os._exit(0)


def _work(ground: Ground, task: str, run: str, gate: Gate, engine: Engine) -> None:
    window = _today() if task == BACKFILL else EVERYTHING
    lock = "extract_plenty_orders" if task == BACKFILL else task
    name = ground.merchant.merchant
    with locks.exclusive(engine, name, lock, wait_s=ground.times.lock, yields=task == BACKFILL):
        with engine.begin() as connection:
            batch_id = open_batch(connection, name, run, (None, None))
        work = _open(ground, engine, Journal(name, lock, run, 1), batch_id, gate)
        steps_of(examine, window)[lock](work)


def _open(ground: Ground, engine: Engine, journal: Journal, batch_id: int, gate: Gate) -> Work:
    merchant, times = ground.merchant, ground.times
    options: dict[str, Any] = {"answer_s": times.answer, "read_tries": 2, "sleep": _nap}
    name = merchant.merchant
    return Work(
        merchant=merchant,
        engine=engine,
        journal=journal,
        batch_id=batch_id,
        plenty=_Plenty(
            name,
            merchant.plenty.connection,
            engine,
            calls_in_flight=merchant.plenty.calls_in_flight,
            **options,
        ).through(gate),
        wemalo=_Wemalo(
            name,
            merchant.wemalo.connection,
            engine,
            shop=merchant.wemalo.shop,
            calls_in_flight=merchant.wemalo.calls_in_flight,
            **options,
        ).through(gate),
        lease_s=times.lease,  # type: ignore[arg-type] # any number will do
        settle_s=times.settle,
        look_again_s=0,
        again_s=1,
        pause_s=0,
    )


def _nap(seconds: float) -> None:
    time.sleep(seconds / 20)


def _today() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return (now - timedelta(days=1), now + timedelta(days=1))
