"""Run the suites over a batch and read the results by order id."""

from __future__ import annotations

import gc
import os
import traceback
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.core.quality.rules import RULES
from include.core.systems.errors import ContractError
from include.quality import frame, suites
from include.quality.summing import Summed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from great_expectations.data_context.data_context.abstract_data_context import (
        AbstractDataContext,
    )
    from great_expectations.datasource.fluent.interfaces import Batch

    from include.core.merchants.merchant import Merchant
    from include.core.orders.models import Order
    from include.core.quality.rules import Finding
    from include.core.stock.stock_rules import Demand

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

    @classmethod
    def of(cls, parts: Sequence[Outcome]) -> Outcome:
        """Return the outcomes of the parts of a batch as one."""
        if len(parts) == 1:
            return parts[0]
        summed, failing = Summed(), dict[str, frozenset[int]]()
        for part in parts:
            summed.add(part)
            for code, rows in part.failing.items():
                failing[code] = failing.get(code, frozenset()) | rows
        return cls(summed.orders, failing, summed.results)

    @property
    def stopped(self) -> set[int]:
        """Return the orders that break a rule that stops or delays."""
        loud = (c for c in self.failing if c not in RULES or RULES[c].severity != "warn")
        return set().union(*(self.failing[code] for code in loud))


class RuleFailed(ContractError):
    """A rule could not run over the orders it was given.

    :param rule: its code, or the concern of the rules where no single one is known.
    :param error: what went wrong: a class and a place in the code, never a text.
    """

    code = "RULE_FAILED"

    def __init__(self, rule: str, error: str) -> None:
        """Keep the rule beside the text."""
        super().__init__(f"The rule {rule} could not run.", log=f"rule {rule} failed: {error}")
        self.rule = rule
        self.error = error

    @classmethod
    def by(cls, rule: str, error: Exception) -> RuleFailed:
        """Return what a foreign exception says of a rule, without its text: it may quote data."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        return cls(rule, f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}")


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

    :raises RuleFailed: an expectation could not run.
    :raises ContractError: an order is in the batch twice.
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
            code, rows = _read(check)
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


def _read(check: Any) -> tuple[str, frozenset[int]]:
    """Return the code of one expectation and the orders that fail it."""
    meta = (check.expectation_config.meta if check.expectation_config else None) or {}
    code = meta.get("code", "?")
    if (check.exception_info or {}).get("raised_exception", True) or _raised(check):
        raise RuleFailed(code, "raised inside Great Expectations")
    rows = check.result.get("unexpected_index_list") or []
    if not check.success and not rows:
        raise RuleFailed(code, "failed without naming an order")
    return code, frozenset(int(row) for row in rows)


def _raised(check: Any) -> bool:
    """Look into the second form of ``exception_info``: one entry per metric that failed."""
    return any(
        isinstance(entry, dict) and entry.get("raised_exception")
        for entry in (check.exception_info or {}).values()
    )
