"""plentymarkets login: one token per lifetime, shared by all tasks (plentymarkets contract 2)."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet

from include.core.systems.errors import AuthError, ConfigError
from include.core.systems.values import identifier
from include.ledger.systems.tokens import Key, Login

if TYPE_CHECKING:
    from fulfilment.hooks.settings import Settings

KEY_VARIABLE = "FULFILMENT_TOKEN_KEY"
_DEFAULT_LIFE_S = 3600.0  # where the reply names none; the shortest documented (contract 2.4)
_LONGEST_LIFE_S = 30 * 86_400  # a month; no token lives longer


def cipher_keys() -> list[str]:
    """Return the Fernet keys tokens are encrypted with; the first encrypts, all decrypt.

    :raises ConfigError: neither `KEY_VARIABLE` nor Airflow's Fernet key is set.
    """
    own = os.environ.get(KEY_VARIABLE, "")
    keys = _usable(own)
    if own and not keys:
        text = f"{KEY_VARIABLE} is not a Fernet key. Make one: airflow fernet-key."
        raise ConfigError(text, code="TOKEN_KEY")
    keys = keys or _usable(_airflow_key())
    if not keys:
        text = (
            f"No key to encrypt login tokens with. Set {KEY_VARIABLE} or Airflow's "
            "AIRFLOW__CORE__FERNET_KEY to a Fernet key."
        )
        raise ConfigError(text, code="TOKEN_KEY")
    return keys


def _airflow_key() -> str:
    from airflow.sdk.configuration import conf

    return str(conf.get("core", "fernet_key", fallback="") or "")


def _usable(text: str) -> list[str]:
    """Return the valid keys of a comma-separated list; a placeholder is not valid."""
    keys = []
    for key in (part.strip() for part in text.split(",")):
        try:
            Fernet(key)
        except ValueError:
            continue
        keys.append(key)
    return keys


def cipher(keys: list[str]) -> MultiFernet:
    """Return what encrypts and decrypts tokens."""
    return MultiFernet([Fernet(key) for key in keys])


def token_key(merchant: str, system: str, settings: Settings, keys: list[str]) -> Key:
    """Return the ledger's key of a token.

    It changes with URL, user and password, so that a new password never meets an old token; the
    hash is keyed, so that it is no help in guessing the password.
    """
    parts = "\0".join((settings.base_url, settings.login, settings.password))
    digest = hmac.new(keys[0].encode(), parts.encode(), hashlib.sha256).hexdigest()
    return Key(merchant, system, digest)


def read_login(data: Any, settings: Settings, merchant: str) -> Login:
    """Return the token of a login reply; both spellings occur (plentymarkets contract 2.1).

    :raises AuthError: there is none: a wrong password may come with 200 (contract 2.3).
    """
    values = data if isinstance(data, dict) else {}
    token = values.get("access_token") or values.get("accessToken")
    if not isinstance(token, str) or not token.strip() or not token.isascii():
        text = (
            f"{merchant}: plentymarkets gave no token for this login. Check user and password in "
            f"the connection {settings.connection}."
        )
        raise AuthError(text, merchant=merchant)
    life = identifier(values.get("expires_in")) or identifier(values.get("expiresIn"))
    return Login(token.strip(), float(min(life, _LONGEST_LIFE_S)) if life else _DEFAULT_LIFE_S)
