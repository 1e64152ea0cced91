"""Tell that a merchant's work stands: by the ledger's mode, or because its DAG is paused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.core.exceptions.exception_texts import exception_text
from include.core.merchants.modes import Mode
from include.core.merchants.pause_texts import (
    CAME_BACK,
    CODES,
    DAG_PAUSED,
    MERCHANT_PAUSED,
    of_dag,
    of_mode,
)
from include.core.merchants.pause_texts import waits as waiting_words
from include.core.systems.errors import ConfigError
from include.ledger.exceptions import exceptions
from include.ledger.exceptions.undone import undone
from include.ledger.merchants import modes
from include.ledger.merchants.merchant_files import is_retired
from include.ledger.orders.journal import Journal
from include.ledger.tables import batches
from include.ledger.tables import exceptions as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.core.exceptions.exception_texts import ExceptionText
    from include.core.merchants.pause_texts import DagState

_GROUPS = ("documents", "returns", "stock")


def tell(connection: Connection, merchant: str, dag: DagState | None = None) -> bool:
    """Open, refresh or clear the exceptions about it; return whether the DAG is to be put right.

    A DAG that is paused while the ledger's mode needs it is put right where nobody paused it and
    somebody, or a run, once said that the merchant is live: told first, put right by the next look.

    :param dag: as Airflow has it; None: not known now, what was told of it stays.
    """
    standing = modes.of(connection, merchant)
    texts: list[ExceptionText] = []
    known = {row.code for row in open_pauses(connection, merchant)}
    counts = waiting(connection, merchant)
    if standing.mode is not Mode.LIVE and not is_retired(connection, merchant):
        values = of_mode(standing)
        texts.append(exception_text(MERCHANT_PAUSED, **values, **waiting_words(counts)))
    put_right = False
    if dag and dag.paused and standing.mode is not Mode.PAUSED:
        if dag.by or DAG_PAUSED in known:
            code: str | None = DAG_PAUSED
        elif standing.since is not None:
            code, put_right = CAME_BACK, CAME_BACK in known
        else:  # never said to be live: a new one is paused by nature
            code = DAG_PAUSED if _ever_ran(connection, merchant) else None
        if code:
            texts.append(exception_text(code, **of_dag(merchant, dag), **waiting_words(counts)))
    journal = Journal(merchant, "pauses", "watch", 1)
    codes = CODES if dag else {MERCHANT_PAUSED}
    exceptions.keep(connection, journal, codes, {exceptions.MERCHANT: texts})
    return put_right


def decide(
    connection: Connection,
    merchant: str,
    mode: Mode,
    *,
    by: str,
    reason: str,
    until: datetime | None = None,
) -> dict[str, int]:
    """Put a mode in force for a merchant and tell it at once; return what waits now.

    :param until: with a zone; live again then, by itself.
    :raises ConfigError: no reason was given, or the end is past.
    """
    if not reason.strip():
        text = "Say why, for those who find the merchant standing (--reason)."
        raise ConfigError(text, code="NO_REASON", merchant=merchant)
    if until is not None and until <= exceptions.clock(connection):
        text = f"{until:%Y-%m-%d %H:%M} UTC is past: name a later end, or none."
        raise ConfigError(text, code="PAST", merchant=merchant)
    modes.decide(connection, merchant, mode, by=by, reason=reason.strip(), until=until)
    tell(connection, merchant)
    return waiting(connection, merchant)


def waiting(connection: Connection, merchant: str) -> dict[str, int]:
    """Return how many things of which kind are due and stand."""
    return dict(Counter(one.kind for one in undone(connection, merchant, _GROUPS)))


def open_pauses(connection: Connection, merchant: str | None = None) -> Sequence[Row[Any]]:
    """Return the open exceptions that say that a merchant's work stands."""
    return exceptions.open_exceptions(connection, merchant, table.c.code.in_(sorted(CODES)))


def _ever_ran(connection: Connection, merchant: str) -> bool:
    some = select(batches.c.batch_id).where(batches.c.merchant == merchant).limit(1)
    return connection.execute(some).first() is not None
