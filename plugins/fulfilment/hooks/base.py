"""What both hooks share: one session, limits, circuit, typed errors, retries of reads.

The http provider's `HttpHook` gives the connection type, `get_connection` and keep-alive; its
`run` is replaced, because it has no timeouts, makes a session per call, sends unknown keys of the
connection's Extra as headers and writes answers' bodies, which are personal data, to the log.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from airflow.providers.http.hooks.http import HttpHook
from requests import Session

from fulfilment.hooks import settings as connection_settings
from fulfilment.hooks.answers import Finding, Place, error_for, judge
from fulfilment.hooks.circuit import Circuit
from fulfilment.hooks.permits import Permits
from fulfilment.hooks.retries import READ_TRIES, pause_before_retry
from fulfilment.hooks.transport import NoAnswer, NotSent, Reply, Request, exchange
from fulfilment.hooks.write_calls import UNCLAIMED, need_claim
from include.core.merchants.merchant_facts import key_of
from include.core.systems.errors import (
    FulfilmentError,
    RateLimited,
    SessionLimit,
    Timeout,
    Unavailable,
)
from include.ledger.systems import budget, locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from requests.auth import AuthBase
    from sqlalchemy import Engine

    from fulfilment.hooks.rehearsal import Rehearsal
    from fulfilment.hooks.settings import Settings
    from include.core.merchants.merchant_facts import SystemKey

LONGEST_WAIT_S = 90.0  # for a call's turn; beyond it the caller decides
_IDLE_S = 3.0  # servers close idle connections after about 5 s: a write must not run into that


class ApiHook(HttpHook):
    """Base of the hooks of both systems.

    :param merchant: whose system it is; names the budget, the circuit and the token.
    :param conn_id: Airflow connection with URL and secrets.
    :param ledger_engine: engine of the ledger. Without it nothing is shared between processes:
        good for testing a connection, not for work.
    :param priority: a key of `include.ledger.systems.budget.RESERVES`.
    :param max_wait_s: longest wait for the call budget; then `RateLimited` tells when.
    :param answer_s: wait no longer for a connection or an answer, whatever the connection says.
    :param read_tries: how often a read that failed is made in all.
    :param calls_in_flight: writes of one task that may be on their way at once.
    :param rehearsal: a dry run: writes are noted there and never sent.
    :param by_hand: somebody acts as merchant or warehouse and answers for what he writes. The flow
        never does: its writes need a claim, see `write_calls`.
    :param settings: what the connection will hold, before Airflow has it.
    """

    conn_name_attr = "conn_id"
    system: ClassVar[str]
    default_url: ClassVar[str] = ""

    def __init__(
        self,
        merchant: str,
        conn_id: str,
        ledger_engine: Engine | None,
        *,
        priority: str,
        max_wait_s: float = LONGEST_WAIT_S,
        answer_s: float | None = None,
        read_tries: int = READ_TRIES,
        calls_in_flight: int = 1,
        rehearsal: Rehearsal | None = None,
        by_hand: bool = False,
        settings: Settings | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(http_conn_id=conn_id)
        if priority not in budget.RESERVES:
            msg = f"unknown priority {priority!r}; known are {', '.join(budget.RESERVES)}"
            raise ValueError(msg)
        self.merchant = merchant or connection_settings.tested.get()  # begins every text
        self.conn_id = conn_id
        self.priority = priority
        # a dry run's copy of the ledger serves one thread
        self.calls_in_flight = 1 if rehearsal is not None else calls_in_flight
        self._engine = ledger_engine
        self._permits = (
            Permits(ledger_engine, merchant, self.system, priority)
            if ledger_engine is not None
            else None
        )
        self._max_wait_s = max_wait_s
        self._answer_s = answer_s
        self._read_tries = read_tries
        self._rehearsal = rehearsal
        self._by_hand = by_hand
        self._sleep = sleep
        self._settings_ = settings
        self._session: Session | None = None
        self._last_use = 0.0
        self._circuit = Circuit(ledger_engine, self.merchant, self.system, self.log)
        self._on_trial = False  # this call is the one that tries a resting system again
        self._allow: Callable[[], None] | None = None  # asked right before each write leaves
        #: method and route -> rows without a usable id, which nobody can set aside by name
        self.nameless: Counter[str] = Counter()
        self.last_headers: Mapping[str, str] = {}  # of the newest answer: limits, the server's time

    # -- what a subclass says -------------------------------------------------------------

    def _auth(self, stale: AuthBase | None = None) -> AuthBase | None:
        """Return what identifies us; a new one if ``stale`` was refused, None if there is none."""
        raise NotImplementedError

    def _limits(self, request: Request) -> Mapping[str, budget.Limit]:
        """Return the buckets that a call draws from."""
        raise NotImplementedError

    def _readings(
        self, request: Request, reply: Reply, refused_s: float | None
    ) -> Mapping[str, budget.Reading]:
        """Return what the answer's headers say of each bucket.

        :param refused_s: the call was refused for a limit, the next is welcome in so many seconds.
        """
        raise NotImplementedError

    def _ping(self) -> str:
        """Make the cheapest call that proves URL and secrets, and return what it found."""
        raise NotImplementedError

    # -- HttpHook -------------------------------------------------------------------------

    def get_conn(self, headers: Any = None, extra_options: Any = None) -> Session:
        """Return the one session of this hook; it holds no secret and nothing of the Extra."""
        if self._session is None:
            session = Session()
            session.verify = self._settings.verify
            session.trust_env = not self._settings.loopback
            session.mount("http://", self.keep_alive_adapter)
            session.mount("https://", self.keep_alive_adapter)
            session.headers["Accept"] = "application/json"
            self._session = session
        return self._session

    def run(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: a bare call would skip limits, error table and privacy."""
        msg = f"{type(self).__name__} has a method for each call it knows; run() is not one of them"
        raise NotImplementedError(msg)

    def test_connection(self) -> tuple[bool, str]:
        """Try URL and secrets for Airflow's form."""
        try:
            found = self.reach()
        except FulfilmentError as error:
            return False, error.operator
        name = connection_settings.tested.get()
        return True, f"{name}: {found}" if name else found

    def reach(self) -> str:
        """Try URL and secrets, whatever the circuit says, and return what was found.

        A success closes the circuit that an earlier failure opened.

        :raises FulfilmentError: see `answers`.
        """
        self._circuit.testing = True
        try:
            found = self._ping()
        finally:
            self._circuit.testing = False
        self._circuit.close()
        return found

    def answers_again(self) -> bool:
        """Say whether a resting system can be used again, and close its circuit if so.

        One cheap call without an order's data; a failure makes the rest no longer.
        """
        self._circuit.probing = True
        try:
            good, _ = self.test_connection()
        finally:
            self._circuit.probing = False
        return good

    @contextmanager
    def allowed_by(self, allow: Callable[[], None]) -> Iterator[None]:
        """Ask ``allow`` right before each write of the block leaves, after the wait for its turn.

        Those that need no claim only need this run's lock, where it has one.

        :param allow: raises if the write is no longer this process's to make.
        """
        before, self._allow = self._allow, allow
        try:
            yield
        finally:
            self._allow = before

    @property
    def longest_call_s(self) -> float:
        """Return how long a call may take: the wait for its turn, connecting, a whole answer.

        An answer whose head comes at the last moment may take as long again (`transport`).
        """
        return self._max_wait_s + self._settings.connect_s + 2 * self._settings.read_s

    @property
    def host(self) -> str:
        """Return the host that the connection leads to.

        :raises ConfigError: the connection is missing or cannot be used.
        """
        return self._settings.host

    @property
    def leads_to(self) -> SystemKey:
        """Return which system the connection leads to, as digests.

        :raises ConfigError: the connection is missing or cannot be used.
        """
        return key_of(self._settings.base_url, self._settings.password)

    def beside(self) -> Self:
        """Return a hook for another thread: connections of its own, the same permits.

        Close it with `hang_up`: the permits stay with this one.
        """
        twin = copy(self)
        twin._session = None
        twin._allow = None
        # a pool of connections is closed as a whole
        twin.keep_alive_adapter = HttpHook().keep_alive_adapter
        return twin

    def close(self) -> None:
        """Close the connections to the other system; give back the calls that were not made."""
        if self._permits is not None:
            self._permits.give_back()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connections to the other system."""
        if self._session is not None:
            self._session.close()
            self._session = None

    # -- calls ----------------------------------------------------------------------------

    @property
    def _settings(self) -> Settings:
        if self._settings_ is None:
            settings = connection_settings.load(
                self.conn_id, self.get_connection, self.merchant, default_url=self.default_url
            )
            self._settings_ = settings.no_slower_than(self._answer_s)
        return self._settings_

    @property
    def _place(self) -> Place:
        return Place(self.merchant, self.system, self._settings.connection, self._settings.host)

    def _call(self, request: Request) -> Any:
        """Make one call and return its JSON; reads are tried again a few times, writes never.

        :raises FulfilmentError: see the table in `answers`.
        """
        if self._rehearsal is not None and request.kind == "write":
            return self._rehearsal.answer(self, request)
        tries = self._read_tries if request.kind == "read" else 1
        waited = 0.0
        for number in range(1, tries + 1):
            gate = self._circuit.check()
            self._on_trial = gate.trial
            try:
                answer = self._call_once(request)
            except (Unavailable, Timeout, RateLimited) as error:
                pause = pause_before_retry(error, number, self._max_wait_s - waited)
                if number == tries or pause is None:
                    self._circuit.failed(error, gate, request)
                    raise
                self._sleep(pause)
                waited += pause
            except FulfilmentError as error:
                self._circuit.failed(error, gate, request)
                raise
            else:
                self._circuit.succeeded(gate)
                return answer
        raise AssertionError  # the loop returns or raises

    def _call_once(self, request: Request) -> Any:
        """Make one call; a refused login is renewed once, which is safe: nothing happened yet."""
        auth = self._auth()
        try:
            return self._send(request, auth)
        except SessionLimit:
            raise
        except FulfilmentError as error:
            fresh = self._auth(stale=auth) if error.code == "AUTH" else None
            if fresh is None:
                raise
        return self._send(request, fresh)

    def _send(self, request: Request, auth: AuthBase | None) -> Any:
        """Take a permit, send, correct the budget and judge the answer."""
        if not self._by_hand:
            need_claim(request, self.merchant, claimed=self._allow is not None)
        self._take_permit(request)
        settings = self._settings
        session = self.get_conn()
        if time.monotonic() - self._last_use > _IDLE_S:
            session.close()  # drops idle connections, the session goes on
        if request.kind == "write":
            self._leave(request)
        started = time.monotonic()
        reply: Reply | None = None
        try:
            reply = exchange(
                session,
                settings.base_url + request.path,
                request,
                auth=auth,
                connect_s=settings.connect_s,
                read_s=settings.read_s,
                read_only=self._rehearsal is not None,
            )
        except (NotSent, NoAnswer) as failure:
            raise error_for(self._place, request, Finding(0, failure.shape)) from None
        finally:
            self._last_use = time.monotonic()
            self._log_call(request, reply, self._last_use - started)
        self.last_headers = reply.headers
        try:
            answer = judge(self._place, request, reply)
        except RateLimited as error:
            if self._permits is not None:
                readings = self._readings(request, reply, error.retry_after)
                self._permits.refuse(self._limits(request), readings)
            raise
        except FulfilmentError:
            self._correct(request, reply)
            raise
        self._correct(request, reply)
        return answer

    def _leave(self, request: Request) -> None:
        """Let a write leave, last of all: whoever lost it while it waited sends nothing."""
        if self._allow is None or request.name in UNCLAIMED:
            locks.check()
        else:
            self._allow()

    def _log_call(self, request: Request, reply: Reply | None, seconds: float) -> None:
        # Route templates and codes only: paths hold ids, bodies hold people.
        self.log.debug(
            "call merchant=%s system=%s call=%s status=%s ms=%d",
            self.merchant,
            self.system,
            request.name,
            reply.status if reply else "none",
            int(seconds * 1000),
        )

    def _leave_out(self, what: str, rows: int) -> None:
        """Note rows that cannot be read and have no id; the others of the list go on."""
        if rows:
            self.nameless[what] += rows
            self.log.warning(
                "unreadable merchant=%s system=%s call=%s rows=%d",
                self.merchant, self.system, what, rows,
            )  # fmt: skip

    # -- budget ---------------------------------------------------------------------------

    def _take_permit(self, request: Request) -> None:
        """Wait for the call's turn."""
        if self._permits is not None:
            self._permits.wait(self._limits(request), self._max_wait_s, self._sleep)

    def _correct(self, request: Request, reply: Reply) -> None:
        if self._permits is not None:
            readings = self._readings(request, reply, None)
            self._permits.correct(self._limits(request), readings)
