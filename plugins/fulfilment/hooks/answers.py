"""What an answer means: one table from status code and body shape to a typed error.

Pure functions, no network. Both systems report errors in more than one way: by status code, inside
a 200 (plentymarkets contract 5), by a status of their own inside the body (wemalo contract 2), or
with a web page from a proxy. `find` brings an answer to a `Finding`, `RULES` says what it means.

For writes the question is whether something may have happened: a clear refusal is `OrderRejected`,
anything unclear is `AmbiguousWrite`. Texts never quote the body, it may hold personal data.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fulfilment.hooks.known_words import known_words, missing_rights
from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    ConfigError,
    ContractError,
    Forbidden,
    FulfilmentError,
    NotFound,
    OrderRejected,
    RateLimited,
    SessionLimit,
    Timeout,
    TransientError,
    Unavailable,
)
from include.core.systems.json_answer import read_json
from include.core.systems.values import count, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fulfilment.hooks.transport import Reply, Request

log = logging.getLogger(__name__)

NAMES = {"plenty": "plentymarkets", "wemalo": "wemalo"}
# Waiting time where a limit answer names none (plentymarkets contract 4, wemalo contract 13).
_DEFAULT_WAIT_S = {"plenty": 70.0, "wemalo": 60.0}
_SESSIONS = "too_many_concurrent_sessions"  # plentymarkets contract 2.3
_SIGN_OF_LOGIN = {"invalid_credentials", "unauthorized", "access_denied", "invalid_token"}
_HOST = re.compile(r"[a-z0-9.-]{1,253}|[0-9a-f:.]{2,45}")
LONGEST_WAIT_S = 86_400  # a day's limit reopens within a day
_CREATES = ("/goodsOrder/addConditional", "/goodsOrder/add")


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer brought to what decides.

    :param code: HTTP code, or the code found in the body of a 2xx; 0 where no answer came.
    :param shape: ``json``, ``error`` (an error inside a 2xx), ``odd`` (inside a 2xx neither yes nor
        no), ``html``, ``empty``, ``broken``, ``foreign`` (not the system's own way to refuse),
        ``sessions``, or how the transport failed: ``not_sent``, ``certificate``, ``slow``, ``cut``.
    :param words: names of refused fields or a symbolic error name; never values.
    :param replaced: values that could not be kept (`include.core.systems.json_answer`).
    """

    code: int
    shape: str
    data: Any = None
    words: str = ""
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: for which calls and answers which error is raised, with which text."""

    kinds: str  # "read write login"
    codes: range
    shapes: str  # "" = any
    error: type[FulfilmentError]
    code: str
    text: str
    systems: str = "plenty wemalo"
    routes: tuple[str, ...] = ()

    def fits(self, system: str, request: Request, finding: Finding) -> bool:
        """Say whether this row speaks of ``finding``."""
        return (
            system in self.systems.split()
            and request.kind in self.kinds.split()
            and finding.code in self.codes
            and (not self.shapes or finding.shape in self.shapes.split())
            and (not self.routes or request.route in self.routes)
        )


_ALL = "read write login"
_READS = "read login"
_NONE = range(1)
_ANY = range(600)


def _exactly(code: int) -> range:
    return range(code, code + 1)


_LOOK = "Whether it took effect is not known; it is looked up before anything is repeated."
_LIMIT = "{name}'s call limit for this user is used up. The work goes on when it reopens."
_AUTH = "{name} refused the login. Check user, password or token in the connection {connection}."
_PAGE = (
    "{name} answers {call} with a web page instead of data. Check the URL in the connection "
    "{connection}; if it is right, the system may be under maintenance."
)
_REFUSED = "{name} refused {call} ({status}{words})."

#: the first row that fits decides
RULES: tuple[Rule, ...] = (
    # no answer
    Rule(_ALL, _NONE, "not_sent", Unavailable, "UNREACHABLE",
         "{name} cannot be reached at {host}. If it is not just down, check the URL in the "
         "connection {connection}."),
    Rule(_ALL, _NONE, "certificate", ConfigError, "CERTIFICATE",
         "{host} shows a certificate that is not valid for this name. Check the URL in the "
         "connection {connection}."),
    Rule("write", _NONE, "slow", AmbiguousWrite, "WRITE_TIMEOUT",
         "{name} did not answer {call} in time. " + _LOOK),
    Rule(_READS, _NONE, "slow", Timeout, "TIMEOUT",
         "{name} did not answer {call} in time. It is tried again later."),
    Rule("write", _NONE, "cut", AmbiguousWrite, "WRITE_CUT",
         "The connection to {name} was cut during {call}. " + _LOOK),
    Rule(_READS, _NONE, "cut", Unavailable, "CUT",
         "The connection to {name} was cut during {call}. It is tried again later."),
    # answers that mean the same for every call
    Rule(_ALL, range(300, 400), "", ConfigError, "REDIRECT",
         "{name} redirects {call} to {target}. Enter the final https address in the connection "
         "{connection}."),
    Rule(_ALL, _ANY, "sessions", SessionLimit, "SESSION_LIMIT",
         "{name} lets no more users work at the same time. Back end, app and REST API share these "
         "places, so the merchant's own staff may hold them: somebody logs out, or the merchant "
         "books more users. Use a user of its own for this connection ({connection}).",
         systems="plenty"),
    Rule(_ALL, _exactly(429), "", RateLimited, "RATE_LIMITED", _LIMIT),
    Rule(_ALL, _exactly(419), "", RateLimited, "RATE_LIMITED", _LIMIT, systems="wemalo"),
    Rule(_ALL, _exactly(401), "", AuthError, "AUTH", _AUTH),
    Rule("login", _exactly(403), "", AuthError, "AUTH", _AUTH),
    Rule("read write", _exactly(403), "json error empty broken foreign", Forbidden, "FORBIDDEN",
         "wemalo forbids {call}. If it forbids all calls, check the token in the connection "
         "{connection}.", systems="wemalo"),
    Rule("read write", _exactly(403), "json error empty broken foreign", Forbidden, "FORBIDDEN",
         "The {name} user of connection {connection} has no right for {call}{rights}. Give "
         "its role the right; it may take an hour to reach an open session.", systems="plenty"),
    # the other side's trouble
    Rule("write", range(500, 600), "", AmbiguousWrite, "WRITE_FAILED",
         "{name} failed ({status}) during {call}. " + _LOOK),
    Rule(_READS, range(500, 600), "", Unavailable, "UNAVAILABLE",
         "{name} failed ({status}) during {call}. It is tried again later."),
    Rule("write", _exactly(408), "", AmbiguousWrite, "WRITE_TIMEOUT",
         "{name} gave up waiting during {call}. " + _LOOK),
    Rule(_READS, _exactly(408), "", Timeout, "TIMEOUT",
         "{name} gave up waiting during {call}. It is tried again later."),
    # web pages
    Rule("write", range(200, 300), "html", AmbiguousWrite, "WRITE_HTML",
         "{name} answered {call} with a web page instead of data. " + _LOOK),
    Rule("read write", _exactly(404), "html", ContractError, "HTML", _PAGE),
    # a firewall's or proxy's page about one call: it never reached the system
    Rule("read write", range(400, 500), "html", ContractError, "BLOCKED",
         "{host} answers {call} with a web page ({status}): something in front of {name} blocks "
         "this call. If it blocks all calls, check the URL in the connection {connection}."),
    Rule(_ALL, _ANY, "html", ContractError, "HTML", _PAGE),
    # clear refusals; a 404 that wemalo did not write itself says nothing of an order
    Rule("read write", _exactly(404), "empty broken foreign", ContractError, "FOREIGN",
         "{host} answers {call} with 404, but not as {name} does. Check the URL in the connection "
         "{connection}.", systems="wemalo"),
    Rule("login", _exactly(404), "", ConfigError, "NO_LOGIN_ROUTE",
         "There is no {name} at {host}. Check the URL in the connection {connection}."),
    Rule("login", range(400, 500), "", AuthError, "AUTH", _AUTH),
    Rule("read", _exactly(404), "", NotFound, "NOT_FOUND",
         "{name} does not know what {call} asks for."),
    Rule("write", _exactly(404), "", OrderRejected, "UNKNOWN_PRODUCT",
         "wemalo does not know a product of this order. Send the product to wemalo, then release "
         "the order again.", systems="wemalo", routes=_CREATES),
    Rule("write", _exactly(404), "", OrderRejected, "NOT_FOUND",
         "{name} does not know what {call} wants to change. Nothing was changed."),
    Rule("write", _exactly(409), "", OrderRejected, "CONFLICT",
         "{name} refused {call}: the order is in a state that does not allow it any more."),
    Rule("write", _exactly(422), "", OrderRejected, "VALIDATION", _REFUSED),
    Rule("write", range(400, 500), "", OrderRejected, "REJECTED", _REFUSED),
    Rule("read", range(400, 500), "", ContractError, "BAD_REQUEST", _REFUSED),
    Rule(_ALL, range(100, 200), "", ContractError, "CONTRACT", _REFUSED),
    # a yes that is none
    Rule("login", range(200, 300), "error odd", AuthError, "AUTH", _AUTH),
    Rule("write", range(200, 300), "error", OrderRejected, "REJECTED", _REFUSED),
    Rule("read", range(200, 300), "error odd", ContractError, "ERROR_IN_ANSWER", _REFUSED),
    Rule("write", range(200, 300), "empty", AmbiguousWrite, "WRITE_EMPTY",
         "{name} answered {call} with nothing. " + _LOOK),
    Rule("write", range(200, 300), "broken odd", AmbiguousWrite, "WRITE_UNREADABLE",
         "{name}'s answer to {call} cannot be read. " + _LOOK),
    Rule(_READS, range(200, 300), "empty", ContractError, "EMPTY",
         "{name} answered {call} with nothing. Check the URL in the connection {connection}."),
    Rule(_READS, range(200, 300), "broken", ContractError, "UNREADABLE",
         "{name}'s answer to {call} cannot be read. If it happens again, ask {name}'s support."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call went, for the texts: merchant, system, connection id and host name."""

    merchant: str
    system: str
    connection: str
    host: str


def judge(place: Place, request: Request, reply: Reply) -> Any:
    """Return the JSON of a good answer, or None for 204 No Content.

    :raises FulfilmentError: the row of `RULES` that fits.
    """
    if reply.status == 204 and request.kind == "write":
        return None
    finding = find(place.system, reply)
    if finding.replaced:
        log.warning(
            "unreadable merchant=%s system=%s call=%s values=%d",
            place.merchant, place.system, request.name, finding.replaced,
        )  # fmt: skip
    if request.empty_ok and finding.shape == "empty" and 200 <= finding.code < 300:
        return None
    if 200 <= finding.code < 300 and finding.shape == "json":
        return finding.data
    raise error_for(place, request, finding, reply)


def error_for(
    place: Place, request: Request, finding: Finding, reply: Reply | None = None
) -> FulfilmentError:
    """Return the error that `RULES` has for ``finding``."""
    rule = next((r for r in RULES if r.fits(place.system, request, finding)), None)
    name = NAMES[place.system]
    if rule is None:
        msg = f"{name} gave an answer to {request.name} that no rule knows ({finding.code})."
        return ContractError(msg, merchant=place.merchant)
    headers = reply.headers if reply else {}
    what = rule.text.format(
        name=name,
        call=request.name,
        connection=place.connection,
        host=place.host,
        status=finding.code,
        words=f", {finding.words}" if finding.words else "",
        rights=f"; missing: {', '.join(rights)}"
        if (rights := missing_rights(finding.data))
        else "",
        target=_target(headers),
    )
    text = f"{place.merchant}: {what}" if place.merchant else what
    log = f"{place.system} {request.name} -> {finding.code} {finding.shape} {finding.words}".strip()
    if issubclass(rule.error, TransientError):
        wait = retry_after(place.system, headers) if rule.error is RateLimited else None
        return rule.error(text, log=log, code=rule.code, merchant=place.merchant, retry_after=wait)
    return rule.error(text, log=log, code=rule.code, merchant=place.merchant)


def find(system: str, reply: Reply) -> Finding:
    """Bring ``reply`` to what decides: code and shape."""
    body = reply.body.strip()
    kind = reply.headers.get("Content-Type", "").lower()
    if not body:
        return Finding(reply.status, "empty")
    if body[:1] != b"<" or "json" in kind:
        try:
            read = read_json(body)
        except ValueError:
            return Finding(reply.status, "html" if "html" in kind else "broken")
    else:
        return Finding(reply.status, "html")
    judged = _find_plenty if system == "plenty" else _find_wemalo
    return replace(judged(reply.status, read.data), replaced=read.replaced)


def _find_plenty(status: int, data: Any) -> Finding:
    """Look for an ``error`` key in any answer (plentymarkets contract 5)."""
    error = data.get("error") if isinstance(data, dict) else None
    words = known_words(data)
    if _SESSIONS in words:
        return Finding(429, "sessions", data, words)
    if not error or status >= 300:
        return Finding(status, "json", data, words)
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600:
        return Finding(code, "error", data, words)
    if _SIGN_OF_LOGIN & set(words.split()):
        return Finding(401, "error", data, words)
    return Finding(status, "error", data, words)


def _find_wemalo(status: int, data: Any) -> Finding:
    """Judge HTTP code, ``status`` and ``Success`` together (wemalo contract 2)."""
    if not isinstance(data, dict):
        # Known to happen for errors (contract 1); never a success.
        return Finding(status, "foreign" if status >= 300 else "broken", data)
    words = known_words({"error": data.get("error")})
    own = whole(data.get("status"))
    if status >= 300 and own is None and "Success" not in data:
        return Finding(status, "foreign", data, words)
    if status >= 300:
        return Finding(status, "json", data, words)
    if own is not None and 400 <= own < 600:
        return Finding(own, "error", data, words)
    if data.get("Success") in (False, 0, "false"):
        return Finding(status, "error", data, words)
    # any 2xx with a yes is one; another number, or one without a yes, is neither yes nor no
    good = own in (None, 200) or (200 <= own < 300 and data.get("Success") is True)
    return Finding(status, "json" if good else "odd", data, words)


def retry_after(system: str, headers: Mapping[str, str]) -> float:
    """Return the seconds to wait after a limit answer: header, window's end, or the default."""
    value = headers.get("Retry-After", "").strip()
    seconds = count(value, LONGEST_WAIT_S)
    if seconds is not None:
        return float(seconds)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        decay = count(headers.get("X-Plenty-Global-Short-Period-Decay"), LONGEST_WAIT_S)
        return float(decay) if decay else _DEFAULT_WAIT_S[system]
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    wait = (until - datetime.now(UTC)).total_seconds()
    return min(max(wait, 0.0), float(LONGEST_WAIT_S))


def _target(headers: Mapping[str, str]) -> str:
    """Return scheme, host and port of a redirect; login, path and query stay out."""
    try:
        target = urlsplit(headers.get("Location", ""))
        host, port = target.hostname or "", target.port
    except ValueError:
        host, port = "", None
    if not _HOST.fullmatch(host) or target.scheme not in ("http", "https"):
        return "another address"
    return f"{target.scheme}://{host}" + (f":{port}" if port else "")
