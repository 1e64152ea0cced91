"""The quality report of one merchant: shares and trends from the counts of its days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.ledger.quality.quality import ALL, NOT_SENT

if TYPE_CHECKING:
    from collections import Counter


@dataclass(frozen=True, slots=True)
class RuleShare:
    """How often one rule was broken: ``share`` of the orders, ``trend`` against the days before."""

    code: str
    orders: int
    share: float
    trend: float | None  # percentage points as a fraction; None without earlier days


def report(today: Counter[str], before: Counter[str]) -> list[RuleShare]:
    """Return the rules broken today or before, the most frequent first.

    :param today: orders per code of the days reported, by `include.ledger.quality.quality`.
    :param before: the same of the days to compare with.
    """
    orders, earlier = today[ALL], before[ALL]
    rows = [
        RuleShare(
            code,
            today[code],
            today[code] / orders if orders else 0.0,
            today[code] / orders - before[code] / earlier if orders and earlier else None,
        )
        for code in {*today, *before} - {ALL, NOT_SENT}
    ]
    return sorted(rows, key=lambda row: (-row.orders, row.code))
