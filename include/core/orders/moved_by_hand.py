"""What it means that a person moved an order's status by hand, as plentymarkets shows it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING

from include.core.orders.statuses import is_cancelled

if TYPE_CHECKING:
    from include.core.merchants.merchant import Merchant

#: plentymarkets contract 8: "on hold" and "outgoing items booked"
ON_HOLD = Decimal(6)
SHIPPED, CANCELLED = Decimal(7), Decimal(8)
#: the end of the range for cancelled orders: ids have four places (contract 7.1)
LAST_CANCELLED = Decimal("8.9999")
#: kept for an order at the warehouse that plentymarkets does not have any more; no status is 0
DELETED = Decimal(0)
#: reason codes of an order that a person took out of the release while the warehouse has it
HELD, HELD_LATE = "HELD", "HELD_LATE"
#: and of one that was withdrawn before it was sent, and that the warehouse has all the same
UNWANTED = "UNWANTED"


class Moved(Enum):
    """What the status of an order that the warehouse has asks for."""

    NOTHING = auto()
    HELD = auto()  # taken out of the release: it shall not ship for now
    SHIPPED = auto()  # booked as shipped although nothing left the warehouse: it would ship twice
    CANCELLED = auto()


def on_moved(status: Decimal, merchant: Merchant) -> Moved:
    """Decide for one order at the warehouse of which no parcel is known."""
    statuses = merchant.statuses
    if status in {statuses.cancel_done, statuses.cancel_too_late} - {statuses.cancel_requested}:
        return Moved.NOTHING  # ours
    if asks_to_cancel(status, merchant):
        return Moved.CANCELLED
    if is_cancelled(status):
        return Moved.HELD  # none that the merchant named: told, not obeyed
    if wants_shipping(status, merchant):
        return Moved.NOTHING
    if SHIPPED <= status < CANCELLED or status == statuses.shipped:
        return Moved.SHIPPED
    return Moved.HELD if holds(status, merchant) else Moved.NOTHING


def asks_to_cancel(status: Decimal, merchant: Merchant) -> bool:
    """Say whether a status asks for a cancellation (setting ``statuses.cancelled``)."""
    statuses = merchant.statuses
    if status == statuses.cancel_requested:
        return True
    if statuses.cancelled is not None:
        return status in statuses.cancelled
    ours = {statuses.cancel_done, statuses.cancel_too_late}
    return is_cancelled(status) and status not in ours


def wants_shipping(status: Decimal, merchant: Merchant) -> bool:
    """Say whether a status says that an order shall ship: released, or written by us on its way."""
    statuses = merchant.statuses
    ways = {statuses.fetch, statuses.handed_over, statuses.address_error, statuses.no_stock}
    return status in ways


def usual_statuses(merchant: Merchant) -> set[Decimal]:
    """Return the statuses that say nothing new of an order at the warehouse."""
    statuses = merchant.statuses
    return {
        statuses.fetch, statuses.handed_over, statuses.address_error, statuses.no_stock,
        statuses.cancel_requested, statuses.cancel_done, statuses.cancel_too_late,
    }  # fmt: skip


def holds(status: Decimal, merchant: Merchant) -> bool:
    """Say whether an order in a status shall not ship (setting ``hold_statuses``)."""
    if merchant.hold_statuses is not None:
        return status in merchant.hold_statuses
    return status < merchant.statuses.fetch or status == ON_HOLD
