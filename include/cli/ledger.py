"""The ledger, as seen from a terminal: the given one, else that of this folder's stack."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.core.systems.errors import ConfigError, LedgerUnavailable
from include.ledger.engine import ledger_engine
from include.stack.airflow_env import ledger_url
from include.stack.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@contextmanager
def connect(*, read_only: bool = False) -> Iterator[Connection]:
    """Open the ledger for one command, in one transaction.

    :param read_only: PostgreSQL then refuses any write.
    :raises ConfigError: it cannot be reached.
    """
    engine = ledger_engine(ledger_url(Layout.current()))
    try:
        connection = engine.connect()
    except LedgerUnavailable as error:
        message = (
            "The ledger cannot be reached. Is the stack up (`make up`)? For another one set "
            "FULFILMENT_DATABASE_URL."
        )
        raise ConfigError(message) from error
    try:
        with connection, connection.begin():
            if read_only:
                connection.execute(text("SET TRANSACTION READ ONLY"))
            yield connection
    finally:
        engine.dispose()


def check_known(connection: Connection, merchant: str) -> None:
    """Make sure that there is such a merchant: by its file, or by its orders where that is gone."""
    # imported here: most commands need no merchant file
    from include.config.merchants import find
    from include.ledger.merchants.retention import merchants

    try:
        find(merchant)
    except ConfigError:
        if merchant not in merchants(connection):
            raise
