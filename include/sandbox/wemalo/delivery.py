"""Sends webhooks: a background task, and optionally right before an answer goes out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from include.sandbox.wemalo.webhooks import delivered, due_deliveries, message

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from include.sandbox.wemalo.webhooks import Delivery
    from include.sandbox.wemalo.world import WemaloWorld

PAUSE = 0.05  # real seconds between two looks at what is due


class Courier:
    """Posts events to the receivers, one after the other, in the order in which they happened."""

    def __init__(self, world: WemaloWorld) -> None:
        self._world = world
        self._client: httpx.AsyncClient | None = None
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Send what is due, for ever. With webhooks registered time passes without calls."""
        while True:
            await asyncio.sleep(PAUSE)
            if any(tenant.webhooks for tenant in self._world.tenants.values()):
                self._world.tick()
                await self.send_due()

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def send_due(self) -> None:
        """Send what is due now and wait for the receivers."""
        async with self._lock:
            for delivery in due_deliveries(self._world):
                await self._send(delivery)

    async def _send(self, delivery: Delivery) -> None:
        tenant = self._world.tenants.get(delivery.tenant)
        body = message(tenant, delivery) if tenant is not None else None
        if tenant is None or body is None:
            return
        url = tenant.webhooks[delivery.event].payload
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False)
        try:
            answer = await self._client.post(
                url, json=body, timeout=tenant.settings.webhook_timeout
            )
            problem = "" if answer.is_success else str(answer.status_code)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = type(error).__name__
        delivered(self._world, delivery, problem)


class BeforeAnswer:
    """Holds answers back until the receivers have their events, where a tenant's switch says so.

    It sits outside the lock that makes requests atomic: a receiver may call back meanwhile.
    """

    def __init__(self, app: ASGIApp, *, world: WemaloWorld, courier: Courier) -> None:
        self._app = app
        self._world = world
        self._courier = courier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI request."""

        async def late(message: Message) -> None:
            tenants = self._world.tenants.values()
            if any(one.settings.webhook_before_answer and one.webhooks for one in tenants):
                await self._courier.send_due()
            await send(message)

        calls_api = scope["type"] == "http" and scope["path"].startswith("/v1")
        await self._app(scope, receive, late if calls_api else send)
