"""Give a merchant another name: all that the ledger knows of it moves, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, literal, select, update

from include.ledger.tables import merchant_files, metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

#: what a name has without having sent anything: it makes room for the one that moves there
PASSING = frozenset(
    {"circuits", "doctor_reports", "exceptions", "merchant_files", "merchant_modes", "rate_budget",
     "reference_data", "tokens"}
)  # fmt: skip


def tables() -> list[Table]:
    """Return all tables whose rows belong to a merchant."""
    return [table for table in metadata.sorted_tables if "merchant" in table.c]


def work_of(connection: Connection, merchant: str) -> dict[str, int]:
    """Return how many rows each table has of a merchant, but for what comes and goes by itself."""
    counts = {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.merchant == merchant)
        ).scalar_one()
        for table in tables()
        if table.name not in PASSING
    }
    return {name: count for name, count in counts.items() if count}


def rename(connection: Connection, old: str, new: str) -> int:
    """Move every row of a merchant to another name, and end the old one; return how many.

    The caller has made sure that nobody works for either, and that `work_of` the new name is
    nothing.
    """
    moved = 0
    # events are append only, but for this: see the migration 0022
    connection.execute(select(func.set_config("fulfilment.renames", "on", True)))
    for table in tables():
        if table.name in PASSING:
            connection.execute(delete(table).where(table.c.merchant == new))
        moved += connection.execute(
            update(table).where(table.c.merchant == old).values(merchant=new)
        ).rowcount
    named = merchant_files.c.settings.concat({"merchant": new})
    c = merchant_files.c
    ended = select(literal(old), c.file, c.version, c.settings, func.now()).where(c.merchant == new)
    columns = ["merchant", "file", "version", "settings", "retired_at"]
    connection.execute(insert(merchant_files).from_select(columns, ended))
    connection.execute(
        update(merchant_files)
        .where(c.merchant == new)
        .values(file=f"{new}.yaml", settings=named, version="renamed")
    )
    return moved
