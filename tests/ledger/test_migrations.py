from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from include.core.systems.errors import LedgerTooNew
from include.ledger.engine import ledger_engine
from include.ledger.migrate import upgrade
from include.ledger.tables import metadata


def test_migrating_twice_and_by_two_starters_at_once_is_harmless(database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, [database_url, database_url]))
    upgrade(database_url)


def test_the_migrations_make_the_tables_that_the_code_knows(ledger_url: str) -> None:
    engine = ledger_engine(ledger_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": "ledger_version",
                "compare_server_default": False,
                # the diary's months come and go: they are no tables of their own
                "include_name": lambda name, kind, _: (
                    kind != "table" or not str(name).startswith("order_events_")
                ),
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_ledger_newer_than_the_code_is_refused_and_left_alone(ledger_url: str) -> None:
    engine = ledger_engine(ledger_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE ledger_version SET version_num = '9999'"))
    with pytest.raises(LedgerTooNew, match="9999"):
        upgrade(ledger_url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM ledger_version")).scalar() == "9999"
    engine.dispose()
