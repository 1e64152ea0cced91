"""Who called what, how often: counts for assertions, never bodies."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import datetime  # noqa: TC003 - a dataclass field, kept for readers
from typing import Any, Literal

CallKind = Literal["read", "write", "other"]
NO_TENANT = "-"


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call. `at` is simulated time; the path has no query, since a query can name people."""

    method: str
    path: str
    tenant: str
    status: int
    at: datetime


class CallLog:
    """Counts per tenant and route, and the last calls."""

    def __init__(self, keep: int = 5_000) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._kinds: dict[str, Counter[str]] = {}
        self._last: deque[LoggedCall] = deque(maxlen=keep)

    def add(self, call: LoggedCall, route: str, kind: CallKind) -> None:
        """Count one answered (or cut, status 0) call."""
        self._counts.setdefault(call.tenant, Counter())[route] += 1
        self._kinds.setdefault(call.tenant, Counter())[kind] += 1
        self._last.append(call)

    def clear(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._kinds.clear()
        self._last.clear()

    def report(self, tenant: str | None = None) -> dict[str, Any]:
        """Return counts, reads, writes and the last calls, of one tenant or of all."""
        tenants = [tenant] if tenant is not None else sorted(self._counts)
        return {
            "counts": {name: dict(self._counts.get(name, {})) for name in tenants},
            "reads": {name: self._kinds.get(name, Counter())["read"] for name in tenants},
            "writes": {name: self._kinds.get(name, Counter())["write"] for name in tenants},
            "last": [
                asdict(call) | {"at": call.at.isoformat()}
                for call in self._last
                if tenant in (None, call.tenant)
            ],
        }
