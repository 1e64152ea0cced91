"""The ledger's connection: one pooled engine per process."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import BaseHook
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from fulfilment.hooks import settings
from include.core.systems.errors import ConfigError, FulfilmentError
from include.ledger import URL_VARIABLE
from include.ledger.engine import DRIVER, ledger_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine


_SAFE_EXTRA = ("sslmode", "sslrootcert", "sslcert", "sslkey", "host", "connect_timeout")


class LedgerHook(BaseHook):
    """Gives the SQLAlchemy engine of the ledger.

    The environment variable `URL_VARIABLE` wins over the Airflow connection ``conn_id`` (type
    postgres).
    """

    conn_name_attr = "conn_id"

    def __init__(self, conn_id: str = "fulfilment_ledger") -> None:
        super().__init__()
        self.conn_id = conn_id

    @property
    def engine(self) -> Engine:
        """Return the engine; all hooks of a process share it.

        :raises ConfigError: neither the variable nor the connection is there, or it is unusable.
        """
        return _engine(self._url(), os.getpid())

    def test_connection(self) -> tuple[bool, str]:
        """Connect, and compare the ledger's version with this code's."""
        from include.ledger.migrate import check_not_newer

        try:
            with self.engine.connect() as connection:
                check_not_newer(connection)
        except FulfilmentError as error:
            return False, error.operator
        return True, "Connected to the ledger."

    def _url(self) -> URL:
        given = os.environ.get(URL_VARIABLE, "")
        if given:
            try:
                return make_url(given)
            except ArgumentError:
                text = f"{URL_VARIABLE} is not a database URL."
                raise ConfigError(text, code="LEDGER_URL") from None
        connection = settings.find(self.conn_id, self.get_connection, "")
        extra = connection.extra_dejson
        return URL.create(
            DRIVER,
            username=connection.login or None,
            password=connection.password or None,
            host=connection.host or None,
            port=connection.port or None,
            database=connection.schema or None,
            query={name: str(extra[name]) for name in _SAFE_EXTRA if name in extra},
        )


@lru_cache(maxsize=4)
def _engine(url: URL, process: int) -> Engine:
    """Return one engine per process: a forked child must not use its parent's connections."""
    return ledger_engine(url, pool_size=4, max_overflow=8, pool_pre_ping=True)
