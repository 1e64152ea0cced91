"""Login tokens, shared by all processes of a merchant: one login per token lifetime.

plentymarkets allows three sessions per user (plentymarkets contract 2.3), so tasks never log in on
their own. The token is stored encrypted; a lock of the database lets exactly one process log in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.errors import LedgerBusy, Unavailable
from include.ledger.tables import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

_LOCK_WAIT = "120s"
_SPARE_LONGEST = timedelta(minutes=5)  # a token is renewed this long before its end ...
_SPARE_SHARE = 10  # ... or after nine tenths of a short life


@dataclass(frozen=True, slots=True)
class Login:
    """What a login gave: the token and its lifetime in seconds."""

    token: str = field(repr=False)
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class Key:
    """Whose token it is; ``login`` is a keyed hash of URL, user and password."""

    merchant: str
    system: str
    login: str


def get(
    engine: Engine,
    key: Key,
    cipher: MultiFernet,
    log_in: Callable[[], Login],
    *,
    stale: str | None = None,
) -> str:
    """Return a valid token, from the ledger or, in exactly one process, from ``log_in``.

    :param stale: a token that was refused; it is replaced only if it is still the stored one.
    :raises Unavailable: another process has been logging in for two minutes.
    """
    with engine.connect() as connection:
        known = _read(connection, key, cipher)
    if known is not None and known != stale:
        return known
    with engine.begin() as connection:
        _lock(connection, key)
        known = _read(connection, key, cipher)  # somebody else may have been faster
        if known is not None and known != stale:
            return known
        fresh = log_in()
        _store(connection, key, cipher, fresh)
    return fresh.token


def _lock(connection: Connection, key: Key) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'"))
    name = f"login {key.system} {key.merchant} {key.login}"
    try:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
        )
    except LedgerBusy:
        msg = f"Another task has been logging in to {key.system} for two minutes; try again later."
        raise Unavailable(msg, code="LOGIN_BUSY", merchant=key.merchant) from None


def _read(connection: Connection, key: Key, cipher: MultiFernet) -> str | None:
    row = connection.execute(
        select(tokens.c.token).where(
            tokens.c.merchant == key.merchant,
            tokens.c.system == key.system,
            tokens.c.login == key.login,
            tokens.c.expires_at > func.clock_timestamp(),
        )
    ).one_or_none()
    if row is None:
        return None
    try:
        return cipher.decrypt(bytes(row.token)).decode()
    except InvalidToken:  # written with another key: a new login replaces it
        return None


def _store(connection: Connection, key: Key, cipher: MultiFernet, fresh: Login) -> None:
    life = timedelta(seconds=fresh.expires_in_s)
    spare = min(_SPARE_LONGEST, life / _SPARE_SHARE)
    now = func.clock_timestamp()
    values = {
        "token": cipher.encrypt(fresh.token.encode()),
        "expires_at": now + (life - spare),
        "created_at": now,
    }
    # Tokens of an earlier password are of no use to anybody.
    connection.execute(
        delete(tokens).where(
            tokens.c.merchant == key.merchant,
            tokens.c.system == key.system,
            tokens.c.login != key.login,
            tokens.c.expires_at < now,
        )
    )
    connection.execute(
        insert(tokens)
        .values(merchant=key.merchant, system=key.system, login=key.login, **values)
        .on_conflict_do_update(
            index_elements=[tokens.c.merchant, tokens.c.system, tokens.c.login], set_=values
        )
    )
