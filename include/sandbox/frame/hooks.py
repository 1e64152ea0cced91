"""Actor actions that run exactly before or after a call, so that races can be forced."""

from __future__ import annotations

from typing import Any, Literal

from include.sandbox.frame.matching import Call, CallFilter


class Hook(CallFilter):
    """Run `action` right before the handler of a call, or right after its effect.

    `action` has the shape of POST /_sandbox/actions: {"action": name, "tenant": t, ...}; without
    "tenant" the tenant of the call. "after" runs only if the call took effect (status below 400),
    "before" in any case. By default a hook runs once. `error` holds the text of a failed action.
    """

    when: Literal["before", "after"] = "before"
    action: dict[str, Any]
    times: int | None = 1
    error: str | None = None


class HookBook:
    """The hooks of one server, in the order they were added."""

    def __init__(self) -> None:
        self._next_id = 1
        self._hooks: dict[int, Hook] = {}

    def add(self, hook: Hook) -> int:
        """Add a hook and return its id."""
        hook.id = self._next_id
        self._next_id += 1
        self._hooks[hook.id] = hook
        return hook.id

    def remove(self, hook_id: int | None = None) -> None:
        """Remove one hook, or all. An unknown id is no error."""
        if hook_id is None:
            self._hooks.clear()
        else:
            self._hooks.pop(hook_id, None)

    def all(self) -> list[Hook]:
        """Return all hooks with their counters."""
        return list(self._hooks.values())

    def due(self, call: Call, when: Literal["before", "after"]) -> list[Hook]:
        """Return the hooks to run now."""
        return [hook for hook in self._hooks.values() if hook.when == when and hook.due(call)]
