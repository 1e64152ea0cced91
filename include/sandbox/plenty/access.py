"""Logins, tokens and the session limit (contract 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.errors import ApiError

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Tenant, User


@dataclass(slots=True)
class Session:
    """One token. `expires` is simulated time in Unix seconds."""

    token: str
    refresh_token: str
    tenant: str
    user_id: int
    expires: float


class Sessions:
    """All tokens of one server."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}

    def find(self, token: str | None, now: float) -> Session | None:
        """Return the session of a token that is still good."""
        session = self._by_token.get(token or "")
        return session if session is not None and session.expires > now else None

    def owner(self, token: str | None) -> str | None:
        """Return the tenant of a token, expired or not."""
        session = self._by_token.get(token or "")
        return session.tenant if session is not None else None

    def open(self, tenant: Tenant, user: User, now: float) -> JsonObject:
        """Log a user in: the login reply. ApiError 429 if too many users are at work."""
        switches = tenant.switches
        self._by_token = {t: s for t, s in self._by_token.items() if s.expires > now}
        mine = [s for s in self._by_token.values() if s.tenant == tenant.name]
        if switches.login_ends_old_token:
            for session in [s for s in mine if s.user_id == user.id]:
                self._by_token.pop(session.token)
                mine.remove(session)
        if switches.session_limit_counts == "users":
            sessions = len({s.user_id for s in mine} | {user.id})
        else:
            sessions = len(mine) + 1
        if sessions > switches.max_sessions:
            raise too_many_sessions(switches.max_sessions)
        session = Session(
            token=f"{tenant.random.getrandbits(256):064x}",
            refresh_token=f"{tenant.random.getrandbits(256):064x}",
            tenant=tenant.name,
            user_id=user.id,
            expires=now + switches.token_seconds,
        )
        self._by_token[session.token] = session
        return _reply(session, switches.token_seconds, sessions, switches.max_sessions)

    def owner_of(self, token: str, by: str) -> str | None:
        """Return the tenant of a refresh token, or of a bearer token (`by`)."""
        if by == "bearer":
            return self.owner(token)
        return next((s.tenant for s in self._by_token.values() if s.refresh_token == token), None)

    def refresh(self, token: str, now: float) -> Session | None:
        """End and return the session of a token of either kind, so that a new one can be opened."""
        for session in self._by_token.values():
            if token in (session.refresh_token, session.token) and session.expires > now:
                return self._by_token.pop(session.token)
        return None

    def close(self, token: str) -> None:
        """End a token."""
        self._by_token.pop(token, None)

    def expire_all(self, tenant: str) -> int:
        """End all tokens of a tenant, as an outage or a changed password would; how many."""
        gone = [token for token, session in self._by_token.items() if session.tenant == tenant]
        for token in gone:
            self._by_token[token].expires = 0.0
        return len(gone)


def too_many_sessions(most: int) -> ApiError:
    """Return the 429 that is no rate limit: waiting a minute does not help (contract 2.3)."""
    return ApiError(
        429,
        {
            "error": "too_many_concurrent_sessions",
            "max_current_sessions": most,
            "message": "Too many users are logged in at the same time.",
        },
    )


def wrong_password(status: str) -> ApiError:
    """Return the failed login, as 401 or inside a 200."""
    body: dict[str, Any] = {
        "error": "invalid_credentials",
        "message": "The user credentials were incorrect.",
        "accessToken": None,
    }
    return ApiError(int(status), body)


def bearer(headers: dict[str, str]) -> str | None:
    """Return the token of the Authorization header."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def _reply(session: Session, seconds: int, sessions: int, most: int) -> JsonObject:
    return {
        "token_type": "Bearer",
        "tokenType": "Bearer",
        "expires_in": seconds,
        "expiresIn": seconds,
        "access_token": session.token,
        "accessToken": session.token,
        "refresh_token": session.refresh_token,
        "refreshToken": session.refresh_token,
        "user_id": session.user_id,
        "concurrent_sessions": sessions,
        "max_current_sessions": most,
    }
