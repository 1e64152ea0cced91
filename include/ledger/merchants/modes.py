"""The modes of merchants: which are decided, and which one is in force now. No row is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.core.merchants.modes import Mode, Standing
from include.ledger.tables import merchant_modes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

_OVER = merchant_modes.c.until <= func.clock_timestamp()


def of(connection: Connection, merchant: str) -> Standing:
    """Return the mode that is in force for a merchant, with or without a file."""
    row = connection.execute(
        select(merchant_modes, _OVER.label("over")).where(merchant_modes.c.merchant == merchant)
    ).one_or_none()
    return Standing(merchant) if row is None else _standing(row)


def decided(connection: Connection) -> dict[str, Standing]:
    """Return what is in force for every merchant that somebody decided about, by name."""
    rows = connection.execute(select(merchant_modes, _OVER.label("over")))
    return {row.merchant: _standing(row) for row in rows}


def decide(
    connection: Connection,
    merchant: str,
    mode: Mode,
    *,
    by: str,
    reason: str,
    until: datetime | None = None,
) -> None:
    """Put a mode in force, in place of the one before.

    :param by: who decides; a part of the program names itself.
    :param until: with a zone; the merchant is live again then, by itself.
    """
    values = {"mode": mode.value, "until": until, "by": by, "reason": reason}
    statement = insert(merchant_modes).values(merchant=merchant, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant"], set_={**values, "since": func.clock_timestamp()}
        )
    )


def note_live(connection: Connection, merchant: str, *, by: str, reason: str) -> None:
    """Note that a merchant nobody decided about is live; what somebody decided stays."""
    values = {"mode": Mode.LIVE.value, "by": by, "reason": reason}
    connection.execute(
        insert(merchant_modes).values(merchant=merchant, **values).on_conflict_do_nothing()
    )


def _standing(row: Row[Any]) -> Standing:
    """Return what is in force; a pause that is over leaves the merchant live since its end."""
    if row.over:
        return Standing(row.merchant, Mode.LIVE, since=row.until, by=row.by, reason=row.reason)
    return Standing(row.merchant, Mode(row.mode), row.since, row.until, row.by, row.reason)
