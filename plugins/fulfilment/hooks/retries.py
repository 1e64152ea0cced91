"""How often a read is tried, and how long each time is waited."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from include.core.systems.errors import RateLimited

if TYPE_CHECKING:
    from include.core.systems.errors import FulfilmentError

READ_TRIES = 3
READ_PAUSES_S = (0.5, 2.0)


def pause_before_retry(error: FulfilmentError, number: int, left_s: float) -> float | None:
    """Return how long to wait before the next try of a read, None for no next try.

    :param number: of the try that failed, from 1.
    :param left_s: how much longer the caller may wait for its turn.
    """
    if isinstance(error, RateLimited):
        if error.code != "RATE_LIMITED" or error.retry_after is None:
            return None
        return error.retry_after if error.retry_after <= left_s else None
    base = READ_PAUSES_S[min(number, len(READ_PAUSES_S)) - 1]
    return base * random.uniform(0.5, 1.5)  # noqa: S311 - spreads tries, keeps no secret
