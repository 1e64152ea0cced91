"""The wemalo server's world: what the frame drives."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from include.sandbox.frame.world import RawRequest, Reply, SandboxError
from include.sandbox.wemalo.actions import perform
from include.sandbox.wemalo.errors import ApiError
from include.sandbox.wemalo.ground import FIRST_IDS, Ground
from include.sandbox.wemalo.report import tenant_state
from include.sandbox.wemalo.scenario import add_tenant
from include.sandbox.wemalo.settings import changed
from include.sandbox.wemalo.states import plan_next
from include.sandbox.wemalo.warehouse import on_timer

if TYPE_CHECKING:
    from include.sandbox.frame.calls import CallKind

LIMIT_HEADERS = ("x-wemalo-limit-maxcall", "x-wemalo-limit-remainingcall")


class WemaloWorld(Ground):
    """Every request and control call first lets the past happen (`tick`), then acts on `now`."""

    def tick(self) -> None:
        """Do all that was due until now, each thing at its own time."""
        end = self.clock.now()
        while self.timers and self.timers[0][0] <= end.timestamp():
            due, _, tenant, kind, order_id, state = heapq.heappop(self.timers)
            holder = self.tenants.get(tenant)
            order = holder.orders.get(order_id) if holder is not None else None
            if holder is None or order is None:
                continue
            self.now = end.fromtimestamp(due, end.tzinfo)
            on_timer(self, holder, order, kind, state)
            self.changed = True
        self.now = end

    def load(self, scenario: dict[str, Any]) -> None:
        """Replace all tenants by the scenario's. Settings stay unless it has its own."""
        self.tenants, self.tokens = {}, {}
        self.deliveries, self.timers, self.timer_number = [], [], 0
        self.ids = dict(FIRST_IDS)
        self.merge(scenario)

    def merge(self, scenario: dict[str, Any]) -> None:
        """Add tenants, or products, stock, orders and the like to tenants that are there."""
        self.tick()
        if "settings" in scenario:
            self.configure(scenario["settings"])
        for rows in scenario.get("tenants", []):
            try:
                add_tenant(self, rows)
            except ApiError as error:
                raise SandboxError(error.message) from error
            except (KeyError, TypeError, ValidationError) as error:
                msg = f"malformed wemalo tenant: {type(error).__name__}: {error}"
                raise SandboxError(msg) from error

    def state(self, tenant: str | None) -> dict[str, Any]:
        """Return all tenants, or one, as JSON (see `report`)."""
        self.tick()
        chosen = [self.tenant(tenant)] if tenant is not None else list(self.tenants.values())
        return {
            "now": self.now.isoformat(),
            "tenants": {one.name: tenant_state(one) for one in chosen},
        }

    def act(self, action: str, tenant: str, args: dict[str, Any]) -> Any:
        """Let the warehouse do something (see `actions`)."""
        self.tick()
        return perform(self, self.tenant(tenant), action, args)

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change switches for all tenants; a tenant's own switches win."""
        self.tick()
        try:
            self.settings = changed(self.settings, changes)
            for one in self.tenants.values():
                one.settings = changed(self.settings, one.own_settings)
        except ValidationError as error:
            raise SandboxError(str(error)) from error
        if {"auto", "delays"} & set(changes):
            self._resume_work()
        return self.settings.model_dump(mode="json")

    def _resume_work(self) -> None:
        for tenant in self.tenants.values():
            for order in tenant.orders.values():
                plan_next(self, tenant, order)

    def tenant_of(self, request: RawRequest) -> str | None:
        """Return the tenant of `Authorization: JWT <token>`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.tokens.get(token.strip()) if scheme == "JWT" else None

    def kind_of(self, route: str) -> CallKind:
        """GET reads, all else writes."""
        return "read" if route.startswith("GET ") else "write"

    def limit_reply(self, call_kind: CallKind, tenant: str | None) -> Reply:
        """Return `status` 419 in the body."""
        settings = self.tenants[tenant].settings if tenant in self.tenants else self.settings
        body = {"status": 419, "Success": False, "message": "call limit exceeded"}
        headers = dict(zip(LIMIT_HEADERS, (str(settings.limit_calls), "0"), strict=True))
        return Reply(419 if settings.http_mirrors_body else 200, body, headers)

    def error_in_200(self) -> Any:
        """Return `status` 500 in the body."""
        return {"status": 500, "Success": False, "message": "internal error"}

    def dump(self) -> Any:
        """Return everything but the clock, which the frame keeps."""
        return {
            "settings": self.settings,
            "tenants": self.tenants,
            "tokens": self.tokens,
            "ids": self.ids,
            "timers": self.timers,
            "timer_number": self.timer_number,
            "deliveries": self.deliveries,
        }

    def restore(self, dumped: Any) -> None:
        """Take over a dump."""
        self.settings, self.tenants = dumped["settings"], dumped["tenants"]
        self.tokens, self.ids = dumped["tokens"], dumped["ids"]
        self.timers, self.timer_number = dumped["timers"], dumped["timer_number"]
        self.deliveries = dumped["deliveries"]
