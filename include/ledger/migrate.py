"""Bring the ledger's database to the version of this code, or refuse one that is newer."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from include.core.systems.errors import LedgerTooNew
from include.ledger.engine import ledger_engine

_LOCK = 7_305_112  # any fixed number: two starters never migrate at the same time


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str) -> None:
    """Migrate the ledger at ``url`` (a PostgreSQL SQLAlchemy URL) to this code's version.

    Safe to call from several processes at once and when there is nothing to do.

    :raises LedgerTooNew: the database was migrated by newer code.
    """
    engine = ledger_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            check_not_newer(connection)
            command.upgrade(_config(connection), "head")
    finally:
        engine.dispose()


def check_not_newer(connection: Connection) -> None:
    """Raise `LedgerTooNew` if the database holds a revision this code has never heard of."""
    context = MigrationContext.configure(connection, opts={"version_table": "ledger_version"})
    script = ScriptDirectory.from_config(_config(connection))
    known = {revision.revision for revision in script.walk_revisions()}
    unknown = sorted(set(context.get_current_heads()) - known)
    if unknown:
        text_ = (
            f"The ledger was migrated to version {', '.join(unknown)}, which this code does not "
            "know: it is newer. Install the newer code, or restore the ledger's backup."
        )
        raise LedgerTooNew(text_)
