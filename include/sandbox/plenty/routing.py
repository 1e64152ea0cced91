"""Registers handlers, and does what every vendor route has around it: token, limits, errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from starlette.responses import Response

from include.sandbox.frame.world import Reply
from include.sandbox.plenty.access import bearer
from include.sandbox.plenty.errors import ApiError
from include.sandbox.plenty.request import Query, Request, parse_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.plenty.world import PlentyWorld

HandlerT = TypeVar("HandlerT", bound="Callable[[Request], Any]")
TEXT_KEYS = ("statusId", "referrerId", "locationId", "ownerId")  # contract 21.8


@dataclass(frozen=True, slots=True)
class Route:
    """One vendor route. `query` and `body` name what the handler reads, for the contract test."""

    method: str
    path: str
    handle: Callable[[Request], Any]
    query: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return what call counts, faults and hooks name it by."""
        return f"{self.method} {self.path}"


class Routes:
    """The routes of one module."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self, method: str, path: str, *, query: tuple[str, ...] = (), body: tuple[str, ...] = ()
    ) -> Callable[[HandlerT], HandlerT]:
        """Register a handler; several registrations may share one."""

        def register(handle: HandlerT) -> HandlerT:
            self.all.append(Route(method, path, handle, query, body))
            return handle

        return register


def vendor_router(world: PlentyWorld, routes: list[Route]) -> APIRouter:
    """Return a router with every route that needs a token. Fixed paths go before templates."""
    router = APIRouter()
    for route in ordered(routes):
        router.add_api_route(
            route.path, _endpoint(world, route), methods=[route.method], name=route.key
        )
    return router


def ordered(routes: list[Route]) -> list[Route]:
    """Put fixed paths before templates in the same place."""
    return sorted(routes, key=lambda route: [part[:1] == "{" for part in route.path.split("/")])


def _endpoint(world: PlentyWorld, route: Route) -> Callable[[HttpRequest], Any]:
    async def endpoint(http: HttpRequest) -> Response:
        body = await http.body()
        return serve(world, route, http, body)

    return endpoint


def serve(world: PlentyWorld, route: Route, http: HttpRequest, body: bytes) -> Response:
    """Check token and limits, run the handler, build the answer. No await: atomic."""
    headers: dict[str, str] = {}
    lower = False
    try:
        tenant, user = world.authorized(bearer(dict(http.headers)))
        lower = tenant.switches.header_case == "lower"
        kind = world.kind_of(route.key)
        parsed = parse_body(body, http.headers.get("content-type", ""))
        headers, refusal = world.count(tenant, user, kind)
        if refusal is not None:
            return to_response(refusal, headers, lower=lower)
        request = Request(
            world,
            tenant,
            user,
            {key: str(value) for key, value in http.path_params.items()},
            Query(http.url.query),
            parsed,
            world.clock.timestamp(),
        )
        result = route.handle(request)
        if not isinstance(result, Reply):
            share = tenant.switches.numbers_as_text
            if share and tenant.random.random() < share:
                result = as_text(result)
            result = Reply(200, result)
    except ApiError as error:
        result = Reply(error.status, error.body)
    return to_response(result, headers, lower=lower)


def as_text(payload: Any) -> Any:
    """Return a copy with the numbers as text that live systems send so now and then."""
    if isinstance(payload, list):
        return [as_text(row) for row in payload]
    if not isinstance(payload, dict):
        return payload
    changed = {
        key: str(payload[key]) for key in TEXT_KEYS if isinstance(payload.get(key), int | float)
    }
    if "entries" in payload and "page" in payload:
        changed |= {"page": str(payload["page"]), "entries": as_text(payload["entries"])}
    return payload | changed


def to_response(reply: Reply, headers: dict[str, str], *, lower: bool = False) -> Response:
    """Return the HTTP answer; the limit headers keep their case unless it is switched off."""
    if reply.body is None:
        content, media = b"", "text/html; charset=UTF-8"
    elif isinstance(reply.body, bytes):
        content, media = reply.body, "application/octet-stream"
    else:
        content = json.dumps(reply.body, separators=(",", ":")).encode()
        media = "application/json"
    response = Response(content, reply.status)
    given = {"Content-Type": media} | headers | reply.headers
    response.raw_headers = [
        ((key.lower() if lower else key).encode("latin-1"), value.encode("latin-1"))
        for key, value in given.items()
    ] + [(b"content-length", str(len(content)).encode())]
    return response
