"""The control API of a sandbox server: scenarios, state, calls, faults, hooks, clock, actors."""

from __future__ import annotations

import json
from datetime import datetime  # noqa: TC003 - pydantic needs it at run time
from typing import Any

from fastapi import APIRouter, Body, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from include.sandbox.frame.faults import Fault  # noqa: TC001 - FastAPI reads it at run time
from include.sandbox.frame.hooks import Hook  # noqa: TC001 - FastAPI reads it at run time
from include.sandbox.frame.middleware import CONTROL_PREFIX
from include.sandbox.frame.world import SandboxError, World

JsonObject = dict[str, Any]


class ClockChange(BaseModel):
    """One or more of: set the time, jump ahead (simulated seconds), change the speed."""

    model_config = ConfigDict(extra="forbid")

    now: datetime | None = None
    advance: float | None = None
    factor: float | None = None


class AsciiJson(JSONResponse):
    """JSON of plain ASCII: what a tenant holds may be half a character, which UTF-8 cannot say."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content).encode()


def control_router(world: World) -> APIRouter:
    """Return the router for /_sandbox. It needs no login: the servers listen on 127.0.0.1 only."""
    router = APIRouter(prefix=CONTROL_PREFIX, include_in_schema=False)
    _add_world_routes(router, world)
    _add_trouble_routes(router, world)
    return router


def _add_world_routes(router: APIRouter, world: World) -> None:
    @router.get("/health")
    async def health() -> JsonObject:
        return {"name": world.name, "now": world.clock.now().isoformat(), "seed": world.seed}

    @router.post("/scenario")
    async def scenario(body: JsonObject = Body(...)) -> JsonObject:  # noqa: B008
        _guarded(world.load, body)
        return {"ok": True}

    @router.post("/scenario/merge")
    async def merge(body: JsonObject = Body(...)) -> JsonObject:  # noqa: B008
        _guarded(world.merge, body)
        return {"ok": True}

    @router.get("/state", response_class=AsciiJson)
    async def state(tenant: str | None = None) -> JsonObject:
        result: JsonObject = _guarded(world.state, tenant)
        return result

    @router.post("/actions")
    async def act(body: JsonObject = Body(...)) -> Any:  # noqa: B008
        args = dict(body)
        name, tenant = args.pop("action", None), args.pop("tenant", None)
        if not isinstance(name, str) or not isinstance(tenant, str):
            raise HTTPException(400, 'an action needs "action" and "tenant"')
        return _guarded(world.act, name, tenant, args)

    @router.put("/settings")
    async def settings(body: JsonObject = Body(...)) -> JsonObject:  # noqa: B008
        result: JsonObject = _guarded(world.configure, body)
        return result

    @router.get("/settings")
    async def get_settings() -> JsonObject:
        return world.configure({})

    @router.post("/clock")
    async def clock(change: ClockChange) -> JsonObject:
        if change.factor is not None:
            _guarded(world.clock.set_factor, change.factor)
        if change.now is not None:
            _guarded(world.clock.set_now, change.now)
        if change.advance is not None:
            _guarded(world.clock.advance, change.advance)
        return {"now": world.clock.now().isoformat(), "factor": world.clock.factor}


def _add_trouble_routes(router: APIRouter, world: World) -> None:
    @router.get("/calls")
    async def calls(tenant: str | None = None) -> JsonObject:
        return world.calls.report(tenant)

    @router.delete("/calls")
    async def clear_calls() -> JsonObject:
        world.calls.clear()
        return {"ok": True}

    @router.get("/faults")
    async def faults() -> list[Fault]:
        return world.faults.all()

    @router.post("/faults")
    async def add_fault(fault: Fault) -> JsonObject:
        return {"id": world.faults.add(fault)}

    @router.delete("/faults")
    @router.delete("/faults/{fault_id}")
    async def remove_fault(fault_id: int | None = None) -> JsonObject:
        world.faults.remove(fault_id)
        return {"ok": True}

    @router.get("/hooks")
    async def hooks() -> list[Hook]:
        return world.hooks.all()

    @router.post("/hooks")
    async def add_hook(hook: Hook) -> JsonObject:
        return {"id": world.hooks.add(hook)}

    @router.delete("/hooks")
    @router.delete("/hooks/{hook_id}")
    async def remove_hook(hook_id: int | None = None) -> JsonObject:
        world.hooks.remove(hook_id)
        return {"ok": True}

    @router.get("/idle")
    async def idle() -> JsonObject:
        return {"faults": world.faults.idle(), "hooks": world.hooks.idle()}


def _guarded(call: Any, *args: Any) -> Any:
    try:
        return call(*args)
    except (SandboxError, ValueError) as error:
        raise HTTPException(400, str(error)) from error
