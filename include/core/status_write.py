"""When a status may be written to plentymarkets, and what we may have overwritten.

There is no conditional write (plentymarkets contract 1, fact 6; 19, pitfall 3). So: read right
before, write only over what was expected, read the history right after.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from include.core.plenty_order import row_status
from include.core.statuses import is_cancelled
from include.core.values import need_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from decimal import Decimal


class Write(Enum):
    """What to do with one queued status."""

    WRITE = auto()
    DONE = auto()  # plentymarkets has it already
    CANCELLED = auto()  # the merchant cancelled meanwhile: start the cancellation instead
    MOVED = auto()  # somebody moved the order elsewhere: their word counts, ours is dropped


def before_write(current: Decimal, target: Decimal, expected: Collection[Decimal]) -> Write:
    """Decide from the status that was read just now."""
    if current == target:
        return Write.DONE
    if current in expected:
        return Write.WRITE
    if is_cancelled(current) and not is_cancelled(target):
        return Write.CANCELLED
    return Write.MOVED


def overwritten_cancel(
    history: Iterable[Mapping[str, Any]],
    target: Decimal,
    before: Decimal,
    *,
    later: Collection[Decimal] = (),
) -> Decimal | None:
    """Return the cancel status that our write of ``target`` overwrote, or None.

    :param history: status history rows of one order (contract 18); sorted by id here, since times
        of one second do not order them.
    :param before: the status read before our write. A cancel older than that was not overwritten.
    :param later: statuses that we wrote since then. Where anybody else has set one since, their
        word counts: nothing is put back.
    """
    rows = sorted(history, key=lambda row: need_id(row, "id"))
    ours = max((n for n, row in enumerate(rows) if row_status(row) == target), default=None)
    if ours is None or ours == 0:
        return None
    if any(row_status(row) not in later for row in rows[ours + 1 :]):
        return None
    previous = row_status(rows[ours - 1])
    return previous if previous != before and is_cancelled(previous) else None
