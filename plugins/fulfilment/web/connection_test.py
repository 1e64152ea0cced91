"""Airflow's *Test connection*, which gives the hook a copy of the connection under a random name.

This middleware keeps the name that the form sent for the length of the call, so that the answer
speaks of the connection that people know.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fulfilment.hooks.settings import tested

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROUTE = "/api/v2/connections/test"
LARGEST_BODY = 100_000


class NameTheTested:
    """Remembers the connection's id while a test of it runs; every other call passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap Airflow's app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the form, and hand it on as it came."""
        if scope["type"] != "http" or not str(scope["path"]).endswith(ROUTE):
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        body = b""
        more = True
        while more and len(body) <= LARGEST_BODY:
            messages.append(await receive())
            body += messages[-1].get("body", b"")
            more = messages[-1].get("more_body", False)

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        mark = tested.set(_name(body))
        try:
            await self._app(scope, again, send)
        finally:
            tested.reset(mark)


def _name(body: bytes) -> str:
    try:
        form = json.loads(body)
    except ValueError:  # Airflow refuses it
        return ""
    return str(form.get("connection_id") or "") if isinstance(form, dict) else ""
