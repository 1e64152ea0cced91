"""A whole batch through Great Expectations: one verdict per order, or none for anybody."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.core.quality.rules import RULES
from include.core.quality.settings import QualitySettings
from include.core.systems.errors import ContractError
from include.quality import batch, frame, suites
from include.quality.batch import examine, judge
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_item, an_order

if TYPE_CHECKING:
    from collections.abc import Callable

BAD = replace(GOOD, address2="")


def verdicts(orders: list[Any], **changes: Any) -> dict[int, Any]:
    given = {"merchant": a_merchant(), "stock": a_stock(), "known_products": {"2044"}, "now": NOW}
    return {v.order_id: v for v in judge(orders, **{**given, **changes})}


def test_every_order_gets_exactly_one_verdict_in_the_order_given() -> None:
    orders = [an_order(3), an_order(1, delivery=BAD), an_order(2, items=(an_item(quantity=500),))]
    result = judge(orders, merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW)
    assert [(v.order_id, v.outcome) for v in result] == [(3, "ok"), (1, "bad"), (2, "short")]


def test_a_verdict_that_stops_has_code_field_and_both_texts() -> None:
    verdict = verdicts([an_order(delivery=BAD)])[1]
    assert (verdict.code, verdict.field) == ("ADDRESS_NO_HOUSE_NUMBER", "address2")
    assert verdict.reason_de
    assert verdict.reason_en


def test_an_order_with_a_bad_address_takes_no_stock() -> None:
    result = verdicts([an_order(1, delivery=BAD), an_order(2)], stock=a_stock(v2044=1))
    assert {k: v.outcome for k, v in result.items()} == {1: "bad", 2: "ok"}


def test_a_repaired_address_comes_with_the_verdict() -> None:
    whole = replace(GOOD, address1="Rathausplatz 1", address2="")
    verdict = verdicts([an_order(delivery=whole)])[1]
    assert verdict.outcome == "ok"
    assert verdict.repaired == replace(GOOD)
    assert "REPAIRED_HOUSE_NUMBER" in verdict.warnings


def test_a_rule_that_is_switched_off_neither_stops_nor_appears() -> None:
    merchant = a_merchant(quality={"off": ["ADDRESS_NO_HOUSE_NUMBER"]})
    assert verdicts([an_order(delivery=BAD)], merchant=merchant)[1].outcome == "ok"


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("ORDER_NO_ITEMS", an_order(items=())),
        ("ORDER_QUANTITY", an_order(items=(an_item(quantity=0),))),
        ("STOCK_SHORT", an_order(items=(an_item(quantity=500),))),
    ],
)
def test_a_comparison_of_numbers_is_switched_off_with_its_rule(code: str, order: Any) -> None:
    assert verdicts([order])[1].code == code
    assert verdicts([order], merchant=a_merchant(quality={"off": [code]}))[1].outcome == "ok"


def test_switching_off_a_rule_that_does_not_exist_is_an_error_in_the_file() -> None:
    with pytest.raises(ValueError, match="there is no rule ADDRESS_NO_HOUSENUMBER"):
        a_merchant(quality={"off": ["ADDRESS_NO_HOUSENUMBER"]})


def test_every_broken_rule_is_known_by_order_id_not_only_the_deciding_one() -> None:
    both = an_order(7, delivery=BAD, shipping_profile_id=99)
    judgement = examine(
        [both, an_order(8)], merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW
    )
    assert judgement.codes() == {7: {"ADDRESS_NO_HOUSE_NUMBER", "ORDER_PROFILE_UNMAPPED"}, 8: set()}


def test_a_waiting_merchants_short_orders_are_counted_as_waiting_only() -> None:
    judgement = examine(
        [an_order(1)],
        merchant=a_merchant(quality={"short_orders": "wait"}),
        stock=a_stock(v2044=0),
        known_products=None,
        now=NOW,
    )
    assert judgement.codes() == {1: {"STOCK_WAIT"}}


def test_unread_stock_lets_orders_pass_with_a_warning() -> None:
    verdict = verdicts([an_order()], stock=a_stock(None, v2044=0))[1]
    assert (verdict.outcome, verdict.warnings) == ("ok", ("STOCK_NOT_CHECKED",))


def test_an_unpaid_order_waits_where_the_merchant_asks_for_it() -> None:
    merchant = a_merchant(quality={"require_paid": True})
    verdict = verdicts([an_order(payment_status="unpaid")], merchant=merchant)[1]
    assert (verdict.outcome, verdict.code) == ("wait", "ORDER_UNPAID")


def test_an_order_twice_in_a_batch_lets_nothing_pass() -> None:
    with pytest.raises(ContractError) as error:
        verdicts([an_order(1), an_order(1)])
    assert error.value.code == "BATCH_ORDER_TWICE"


SICK = 5


def _numbers_for_codes(monkeypatch: pytest.MonkeyPatch) -> str:
    """Great Expectations' own metric raises: there are numbers where it expects codes."""
    build = frame.build

    def broken(orders: list[Any], *rest: Any) -> Any:
        table = build(orders, *rest)
        if SICK in table.index:
            return table.assign(**{frame.ADDRESS: 5})
        return table

    monkeypatch.setattr(frame, "build", broken)
    return "ADDRESS_MISSING"


def _raises_for_the_sick(
    monkeypatch: pytest.MonkeyPatch, name: str, is_sick: Callable[..., bool]
) -> None:
    real = getattr(batch, name)

    def broken(*args: Any, **how: Any) -> Any:
        if is_sick(*args):
            raise ZeroDivisionError("Lindner")
        return real(*args, **how)

    monkeypatch.setattr(batch, name, broken)


def _address_rules(monkeypatch: pytest.MonkeyPatch) -> str:
    _raises_for_the_sick(monkeypatch, "check_address", lambda a, _: a.name1 == str(SICK))
    return "address"


def _order_rules(monkeypatch: pytest.MonkeyPatch) -> str:
    _raises_for_the_sick(monkeypatch, "check_order", lambda o, *_: o.order_id == SICK)
    return "order"


def _stock_rules(monkeypatch: pytest.MonkeyPatch) -> str:
    def is_sick(orders: Any, _stock: Any) -> bool:
        return any(o.order_id == SICK for o in orders)

    _raises_for_the_sick(monkeypatch, "share_out", is_sick)
    return "stock"


def _frame(monkeypatch: pytest.MonkeyPatch) -> str:
    def smallest(order: Any) -> float:
        return 1 / (order.order_id - SICK) + 2

    monkeypatch.setattr(frame, "_smallest", smallest)
    return "order"


def _contradiction(monkeypatch: pytest.MonkeyPatch) -> str:
    real = frame.build

    def silent(orders: list[Any], *rest: Any) -> Any:
        table = real(orders, *rest)
        table.loc[table.index == SICK, frame.ADDRESS] = "|ADDRESS_MISSING|"
        return table

    monkeypatch.setattr(frame, "build", silent)
    return "RULES_CONTRADICT"


BREAKS = (_numbers_for_codes, _address_rules, _order_rules, _stock_rules, _frame, _contradiction)


@pytest.mark.parametrize("how", BREAKS, ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_rule_that_cannot_run_for_one_order_sets_that_order_aside_alone(
    monkeypatch: pytest.MonkeyPatch, how: Callable[[pytest.MonkeyPatch], str], size: int
) -> None:
    orders = [an_order(n, delivery=replace(GOOD, name1=str(n))) for n in range(SICK, SICK + size)]
    orders.append(an_order(99, delivery=BAD))
    rule = how(monkeypatch)
    found = verdicts(orders, stock=a_stock(v2044=max(size - 1, 1)))
    assert (found[SICK].outcome, found[SICK].code, found[SICK].field) == (
        "stop", "RULE_FAILED", rule)  # fmt: skip
    assert rule in found[SICK].reason_de
    assert rule in found[SICK].reason_en
    assert "Lindner" not in found[SICK].reason_de + found[SICK].reason_en
    assert found[99].code == "ADDRESS_NO_HOUSE_NUMBER"
    rest = [v.outcome for k, v in found.items() if k not in {SICK, 99}]
    assert rest == ["ok"] * (size - 1), "the sick order takes no stock from the others"


def test_every_order_is_set_aside_by_name_where_no_rule_runs_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame, "build", lambda *_: 1 / 0)
    judgement = examine(
        [an_order(1), an_order(2)],
        merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW,
    )  # fmt: skip
    assert [v.code for v in judgement.verdicts] == ["RULE_FAILED", "RULE_FAILED"]
    assert judgement.codes() == {1: {"RULE_FAILED"}, 2: {"RULE_FAILED"}}
    assert judgement.outcome is None


def test_the_results_of_a_batch_that_was_halved_are_those_of_one_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = [an_order(n, delivery=BAD if n % 2 else GOOD) for n in range(1, 8)]
    given = {"merchant": a_merchant(), "stock": a_stock(), "known_products": None, "now": NOW}
    whole = examine(orders, **given)
    real = frame.build

    def small(some: list[Any], *rest: Any) -> Any:
        if len(some) > 2:
            raise OverflowError
        return real(some, *rest)

    monkeypatch.setattr(frame, "build", small)
    halved = examine(orders, **given)
    assert halved.verdicts == whole.verdicts
    assert halved.codes() == whole.codes()
    assert halved.outcome is not None
    assert whole.outcome is not None
    assert halved.outcome.failing == whole.outcome.failing
    assert halved.outcome.orders == 7


def test_the_guard_against_failing_rules_cannot_be_switched_off() -> None:
    with pytest.raises(ValueError, match="there is no rule RULE_FAILED"):
        a_merchant(quality={"off": ["RULE_FAILED"]})


def test_every_rule_has_its_expectation_with_code_and_severity() -> None:
    seen = {
        e.meta["code"]: e.severity
        for concern in suites.CONCERNS
        for e in suites.suite(concern, QualitySettings()).expectations
        if "numbers" not in e.meta
    }
    severity = {"stop": "critical", "wait": "warning", "warn": "info"}
    assert seen == {
        code: severity[rule.severity] for code, rule in RULES.items() if code != "RULE_FAILED"
    }


def test_what_great_expectations_keeps_names_no_person() -> None:
    secret = replace(GOOD, name3="Geheimnis", address1="Verborgen", address2="", town="Nirgends")
    result = examine(
        [an_order(1, delivery=secret)],
        merchant=a_merchant(),
        stock=a_stock(),
        known_products=None,
        now=NOW,
    )
    assert result.outcome is not None
    kept = str([r.to_json_dict() for r in result.outcome.results])
    assert "ADDRESS_NO_HOUSE_NUMBER" in kept
    for word in ("Geheimnis", "Verborgen", "Nirgends"):
        assert word not in kept


def test_an_empty_batch_imports_neither_pandas_nor_great_expectations() -> None:
    code = (
        "import sys; from include.quality.batch import judge; "
        "assert judge([], merchant=None, stock=None, known_products=None) == []; "
        "sys.exit(bool({'pandas', 'great_expectations'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_ten_thousand_orders_cost_in_proportion_and_stay_below_400_megabytes() -> None:
    code = (
        "import time\n"
        "from dataclasses import replace\n"
        "from include.quality.batch import judge\n"
        "from include.quality.validation import warm_up\n"
        "from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_order\n"
        "orders = [an_order(n, delivery=replace(GOOD, address1=f'Rathausplatz {n % 900 + 1}',\n"
        "    address2='', name3=f'Lindner {n}', email=f'kunde{n}@firma.de'))\n"
        "    for n in range(1, 11_001)]\n"
        "def seconds(batch):\n"
        "    start = time.process_time()\n"
        "    judge(batch, merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW)\n"
        "    return time.process_time() - start\n"
        "warm_up()\n"
        "seconds(orders[:100])\n"
        "print(seconds(orders[1_000:]) / seconds(orders[:1_000]))\n"
        "peak = next(row for row in open('/proc/self/status') if row.startswith('VmHWM'))\n"
        "print(int(peak.split()[1]) / 1024)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    ratio, megabytes = (float(line) for line in run.stdout.split()[-2:])
    assert ratio < 20  # ten times the orders; comparing all with all would cost a hundred
    assert megabytes < 400
