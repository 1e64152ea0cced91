"""What a replay does about one order: from what plentymarkets, the ledger and wemalo say of it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING

from include.core.orders.states import NEVER_SENT, State

if TYPE_CHECKING:
    from include.core.merchants.merchant import Statuses

#: wemalo may have an order that shows one of these: released up to shipped, not cancelled
_AT_WEMALO = (Decimal(5), Decimal(8))
#: something is still to be done about these by themselves
UNFINISHED = frozenset(
    {
        State.FETCHED, State.READY, State.RETRY_WAIT, State.QUARANTINED, State.NO_STOCK,
        State.SUBMITTING, State.CANCELLING,
    }
)  # fmt: skip


class Lost(Enum):
    """Which status plentymarkets lacks."""

    NOTHING = auto()
    HANDED_OVER = auto()  # wemalo has the order, plentymarkets does not show it
    WAITING = auto()  # wemalo waits for goods or an address, plentymarkets does not show it


def may_be_there(state: State | None, status: Decimal) -> bool:
    """Say whether wemalo has to be asked for an order: the ledger may have lost its hand-over.

    :param state: the ledger's state, None for an order it does not know.
    :param status: as plentymarkets shows it.
    """
    unknown = state is None or state in NEVER_SENT - {State.WITHDRAWN}
    return unknown and _AT_WEMALO[0] <= status < _AT_WEMALO[1]


def lost_status(
    state: State | None, status: Decimal, statuses: Statuses, *, write_pending: bool
) -> Lost:
    """Say which status of ours plentymarkets lacks, for an order that is not released.

    (A released order is decided by `include.core.orders.release.on_release`.)
    """
    if write_pending:
        return Lost.NOTHING
    faults = (statuses.address_error, statuses.no_stock)
    if state is State.ACCEPTED and status in faults:
        return Lost.HANDED_OVER
    if state is State.WAITING and status == statuses.handed_over:
        return Lost.WAITING
    return Lost.NOTHING
