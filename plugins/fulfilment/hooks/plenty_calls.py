"""How every call to plentymarkets is made: login, limits, routes (plentymarkets contract 2, 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fulfilment.hooks import login, paging
from fulfilment.hooks.answers import LONGEST_WAIT_S
from fulfilment.hooks.auth import HeaderAuth, need
from fulfilment.hooks.base import ApiHook
from fulfilment.hooks.paging import Listing, Row
from fulfilment.hooks.transport import Request
from include.core.systems.errors import AuthError, ConfigError, ContractError
from include.core.systems.values import count
from include.ledger.systems import budget, circuits, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from requests.auth import AuthBase
    from sqlalchemy import Engine

    from fulfilment.hooks.transport import Reply
    from include.core.merchants.merchant import Plan

# contract 4: reads and writes per user and minute, then per system and day
_PLANS: dict[str, tuple[int, int, int, int]] = {
    "basic": (80, 40, 59_760, 17_280),
    "classic": (200, 80, 166_000, 48_000),
    "flex": (240, 100, 282_000, 72_000),
    "plus": (280, 120, 282_000, 72_000),
}
_MINUTE, _DAY = 60, 86_400


class PlentyCalls(ApiHook):
    """Logs in once for all processes and keeps to the plan's call limits."""

    conn_type = "plenty"
    hook_name = "plentymarkets"
    default_conn_name = "plenty_default"
    system: ClassVar[str] = "plenty"

    def __init__(
        self,
        merchant: str = "",
        conn_id: str = default_conn_name,
        ledger_engine: Engine | None = None,
        *,
        plan: Plan = "classic",
        priority: str = "orders",
        **options: Any,
    ) -> None:
        super().__init__(merchant, conn_id, ledger_engine, priority=priority, **options)
        self._plan = _PLANS[plan]
        self._token: str | None = None

    def who_am_i(self) -> Row:
        """Return the REST user (contract 2.2)."""
        request = Request("GET", "/rest/users/me", "/rest/users/me")
        data = self._call(request)
        if not isinstance(data, dict):
            raise self._odd(request.name)
        return data

    # -- calls ----------------------------------------------------------------------------

    def _get(self, route: str, *, params: Sequence[tuple[str, str]] = (), **ids: int) -> Any:
        return self._call(Request("GET", route, route.format(**ids), params=params))

    def _list(self, route: str, **ids: int) -> list[Row]:
        return paging.read_page(
            self._get(route, params=(), **ids), f"GET {route}", self.merchant
        ).rows

    def _pages(self, route: str, key: str, **ids: int) -> list[Row]:
        return Listing(f"GET {route}", self.merchant).by_number(
            lambda page: self._get(
                route, params=[("page", str(page)), ("itemsPerPage", str(paging.PAGE_SIZE))], **ids
            ),
            key=lambda row: row.get(key),
        )

    def _put(self, route: str, body: Row, **ids: int) -> Any:
        return self._call(Request("PUT", route, route.format(**ids), body=body, kind="write"))

    def _post(self, route: str, body: Row, **ids: int) -> Any:
        return self._call(Request("POST", route, route.format(**ids), body=body, kind="write"))

    def _odd(self, what: str) -> ContractError:
        text = f"{self.merchant}: plentymarkets' answer to {what} is not what its contract says."
        return ContractError(text, merchant=self.merchant)

    def _ping(self) -> str:
        who = self.who_am_i()
        return f"Logged in to {self._settings.host} as user {who.get('id', '?')}."

    # -- login ----------------------------------------------------------------------------

    def _auth(self, stale: AuthBase | None = None) -> AuthBase | None:
        if stale is not None or self._token is None:
            self._token = self._shared_token(self._token if stale is not None else None)
        return HeaderAuth(f"Bearer {self._token}")

    def _shared_token(self, stale: str | None) -> str:
        settings = self._settings
        need(settings.login, "user name (Login)", settings, self.merchant)
        need(settings.password, "password", settings, self.merchant)
        if self._engine is None:
            return self._log_in().token
        keys = login.cipher_keys()
        key = login.token_key(self.merchant, self.system, settings, keys)
        return tokens.get(self._engine, key, login.cipher(keys), self._log_in_checked, stale=stale)

    def _log_in_checked(self) -> tokens.Login:
        """Log in, unless the process that was here before us was refused a moment ago."""
        gate = self._circuit.check(newest=True) if not self._on_trial else circuits.Pass(trial=True)
        try:
            return self._log_in()
        except (AuthError, ConfigError) as error:
            # while the login is still ours: who comes next must not try the same password again
            self._circuit.failed(error, gate)
            raise

    def _log_in(self) -> tokens.Login:
        settings = self._settings
        request = Request(
            "POST",
            "/rest/login",
            "/rest/login",
            body={"username": settings.login, "password": settings.password},
            kind="login",
        )
        return login.read_login(self._send(request, None), settings, self.merchant)

    # -- limits ---------------------------------------------------------------------------

    def _limits(self, request: Request) -> Mapping[str, budget.Limit]:
        reads, writes, reads_a_day, writes_a_day = self._plan
        if request.kind == "read":
            return {
                "read": budget.Limit(reads, _MINUTE),
                "read_day": budget.Limit(reads_a_day, _DAY),
            }
        return {
            "write": budget.Limit(writes, _MINUTE),
            "write_day": budget.Limit(writes_a_day, _DAY),
        }

    def _readings(
        self, request: Request, reply: Reply, refused_s: float | None
    ) -> Mapping[str, budget.Reading]:
        kind = "read" if request.kind == "read" else "write"
        short = _reading(reply.headers, "X-Plenty-Global-Short-Period")
        long = _reading(reply.headers, "X-Plenty-Global-Long-Period")
        if refused_s is not None:
            stop = budget.Reading(left=0, reset_s=refused_s)
            day = long.left == 0 or refused_s > 10 * _MINUTE
            short, long = (short, stop) if day else (stop, long)
        return {kind: short, f"{kind}_day": long}


def _reading(headers: Mapping[str, str], family: str) -> budget.Reading:
    """Read one header family (contract 4)."""
    decay = count(headers.get(f"{family}-Decay"), LONGEST_WAIT_S)
    return budget.Reading(
        limit=count(headers.get(f"{family}-Limit"), budget.MOST_CALLS),
        left=count(headers.get(f"{family}-Calls-Left"), budget.MOST_CALLS),
        reset_s=None if decay is None else float(decay),
    )
