"""The quality report of one merchant and day: a pure function over verdicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.core.models import Verdict


@dataclass(frozen=True, slots=True)
class RuleShare:
    """How often one rule was broken: ``share`` of the orders, ``trend`` against the days before."""

    code: str
    orders: int
    share: float
    trend: float | None  # percentage points as a fraction; None without earlier days


def count(verdicts: Iterable[Verdict]) -> Counter[str]:
    """Return orders per code, deciding and warning alike; ``""`` counts all orders."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts[""] += 1
        counts.update({*verdict.warnings, verdict.code} - {""})
    return counts


def report(today: Counter[str], before: Counter[str]) -> list[RuleShare]:
    """Return the rules broken today or before, the most frequent first.

    :param today: as `count` returns them; ``before``: the same, added up over earlier days.
    """
    orders, earlier = today[""], before[""]
    rows = [
        RuleShare(
            code,
            today[code],
            today[code] / orders if orders else 0.0,
            today[code] / orders - before[code] / earlier if orders and earlier else None,
        )
        for code in {*today, *before} - {""}
    ]
    return sorted(rows, key=lambda row: (-row.orders, row.code))
