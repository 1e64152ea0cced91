"""When a status may be written to plentymarkets, and what writes of ours have overwritten.

There is no conditional write (plentymarkets contract 1, fact 6; 19, pitfall 3). So: read right
before, write only over what was expected, and read the history as long as a call may still land.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from include.core.orders.moved_by_hand import CANCELLED, SHIPPED
from include.core.orders.plenty_order import row_status
from include.core.orders.statuses import is_cancelled
from include.core.systems.values import need_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from decimal import Decimal


class Write(Enum):
    """What to do with one queued status."""

    WRITE = auto()
    DONE = auto()  # plentymarkets has it already
    CANCELLED = auto()  # the merchant cancelled meanwhile: start the cancellation instead
    MOVED = auto()  # somebody moved the order elsewhere: their word counts, ours is dropped
    LATER = auto()  # perhaps an earlier write of ours has just landed: the history tells


def before_write(
    current: Decimal,
    target: Decimal,
    expected: Collection[Decimal],
    *,
    may_land: Collection[Decimal] = (),
) -> Write:
    """Decide from the status that was read just now.

    :param may_land: statuses of earlier writes of ours that may still land.
    """
    if current == target:
        return Write.DONE
    if current in expected:
        return Write.WRITE
    if current in may_land:
        return Write.LATER
    if is_cancelled(current) and not is_cancelled(target):
        return Write.CANCELLED
    return Write.MOVED


def says_the_same(current: Decimal, target: Decimal) -> bool:
    """Say whether a status that stands says what one of ours would have said: cancelled, left."""
    if is_cancelled(target):
        return is_cancelled(current)
    return SHIPPED <= current < CANCELLED


@dataclass(frozen=True, slots=True)
class OwnStatus:
    """One status of ours for an order that was written, or tried, or found there.

    :param number: later decisions have higher ones.
    :param before: the status read before its first try, None where it was never tried.
    :param done: plentymarkets had it. Never so at the same time as ``dropped``: overtaken.
    :param watched: a call of it may have landed where nobody looked yet.
    :param doubted: the outcome of a call was not known: it may have landed minutes later.
    :param after: puts back what a status overwrote, whose history row has this id; 0: it does not.
    """

    number: int
    target: Decimal
    expected: frozenset[Decimal]
    before: Decimal | None = None
    done: bool = False
    dropped: bool = False
    watched: bool = False
    doubted: bool = False
    after: int = 0


@dataclass(frozen=True, slots=True)
class Overwritten:
    """What a write of ours overwrote and is to be put back.

    :param status: what was there, by the merchant's word or a later one of ours.
    :param over: what shows instead.
    :param over_id: the history row of that.
    :param ours: what was there was a status of ours.
    """

    status: Decimal
    over: Decimal
    over_id: int
    ours: bool


def overwritten(
    history: Iterable[Mapping[str, Any]],
    own: Sequence[OwnStatus],
    *,
    waiting: bool = False,
) -> Overwritten | None:
    """Return what a write of ours overwrote and stands overwritten now, or None.

    Walks the history and keeps what should show: anybody else's word as it comes, a status of ours
    only where it would have been written. One that landed after a later one of ours does not count.

    :param history: status history rows of one order (contract 18); sorted by id here, since times
        of one second do not order them.
    :param own: our statuses for this order, those of long ago left out.
    :param waiting: a later status of ours waits to be written: an overtaken one harms nothing.
    """
    rows = sorted(history, key=lambda row: need_id(row, "id"))
    shown = [row_status(row) for row in rows]
    right: Decimal | None = None
    ours = False
    for n, current in enumerate(shown):
        one = _writer(own, current, need_id(rows[n], "id"))
        if one is None:
            right = current
            ours = any(row.target == current and row.done and not row.after for row in own)
            continue
        right = one.before if right is None else right
        late = _was_late(one, own, shown[n + 1 :]) or (one.dropped and not waiting)
        if right is None or (not late and _may_stand(one, right)):
            right, ours = current, not one.after
    if right is None or shown[-1] == right:
        return None
    return Overwritten(right, shown[-1], need_id(rows[-1], "id"), ours)


def _writer(own: Sequence[OwnStatus], status: Decimal, row_id: int) -> OwnStatus | None:
    """Return the latest of ours that set a status, if it may have done so unseen."""
    some = [one for one in own if one.target == status and one.after < row_id]
    if not any(one.watched for one in some):
        return None
    return max(some, key=lambda one: one.number)


def _was_late(one: OwnStatus, own: Sequence[OwnStatus], following: Sequence[Decimal]) -> bool:
    """Say whether a status came after a later one of ours was there."""
    return any(
        later.done and later.number > one.number and not later.after
        and later.target != one.target and later.target not in following
        for later in own
    )  # fmt: skip


def _may_stand(one: OwnStatus, over: Decimal) -> bool:
    """Say whether a status may stand over another, or is to give way to it.

    In the second between our look and our write plentymarkets itself may have moved an order within
    its release (contract 8: 3, 4 and 5 by payment and stock), which ends with the hand-over.
    """
    if before_write(over, one.target, one.expected) in {Write.WRITE, Write.DONE}:
        return True
    return not one.doubted and over < SHIPPED
