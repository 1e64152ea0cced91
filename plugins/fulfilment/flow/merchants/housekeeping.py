"""Housekeeping: forget addresses, drop old paperwork and old task logs."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from include.core.merchants.retention_settings import Retention
from include.ledger.merchants import retention
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from include.core.merchants.merchant import Merchant

TASK = "tidy_up"


def tidy(engine: Engine, merchants: Mapping[str, Merchant], run_id: str) -> dict[str, int]:
    """Tidy up the ledger of every merchant that it has orders of.

    A merchant that has no usable version of a file is tidied by the default settings: its
    customers' addresses must not stay because of that.

    :param merchants: the merchants that go on, by name.
    :returns: counts: merchants, addresses, paperwork.
    """
    with engine.begin() as connection:
        names = retention.merchants(connection)
    counts = {"merchants": len(names), "addresses": 0, "paperwork": 0}
    for name in names:
        settings = merchants[name].retention if name in merchants else Retention()
        journal = Journal(name, TASK, run_id, 1)
        done = retention.AT_ONCE
        while done == retention.AT_ONCE:
            with engine.begin() as connection:
                done = retention.forget_addresses(connection, journal, settings.address_days)
            counts["addresses"] += done
        with engine.begin() as connection:
            counts["paperwork"] += retention.drop_paperwork(connection, name, settings.history_days)
    return counts


def remove_old_files(folder: Path, days: int) -> int:
    """Remove log files that nothing was written to for ``days`` days, and folders left empty.

    :returns: how many files.
    """
    oldest = time.time() - days * 24 * 3600
    removed = 0
    for path in sorted(folder.rglob("*"), reverse=True):  # what is inside before what holds it
        with suppress(OSError):  # somebody writes or removes at the same moment
            if path.is_dir():
                if path.stat().st_mtime < oldest:
                    path.rmdir()  # refuses where something is inside
            elif path.suffix == ".log" and path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed
