"""The plentymarkets side of the sandbox: all tenants, their sessions and limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from include.sandbox.frame.world import RawRequest, Reply, SandboxError, World
from include.sandbox.plenty.access import Sessions, bearer
from include.sandbox.plenty.errors import ApiError, unauthorized
from include.sandbox.plenty.limits import Limits, refusal
from include.sandbox.plenty.request import parse_body
from include.sandbox.plenty.scenario import extend_tenant, new_tenant
from include.sandbox.plenty.state import tenant_state
from include.sandbox.plenty.switches import Switches

if TYPE_CHECKING:
    from include.sandbox.frame.calls import CallKind
    from include.sandbox.frame.clock import SimClock
    from include.sandbox.plenty.model import Tenant, User

LOGIN_ROUTES = frozenset({"POST /rest/login", "POST /rest/login/refresh", "POST /rest/logout"})


class PlentyWorld(World):
    """Several plentymarkets systems behind one address, told apart by login and token."""

    name = "plentymarkets"

    def __init__(self, *, seed: int = 1, clock: SimClock | None = None) -> None:
        super().__init__(seed=seed, clock=clock)
        self.switches = Switches()
        self.tenants: dict[str, Tenant] = {}
        self.sessions = Sessions()
        self.limits = Limits(self.clock)

    def load(self, scenario: dict[str, Any]) -> None:
        """Replace all tenants, and end all sessions, by this scenario."""
        self.switches = Switches()
        self.tenants = {}
        self.sessions = Sessions()
        self.limits = Limits(self.clock)
        self.merge(scenario)

    def merge(self, scenario: dict[str, Any]) -> None:
        """Add tenants, or rows to tenants that are there."""
        if "settings" in scenario:
            self.configure(scenario["settings"])
        now = self.clock.timestamp()
        for source in scenario.get("tenants", []):
            known = self.tenants.get(str(source.get("tenant")))
            if known is not None:
                extend_tenant(known, source, now=now)
                continue
            tenant = new_tenant(
                source, seed=self.seed, switches=self.switches.model_copy(), now=now
            )
            self.tenants[tenant.name] = tenant

    def state(self, tenant: str | None) -> dict[str, Any]:
        """Return all rows of one tenant or of all, with orders in full."""
        names = [tenant] if tenant is not None else list(self.tenants)
        now = self.clock.timestamp()
        return {"tenants": {name: tenant_state(self.tenant(name), now) for name in names}}

    def tenant(self, name: str) -> Tenant:
        """Return a tenant; SandboxError if there is none of this name."""
        if name not in self.tenants:
            msg = f"unknown tenant {name!r}"
            raise SandboxError(msg)
        return self.tenants[name]

    def act(self, action: str, tenant: str, args: dict[str, Any]) -> Any:
        """Let the merchant act; see `actions`."""
        from include.sandbox.plenty.actions import run_action

        try:
            return run_action(self, self.tenant(tenant), action, args)
        except ApiError as error:
            msg = f"{action} was refused: {json.dumps(error.body)}"
            raise SandboxError(msg) from error

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change switches, of all tenants or of the one named by "tenant"; return them."""
        changes = dict(changes)
        only = changes.pop("tenant", None)
        before = self.tenant(only).switches if only is not None else self.switches
        try:
            after = Switches.model_validate(before.model_dump() | changes)
            if only is not None:
                self.tenant(only).switches = after
                return after.model_dump()
            for tenant in self.tenants.values():
                tenant.switches = Switches.model_validate(tenant.switches.model_dump() | changes)
        except ValidationError as error:
            text = "; ".join(f"{row['loc']}: {row['msg']}" for row in error.errors())
            raise SandboxError(text) from error
        self.switches = after
        return after.model_dump()

    def tenant_of(self, request: RawRequest) -> str | None:
        """Return the owner of the token, or of the user name of a login."""
        if request.path == "/rest/login":
            found = self.find_user(self.credentials(request)[0])
            return found[0].name if found else None
        return self.sessions.owner(bearer(request.headers))

    def credentials(self, request: RawRequest) -> tuple[str, str]:
        """Return user name and password from JSON, form fields or the query (contract 2.1)."""
        try:
            body = parse_body(request.body, request.headers.get("content-type", ""))
        except ApiError:
            body = None
        fields = body if isinstance(body, dict) else {}
        if "username" not in fields:
            query = parse_body(request.query.encode(), "application/x-www-form-urlencoded")
            fields = query or {}
        return str(fields.get("username", "")), str(fields.get("password", ""))

    def find_user(self, name: str) -> tuple[Tenant, User] | None:
        """Return the user of this name. User names are unique over all tenants."""
        for tenant in self.tenants.values():
            for user in tenant.users.values():
                if user.name == name:
                    return tenant, user
        return None

    def authorized(self, token: str | None) -> tuple[Tenant, User]:
        """Return whose token it is; ApiError 401 if it is missing, unknown or expired."""
        session = self.sessions.find(token, self.clock.timestamp())
        if session is None or session.tenant not in self.tenants:
            raise unauthorized()
        tenant = self.tenants[session.tenant]
        return tenant, tenant.users[session.user_id]

    def count(
        self, tenant: Tenant, user: User, kind: CallKind
    ) -> tuple[dict[str, str], Reply | None]:
        """Count a call against the limits: headers of its answer, and the refusal if any."""
        if kind == "other" or not tenant.switches.limits:
            return self.limits.look(tenant, user, "write" if kind == "write" else "read"), None
        return self.limits.take(
            tenant, user, kind, without_retry_after=tenant.switches.no_retry_after
        )

    def kind_of(self, route: str) -> CallKind:
        """GET is a read, the rest writes; logins are neither, POST search is a switch."""
        if route in LOGIN_ROUTES:
            return "other"
        if route == "POST /rest/orders/search":
            return self.switches.search_post_counts_as
        return "read" if route.startswith("GET ") else "write"

    def limit_reply(self, call_kind: CallKind, tenant: str | None) -> Reply:
        """Return the refusal of a call over the minute limit."""
        switches = self.tenants[tenant].switches if tenant in self.tenants else self.switches
        kind = "write" if call_kind == "write" else "read"
        return refusal("short", kind, 60, switches.no_retry_after)

    def error_in_200(self) -> Any:
        """Return an error that looks like a success (contract 5)."""
        return {"error": {"code": 500, "message": "Internal error."}}

    def dump(self) -> Any:
        """Return everything but what the frame keeps itself."""
        return self.switches, self.tenants, self.sessions, self.limits

    def restore(self, dumped: Any) -> None:
        """Take over a dump."""
        self.switches, self.tenants, self.sessions, self.limits = dumped
        self.limits.clock = self.clock
