"""Call limits per user and minute and per system and day (contract 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.sandbox.frame.world import Reply
from include.sandbox.plenty.defaults import PLANS

if TYPE_CHECKING:
    from include.sandbox.frame.clock import SimClock
    from include.sandbox.plenty.model import Tenant, User

Kind = Literal["read", "write"]
MINUTE, DAY = 60.0, 86_400.0
LONG, SHORT, ROUTE = (
    "X-Plenty-Global-Long-Period",
    "X-Plenty-Global-Short-Period",
    "X-Plenty-Route",
)


@dataclass(slots=True)
class Window:
    """A fixed window that opens with its first call."""

    limit: int
    seconds: float
    opened: float = -math.inf
    used: int = 0

    def refresh(self, now: float) -> None:
        """Open a new window if the old one is over, or if the clock was set back."""
        if not self.opened <= now < self.opened + self.seconds:
            self.opened, self.used = now, 0

    def left(self) -> int:
        """Return the calls that are left."""
        return max(self.limit - self.used, 0)

    def decay(self, now: float) -> float:
        """Return the simulated seconds until the window is over."""
        return max(self.opened + self.seconds - now, 0.0)


class Limits:
    """All windows of one server. A refused call counts nowhere and has no effect."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self._windows: dict[tuple[str, str, str], Window] = {}

    def take(
        self, tenant: Tenant, user: User, kind: Kind, *, without_retry_after: bool
    ) -> tuple[dict[str, str], Reply | None]:
        """Count a call: the headers of its reply, and the 429 if there is nothing left."""
        now = self.clock.timestamp()
        short, long = self._pair(tenant, user, kind, now)
        for window, period in ((short, "short"), (long, "long")):
            if window.left() < 1:
                headers = self._headers(short, long, now)
                over = SHORT if period == "short" else LONG
                headers[f"{over}-Calls-Reset"] = str(int(window.opened + window.seconds))
                reply = refusal(period, kind, self._wait(window, now), without_retry_after)
                return headers, reply
        short.used += 1
        long.used += 1
        return self._headers(short, long, now), None

    def look(self, tenant: Tenant, user: User, kind: Kind) -> dict[str, str]:
        """Return the headers without counting a call."""
        now = self.clock.timestamp()
        return self._headers(*self._pair(tenant, user, kind, now), now)

    def _pair(self, tenant: Tenant, user: User, kind: Kind, now: float) -> tuple[Window, Window]:
        plan = PLANS[tenant.plan]
        minute = plan.reads_minute if kind == "read" else plan.writes_minute
        day = plan.reads_day if kind == "read" else plan.writes_day
        short = self._windows.setdefault((tenant.name, user.name, kind), Window(minute, MINUTE))
        long = self._windows.setdefault((tenant.name, "", kind), Window(day, DAY))
        short.refresh(now)
        long.refresh(now)
        return short, long

    def _wait(self, window: Window, now: float) -> int:
        """Return whole real seconds: what a client has to wait on its own clock."""
        return max(math.ceil(self.clock.real_seconds(window.decay(now))), 1)

    def _headers(self, short: Window, long: Window, now: float) -> dict[str, str]:
        headers = {}
        for prefix, window in ((LONG, long), (SHORT, short), (ROUTE, short)):
            headers[f"{prefix}-Limit"] = str(window.limit)
            headers[f"{prefix}-Decay"] = str(self._wait(window, now))
            headers[f"{prefix}-Calls-Left"] = str(window.left())
        return headers


def refusal(period: str, kind: str, wait: int, without_retry_after: bool) -> Reply:
    """Return the 429 for too many calls; `wait` are real seconds."""
    body = {"error": {"code": 429, "message": f"{period} period {kind} limit reached"}}
    return Reply(429, body, {} if without_retry_after else {"Retry-After": str(wait)})
