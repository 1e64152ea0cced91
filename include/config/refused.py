"""Secrets have no place in a merchant file: find them, and say where they belong instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.config.fields import section_at
from include.config.problems import Path, Place, Problem, dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: name of a setting, without dashes and underscores -> field of the connection, system
_FIELDS = {
    **dict.fromkeys(("password", "passwd", "pwd", "pass", "passwort", "kennwort"), "Password"),
    **dict.fromkeys(
        ("token", "apitoken", "accesstoken", "refreshtoken", "jwt", "secret", "apikey", "key",
         "authorization", "bearer", "credentials"),
        "Password",
    ),
    **dict.fromkeys(("user", "username", "login", "benutzer", "benutzername"), "Login"),
    **dict.fromkeys(("url", "uri", "host", "baseurl", "address"), "Host"),
}  # fmt: skip
_TOKENS = {"token", "apitoken", "accesstoken", "jwt", "bearer", "authorization"}
_CREDENTIALS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s]*@")
_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+|^\s*(JWT|Bearer)\s+\S", re.IGNORECASE)
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


def secrets_in(data: dict[Any, Any], where: Callable[[Path, bool], Place]) -> Iterator[Problem]:
    """Yield a problem for each setting that is, or looks like, something for a connection.

    :param where: returns the place of a field, or of its value.
    """
    for path, value in _leaves(data, ()):
        named = _named(path)
        text = named or _valued(path, value)
        if text:
            yield Problem(where(path, not named), dotted(path), text)


def _named(path: Path) -> str:
    name = re.sub(r"[^a-z]", "", str(path[-1]).lower())
    if name not in _FIELDS:
        return ""
    section = section_at(path[:-1])
    if section is None or path[-1] in section.model_fields:
        return ""
    system = "wemalo" if "wemalo" in path or name in _TOKENS else "plenty"
    return _belongs(_FIELDS[name], system)


def _valued(path: Path, value: object) -> str:
    if not isinstance(value, str):
        return ""
    system = "wemalo" if "wemalo" in path else "plenty"
    if _CREDENTIALS.search(value):
        return "a URL with a user or password in it; " + _belongs("Login and Password", system)
    if _TOKEN.search(value):
        return "this looks like a token; " + _belongs("Password", "wemalo")
    if path[-1] == "connection" and _URL.search(value):
        return "name the id of an Airflow connection, no address; " + _belongs("Host", system)
    return ""


def _belongs(field: str, system: str) -> str:
    return (
        f"this belongs into the Airflow connection that {system}.connection names (field {field}), "
        "never into a file; take it out, here and in the file's history"
    )


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield every setting whose name or text may give something away, sections included."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _leaves(child, (*path, place))
