"""The Great Expectations suites, built from the catalogue and the merchant's settings.

One suite per concern. Every expectation carries the code of its rule in ``meta`` and the rule's
severity. Great Expectations is imported when a batch is judged, never before.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from include.core.quality.rules import RULE_FAILED, RULES, Concern, Rule
from include.quality import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    import great_expectations as gx
    from great_expectations.expectations.expectation import BatchExpectation

    from include.core.quality.settings import QualitySettings

CONCERNS: tuple[Concern, ...] = ("address", "order", "stock")
COLUMN = {"address": frame.ADDRESS, "order": frame.ORDER_RULES, "stock": frame.STOCK_RULES}
_ORDERS_BY_FINDING, _ROW_COUNT = "table.orders_by_finding", "table.row_count"
_SHOWN = 20
_SEVERITY = {"stop": "critical", "wait": "warning", "warn": "info"}


@cache
def rule_expectation() -> Callable[..., BatchExpectation]:
    """Return our own expectation: no order of the batch breaks one rule of the catalogue.

    All rules of a concern read one metric, which goes through its column once. (A map expectation
    per rule computes seven metrics each: it made up half of a batch's time.) Defining the classes
    registers them with Great Expectations, so it happens once per process.
    """
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
    from great_expectations.validator.metric_configuration import MetricConfiguration

    class TableOrdersByFinding(TableMetricProvider):
        """Order ids per code of a column of codes (``|A|B|``)."""

        metric_name = _ORDERS_BY_FINDING
        value_keys = ("column",)

        @metric_value(engine=PandasExecutionEngine)
        def _pandas(
            cls,
            execution_engine: PandasExecutionEngine,
            metric_domain_kwargs: dict[str, Any],
            metric_value_kwargs: dict[str, Any],
            **_: Any,
        ) -> dict[str, list[int]]:
            table, _compute, _accessor = execution_engine.get_compute_domain(
                metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
            )
            return frame.by_code(table[metric_value_kwargs["column"]])

    class ExpectOrdersToPassRule(BatchExpectation):
        """Expect that no order breaks a rule of the catalogue."""

        rule: str
        findings: str  # the column of codes; called `column` it would be rendered as one

        metric_dependencies = (_ROW_COUNT, _ORDERS_BY_FINDING)
        success_keys = ("rule", "findings")
        args_keys = ("rule", "findings")

        def get_validation_dependencies(
            self, execution_engine: Any = None, runtime_configuration: Any = None
        ) -> Any:
            needed = super(BatchExpectation, self).get_validation_dependencies(
                execution_engine, runtime_configuration
            )
            domain = {"batch_id": self.batch_id, "table": None}
            for name, values in (
                (_ROW_COUNT, {}),
                (_ORDERS_BY_FINDING, {"column": self.findings}),
            ):
                needed.set_metric_configuration(name, MetricConfiguration(name, domain, values))
            return needed

        def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
            failing = metrics[_ORDERS_BY_FINDING].get(self.rule, [])
            orders = metrics[_ROW_COUNT]
            return {
                "success": not failing,
                "result": {
                    "element_count": orders,
                    "unexpected_count": len(failing),
                    "unexpected_percent": 100 * len(failing) / orders if orders else None,
                    "unexpected_index_list": failing,
                    "observed_value": shown(len(failing), failing),
                },
            }

    return ExpectOrdersToPassRule


def shown(count: int, order_ids: list[int]) -> str:
    """Return what Data Docs show of the orders that break a rule: how many, and the first ones."""
    if not count:
        return "0"
    more = ", ..." if count > _SHOWN else ""
    return f"{count}: {', '.join(map(str, order_ids[:_SHOWN]))}{more}"


def suite(
    concern: Concern, settings: QualitySettings, language: Literal["de", "en"] = "en"
) -> gx.ExpectationSuite:
    """Return the suite of one concern, without the rules a merchant has switched off.

    :param language: of the descriptions in Data Docs; both are in ``meta``.
    """
    import great_expectations as gx

    expect = rule_expectation()
    rules = [
        expect(rule=rule.code, findings=COLUMN[concern], **_meta(rule, language))
        for rule in RULES.values()
        if rule.concern == concern
        and rule.code not in settings.off
        # an order whose rules cannot run is not in the frame
        and rule.code != RULE_FAILED
    ]
    numbers = [
        check for check in _numbers(concern, settings) if check.meta["code"] not in settings.off
    ]
    return gx.ExpectationSuite(name=concern, expectations=[*rules, *numbers])


def _meta(rule: Rule, language: Literal["de", "en"]) -> dict[str, Any]:
    text = rule.de if language == "de" else rule.en
    return {
        "severity": _SEVERITY[rule.severity],
        "description": f"{rule.code} ({rule.severity}): {text}",
        "meta": {"code": rule.code, "de": rule.de, "en": rule.en},
    }


def _numbers(concern: Concern, settings: QualitySettings) -> list[Any]:
    """Return the checks that are plain comparisons and need no rule of ours."""
    gxe: Any = import_module("great_expectations.expectations")  # mypy: names not re-exported

    if concern == "order":
        return [
            gxe.ExpectColumnValuesToBeUnique(
                column=frame.ORDER, **_check("BATCH_ORDER_TWICE", "no order id twice")
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column=frame.POSITIONS, min_value=1, **_check("ORDER_NO_ITEMS", "positions > 0")
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column=frame.QUANTITY,
                min_value=0,
                strict_min=True,
                **_check("ORDER_QUANTITY", "smallest quantity > 0"),
            ),
        ]
    if concern == "stock":
        short = "STOCK_SHORT" if settings.short_orders == "status" else "STOCK_WAIT"
        return [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=frame.AVAILABLE,
                column_B=frame.CUMULATIVE,
                or_equal=True,
                ignore_row_if="either_value_is_missing",
                **_check(short, "available stock >= cumulative demand"),
            )
        ]
    return []


def _check(code: str, compared: str) -> dict[str, Any]:
    return {
        "severity": "critical",
        "description": f"{code}: {compared}",
        "meta": {"code": code, "numbers": True},
    }
