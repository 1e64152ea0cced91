"""One task of one merchant at a time; backfills run beside scheduled runs, whatever a DAG says.

Live work goes first. A live run queues for the lock and gets it in its turn. A backfill never
queues: it asks whether the lock is free, so it cannot stand before a live run that waits, and of
any number of backfill runs one asks at a time. One that asks in vain stands back and gives its
worker to somebody else.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from include.core.systems.errors import LedgerBusy, LedgerError, LedgerUnavailable, TransientError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection, Engine

#: so long, and so often, a backfill asks before it stands back
ASK_S, ASK_EVERY_S = 10.0, 0.5


#: a lock that was seen to be held is trusted for so long
TRUSTED_S = 1.0


@dataclass(slots=True)
class _Lock:
    """The session that holds a lock, and when it was last seen to hold it."""

    connection: Connection
    merchant: str
    task: str
    keys: list[int]
    seen: float
    asking: Lock = field(default_factory=Lock)  # calls side by side ask over one session


_held: ContextVar[_Lock | None] = ContextVar("held", default=None)


class StandBack(TransientError):
    """Live work holds the lock; a backfill comes back later."""

    code = "STAND_BACK"


@contextmanager
def exclusive(
    engine: Engine, merchant: str, task: str, *, wait_s: float = 600, yields: bool = False
) -> Iterator[None]:
    """Hold the lock of this task and merchant; it ends with the block or with the process.

    :param yields: a backfill: others go first.
    :raises TransientError: another run held it for longer than ``wait_s`` seconds.
    :raises StandBack: others were busy; nothing was done.
    :raises LedgerUnavailable: the connection that waits or holds it was lost.
    """
    task = task.rpartition(".")[2]  # the name of its task group stands before it
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if yields:
            keys = _ask(connection, merchant, task)
        else:
            keys = _queue(connection, merchant, task, wait_s)
        mark = _held.set(_Lock(connection, merchant, task, keys, time.monotonic()))
        try:
            yield
        finally:
            _held.reset(mark)
            _give_back(connection, keys)


def check() -> None:
    """Make sure that this task's lock is still held; without a lock there is nothing to check.

    A restart or failover of PostgreSQL, a firewall or a pooler may end the session that holds it:
    then another run may be at work.

    :raises LedgerUnavailable: it is lost.
    """
    lock = _held.get()
    if lock is not None:
        with lock.asking:
            _check(lock)


def _check(lock: _Lock) -> None:
    if time.monotonic() - lock.seen < TRUSTED_S:
        return
    own = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND pid = pg_backend_pid()"
    )
    try:
        number = lock.connection.execute(own).scalar_one()
    except (LedgerError, SQLAlchemyError):
        number = 0
    if number < len(lock.keys):
        message = (
            f"The database session that holds the lock of {lock.task} for merchant "
            f"{lock.merchant} was lost: PostgreSQL was restarted, or something between cut or "
            "shared the connection. This run stops before its next write; the next one goes on."
        )
        raise LedgerUnavailable(message, code="LOCK_LOST", merchant=lock.merchant)
    lock.seen = time.monotonic()


def only_one(connection: Connection, name: str) -> bool:
    """Say whether this transaction is the only one that does something; it is until its end."""
    asked = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(asked, {"key": _key("", name)}).scalar_one())


def at_work(connection: Connection, merchant: str, tasks: Collection[str]) -> bool:
    """Say whether any process holds the lock of one of ``tasks`` of a merchant."""
    held = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND ((classid::bigint << 32) | objid::bigint) = ANY(:keys)"
    )
    keys = [_key(merchant, task) for task in tasks]
    return bool(connection.execute(held, {"keys": keys}).scalar_one())


def _give_back(connection: Connection, keys: list[int]) -> None:
    """Unlock; a session that is gone has given its locks back already."""
    try:
        for key in keys:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
    except (LedgerError, SQLAlchemyError):
        connection.invalidate()


def _key(*names: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:8], signed=True)


def _queue(connection: Connection, merchant: str, task: str, wait_s: float) -> list[int]:
    key = _key(merchant, task)
    connection.execute(text(f"SET lock_timeout = '{int(wait_s * 1000)}ms'"))
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
    except LedgerBusy as error:
        message = (
            f"Another run of {task} for merchant {merchant} has been working for "
            f"{wait_s:.0f} seconds. This one tries again later; look at the other run."
        )
        connection.execute(text("RESET lock_timeout"))
        raise TransientError(message, code="BUSY", merchant=merchant) from error
    connection.execute(text("RESET lock_timeout"))
    return [key]


def _ask(connection: Connection, merchant: str, task: str) -> list[int]:
    held: list[int] = []
    turn, key = _key(merchant, task, "backfill"), _key(merchant, task)
    deadline = time.monotonic() + ASK_S
    for wanted in (turn, key):
        while not _try(connection, wanted):
            if time.monotonic() > deadline:
                for one in held:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": one})
                message = (
                    f"Another run of {task} for merchant {merchant} is working; this backfill "
                    "lets it go first and comes back by itself."
                )
                raise StandBack(message, merchant=merchant)
            time.sleep(ASK_EVERY_S)
        held.append(wanted)
    return held


def _try(connection: Connection, key: int) -> bool:
    return bool(
        connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one()
    )
