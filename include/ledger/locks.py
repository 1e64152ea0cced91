"""One task of one merchant at a time; backfills run beside scheduled runs, whatever a DAG says."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from include.core.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def exclusive(engine: Engine, merchant: str, task: str, *, wait_s: int = 600) -> Iterator[None]:
    """Hold the lock of this task and merchant; it ends with the block or with the process.

    :raises TransientError: another run held it for longer than ``wait_s`` seconds.
    """
    key = int.from_bytes(hashlib.sha256(f"{merchant}/{task}".encode()).digest()[:8], signed=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SET lock_timeout = '{int(wait_s)}s'"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
        except OperationalError as error:
            message = (
                f"Another run of {task} for merchant {merchant} has been working for "
                f"{wait_s} seconds. This one tries again later; look at the other run."
            )
            raise TransientError(message, code="BUSY", merchant=merchant) from error
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
            connection.execute(text("RESET lock_timeout"))
