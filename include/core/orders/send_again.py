"""Sending an order again that the warehouse has and cannot begin with.

The reasons ADDRESS and UNKNOWN do not go away by themselves: the vendor's own connection sends such
an order again, and only looks at all others (wemalo contract 4.3, 4.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.systems.failures import pause_after

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from include.core.merchants.merchant import Merchant

#: ``reasonPartiallyReserved`` of orders that are sent again
REASONS = frozenset({"ADDRESS", "UNKNOWN"})
#: so often, over about a day with a first pause of a quarter of an hour
TRIES = 8


def possible(merchant: Merchant) -> bool:
    """Say whether the merchant's route takes an order twice (wemalo contract 4.3, 4.9)."""
    return merchant.wemalo.create_route == "addConditional"


def is_due(tries: int, since: datetime, now: datetime, pause: timedelta) -> bool:
    """Say whether an order is to be sent again now.

    :param tries: how often it was sent again.
    :param since: when it was sent last, or came to stand there.
    :param pause: the first one; they double.
    """
    return tries < TRIES and now >= since + pause_after(tries + 1, pause)


def outlook(tries: int, *, possible: bool) -> tuple[str, str]:
    """Return what becomes of such an order, in German and English.

    :param possible: whether the merchant's route takes an order twice.
    """
    left = TRIES - tries if possible else 0
    if left <= 0:
        return "Er wird nicht mehr von selbst gesendet.", "It is not sent again by itself."
    return (
        f"Er wird noch {left}-mal von selbst gesendet, mit wachsenden Pausen.",
        f"It is sent again by itself, {left} more time(s), with growing pauses.",
    )
