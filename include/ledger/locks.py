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
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.core.errors import LedgerBusy, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

#: so long, and so often, a backfill asks before it stands back
ASK_S, ASK_EVERY_S = 10.0, 0.5


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
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if yields:
            held = _ask(connection, merchant, task)
        else:
            held = _queue(connection, merchant, task, wait_s)
        try:
            yield
        finally:
            for key in held:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


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
        raise TransientError(message, code="BUSY", merchant=merchant) from error
    finally:
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
