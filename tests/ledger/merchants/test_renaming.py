from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Engine,
    LargeBinary,
    Table,
    Text,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from include.core.systems.errors import LedgerUnavailable
from include.ledger.engine import ledger_engine
from include.ledger.merchants.merchant_files import is_retired
from include.ledger.merchants.renaming import PASSING, rename, tables, work_of
from include.ledger.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def value(table: Table, column: Column[Any]) -> object:
    """Return some value that a column takes."""
    if column.name == "state":
        checks = [c for c in table.constraints if isinstance(c, CheckConstraint)]
        return re.findall(r"'(\w+)'", str(checks[0].sqltext))[0]
    kinds: list[tuple[type[Any], object]] = [
        (Text, "x"), (JSONB, {}), (DateTime, datetime(2026, 7, 1, tzinfo=UTC)),
        (Date, date(2026, 7, 1)), (LargeBinary, b"x"),
    ]  # fmt: skip
    found = [one for kind, one in kinds if isinstance(column.type, kind)]
    if found:
        return found[0]
    return column.type.python_type is bool or 1


def fill(connection: Connection, table: Table, merchant: str) -> None:
    """Insert a row with a value wherever one is needed."""
    values = {
        column.name: value(table, column)
        for column in table.columns
        if not column.nullable and column.server_default is None and column.identity is None
    }
    connection.execute(insert(table).values({**values, "merchant": merchant}))


def rows(connection: Connection, merchant: str) -> dict[str, int]:
    return {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.merchant == merchant)
        ).scalar_one()
        for table in tables()
    }


def test_every_table_of_the_ledger_follows_a_merchant_to_its_new_name(engine: Engine) -> None:
    assert set(metadata.tables) - {table.name for table in tables()} == {"plan_lines"}, (
        "a table without the merchant must belong to one that has it"
    )
    with engine.begin() as connection:
        for table in tables():
            fill(connection, table, "old")
            fill(connection, table, "other")
            if table.name in PASSING:
                fill(connection, table, "new")
        assert work_of(connection, "new") == {}
        assert set(work_of(connection, "old")) == {t.name for t in tables()} - PASSING
        assert rename(connection, "old", "new") == len(tables())
        assert {name for name, count in rows(connection, "old").items() if count} == {
            "merchant_files"
        }, "which says that it is over"
        assert is_retired(connection, "old")
        assert not is_retired(connection, "new")
        assert set(rows(connection, "new").values()) == {1}
        assert set(rows(connection, "other").values()) == {1}
    with engine.begin() as connection, pytest.raises(LedgerUnavailable):
        connection.execute(text("UPDATE order_events SET merchant = 'old'"))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL fulfilment.renames = 'on'"))
        with pytest.raises(LedgerUnavailable):
            connection.execute(text("UPDATE order_events SET merchant = 'old', kind = 'other'"))
