"""What the ledger knows of merchant files: read where a file is broken or gone.

Only the environment names the ledger here: a DAG file that is parsed asks nobody for a connection.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.core.systems.errors import LedgerError, LedgerUnavailable
from include.ledger import URL_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from include.ledger.merchants.merchant_files import LastGood

log = logging.getLogger("fulfilment.config")


PATIENCE_S = 3  # parsing must not wait for a database that does not answer


@contextmanager
def connect() -> Iterator[Connection]:
    """Open the ledger for one transaction.

    :raises LedgerError: it does not answer, or is of another version.
    """
    from sqlalchemy import NullPool, make_url
    from sqlalchemy.exc import ArgumentError

    from include.ledger.engine import ledger_engine

    try:
        address = make_url(os.environ[URL_VARIABLE])
    except ArgumentError:
        text = f"{URL_VARIABLE} is not a database URL."
        raise LedgerUnavailable(text, code="LEDGER_URL") from None
    if "connect_timeout" not in address.query:
        address = address.update_query_dict({"connect_timeout": str(PATIENCE_S)})
    engine = ledger_engine(address, application="merchant files", poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def is_named() -> bool:
    """Say whether this process knows of a ledger."""
    return bool(os.environ.get(URL_VARIABLE))


def known(broken: Callable[[dict[str, str]], set[str]]) -> tuple[set[str], dict[str, LastGood]]:
    """Return the merchants that the ledger knows, and the last good versions of some.

    Without a ledger, or with one that does not answer, nothing is known: a broken file then stands
    still as if it had never been good, and nobody misses one that is gone.

    :param broken: from the known merchants (name -> file) to those that are asked for.
    """
    if not is_named():
        return set(), {}
    from include.ledger.merchants import merchant_files

    try:
        with connect() as connection:
            names = merchant_files.names(connection)
            wanted = broken(names) & names.keys()
            versions = merchant_files.last_good(connection, wanted) if wanted else {}
            return set(names), versions
    except LedgerError as error:
        log.warning("Merchant files without the ledger: %s", error.operator)
        return set(), {}
