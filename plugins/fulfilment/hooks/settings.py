"""What a hook takes from an Airflow connection; anything else in its Extra is left alone."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONNECT_S = 10.0
READ_S = 60.0  # wemalo's own plugin waits as long (wemalo contract 13)
#: while Airflow's form tests a connection: its id, "" otherwise. The hook is given a copy, under a
#: random id that nobody could find again.
tested: ContextVar[str] = ContextVar("tested", default="")


@dataclass(frozen=True, slots=True)
class Settings:
    """Address, secrets and timeouts of one connection; secrets stay out of every ``repr``.

    :param verify: True, or the path of a CA bundle; False turns the check of certificates off.
    """

    connection: str
    base_url: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    connect_s: float = CONNECT_S
    read_s: float = READ_S
    verify: bool | str = True

    @property
    def host(self) -> str:
        """Return host and port, for error texts."""
        return urlsplit(self.base_url).netloc

    def with_path(self, path: str) -> Settings:
        """Return the same settings with ``path`` below the host."""
        return replace(self, base_url=self.base_url + path)

    def no_slower_than(self, seconds: float | None) -> Settings:
        """Return the same settings with timeouts of at most ``seconds``."""
        if seconds is None:
            return self
        return replace(
            self, connect_s=min(self.connect_s, seconds), read_s=min(self.read_s, seconds)
        )

    @property
    def loopback(self) -> bool:
        """Say whether the address is this machine: then a proxy has no part in it."""
        name = urlsplit(self.base_url).hostname or ""
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"


def load(
    conn_id: str, get_connection: Callable[[str], Any], merchant: str, *, default_url: str = ""
) -> Settings:
    """Read the connection ``conn_id``.

    The URL may stand in the host field as a whole (``https://...``) or in its parts; without a
    scheme it is https, because a login follows.

    :raises ConfigError: the connection is missing or has no usable URL.
    """
    connection = find(conn_id, get_connection, merchant)
    conn_id = tested.get() or conn_id
    extra = connection.extra_dejson
    try:
        return Settings(
            connection=conn_id,
            base_url=_url(connection, default_url),
            login=connection.login or "",
            password=connection.password or "",
            connect_s=_seconds(extra, "connect_timeout", CONNECT_S),
            read_s=_seconds(extra, "timeout", READ_S),
            verify=_verify(extra.get("verify", True)),
        )
    except ValueError as error:
        text = f"{_of(merchant)}The connection {conn_id} cannot be used: {error}."
        raise ConfigError(text, code="BAD_CONNECTION", merchant=merchant) from None


def find(conn_id: str, get_connection: Callable[[str], Any], merchant: str) -> Any:
    """Return an Airflow connection.

    :raises ConfigError: it does not exist.
    """
    try:
        return get_connection(conn_id)
    except Exception as error:
        # Airflow names a missing connection by two classes, depending on the process.
        if "NotFound" not in type(error).__name__ and "isn't defined" not in str(error):
            raise
        text = f"{_of(merchant)}The connection {conn_id} does not exist. Create it in Airflow."
        raise ConfigError(text, code="NO_CONNECTION", merchant=merchant) from None


def _of(merchant: str) -> str:
    return f"{merchant}: " if merchant else ""


def _url(connection: Any, default_url: str) -> str:
    host = (connection.host or "").strip() or default_url
    if "://" not in host:
        host = f"{connection.schema or 'https'}://{host}"
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = "its host is not a URL such as https://shop.example.com"
        raise ValueError(msg)
    if parts.username or parts.password:
        msg = "its host holds a user or password; they have fields of their own"
        raise ValueError(msg)
    port = parts.port or connection.port  # ValueError: not a port
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{name}:{port}" if port else name
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def _seconds(extra: Mapping[str, Any], name: str, default: float) -> float:
    value = extra.get(name)
    if value in (None, ""):
        return default
    seconds = float(value)  # ValueError: not a number
    if not 0 < seconds <= 600:
        msg = f"{name} is not between 0 and 600 seconds"
        raise ValueError(msg)
    return seconds


def _verify(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    text = str(value)
    known: dict[str, bool | str] = {"true": True, "": True, "false": False}
    return known.get(text.lower(), text)
