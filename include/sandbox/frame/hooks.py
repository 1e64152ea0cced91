"""Actor actions that run exactly before or after a call, so that races can be forced."""

from __future__ import annotations

from typing import Any, Literal

from include.sandbox.frame.matching import Book, Call, CallFilter


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

    def idle(self) -> bool:
        """Tell whether it did nothing, or nothing but fail."""
        return self.may_not_fire is None and (not self.fired or self.error is not None)


class HookBook(Book[Hook]):
    """The hooks of one server, in the order they were added."""

    def due(self, call: Call, when: Literal["before", "after"]) -> list[Hook]:
        """Return the hooks to run now."""
        return [hook for hook in self._active.values() if hook.when == when and hook.due(call)]
