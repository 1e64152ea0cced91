"""What faults and hooks share: which calls they mean, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from include.sandbox.frame.calls import CallKind


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a sandbox server, as seen before its handler.

    `route` is the method and the path template, for example "PUT /rest/orders/{order_id}".
    """

    route: str
    method: str
    path: str
    tenant: str | None
    text: str  # path, query and body in one, for `match`
    kind: CallKind = "other"


class CallFilter(BaseModel):
    """Which calls are meant.

    `route` is "METHOD /path/{template}" or "*"; `tenant` None means all; `calls` are reads or
    writes only; `match` must be a part of path + query + body, several all of them. The first
    `skip` matching calls pass, then `times` calls are hit (None = without end). `may_not_fire` is
    the reason why it is right that no call is hit.
    """

    model_config = ConfigDict(extra="forbid")

    id: int = 0
    route: str = "*"
    tenant: str | None = None
    calls: Literal["read", "write"] | None = None
    match: str | list[str] | None = None
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    may_not_fire: str | None = Field(default=None, min_length=1)
    seen: int = 0
    fired: int = 0

    def meant(self, call: Call) -> bool:
        """Tell whether the call is one of ours, without counting it."""
        return (
            self.route in ("*", call.route)
            and self.tenant in (None, call.tenant)
            and self.calls in (None, call.kind)
            and all(part in call.text for part in self._parts())
        )

    def _parts(self) -> list[str]:
        if self.match is None:
            return []
        return [self.match] if isinstance(self.match, str) else self.match

    def due(self, call: Call) -> bool:
        """Count the call if it is meant, and tell whether it is hit."""
        if not self.meant(call) or (self.times is not None and self.fired >= self.times):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        self.fired += 1
        return True

    def idle(self) -> bool:
        """Tell whether it did nothing so far, although that was not said to be right."""
        return not self.fired and self.may_not_fire is None


Kind = TypeVar("Kind", bound=CallFilter)


class Book(Generic[Kind]):
    """The faults or the hooks of one server, in the order they were added."""

    def __init__(self) -> None:
        self._next_id = 1
        self._active: dict[int, Kind] = {}
        self._removed: list[Kind] = []  # of these only the idle ones

    def add(self, one: Kind) -> int:
        """Add one and return its id."""
        one.id = self._next_id
        self._next_id += 1
        self._active[one.id] = one
        return one.id

    def remove(self, one_id: int | None = None) -> None:
        """Remove one, or all. An unknown id is no error."""
        ids = list(self._active) if one_id is None else [one_id]
        gone = [self._active.pop(number) for number in ids if number in self._active]
        self._removed += [one for one in gone if one.idle()]

    def all(self) -> list[Kind]:
        """Return all with their counters."""
        return list(self._active.values())

    def idle(self) -> list[Kind]:
        """Return those that did nothing so far, the removed ones as well."""
        return [*self._removed, *(one for one in self._active.values() if one.idle())]
