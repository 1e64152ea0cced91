"""Systems that rest after failures: one cheap call tells when they answer again.

A circuit rests for up to a quarter of an hour. The watcher asks sooner, for all merchants of a
process together: a host that has just not answered one of them is not asked for the next.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from include.core.systems.errors import AuthError, ConfigError, SessionLimit
from include.ledger.exceptions.undone import PLENTY, resting

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fulfilment.hooks.base import ApiHook
    from include.core.orders.between_runs import Watch

log = logging.getLogger("fulfilment.waiting")

#: from one try to the next; after a system came back and failed again, doubling
EVERY_S, LONGEST_S = 30.0, 900.0
#: a host that did not answer is spared so long by the other merchants
HOST_SPARED_S = 10.0
ANSWER_S = 5.0
#: somebody has to act first, and another try with a wrong password may lock the user out
REFUSED = frozenset({AuthError.code, SessionLimit.code})


class Hosts:
    """What the tries of all merchants of a process found, by host."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lock = threading.Lock()
        self._silent_until: dict[str, float] = {}

    def answers(self, hook: ApiHook) -> bool:
        """Say whether a merchant's system can be used again; see `ApiHook.answers_again`."""
        try:
            host = hook.host
        except ConfigError:
            return False
        with self._lock:
            if self._silent_until.get(host, 0.0) > time.monotonic():
                return False
            # whoever comes next waits for what this try finds
            self._silent_until[host] = time.monotonic() + HOST_SPARED_S
        if not hook.answers_again():
            return False
        with self._lock:
            self._silent_until.pop(host, None)
        return True


hosts = Hosts()


@dataclass(slots=True)
class _Tried:
    """When a system may be tried next (monotonic), and how long to wait if it fails again."""

    next_at: float = 0.0
    pause: float = EVERY_S
    back_at: float = 0.0


class Probe:
    """One merchant's tries of its resting systems."""

    def __init__(self, watch: Watch) -> None:
        """Know nothing yet."""
        self._watch = watch
        self._tried: dict[str, _Tried] = {}

    def __call__(self, engine: Engine) -> int:
        """Try what rests; return how many systems answer again, their circuits closed.

        :raises SQLAlchemyError: the ledger cannot be read.
        """
        with engine.connect() as connection:
            rests = resting(connection, self._watch.merchant)
        back = 0
        for system, code in sorted(rests.items()):
            tried = self._tried.setdefault(system, _Tried())
            now = time.monotonic()
            if code in REFUSED or now < tried.next_at:
                continue
            if now - tried.back_at > LONGEST_S:
                tried.pause = EVERY_S
            if self._try(system, engine):
                back += 1
                log.info("%s: %s answers again", self._watch.merchant, system)
                tried.back_at, tried.next_at = now, now + tried.pause
                tried.pause = min(tried.pause * 2, LONGEST_S)
            else:
                tried.next_at = now + EVERY_S
        return back

    def _try(self, system: str, engine: Engine) -> bool:
        watch = self._watch
        hook: ApiHook
        if system == PLENTY:
            hook = PlentyHook(
                watch.merchant, watch.connection, engine, plan=watch.plan, priority="orders",
                max_wait_s=0, answer_s=ANSWER_S, read_tries=1,
            )  # fmt: skip
        else:
            hook = WemaloHook(
                watch.merchant, watch.wemalo, engine, shop=watch.shop, priority="orders",
                max_wait_s=0, answer_s=ANSWER_S, read_tries=1,
            )  # fmt: skip
        try:
            return hosts.answers(hook)
        finally:
            hook.close()
