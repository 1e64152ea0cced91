"""What a sandbox server must offer so that the frame can drive it."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.sandbox.frame.calls import CallLog
from include.sandbox.frame.clock import SimClock
from include.sandbox.frame.faults import FaultBook
from include.sandbox.frame.hooks import HookBook

if TYPE_CHECKING:
    from include.sandbox.frame.calls import CallKind

SNAPSHOT_VERSION = 2


class SandboxError(Exception):
    """A control call that makes no sense (unknown tenant, order or action). Answered with 400."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came in, before any handler. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that the frame gives in place of a handler. A `body` of bytes is sent as it is."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class World(ABC):
    """The whole state of one server: every request and every control call is atomic on it."""

    name: str

    def __init__(self, *, seed: int = 1, clock: SimClock | None = None) -> None:
        self.seed = seed
        self.clock = clock or SimClock()
        self.faults = FaultBook()
        self.hooks = HookBook()
        self.calls = CallLog()
        self.changed = False  # set it when a GET changes state that a restart must not forget

    @abstractmethod
    def load(self, scenario: dict[str, Any]) -> None:
        """Replace all state by this scenario. SandboxError if it is malformed."""

    @abstractmethod
    def merge(self, scenario: dict[str, Any]) -> None:
        """Add the scenario's tenants, or its rows to tenants that are there."""

    @abstractmethod
    def state(self, tenant: str | None) -> dict[str, Any]:
        """Return the whole state as JSON: {"tenants": {name: {...}}}."""

    @abstractmethod
    def act(self, action: str, tenant: str, args: dict[str, Any]) -> Any:
        """Let an actor (merchant, warehouse) act; return JSON. SandboxError if it cannot."""

    @abstractmethod
    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change switches of guessed behaviour and return all of them. SandboxError if unknown."""

    @abstractmethod
    def tenant_of(self, request: RawRequest) -> str | None:
        """Return whose call this is (token or login), None if nobody's. Changes no state."""

    @abstractmethod
    def kind_of(self, route: str) -> CallKind:
        """Return whether the route counts as a read, a write or neither."""

    @abstractmethod
    def limit_reply(self, call_kind: CallKind, tenant: str | None) -> Reply:
        """Return the vendor's answer to too many calls."""

    @abstractmethod
    def error_in_200(self) -> Any:
        """Return the body with which the vendor reports an error inside a 200."""

    @abstractmethod
    def dump(self) -> Any:
        """Return the own state for a snapshot (anything that can be pickled)."""

    @abstractmethod
    def restore(self, dumped: Any) -> None:
        """Take over what `dump` returned."""

    def snapshot(self) -> bytes:
        """Return everything a restarted server must know."""
        parts = (self.seed, self.clock, self.faults, self.hooks, self.calls, self.dump())
        return pickle.dumps((SNAPSHOT_VERSION, parts), protocol=pickle.HIGHEST_PROTOCOL)

    def load_snapshot(self, data: bytes) -> None:
        """Take over a snapshot of our own; SandboxError if another version wrote it."""
        version, parts = pickle.loads(data)  # noqa: S301 - a file that this server wrote itself
        if version != SNAPSHOT_VERSION:
            msg = f"snapshot of version {version}, this is {SNAPSHOT_VERSION}: remove the state"
            raise SandboxError(msg)
        self.seed, self.clock, self.faults, self.hooks, self.calls, dumped = parts
        self.restore(dumped)
