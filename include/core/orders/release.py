"""What to do with an order that plentymarkets shows in the fetch status, or as cancelled."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from include.core.orders.states import AT_WAREHOUSE, NEVER_SENT, State

if TYPE_CHECKING:
    from datetime import datetime


class Release(Enum):
    """What an order in the fetch status needs."""

    READ = auto()  # read its content: it is new, changed, or released again
    NOTHING = auto()  # known and unchanged; its turn comes
    REPAIR_STATUS = auto()  # the warehouse has it: only our status is missing, never send again
    NEEDS_PERSON = auto()  # released again after it shipped or was cancelled in the warehouse


def on_release(
    state: State | None,
    *,
    sent: bool,
    kept_time: datetime | None,
    row_time: datetime,
    write_pending: bool,
    resend: bool = False,
) -> Release:
    """Decide for one order in the fetch status.

    :param state: the ledger's state, None for an order never seen.
    :param sent: wemalo has had this order; its external id is used for ever (wemalo contract 4.9).
    :param kept_time: plentymarkets' change time of the content the ledger keeps.
    :param row_time: the change time in the search row.
    :param write_pending: a status of ours is still to be written to this order.
    :param resend: cancelled at the warehouse only because it was held: it may be sent again.
    """
    if state is None:
        return Release.READ
    if state in {State.ACCEPTED, State.PARTLY_SHIPPED}:
        return Release.NOTHING if write_pending else Release.REPAIR_STATUS
    if state in AT_WAREHOUSE:  # not settled: a status now could hide an order that never arrived
        return Release.NOTHING
    if state is State.CANCELLED and sent and resend:
        return Release.READ
    if state is State.SHIPPED or (state is State.CANCELLED and sent):
        return Release.NEEDS_PERSON
    changed = kept_time is None or kept_time != row_time
    if state in {State.INVALID, State.NO_STOCK, State.CANCELLED, State.WITHDRAWN}:
        # our fault status is written and the order is back: the merchant released it again
        return Release.READ if changed or not write_pending else Release.NOTHING
    return Release.READ if changed else Release.NOTHING


class Cancel(Enum):
    """What a cancelled order needs."""

    SETTLE = auto()  # wemalo never had it: cancelled at once
    ASK_WAREHOUSE = auto()  # wemalo has it, or may have it
    TOO_LATE = auto()  # it has left
    REPAIR_STATUS = auto()  # cancelled before; our status is missing
    NOTHING = auto()


def on_cancel(state: State, *, requested: bool, write_pending: bool) -> Cancel:
    """Decide for one order of the ledger that plentymarkets shows as cancelled by the merchant.

    :param requested: the cancellation was seen before and is being settled.
    """
    if state in NEVER_SENT:
        return Cancel.SETTLE
    if state in AT_WAREHOUSE:
        return Cancel.NOTHING if requested else Cancel.ASK_WAREHOUSE
    if write_pending:
        return Cancel.NOTHING
    return Cancel.TOO_LATE if state is State.SHIPPED else Cancel.REPAIR_STATUS
