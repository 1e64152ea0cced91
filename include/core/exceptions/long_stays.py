"""How long an order may stay where it is, what takes it on, and who is told when it stays longer.

`STAYS` has a row for every state and for everything that wemalo may show of an order in it; the
first that fits decides. A merchant may set other times (``longest_stay_hours``). What waits for the
merchant was told to him when it came there; beyond the longest stay the operator is told as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.core.orders.states import ENDED, State
from include.core.orders.wemalo_order import WarehouseStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

S = State
W = WarehouseStatus
#: wemalo was asked and does not know the order
NOT_FOUND = "NOT_FOUND"
#: told to the merchant by a status and a note when an order comes there
MERCHANTS_TURN = frozenset({S.INVALID, S.NO_STOCK, S.QUARANTINED, S.WAITING})
#: code of the exception that is told
CODE = "ORDER_STANDS_STILL"


@dataclass(frozen=True, slots=True)
class Stay:
    """One row: an order in ``state`` that wemalo shows as one of ``views`` ("": as anything).

    :param longest: None: for ever, nothing is expected any more.
    :param exit_de: what takes it on, in German; "" where nothing does.
    """

    state: State
    views: tuple[str, ...]
    longest: timedelta | None
    exit_de: str
    exit_en: str

    @property
    def told(self) -> tuple[str, ...]:
        """Who is told: the operator when it is over, and the merchant where he has to act."""
        if self.longest is None:
            return ()
        return ("operator", "merchant") if self.state in MERCHANTS_TURN else ("operator",)


_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)

STAYS: tuple[Stay, ...] = (
    Stay(S.FETCHED, (), 2 * _HOUR, "das Prüfen im nächsten Lauf", "the check in the next run"),
    Stay(S.READY, (), 2 * _HOUR, "die Übergabe im nächsten Lauf", "the hand-over in the next run"),
    Stay(S.RETRY_WAIT, (), 6 * _HOUR, "die Übergabe, sobald wemalo wieder annimmt",
         "the hand-over, once wemalo takes orders again"),
    Stay(S.SUBMITTING, (), 2 * _HOUR, "das Nachsehen, ob wemalo ihn hat",
         "the look whether wemalo has it"),
    Stay(S.CANCELLING, (), 2 * _HOUR, "das Nachsehen, ob wemalo ihn storniert hat",
         "the look whether wemalo cancelled it"),
    Stay(S.INVALID, (), 14 * _DAY, "die Berichtigung durch den Händler",
         "the merchant's correction"),
    Stay(S.NO_STOCK, (), 14 * _DAY, "Ware, oder eine Entscheidung des Händlers",
         "goods, or the merchant's decision"),
    Stay(S.QUARANTINED, (), 14 * _DAY, "die Behebung des genannten Grundes",
         "the removal of the reason that is named"),
    Stay(S.WAITING, (W.SHIPPED,), 6 * _HOUR, "die Zeilen in wemalos Versandliste",
         "the rows in wemalo's list of sent items"),
    Stay(S.WAITING, (W.CANCELLED,), 2 * _HOUR, "der nächste Blick auf den Stand im Lager",
         "the next look at its status in the warehouse"),
    Stay(S.WAITING, (NOT_FOUND,), _HOUR, "das Lager, das ihn nicht mehr kennt",
         "the warehouse, which does not know it any more"),
    Stay(S.WAITING, (), 7 * _DAY, "Ware im Lager", "goods in the warehouse"),
    Stay(S.ACCEPTED, (NOT_FOUND,), _HOUR, "das Lager, das ihn nicht mehr kennt",
         "the warehouse, which does not know it any more"),
    Stay(S.ACCEPTED, (W.SHIPPED,), 6 * _HOUR, "die Zeilen in wemalos Versandliste",
         "the rows in wemalo's list of sent items"),
    Stay(S.ACCEPTED, (W.CANCELLED,), 2 * _HOUR, "der nächste Blick auf den Stand im Lager",
         "the next look at its status in the warehouse"),
    Stay(S.ACCEPTED, (W.INPICKING, W.READYFORSHIPMENT, W.BLOCKEDPACKED, W.PACKED), 2 * _DAY,
         "der Versand durch das Lager", "the warehouse, which ships it"),
    Stay(S.ACCEPTED, (), 4 * _DAY, "das Lager, das mit ihm beginnt",
         "the warehouse, which begins with it"),
    Stay(S.PARTLY_SHIPPED, (NOT_FOUND,), _HOUR, "das Lager, das ihn nicht mehr kennt",
         "the warehouse, which does not know it any more"),
    Stay(S.PARTLY_SHIPPED, (W.SHIPPED, W.CANCELLED), 6 * _HOUR,
         "die letzten Zeilen in wemalos Versandliste",
         "the last rows in wemalo's list of sent items"),
    Stay(S.PARTLY_SHIPPED, (), 7 * _DAY, "die übrigen Pakete", "the remaining parcels"),
    *(Stay(state, (), None, "", "") for state in sorted(ENDED)),
)  # fmt: skip


def stay_of(state: State, view: str | None) -> Stay:
    """Return the row for an order in ``state`` that wemalo shows as ``view``."""
    return next(
        row for row in STAYS if row.state is state and (not row.views or (view or "") in row.views)
    )


def limits(hours: Mapping[State, int]) -> Iterator[tuple[Stay, timedelta]]:
    """Yield the rows that end, with how long an order may stay.

    :param hours: a merchant's own times by state; they count for all that wemalo may show.
    """
    for row in STAYS:
        longest = timedelta(hours=hours[row.state]) if row.state in hours else row.longest
        if row.longest is not None and longest is not None:
            yield row, longest
