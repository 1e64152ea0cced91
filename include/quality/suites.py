"""The Great Expectations suites, built from the catalogue and the merchant's settings.

One suite per concern. Every expectation carries the code of its rule in ``meta`` and the rule's
severity. Great Expectations is imported when a batch is judged, never before.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from include.core.rules import RULES, Concern, Rule
from include.quality import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import great_expectations as gx
    from great_expectations.expectations.expectation import ColumnMapExpectation

CONCERNS: tuple[Concern, ...] = ("address", "order", "stock")
COLUMN = {"address": frame.ADDRESS, "order": frame.ORDER_RULES, "stock": frame.STOCK_RULES}
_SEVERITY = {"stop": "critical", "wait": "warning", "warn": "info"}


@cache
def rule_expectation() -> Callable[..., ColumnMapExpectation]:
    """Return our own expectation: no order of the batch breaks one rule of the catalogue.

    Defining the class registers it with Great Expectations, so it happens once per process.
    """
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.metrics.map_metric_provider import (  # type: ignore[attr-defined]
        ColumnMapMetricProvider,
        column_condition_partial,
    )

    class ColumnValuesFreeOfFinding(ColumnMapMetricProvider):
        """True where a text of codes (``|A|B|``) does not name ``rule``."""

        condition_metric_name = "column_values.free_of_finding"
        condition_value_keys = ("rule",)

        @column_condition_partial(engine=PandasExecutionEngine)
        def _pandas(cls, column: Any, rule: str, **_: Any) -> Any:
            return ~column.str.contains(f"|{rule}|", regex=False)

    class ExpectOrdersToPassRule(ColumnMapExpectation):
        """Expect that no order breaks a rule of the catalogue."""

        rule: str

        map_metric = "column_values.free_of_finding"
        success_keys = ("rule", "mostly")
        args_keys = ("column", "rule")

    return ExpectOrdersToPassRule


def suite(concern: Concern, off: Collection[str] = ()) -> gx.ExpectationSuite:
    """Return the suite of one concern without the rules a merchant has switched off."""
    import great_expectations as gx

    rules = [r for r in RULES.values() if r.concern == concern and r.code not in off]
    expect = rule_expectation()
    result = gx.ExpectationSuite(name=concern)
    for rule in rules:
        result.add_expectation(expect(column=COLUMN[concern], rule=rule.code, **_meta(rule)))
    for expectation in _numbers(concern):
        result.add_expectation(expectation)
    return result


def _meta(rule: Rule) -> dict[str, Any]:
    return {
        "severity": _SEVERITY[rule.severity],
        "meta": {"code": rule.code, "de": rule.de, "en": rule.en},
    }


def _numbers(concern: Concern) -> list[Any]:
    """Return the checks that are plain comparisons and need no rule of ours."""
    gxe: Any = import_module("great_expectations.expectations")  # mypy: names not re-exported

    if concern == "order":
        return [
            gxe.ExpectColumnValuesToBeUnique(column=frame.ORDER, **_check("BATCH_ORDER_TWICE")),
            gxe.ExpectColumnValuesToBeBetween(
                column=frame.POSITIONS, min_value=1, **_check("ORDER_NO_ITEMS")
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column=frame.QUANTITY,
                min_value=0,
                strict_min=True,
                **_check("ORDER_QUANTITY"),
            ),
        ]
    if concern == "stock":
        return [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=frame.AVAILABLE,
                column_B=frame.CUMULATIVE,
                or_equal=True,
                ignore_row_if="either_value_is_missing",
                **_check("STOCK_SHORT"),
            )
        ]
    return []


def _check(code: str) -> dict[str, Any]:
    return {"severity": "critical", "meta": {"code": code, "numbers": True}}
