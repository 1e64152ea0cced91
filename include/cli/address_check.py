"""Is this the final address of a system? A redirect would lose what we send to it."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import requests

from include.core.systems.errors import ConfigError
from include.stack.control import SANDBOX_URLS

_SECONDS = 15


def final_address(name: str, url: str, route: str) -> str:
    """Return the address as it goes into the connection, after one call without any secret.

    plentymarkets contract 2.3: if the base address redirects, the bodies of our calls are lost on
    the way, so the address behind the redirect is the one to store.

    :param name: the system, for the texts.
    :param route: a route that is there without a login, or refuses it clearly.
    :raises ConfigError: no https address, not reachable, or a redirect; the text names the target.
    """
    address = clean(name, url)
    session = requests.Session()
    session.trust_env = not _stays_here(address)
    try:
        answer = session.get(address + route, allow_redirects=False, timeout=_SECONDS)
    except requests.exceptions.SSLError:
        text = f"{name}: the certificate of {urlsplit(address).netloc} is not valid for this name."
        raise ConfigError(text, code="CERTIFICATE") from None
    except (requests.RequestException, ValueError):  # "a..b" is no name
        text = f"{name}: {address} cannot be reached. Check the address."
        raise ConfigError(text, code="UNREACHABLE") from None
    finally:
        session.close()
    if answer.is_redirect or answer.is_permanent_redirect:
        target = urlsplit(urljoin(address + route, answer.headers["Location"]))
        there = f"{target.scheme}://{target.netloc}{target.path.removesuffix(route)}".rstrip("/")
        text = (
            f"{name}: {address} only leads on to {there}, and logins would be lost on the way. "
            f"Use the final address: {there}"
        )
        raise ConfigError(text, code="REDIRECT")
    return address


def clean(name: str, url: str) -> str:
    """Return an address without query, fragment and closing slash.

    :raises ConfigError: no https address (http only on this machine and in the sandbox's
        container), or it holds a password.
    """
    given = url.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:  # half a bracket, a port of 99999
        usable = False
    if not usable:
        text = f"{name}: this is no address such as https://www.example.com."
        raise ConfigError(text, code="BAD_URL")
    if parts.username or parts.password:
        text = f"{name}: the address holds a user or password; they are asked for by themselves."
        raise ConfigError(text, code="BAD_URL")
    address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    if parts.scheme == "http" and not _stays_here(address):
        text = f"{name}: http would send the password openly. Use https."
        raise ConfigError(text, code="BAD_URL")
    return address


def _stays_here(address: str) -> bool:
    parts = urlsplit(address)
    if parts.netloc in {urlsplit(os.environ.get(name, "")).netloc for name in SANDBOX_URLS}:
        return True
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
