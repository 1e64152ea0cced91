"""Great Expectations' results of several slices of a batch, added up as if it was one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.quality.suites import shown

if TYPE_CHECKING:
    from include.quality.validation import Outcome

_SUMS = ("element_count", "unexpected_count", "missing_count")
#: name of a percentage -> what it is a share of
_SHARES = {
    "missing_percent": ("missing_count", False),
    "unexpected_percent": ("unexpected_count", True),
    "unexpected_percent_total": ("unexpected_count", False),
    "unexpected_percent_nonmissing": ("unexpected_count", True),
}
#: failing orders of a rule that are named; of more the number is told, the ledger names them all
_NAMED = 1_000


class Summed:
    """The slices' results in one: it grows with the number of rules, not of orders."""

    def __init__(self) -> None:
        """Begin with no slice."""
        self.orders = 0
        self.results: list[Any] = []

    def add(self, outcome: Outcome) -> None:
        """Take in the results of one slice."""
        self.orders += outcome.orders
        if not self.results:
            self.results = outcome.results
            return
        for kept, more in zip(self.results, outcome.results, strict=True):
            kept.success = kept.success and more.success
            for check, added in zip(kept.results, more.results, strict=True):
                check.success = check.success and added.success
                _add(check.result, added.result)


def _add(kept: dict[str, Any], more: dict[str, Any]) -> None:
    for name in _SUMS:
        if name in kept:
            kept[name] += more[name]
    for name, (part, present) in _SHARES.items():
        if name in kept:
            missing = kept.get("missing_count", 0) if present else 0
            whole = kept["element_count"] - missing
            kept[name] = 100 * kept[part] / whole if whole else None
    ids = [*kept.get("unexpected_index_list", ()), *more.get("unexpected_index_list", ())]
    kept["unexpected_index_list"] = ids[:_NAMED]
    if "observed_value" in kept:
        kept["observed_value"] = shown(kept["unexpected_count"], ids)
