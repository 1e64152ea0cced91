"""How much of a merchant's work is done: all, only what is out already, or none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Mode(StrEnum):
    """What a person decided about a merchant's work."""

    LIVE = "live"  # everything is done
    FINISH = "finish"  # no new orders; statuses, tracking, cancellations, returns of what is out
    PAUSED = "paused"  # everything stands


@dataclass(frozen=True, slots=True)
class Standing:
    """The mode that is in force for a merchant, and who decided it.

    :param since: when it was decided (UTC); None: nobody ever decided, the mode is live.
    :param until: when it ends by itself (UTC); None: when somebody decides again.
    :param by: who decided.
    """

    merchant: str
    mode: Mode = Mode.LIVE
    since: datetime | None = None
    until: datetime | None = None
    by: str = ""
    reason: str = ""

    @property
    def left_undone(self) -> str:
        """Return what the mode leaves undone, in English; "" for a live merchant."""
        since = f"since {self.since:%Y-%m-%d %H:%M} UTC " if self.since else ""
        until = f", until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        told = f"{since}by {self.by}{until}: {self.reason.rstrip('.')}"
        return _LEFT_UNDONE[self.mode].format(told=told, merchant=self.merchant)


_LEFT_UNDONE = {
    Mode.LIVE: "",
    Mode.FINISH: (
        "{merchant} takes no new orders, {told}. Released orders wait in plentymarkets, and what "
        "was not handed over yet waits in the ledger. What the warehouse has goes on: statuses, "
        "tracking, cancellations, returns. `fulfil resume {merchant}` ends it."
    ),
    Mode.PAUSED: (
        "{merchant} is paused, {told}. Nothing is done: released orders wait, what the warehouse "
        "ships gets no status and no tracking number in plentymarkets, cancellations do not reach "
        "the warehouse, returns and stock wait. `fulfil resume {merchant}` ends it."
    ),
}
