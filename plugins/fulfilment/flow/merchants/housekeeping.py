"""Housekeeping: forget addresses, drop old paperwork, old months of the diary and old task logs."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from include.core.merchants.retention_settings import Retention
from include.core.systems.errors import LedgerBusy
from include.ledger.merchants import event_months, retention
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from include.core.merchants.merchant import Merchant

TASK = "tidy_up"


def tidy(engine: Engine, merchants: Mapping[str, Merchant], run_id: str) -> dict[str, int]:
    """Tidy up the ledger of every merchant that it has orders of.

    A merchant that has no usable version of a file is tidied by the default settings: its
    customers' addresses must not stay because of that.

    :param merchants: the merchants that go on, by name.
    :returns: counts: merchants, addresses, paperwork, months (of the diary that were dropped).
    """
    with engine.begin() as connection:
        names = retention.merchants(connection)
    counts = {"merchants": len(names), "addresses": 0, "paperwork": 0, "months": 0}
    kept = {name: merchants[name].retention if name in merchants else Retention() for name in names}
    for name, settings in kept.items():
        journal = Journal(name, TASK, run_id, 1)
        done = retention.AT_ONCE
        while done == retention.AT_ONCE:
            with engine.begin() as connection:
                done = retention.forget_addresses(connection, journal, settings.address_days)
            counts["addresses"] += done
        with engine.begin() as connection:
            counts["paperwork"] += retention.drop_paperwork(connection, name, settings.history_days)
    with suppress(LedgerBusy):  # somebody reads a long diary: the next night is soon enough
        counts["months"] = _turn_over(
            engine, [settings.timeline_days for settings in kept.values()]
        )
    return counts


def _turn_over(engine: Engine, days: Sequence[int | None]) -> int:
    """Make the diary's next months and drop those that nobody keeps; return how many were dropped.

    :param days: how long each merchant keeps its timeline; None: for ever.
    """
    with engine.begin() as connection:
        wanted = event_months.wanted(connection)
    for month in wanted:
        with engine.begin() as connection:
            event_months.make(connection, month)
    longest = max((one or float("inf") for one in days), default=float("inf"))
    if longest == float("inf"):
        return 0
    with engine.begin() as connection:
        over = event_months.over_age(connection, int(longest))
        event_months.drop_rows(connection, int(longest))
    for month in over:
        with engine.begin() as connection:
            event_months.drop(connection, month)
    return len(over)


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
