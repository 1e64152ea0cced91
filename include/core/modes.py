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
