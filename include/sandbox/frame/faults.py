"""Troubles that a test or an operator can switch on, route by route."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.frame.matching import Book, Call, CallFilter

FaultKind = Literal[
    "status",  # answer with `status` and `body`; no effect
    "delay",  # wait `seconds`, then go on as usual
    "lost_reply",  # the effect happens, then `status` (504), or a cut connection with `cut`
    "malformed",  # 200 and broken JSON; no effect
    "html",  # an HTML page with `status` (200); no effect
    "empty",  # `status` (200) and nothing; no effect
    "cut",  # the connection is cut before anything happens; no effect
    "limit",  # the server's own "too many calls" answer; no effect
    "omit",  # the effect happens; the answer lacks the `rows`, or the `fields` of them or of all
    "replace",  # the effect happens; the answer holds what `puts` says, JSON or not
    "error_in_200",  # the server's own way to report an error inside a 200; no effect
]


class Put(BaseModel):
    """What stands in one field of the rows with an id (of all rows without one).

    `field` is a name, or "orderItems.quantity" for a field of the objects in a field. `raw` is put
    into the answer as it is: any JSON, also what no library would write.
    """

    model_config = ConfigDict(extra="forbid")

    row: int | str | None = None
    field: str
    raw: str


class Fault(CallFilter):
    """One trouble: which calls it hits and what happens to them.

    `status` and `body` replace the defaults of the kind. `seconds` are real seconds. `rows` and
    `fields` are what an answer omits: a search that lags, a system that does not show a field.
    """

    kind: FaultKind
    status: int | None = Field(default=None, ge=100, le=599)
    body: Any = None
    seconds: float = Field(default=0.0, ge=0)
    cut: bool = False
    rows: list[int | str] = Field(default_factory=list)
    fields: list[str] = Field(default_factory=list)
    puts: list[Put] = Field(default_factory=list)


class FaultBook(Book[Fault]):
    """The faults of one server, in the order they were added."""

    def due(self, call: Call) -> tuple[float, Fault | None]:
        """Return the delay in real seconds and the first other fault that hits this call."""
        delay = 0.0
        for fault in self._active.values():
            if fault.due(call):
                if fault.kind != "delay":
                    return delay, fault
                delay += fault.seconds
        return delay, None
