"""Filters of the order search: operators, AND and OR, groups (contract 6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.dates import to_timestamp
from include.sandbox.plenty.errors import invalid
from include.sandbox.plenty.values import decimal_of, is_true

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from include.sandbox.plenty.model import Order

OPERATORS = frozenset({"eq", "not", "in", "nin", "null", "nn", "lt", "lte", "gt", "gte", "between"})
_JUNCTION = re.compile(r"[\s+]+(AND|OR)[\s+]+")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """How a filter reads an order: all values it has, and how a given value is parsed."""

    values: Callable[[Order], Iterable[Any]]
    parse: Callable[[Any], Any]
    index: str | None = None  # "id", "status" or "parent": an exact set narrows the rows to look at


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one order, and the exact set it allows where the field has an index."""

    test: Callable[[Order], bool]
    index: str | None = None
    exact: frozenset[Any] | None = None


def text(value: Any) -> str:
    """Parse a text value; comparisons ignore case."""
    return str(value).strip().lower()


def date(value: Any) -> float:
    """Parse a date to Unix seconds."""
    return to_timestamp(value)


def flag(value: Any) -> bool:
    """Parse a flag."""
    return is_true(value)


def decimal(value: Any) -> Decimal:
    """Parse a number."""
    return decimal_of(value)


def from_query(name: str, spec: FieldSpec, expression: str) -> Condition:
    """Compile "in:5,5.6", "gt:3 AND lt:5", "eq:5 OR eq:6" or a bare value."""
    parts = _JUNCTION.split(expression)
    any_of: list[list[Condition]] = [[_single(name, spec, parts[0])]]
    for junction, part in zip(parts[1::2], parts[2::2], strict=True):
        if junction == "OR":
            any_of.append([])
        any_of[-1].append(_single(name, spec, part))
    alternatives = [all_of(group) for group in any_of]
    return alternatives[0] if len(alternatives) == 1 else one_of(alternatives)


def compile_condition(name: str, spec: FieldSpec, operator: str, value: Any) -> Condition:
    """Compile one operator. A value that does not fit, or an unknown operator, is a 422."""
    given = value if isinstance(value, list | tuple) else _split(operator, value)
    try:
        wanted = [spec.parse(item) for item in given]
    except ValueError as error:
        raise invalid(name, "The value does not fit the field.") from error
    values = spec.values
    match operator:
        case "eq" | "in":
            exact = frozenset(wanted)
            test = _any_in(values, exact)
            return Condition(test, spec.index, exact if spec.index else None)
        case "not" | "nin":
            inside = _any_in(values, frozenset(wanted))
            return Condition(lambda order: not inside(order))
        case "null":
            return Condition(lambda order: not any(v is not None for v in values(order)))
        case "nn":
            return Condition(lambda order: any(v is not None for v in values(order)))
        case "between":
            if len(wanted) != 2:
                raise invalid(name, "between needs two values.")
            low, high = wanted
            return Condition(
                lambda order: any(v is not None and low <= v <= high for v in values(order))
            )
        case "lt" | "lte" | "gt" | "gte":
            if not wanted:
                raise invalid(name, "The operator needs a value.")
            return Condition(_compare(values, operator, wanted[0]))
        case _:
            raise invalid(name, f"The operator {operator} does not exist.")


def all_of(conditions: list[Condition]) -> Condition:
    """Join by AND, keeping an exact set that one of them has."""
    if len(conditions) == 1:
        return conditions[0]
    tests = [condition.test for condition in conditions]
    indexed = next((c for c in conditions if c.exact is not None), None)
    return Condition(
        lambda order: all(test(order) for test in tests),
        indexed.index if indexed else None,
        indexed.exact if indexed else None,
    )


def one_of(conditions: list[Condition]) -> Condition:
    """Join by OR, keeping exact sets if all have one on the same field."""
    tests = [condition.test for condition in conditions]
    test = lambda order: any(one(order) for one in tests)  # noqa: E731 - twin of the line above
    indexes = {condition.index for condition in conditions}
    if len(indexes) == 1 and all(c.exact is not None for c in conditions):
        exact = frozenset[Any]().union(*(c.exact for c in conditions if c.exact is not None))
        return Condition(test, indexes.pop(), exact)
    return Condition(test)


def _single(name: str, spec: FieldSpec, expression: str) -> Condition:
    operator, colon, rest = expression.strip().partition(":")
    if operator in OPERATORS and (colon or operator in ("null", "nn")):
        return compile_condition(name, spec, operator, rest)
    return compile_condition(name, spec, "eq", expression)


def _split(operator: str, value: Any) -> list[Any]:
    if operator in ("null", "nn") or value is None:
        return []
    if operator in ("in", "nin", "between") and isinstance(value, str):
        return [part for part in value.split(",") if part.strip()]
    return [value]


def _any_in(
    values: Callable[[Order], Iterable[Any]], wanted: frozenset[Any]
) -> Callable[[Order], bool]:
    return lambda order: not wanted.isdisjoint(values(order))


def _compare(
    values: Callable[[Order], Iterable[Any]], operator: str, bound: Any
) -> Callable[[Order], bool]:
    match operator:
        case "lt":
            return lambda order: any(v is not None and v < bound for v in values(order))
        case "lte":
            return lambda order: any(v is not None and v <= bound for v in values(order))
        case "gt":
            return lambda order: any(v is not None and v > bound for v in values(order))
        case _:
            return lambda order: any(v is not None and v >= bound for v in values(order))
