"""Builds the FastAPI application of a sandbox server around its world."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from include.sandbox.frame.control import control_router
from include.sandbox.frame.middleware import UNKNOWN_ROUTE, SandboxMiddleware
from include.sandbox.frame.storage import Snapshots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Scope

    from include.sandbox.frame.world import World


SNAPSHOT_PAUSE = 0.5  # seconds between two looks at a world that is too large to write at once


class Templates:
    """Finds the path template of a request: what faults, hooks and call counts are keyed by."""

    def __init__(self, routes: list[tuple[str, str]]) -> None:
        self._fixed = {(method, path): path for method, path in routes if "{" not in path}
        self._patterns = [
            (method, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path)
            for method, path in routes
            if "{" in path
        ]

    def __call__(self, scope: Scope) -> str:
        """Return the template, "?" for a path that no route has."""
        method, path = scope["method"], scope["path"]
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed
        for known, pattern, template in self._patterns:
            if known == method and pattern.match(path):
                return template
        return UNKNOWN_ROUTE


def build_app(
    world: World, router: APIRouter, *, title: str, state_file: Path | None = None
) -> FastAPI:
    """Return an app with the vendor's routes, /_sandbox and the frame's middleware.

    A snapshot in `state_file` is taken over before the first request. `app.state.world` and
    `app.state.snapshots` are there for the process that runs it. Routes that have fixed parts must
    be added to the router before the ones with parameters in the same place.
    """
    snapshots = Snapshots(world, state_file)
    snapshots.load()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        keeper = asyncio.create_task(_keep(snapshots))
        yield
        keeper.cancel()
        snapshots.write()

    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.include_router(control_router(world))
    app.include_router(router)
    app.state.world = world
    app.state.snapshots = snapshots
    routes = [
        (method, route.path)  # type: ignore[attr-defined]
        for route in router.routes
        for method in sorted(getattr(route, "methods", None) or ())
    ]
    app.add_middleware(
        SandboxMiddleware, world=world, snapshots=snapshots, template_of=Templates(routes)
    )
    return app


async def _keep(snapshots: Snapshots) -> None:
    while True:
        await asyncio.sleep(SNAPSHOT_PAUSE)
        snapshots.write_if_due()
