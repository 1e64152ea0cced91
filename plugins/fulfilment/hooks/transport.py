"""One HTTP exchange: send a request, read the whole answer, name what went wrong.

Nothing is judged here but the transport itself: whether an answer came at all, and if not, whether
the other side can have seen the request. What an answer means is said in `answers`.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import requests
import urllib3.exceptions as low
from requests.structures import CaseInsensitiveDict

from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; far above 250 orders with everything
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    :param route: method's path template, for logs and errors: it holds no ids.
    :param path: the path to call, below the connection's URL.
    :param kind: a ``write`` changes something on the other side and is never repeated blindly.
    :param empty_ok: an empty 2xx is a good answer; the caller reads back what it did.
    """

    method: str
    route: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    body: Any = field(default=None, repr=False)
    kind: Literal["read", "write", "login"] = "read"
    empty_ok: bool = False

    @property
    def name(self) -> str:
        """Return method and route, for logs and error texts."""
        return f"{self.method} {self.route}"

    def identity(self) -> str:
        """Return what tells this call from those about other items, as a digest.

        "" where it is about no item: then it cannot be the item that makes it fail.
        """
        if self.path == self.route and self.body is None:
            return ""
        whole = json.dumps([self.method, self.path, self.params, self.body], default=str)
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; the body is personal data and stays out of every ``repr``."""

    status: int
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict, repr=False)
    body: bytes = field(default=b"", repr=False)


class NotSent(Exception):
    """No connection was made: the other side has not seen the request."""

    shape = "not_sent"  # of `fulfilment.hooks.answers.Finding`


class BadCertificate(NotSent):
    """The other side's certificate is not valid for its host name."""

    shape = "certificate"


class ReadOnly(RuntimeError):
    """A write reached the network in a dry run: an error of this program, never of a user."""


class NoAnswer(Exception):
    """The request may have been seen, but no whole answer came."""

    shape = "cut"


class TooSlow(NoAnswer):
    """No whole answer within the time allowed."""

    shape = "slow"


def exchange(
    session: requests.Session,
    url: str,
    request: Request,
    *,
    auth: requests.auth.AuthBase | None,
    connect_s: float,
    read_s: float,
    read_only: bool = False,
) -> Reply:
    """Send ``request`` to ``url`` and return the whole answer; redirects are not followed.

    :param read_s: seconds for the whole answer, so that a trickle of bytes cannot hold a task.
    :param read_only: refuse whatever changes something there (a login does not).
    :raises ReadOnly: it was refused; nothing was sent.
    :raises NotSent: nothing can have happened on the other side.
    :raises NoAnswer: something may have happened.
    """
    if read_only and request.kind == "write":
        msg = f"{request.name} was not called: this is a dry run"
        raise ReadOnly(msg)
    deadline = time.monotonic() + connect_s + read_s
    try:
        response = session.request(
            request.method,
            url,
            params=list(request.params),
            json=request.body,
            auth=auth,
            timeout=(connect_s, read_s),
            allow_redirects=False,
            stream=True,
        )
    except requests.exceptions.ConnectTimeout:
        raise NotSent from None
    except requests.exceptions.Timeout:
        raise TooSlow from None
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise BadCertificate from None
        raise NoAnswer from None
    except requests.exceptions.ConnectionError as error:
        if _before_sending(error):
            raise NotSent from None
        raise NoAnswer from None
    except (requests.exceptions.RequestException, low.LocationValueError):
        # Bad URL, bad header: refused on our side before a connection was made.
        raise NotSent from None
    with response:
        body = _read(response, deadline)
    return Reply(response.status_code, response.headers, body)


def _before_sending(error: requests.exceptions.ConnectionError) -> bool:
    if isinstance(error, requests.exceptions.ProxyError):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, (low.NewConnectionError, low.ConnectTimeoutError))


def _read(response: requests.Response, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            part = response.raw.read1(_CHUNK, decode_content=True)
            if not part:
                break
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise NoAnswer
            if time.monotonic() > deadline:
                raise TooSlow
    except low.ReadTimeoutError:
        raise TooSlow from None
    except (low.HTTPError, OSError):
        raise NoAnswer from None
    expected = response.headers.get("Content-Length", "")
    encoded = "Content-Encoding" in response.headers
    wanted = whole(expected)
    if wanted is not None and not encoded and size < wanted:
        raise NoAnswer
    return b"".join(parts)
