"""A whole batch through Great Expectations: one verdict per order, or none for anybody."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.core.errors import ContractError
from include.core.quality_settings import QualitySettings
from include.core.rules import RULES
from include.quality import frame, suites
from include.quality.batch import examine, judge
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_item, an_order

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


def test_a_rule_that_raises_inside_great_expectations_lets_nothing_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build = frame.build

    def broken(*args: Any) -> Any:
        return build(*args).assign(**{frame.ADDRESS: 5})  # numbers where codes are expected

    monkeypatch.setattr(frame, "build", broken)
    with pytest.raises(ContractError) as error:
        verdicts([an_order(1)])
    assert error.value.code == "RULE_FAILED"


def test_checks_that_contradict_each_other_let_nothing_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame, "codes", lambda _findings: "|")
    with pytest.raises(ContractError) as error:
        verdicts([an_order(1, delivery=BAD)])
    assert error.value.code == "RULES_CONTRADICT"


def test_every_rule_has_its_expectation_with_code_and_severity() -> None:
    seen = {
        e.meta["code"]: e.severity
        for concern in suites.CONCERNS
        for e in suites.suite(concern, QualitySettings()).expectations
        if "numbers" not in e.meta
    }
    severity = {"stop": "critical", "wait": "warning", "warn": "info"}
    assert seen == {code: severity[rule.severity] for code, rule in RULES.items()}


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
