"""One call to /v1: login, limit, body, and how answers and refusals look (wemalo contract 15.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotation at run time
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from include.sandbox.wemalo import dates
from include.sandbox.wemalo.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Tenant

    Handler = Callable[["Call"], dict[str, Any]]

WINDOW_S = 60  # simulated, wemalo contract 13
LIMIT_HEADERS = ("x-wemalo-limit-maxcall", "x-wemalo-limit-remainingcall")
NO_VALUE = ("", "undefined", "null")  # what a JavaScript client puts in a URL for "nothing"


@dataclass(frozen=True, slots=True)
class Call:
    """A call with a known token."""

    world: Ground
    tenant: Tenant
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]

    def text(self, name: str) -> str:
        """Return a query parameter, "" if it was not given."""
        value = self.query.get(name, "")
        return "" if value in NO_VALUE else value

    def flag(self, name: str) -> bool:
        """Return a true/false query parameter."""
        return self.text(name).lower() in ("true", "1")

    def page(self) -> int:
        """Return the page, counted from 0."""
        text = self.text("page")
        return int(text) if text.isdecimal() else 0

    def hour(self, name: str) -> datetime:
        """Return a required `ddMMyyyyHH`; ApiError 400."""
        moment = dates.read_hour(self.text(name))
        if moment is None:
            raise ApiError(400, f"{name} INVALID: ddMMyyyyHH is expected")
        return moment

    def moment(self, name: str) -> datetime | None:
        """Return a `dd.MM.yyyy HH:mm:ss`, None if it was not given; ApiError 400."""
        text = self.text(name)
        moment = dates.read_moment(text)
        if text and moment is None:
            raise ApiError(400, f"{name} INVALID: dd.MM.yyyy HH:mm:ss is expected")
        return moment

    def id_in_path(self, name: str) -> int:
        """Return a numeric id of the path; 0, which no record has, if it is none."""
        text = self.path[name]
        return int(text) if text.isdecimal() else 0

    def shown_id(self, number: int) -> int | str:
        """Return an id in a row: the documentation says text, its examples show numbers."""
        return str(number) if self.tenant.settings.ids_as == "string" else number


def endpoint(world: Ground, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return the HTTP endpoint of a handler, which only sees calls that may be made."""

    async def serve(request: Request) -> Response:
        body = await request.body()
        world.tick()
        tenant = _tenant(world, request.headers.get("authorization", ""))
        if tenant is None:
            most = str(world.settings.limit_calls)
            headers = dict(zip(LIMIT_HEADERS, (most, most), strict=True))
            return PlainTextResponse("Unauthorized", 401, headers)
        remaining = _count(world, tenant)
        if remaining < 0:
            return _answer(tenant, 0, _refusal(ApiError(419, "call limit exceeded")))
        try:
            path = {name: value.replace("%2F", "/") for name, value in request.path_params.items()}
            call = Call(world, tenant, path, dict(request.query_params), _read(body))
            answer = {"Success": True, "status": 200} | handler(call)
        except ApiError as error:
            answer = _refusal(error)
        return _answer(tenant, remaining, answer)

    return serve


def _tenant(world: Ground, authorization: str) -> Tenant | None:
    scheme, _, token = authorization.partition(" ")
    name = world.tokens.get(token.strip()) if scheme == "JWT" else None
    return world.tenants[name] if name is not None else None


def _count(world: Ground, tenant: Tenant) -> int:
    """Count a call in the window; return how many are left, -1 if it is one too many."""
    now = world.now.timestamp()
    if not tenant.window_start <= now < tenant.window_start + WINDOW_S:
        tenant.window_start = now - now % WINDOW_S
        tenant.window_calls = 0
    if tenant.window_calls >= tenant.settings.limit_calls:
        return -1
    tenant.window_calls += 1
    return tenant.settings.limit_calls - tenant.window_calls


def _read(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        read = json.loads(body)
    except ValueError:
        raise ApiError(400, "body is not JSON") from None
    if isinstance(read, list) and not read:
        return {}  # how PHP writes an empty object
    if not isinstance(read, dict):
        raise ApiError(400, "body is not an object")
    return read


def _refusal(error: ApiError) -> dict[str, Any]:
    return {"Success": False, "status": error.status, "message": error.message}


def _answer(tenant: Tenant, remaining: int, answer: dict[str, Any]) -> Response:
    code = answer["status"] if tenant.settings.http_mirrors_body else 200
    counts = (str(tenant.settings.limit_calls), str(remaining))
    headers = dict(zip(LIMIT_HEADERS, counts, strict=True))
    return JSONResponse(answer, code, headers)
