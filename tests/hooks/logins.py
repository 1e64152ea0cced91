"""Answers to a login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hooks.hostile import Seen

if TYPE_CHECKING:
    from collections.abc import Callable


LOGIN = {"access_token": "bearer-token-1", "expires_in": 86_400}


ME = "GET /rest/users/me"


STATUS = "PUT /rest/orders/1"


def after_login(answer: Any) -> Callable[[Seen], Any]:
    """Answer logins properly, and everything else with ``answer`` or what it returns."""

    def respond(seen: Seen) -> Any:
        if seen.path == "/rest/login":
            return LOGIN
        return answer(seen) if callable(answer) else answer

    return respond
