"""Run the suites over a batch and read the results by order id."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from include.core.errors import ContractError
from include.core.rules import RULES
from include.quality import frame, suites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from great_expectations.data_context.data_context.abstract_data_context import (
        AbstractDataContext,
    )
    from great_expectations.datasource.fluent.interfaces import Batch

    from include.core.merchant import Merchant
    from include.core.models import Order
    from include.core.rules import Finding
    from include.core.stock_rules import Demand

# Failing rows by the frame's index, which is the order id, and nothing else of them (no values, no
# query text). Naming the column instead costs Great Expectations a look-up per row.
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Great Expectations found: order ids per code, and its own results for Data Docs."""

    orders: int
    failing: dict[str, frozenset[int]]
    results: list[Any] = field(default_factory=list, repr=False)

    @property
    def stopped(self) -> set[int]:
        """Return the orders that break a rule that stops or delays."""
        loud = (c for c in self.failing if c not in RULES or RULES[c].severity != "warn")
        return set().union(*(self.failing[code] for code in loud))


@cache
def warm_up() -> None:
    """Import what a batch needs, once per process; cheap to call again.

    The hundreds of thousands of objects of the import live as long as the process: frozen, they
    are not walked by every garbage collection of a batch (a quarter of its time).
    """
    context()
    suites.rule_expectation()
    gc.freeze()


@cache
def context() -> AbstractDataContext:
    """Return this process's context: in memory, silent, without telemetry."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = ProgressBarsConfig(globally=False)
    return made


@cache
def _definition() -> Any:
    source = context().data_sources.add_pandas("orders")
    return source.add_dataframe_asset("batch").add_batch_definition_whole_dataframe("whole")


def validate(
    orders: Sequence[Order],
    address: Mapping[int, Sequence[Finding]],
    order: Mapping[int, Sequence[Finding]],
    demand: Mapping[int, Demand],
    *,
    merchant: Merchant,
) -> Outcome:
    """Run every suite over the batch, built from the merchant's settings.

    :raises ContractError: an expectation could not run, or an order is in the batch twice.
    """
    table = frame.build(orders, address, order, demand)
    context()
    batch: Batch = _definition().get_batch({"dataframe": table})
    failing: dict[str, frozenset[int]] = {}
    results = []
    for concern in suites.CONCERNS:
        result = batch.validate(
            suites.suite(concern, merchant.quality, merchant.language),
            result_format=RESULT_FORMAT,
        )
        results.append(result)
        for check in result.results:
            code, rows = _read(check, merchant.merchant)
            if rows:
                failing[code] = failing.get(code, frozenset()) | rows
    if "BATCH_ORDER_TWICE" in failing:
        msg = "An order is in the batch twice; nothing of it was sent. Run the extract again."
        raise ContractError(
            msg,
            log=f"order ids twice: {sorted(failing['BATCH_ORDER_TWICE'])[:20]}",
            code="BATCH_ORDER_TWICE",
            merchant=merchant.merchant,
        )
    return Outcome(len(orders), failing, results)


def _read(check: Any, merchant: str) -> tuple[str, frozenset[int]]:
    """Return the code of one expectation and the orders that fail it."""
    meta = (check.expectation_config.meta if check.expectation_config else None) or {}
    code = meta.get("code", "?")
    if (check.exception_info or {}).get("raised_exception", True) or _raised(check):
        msg = (
            f"The rule {code} could not run; nothing of this batch was sent. "
            "This is a fault of the rules, not of an order."
        )
        raise ContractError(
            msg,
            log=f"rule {code} raised inside Great Expectations",
            code="RULE_FAILED",
            merchant=merchant,
        )
    rows = check.result.get("unexpected_index_list") or []
    if not check.success and not rows:
        msg = f"The rule {code} failed without naming an order; nothing of this batch was sent."
        raise ContractError(
            msg,
            code="RULE_FAILED",
            merchant=merchant,
        )
    return code, frozenset(int(row) for row in rows)


def _raised(check: Any) -> bool:
    """Look into the second form of ``exception_info``: one entry per metric that failed."""
    return any(
        isinstance(entry, dict) and entry.get("raised_exception")
        for entry in (check.exception_info or {}).values()
    )
