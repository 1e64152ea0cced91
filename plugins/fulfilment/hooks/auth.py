"""What identifies us to the other system, taken from an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.auth import AuthBase

from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from requests import PreparedRequest

    from fulfilment.hooks.settings import Settings


class HeaderAuth(AuthBase):
    """Sets the Authorization header, and keeps ``.netrc`` from setting another."""

    def __init__(self, value: str) -> None:
        """Take the whole value of the header."""
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header to one request."""
        request.headers["Authorization"] = self._value
        return request


def need(value: str, what: str, settings: Settings, merchant: str) -> str:
    """Return ``value``, or raise `ConfigError` that names the empty field of the connection."""
    if value:
        return value
    text = f"{merchant}: the connection {settings.connection} has no {what}. Add it in Airflow."
    raise ConfigError(text, code="NO_SECRET", merchant=merchant)
