"""Everything that happens around a vendor's route: tenant, faults, hooks, call log, snapshot."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from include.sandbox.frame.calls import NO_TENANT, LoggedCall
from include.sandbox.frame.matching import Call
from include.sandbox.frame.omission import leave_out, put_in
from include.sandbox.frame.world import RawRequest, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from include.sandbox.frame.faults import Fault
    from include.sandbox.frame.hooks import Hook
    from include.sandbox.frame.storage import Snapshots
    from include.sandbox.frame.world import World

CONTROL_PREFIX = "/_sandbox"
CUT_KEY = "sandbox.cut"  # scope entry: a function that cuts the client's connection
UNKNOWN_ROUTE = "?"
HTML_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body>Error</body></html>"


class SandboxMiddleware:
    """Outermost layer of both servers. One lock makes every request, with its hooks, atomic."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        world: World,
        snapshots: Snapshots,
        template_of: Callable[[Scope], str],
    ) -> None:
        self._app = app
        self._world = world
        self._snapshots = snapshots
        self._template_of = template_of
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive)
        scope = {**scope, "path": _path(scope)}
        if scope["path"].startswith(CONTROL_PREFIX):
            async with self._lock:
                await self._run(scope, body, send)
                if scope["method"] != "GET":
                    self._snapshots.changed()
            return
        await self._serve(scope, body, send)

    async def _serve(self, scope: Scope, body: bytes, send: Send) -> None:
        request = _raw(scope, body)
        route = f"{request.method} {self._template_of(scope)}"
        call = Call(
            route=route,
            method=request.method,
            path=request.path,
            tenant=self._world.tenant_of(request),
            text=f"{request.path}?{request.query}\n{body.decode('utf-8', 'replace')}",
            kind=self._world.kind_of(route),
        )
        delay, fault = self._world.faults.due(call)
        if delay:
            await asyncio.sleep(delay)
        async with self._lock:
            messages, status = await self._answer(scope, body, call, fault)
            at = self._world.clock.now()
            logged = LoggedCall(call.method, call.path, call.tenant or NO_TENANT, status, at)
            self._world.calls.add(logged, call.route, call.kind)
            if call.method != "GET" or self._world.changed:
                self._world.changed = False
                self._snapshots.changed()
        if not messages:
            await _cut(scope)
            return
        for message in messages:
            await send(message)

    async def _answer(
        self, scope: Scope, body: bytes, call: Call, fault: Fault | None
    ) -> tuple[list[Message], int]:
        """Return the answer's messages (none: cut the connection) and its status (0 if cut)."""
        if fault is not None and fault.kind not in ("lost_reply", "omit", "replace"):
            return _messages(self._fault_reply(fault, call))
        self._run_hooks(self._world.hooks.due(call, "before"), call)
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._run(scope, body, collect)
        status = int(messages[0]["status"]) if messages else 500
        if status < 400:
            self._run_hooks(self._world.hooks.due(call, "after"), call)
        if fault is not None and fault.kind in ("omit", "replace"):
            return _changed(messages, fault), status
        if fault is not None:
            lost = None if fault.cut else Reply(fault.status or 504, fault.body)
            return _messages(lost)
        return messages, status

    async def _run(self, scope: Scope, body: bytes, send: Send) -> None:
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return pending.pop() if pending else {"type": "http.disconnect"}

        await self._app(scope, receive, send)

    def _run_hooks(self, hooks: list[Hook], call: Call) -> None:
        for hook in hooks:
            args = dict(hook.action)
            name, tenant = str(args.pop("action", "")), args.pop("tenant", call.tenant)
            try:
                self._world.act(name, str(tenant), args)
            except Exception as error:
                hook.error = f"{type(error).__name__}: {error}"

    def _fault_reply(self, fault: Fault, call: Call) -> Reply | None:
        match fault.kind:
            case "cut":
                return None
            case "limit":
                return self._world.limit_reply(self._world.kind_of(call.route), call.tenant)
            case "error_in_200":
                return Reply(200, fault.body or self._world.error_in_200())
            case "html":
                return Reply(fault.status or 200, HTML_PAGE, {"content-type": "text/html"})
            case "malformed":
                return Reply(fault.status or 200, b'{"page": 1, "entries": [{"id": ')
            case "empty":
                return Reply(fault.status or 200, b"", {"content-type": "text/html"})
            case _:
                return Reply(fault.status or 500, fault.body)


def _path(scope: Scope) -> str:
    """Return the path without its escapes, but for a slash inside a part: that ends no part."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return unquote(re.sub(rb"%2[fF]", b"%252F", raw).decode("latin-1"))


def _raw(scope: Scope, body: bytes) -> RawRequest:
    return RawRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
        body=body,
    )


async def _read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _messages(reply: Reply | None) -> tuple[list[Message], int]:
    if reply is None:
        return [], 0
    if isinstance(reply.body, bytes):
        body = reply.body
    else:
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
    headers = {"content-type": "application/json"} | reply.headers
    headers["content-length"] = str(len(body))
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
    }
    return [start, {"type": "http.response.body", "body": body}], reply.status


def _changed(messages: list[Message], fault: Fault) -> list[Message]:
    """Return an answer without what the fault omits, or with what it puts there."""
    body = b"".join(message.get("body", b"") for message in messages[1:])
    if fault.kind == "replace":
        body = put_in(body, [(put.row, put.field, put.raw) for put in fault.puts])
    else:
        body = leave_out(body, {str(row) for row in fault.rows}, fault.fields)
    headers = [(k, v) for k, v in messages[0]["headers"] if k.lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    return [{**messages[0], "headers": headers}, {"type": "http.response.body", "body": body}]


async def _cut(scope: Scope) -> None:
    cut: Callable[[], None] | None = scope.get(CUT_KEY)
    if cut is None:
        msg = "the connection was cut"  # without a real server: what a client would see as an error
        raise ConnectionResetError(msg)
    cut()
    await asyncio.sleep(0.01)  # let the loop close the socket before the server looks at us again
