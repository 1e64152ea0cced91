"""An order counts once per rule, whatever the number of its findings and the size of the batch."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.address.check import AddressResult
from include.core.changes.differences import differences
from include.core.orders.wemalo_order import compose
from include.core.quality.rules import RULE_FAILED, RULES, Concern, Finding, loudest
from include.quality import batch, frame, validation
from include.quality.batch import judge
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_item, an_order

CODES = [code for code in RULES if code != RULE_FAILED]


def finding(code: str) -> Finding:
    rule = RULES[code]
    return Finding(rule, rule.field, rule.de, rule.en)


def outcome_of(findings: list[list[str]]) -> validation.Outcome:
    """Run the suites over a batch whose orders have these findings."""
    orders = [an_order(n) for n in range(1, len(findings) + 1)]

    def of(concern: Concern) -> dict[int, list[Finding]]:
        return {
            n: [finding(code) for code in codes if RULES[code].concern == concern]
            for n, codes in enumerate(findings, 1)
        }

    # the stock's findings have a column of their own, one at most: there the rules give one
    return validation.validate(orders, of("address"), of("order"), {}, merchant=a_merchant())


NO_STOCK = [code for code in CODES if RULES[code].concern != "stock"]


@settings(deadline=None, derandomize=True)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 40)), max_size=9),
        min_size=1,
        max_size=30,
    )
)
def test_any_findings_in_a_batch_of_any_size_are_counted_by_order(
    orders: list[list[tuple[str, int]]],
) -> None:
    """The metric that every expectation reads; the next test goes through Great Expectations."""
    import pandas as pd

    column = pd.Series(
        [frame.codes(finding(code) for code, times in order for _ in range(times))
         for order in orders]
    )  # fmt: skip
    counted = frame.by_code(column)
    for code in CODES:
        wanted = [n for n, order in enumerate(orders) if code in dict(order)]
        assert counted.get(code, []) == wanted


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_rule_may_be_broken_many_times_by_every_order(size: int) -> None:
    outcome = outcome_of([NO_STOCK * 30] * size)
    assert outcome.failing == {code: frozenset(range(1, size + 1)) for code in NO_STOCK}
    for result in outcome.results:
        for check in result.results:
            assert (check.result.get("unexpected_percent") or 0) <= 100


def many(positions: int, **changes: Any) -> Any:
    """Return an order in which each position breaks whatever a position can break."""
    items = [an_item(9_000 + n // 2, item_id=n, **changes) for n in range(positions)]
    return an_order(1, items=tuple(items))


@pytest.mark.parametrize("positions", [2, 3, 500])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "ORDER_UNKNOWN_SKU"),
        ({"quantity": 0}, "ORDER_QUANTITY"),
        ({"type_id": 6}, "ORDER_ITEM_TYPE"),
        ({"active": False}, "ORDER_UNKNOWN_SKU"),
    ],
)
def test_an_order_of_many_faulty_positions_gets_its_verdict(
    positions: int, changes: dict[str, Any], code: str
) -> None:
    verdict = judge(
        [many(positions, **changes)],
        merchant=a_merchant(), stock=a_stock(), known_products={"2044"}, now=NOW,
    )[0]  # fmt: skip
    assert (verdict.outcome, verdict.code) == ("stop", code)
    assert len(verdict.warnings) == len(set(verdict.warnings))


def test_label_lines_too_long_warn_and_the_order_travels() -> None:
    long = replace(
        GOOD,
        name1="Lindner und Partner Handelsgesellschaft",
        name4="bei Frau Dr. Theresia Obermayer-Lindenberg",
    )
    verdict = judge(
        [an_order(delivery=long)],
        merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW,
    )[0]  # fmt: skip
    assert (verdict.outcome, verdict.warnings) == ("ok", ("ADDRESS_LABEL_LENGTH",))


def _seconds(work: Any, order: Any) -> float:
    """Return the least CPU time of five tries."""
    taken = []
    for _ in range(5):
        start = time.process_time()
        work(order)
        taken.append(time.process_time() - start)
    return min(taken)


def _rules(order: Any) -> None:
    merchant = a_merchant()
    looks, failed = batch._look_at([order], merchant, {"2044"})
    assert not failed
    assert loudest(looks[1].order_findings)
    assert isinstance(looks[1].address, AddressResult)


def _stock(order: Any) -> None:
    batch.share_out([order], a_stock(v2044=1), now=NOW)


def _body(order: Any) -> None:
    compose(order, a_merchant())


def _compared(order: Any) -> None:
    assert differences(order, replace(order, items=order.items[1:]))


def _kept(order: Any) -> None:
    order.to_json()
    order.fingerprint()


@pytest.mark.parametrize("work", [_rules, _stock, _body, _compared, _kept])
def test_eight_times_the_positions_cost_eight_times_the_time(work: Any) -> None:
    few, lots = many(250, quantity=Decimal(1)), many(2_000, quantity=Decimal(1))
    assert _seconds(work, lots) < 24 * _seconds(work, few)  # each with each would be sixty-four
