"""Client of the control API, for tests, demo and benchmarks."""

from __future__ import annotations

from typing import Any

import requests

JsonObject = dict[str, Any]


class ControlClient:
    """Drives one sandbox server through /_sandbox. A refused call raises RuntimeError."""

    def __init__(self, base_url: str, *, timeout: float = 30.0) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment must not see 127.0.0.1

    def scenario(self, scenario: JsonObject) -> None:
        """Replace all state."""
        self._call("POST", "/scenario", json=scenario)

    def merge(self, scenario: JsonObject) -> None:
        """Add tenants, or rows to tenants that are there."""
        self._call("POST", "/scenario/merge", json=scenario)

    def state(self, tenant: str | None = None) -> JsonObject:
        """Return {"tenants": {name: {...}}}."""
        result: JsonObject = self._call("GET", "/state", params=_given(tenant=tenant))
        return result

    def calls(self, tenant: str | None = None) -> JsonObject:
        """Return {"counts": {tenant: {route: n}}, "reads": ..., "writes": ..., "last": [...]}."""
        result: JsonObject = self._call("GET", "/calls", params=_given(tenant=tenant))
        return result

    def reset_calls(self) -> None:
        """Forget all counts."""
        self._call("DELETE", "/calls")

    def fault(self, **fault: Any) -> int:
        """Add a fault (see `frame.faults.Fault`) and return its id."""
        return int(self._call("POST", "/faults", json=fault)["id"])

    def faults(self) -> list[JsonObject]:
        """Return all faults with their counters."""
        result: list[JsonObject] = self._call("GET", "/faults")
        return result

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("DELETE", "/faults")

    def hook(self, **hook: Any) -> int:
        """Add a hook (see `frame.hooks.Hook`) and return its id."""
        return int(self._call("POST", "/hooks", json=hook)["id"])

    def hooks(self) -> list[JsonObject]:
        """Return all hooks with their counters and errors."""
        result: list[JsonObject] = self._call("GET", "/hooks")
        return result

    def clear_hooks(self) -> None:
        """Remove all hooks."""
        self._call("DELETE", "/hooks")

    def idle(self) -> dict[str, list[JsonObject]]:
        """Return {"faults": [...], "hooks": [...]} that never did anything, removed ones as well.

        Those with a `may_not_fire` are left out; a hook whose action failed did nothing.
        """
        result: dict[str, list[JsonObject]] = self._call("GET", "/idle")
        return result

    def clock(self, **change: Any) -> JsonObject:
        """Change the clock: `advance` (simulated seconds), `factor`, `now` (ISO text)."""
        result: JsonObject = self._call("POST", "/clock", json=change)
        return result

    def act(self, action: str, tenant: str, **args: Any) -> Any:
        """Let the merchant or the warehouse do something."""
        return self._call("POST", "/actions", json={"action": action, "tenant": tenant, **args})

    def settings(self, **changes: Any) -> JsonObject:
        """Change switches of guessed behaviour (none: just read) and return all of them."""
        result: JsonObject = self._call("PUT", "/settings", json=changes)
        return result

    def health(self) -> JsonObject:
        """Return name, simulated time and seed."""
        result: JsonObject = self._call("GET", "/health")
        return result

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        url = f"{self.base_url}/_sandbox{path}"
        response = self._session.request(method, url, timeout=self._timeout, **kwargs)
        if not response.ok:
            msg = f"{method} /_sandbox{path} answered {response.status_code}: {response.text[:500]}"
            raise RuntimeError(msg)
        return response.json()


def _given(**params: str | None) -> dict[str, str]:
    return {key: value for key, value in params.items() if value is not None}
