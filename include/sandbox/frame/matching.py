"""What faults and hooks share: which calls they mean, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


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


class CallFilter(BaseModel):
    """Which calls are meant.

    `route` is "METHOD /path/{template}" or "*"; `tenant` None means all; `match` must be a part of
    path + query + body. The first `skip` matching calls pass, then `times` calls are hit
    (None = without end).
    """

    model_config = ConfigDict(extra="forbid")

    id: int = 0
    route: str = "*"
    tenant: str | None = None
    match: str | None = None
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    seen: int = 0
    fired: int = 0

    def meant(self, call: Call) -> bool:
        """Tell whether the call is one of ours, without counting it."""
        return (
            self.route in ("*", call.route)
            and self.tenant in (None, call.tenant)
            and (self.match is None or self.match in call.text)
        )

    def due(self, call: Call) -> bool:
        """Count the call if it is meant, and tell whether it is hit."""
        if not self.meant(call) or (self.times is not None and self.fired >= self.times):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        self.fired += 1
        return True
