"""The wemalo server as a FastAPI application."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from fastapi.responses import HTMLResponse

from include.sandbox.frame.app import build_app
from include.sandbox.frame.clock import SimClock
from include.sandbox.wemalo.api.table import build_router
from include.sandbox.wemalo.delivery import BeforeAnswer, Courier
from include.sandbox.wemalo.world import WemaloWorld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI, Request, Response


def create_app(*, seed: int = 1, factor: float = 1.0, state_file: Path | None = None) -> FastAPI:
    """Return the server: /v1 as wemalo-connect has it, and the control API below /_sandbox.

    `factor` is the speed of the simulated clock; with `state_file` the world survives a restart.
    """
    world = WemaloWorld(seed=seed, clock=SimClock(factor=factor))
    app = build_app(world, build_router(world), title="wemalo sandbox", state_file=state_file)
    courier = Courier(world)
    app.add_middleware(BeforeAnswer, world=world, courier=courier)
    app.add_exception_handler(404, _unknown_route)
    app.router.redirect_slashes = False
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        async with inner(served):
            task = asyncio.create_task(courier.run())
            yield
            task.cancel()
            await courier.close()

    app.router.lifespan_context = lifespan
    return app


async def _unknown_route(request: Request, error: Exception) -> Response:
    """Answer as the vendor's web framework does where no route fits: with HTML."""
    del error
    text = f"<!DOCTYPE html><html><body><pre>Cannot {request.method} this path</pre></body></html>"
    return HTMLResponse(text, 404)
