"""Builds the plentymarkets server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it at run time

from include.sandbox.frame.app import build_app
from include.sandbox.frame.clock import SimClock
from include.sandbox.frame.middleware import CONTROL_PREFIX
from include.sandbox.frame.world import RawRequest, Reply
from include.sandbox.plenty import (
    routes_batch,
    routes_documents,
    routes_items,
    routes_master,
    routes_order_changes,
    routes_orders,
    routes_rest,
    routes_returns,
    routes_shipping,
    routes_stock,
)
from include.sandbox.plenty.access import bearer, wrong_password
from include.sandbox.plenty.errors import ApiError, not_found, unauthorized, wrong_method
from include.sandbox.plenty.request import parse_body
from include.sandbox.plenty.routing import Route, to_response, vendor_router
from include.sandbox.plenty.world import PlentyWorld

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI

    from include.sandbox.plenty.model import JsonObject, Tenant, User

# Routes without a token, served apart from the rest: (method, path, query names, body names).
OPEN_ROUTES = (
    ("POST", "/rest/login", ("username", "password")),
    ("POST", "/rest/login/refresh", ()),
    ("POST", "/rest/logout", ()),
)


def all_routes() -> list[Route]:
    """Return every route that needs a token."""
    modules = (
        routes_orders,
        routes_order_changes,
        routes_shipping,
        routes_master,
        routes_stock,
        routes_items,
        routes_returns,
        routes_documents,
        routes_rest,
    )
    routes = [route for module in modules for route in module.routes.all]
    return routes + routes_batch.batch_routes(routes)


def create_app(*, seed: int = 1, factor: float = 1.0, state_file: Path | None = None) -> FastAPI:
    """Return the server as an app; without a scenario it has no tenant and refuses every login."""
    world = PlentyWorld(seed=seed, clock=SimClock(factor=factor))
    router = APIRouter()
    for path, handle in (
        ("/rest/login", login),
        ("/rest/login/refresh", refresh),
        ("/rest/logout", logout),
    ):
        router.add_api_route(path, _open_endpoint(world, handle), methods=["POST"])
    router.include_router(vendor_router(world, all_routes()))
    app = build_app(world, router, title="plentymarkets sandbox", state_file=state_file)
    app.add_exception_handler(404, _unknown_route)
    app.add_exception_handler(405, _unknown_route)
    return app


async def _unknown_route(request: HttpRequest, error: Exception) -> Response:
    """Answer the vendor's way; under /_sandbox the control API's."""
    status = getattr(error, "status_code", 404)
    if request.url.path.startswith(CONTROL_PREFIX):
        return to_response(Reply(status, {"detail": getattr(error, "detail", "Not Found")}), {})
    refusal = wrong_method() if status == 405 else not_found()
    return to_response(Reply(status, refusal.body), {})


def login(world: PlentyWorld, request: RawRequest) -> tuple[Tenant, User, JsonObject | None]:
    """Log in with user name and password."""
    name, password = world.credentials(request)
    found = world.find_user(name)
    if found is None or found[1].password != password:
        switches = found[0].switches if found else world.switches
        raise wrong_password(switches.wrong_password)
    tenant, user = found
    return tenant, user, world.sessions.open(tenant, user, world.clock.timestamp())


def refresh(world: PlentyWorld, request: RawRequest) -> tuple[Tenant, User, JsonObject | None]:
    """Trade a refresh token, or the bearer token itself, for a new pair; the old token ends."""
    body = parse_body(request.body, request.headers.get("content-type", ""))
    fields = body if isinstance(body, dict) else {}
    token = str(fields.get("refresh_token") or fields.get("refreshToken") or "")
    now = world.clock.timestamp()
    by = "refresh_token"
    if not token:
        token, by = bearer(request.headers) or "", "bearer"
    owner = world.sessions.owner_of(token, by)
    if owner is None or world.tenants[owner].switches.refresh_by not in (by, "either"):
        raise unauthorized()
    session = world.sessions.refresh(token, now)
    if session is None:
        raise unauthorized()
    tenant = world.tenants[session.tenant]
    user = tenant.users[session.user_id]
    return tenant, user, world.sessions.open(tenant, user, now)


def logout(world: PlentyWorld, request: RawRequest) -> tuple[Tenant, User, JsonObject | None]:
    """End the token."""
    token = bearer(request.headers)
    tenant, user = world.authorized(token)
    world.sessions.close(str(token))
    return tenant, user, None


def _open_endpoint(world: PlentyWorld, handle: Callable[..., Any]) -> Callable[..., Any]:
    async def endpoint(http: HttpRequest) -> Response:
        request = RawRequest(
            http.method,
            http.url.path,
            http.url.query,
            {key.lower(): value for key, value in http.headers.items()},
            await http.body(),
        )
        try:
            tenant, user, body = handle(world, request)
        except ApiError as error:
            return to_response(Reply(error.status, error.body), {})
        return to_response(Reply(200, body), world.limits.look(tenant, user, "write"))

    return endpoint
