"""The one place that makes engines of the ledger, and the one that names what PostgreSQL refuses.

PostgreSQL's texts quote what was sent (``Token "x" is invalid``, ``Failing row contains (...)``),
the driver's exceptions carry the statement, SQLAlchemy's the parameters: names and addresses. None
of them leaves this module. What is left is the class of the error, its SQLSTATE and, where the
server named them, the table and the column or constraint.

Whose error it is, is decided by the SQLSTATE (PostgreSQL documentation, appendix A):

=====================  ==========================================================================
`LedgerRefused`        a value cannot be stored (22, 23), is too long for an index (54), is of
                       another type than its column (42804, 42846, 42883), came twice in one
                       statement (21), or the driver could not send it (no SQLSTATE): it belongs
                       to the one whose value it is
`LedgerBusy`           a lock was not given in time (55P03)
`LedgerUnavailable`    anything else: no connection, no right, no such table, deadlock, disk full
=====================  ==========================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg2
from sqlalchemy import create_engine, event, make_url

from include.core.systems.errors import LedgerBusy, LedgerError, LedgerRefused, LedgerUnavailable

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.engine import ExceptionContext

#: a URL without a driver means another one, whose errors are not those that are named here
DRIVER = "postgresql+psycopg2"
#: a connection whose other end is gone is noticed after about a minute, not after two hours
CONNECT_ARGS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
    "options": "-c timezone=UTC",
}
_VALUE_CLASSES = ("21", "22", "23", "54")
_VALUE_STATES = ("42804", "42846", "42883")
_LOCK_NOT_GIVEN = "55P03"
_FITS_NOT = ("42P01", "42703", "3F000")

_REFUSED = (
    "The ledger cannot store a value of this record. Correct it where it comes from; everything "
    "else goes on."
)
_BUSY = "Somebody else has held a lock of the ledger for too long. It is tried again later."
_UNREACHABLE = (
    "The ledger's database does not answer. Check that PostgreSQL runs and that its address and "
    "password are right."
)
_FAILED = "The ledger's database refused to work (SQLSTATE {state}). Its own log says why."
_OTHER_VERSION = (
    "The ledger's tables are not those of this version. Run `python -m include.ledger`."
)


def ledger_engine(url: str | URL, *, application: str = "fulfilment", **options: Any) -> Engine:
    """Return an engine whose errors are `LedgerError` and hold nothing personal.

    :param url: of PostgreSQL, whatever driver it names; what else it says wins.
    :param application: name under which PostgreSQL lists the sessions.
    :param options: more for `sqlalchemy.create_engine`, for example the size of the pool.
    """
    address = make_url(url).set(drivername=DRIVER)
    given = {"application_name": application, **CONNECT_ARGS}
    engine = create_engine(
        address,
        hide_parameters=True,
        connect_args={key: value for key, value in given.items() if key not in address.query},
        **options,
    )
    event.listen(engine, "handle_error", _own)
    return engine


def _own(context: ExceptionContext) -> LedgerError | None:
    """Return our error in place of the driver's and take out what that one says."""
    error = context.original_exception
    if context.is_pre_ping:  # the pool judges it, and makes a new connection
        return None
    if isinstance(error, LedgerError) or not isinstance(error, Exception):
        return None
    own = named(error)
    # SQLAlchemy raises ours from the driver's, so a traceback prints that one, too.
    error.args = (own.log,)
    return own


def named(error: Exception) -> LedgerError:
    """Return our own error for what the driver raised; the driver's text is not read."""
    state = getattr(error, "pgcode", None) or ""
    log = " ".join([type(error).__name__, *_where(error, state)])
    if state == _LOCK_NOT_GIVEN:
        return LedgerBusy(_BUSY, log=log)
    if _value(error, state):
        return LedgerRefused(_REFUSED, log=log)
    if state in _FITS_NOT:
        return LedgerUnavailable(_OTHER_VERSION, log=log, code="LEDGER_VERSION")
    text = _FAILED.format(state=state) if state else _UNREACHABLE
    return LedgerUnavailable(text, log=log)


def _value(error: Exception, state: str) -> bool:
    if state:
        return state[:2] in _VALUE_CLASSES or state in _VALUE_STATES
    # Without a SQLSTATE it never reached the server: a connection that broke, or a value that
    # the driver could not turn into SQL (NUL, half a character, a list that holds itself).
    return not isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError, OSError))


def _where(error: Exception, state: str) -> list[str]:
    """Return SQLSTATE, table, column and constraint: names of ours, never values."""
    found = [f"SQLSTATE {state}"] if state else []
    diag = getattr(error, "diag", None)
    for what in ("table_name", "column_name", "constraint_name"):
        name = getattr(diag, what, None)
        if name:
            found.append(f"{what.removesuffix('_name')} {name}")
    return found
