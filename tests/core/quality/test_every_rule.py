"""Every rule of the catalogue: complete, in two languages, and tried from both sides."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
from fulfilment.flow.tasks import validate

from include.core.address import check
from include.core.address.check import check_address
from include.core.orders.models import OtherPosition, Verdict
from include.core.orders.order_rules import check_order
from include.core.orders.states import State
from include.core.quality.rules import LEFT_ALONE, RULES, Rule
from include.core.quality.settings import CarrierLines, QualitySettings, Repairs
from include.core.stock.stock_rules import StockView, share_out
from include.quality.batch import judge
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_item, an_order

if TYPE_CHECKING:
    from collections.abc import Callable

Codes = set[str]


def address(settings: QualitySettings | None = None, **changes: Any) -> Codes:
    result = check_address(replace(GOOD, **changes), settings or QualitySettings())
    return {f.code for f in result.findings}


def order(
    settings: QualitySettings | None = None, *, customs: bool = False, **changes: Any
) -> Codes:
    rules = settings or QualitySettings()
    merchant = a_merchant(
        quality=rules,
        shipping_profiles={6: "DHL", 8: "ups-standard"},
        cash_on_delivery={"suffix": "_cod"} if settings is COD else {},
    )
    found = check_order(an_order(**changes), merchant, rules, {"2044"}, customs=customs, now=NOW)
    return {f.code for f in found}


def judged(**changes: Any) -> Codes:
    verdicts = judge(
        [an_order(**changes)],
        merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW,
    )  # fmt: skip
    return {verdict.code for verdict in verdicts}


def stock(view: StockView, **how: Any) -> Codes:
    demand = share_out([an_order(1)], view, now=NOW, **how)[1]
    return {demand.finding.code} if demand.finding else set()


def no_address() -> Codes:
    return {f.code for f in check_address(None, QualitySettings()).findings}


def carrier(**changes: Any) -> Codes:
    settings = QualitySettings(carrier_lines={6: CarrierLines()})
    found = check_address(replace(GOOD, **changes), settings, profile=6).findings
    return {f.code for f in found}


def unchecked() -> Codes:
    with patch.object(check, "_CHECKS", (Mock(side_effect=RecursionError),)):
        return address()


LOCKER = {"address1": "Packstation", "address2": "145", "post_number": "12345678"}
BRANCH = {"address1": "Postfiliale", "address2": "501", "post_number": "12345678"}
TEXAS = {"country": "US", "country_id": 28, "postal_code": "77002", "town": "Houston",
         "state": "TX", "address1": "Bagby Street", "address2": "901"}  # fmt: skip
CANARIAS = {"country": "ES", "country_id": 8, "postal_code": "35002", "town": "Las Palmas",
            "address1": "Calle Triana", "address2": "60"}  # fmt: skip
BOURG = {"country": "FR", "postal_code": "24290", "town": "Tursac", "address1": "Le Bourg"}
FORCES = {"country": "GB", "postal_code": "BFPO 123", "address1": "BFPO 123", "town": "London"}
ATHENS = {"country": "GR", "postal_code": "105 63", "address1": "Ermou", "town": "Athina"}
NO_SPLIT = QualitySettings(repairs=Repairs(postal_code=False))
LABELS = QualitySettings(repairs=Repairs(label_lines=True))
TO_PARIS = QualitySettings(ship_to=["FR"])
PAID_ONLY = QualitySettings(require_paid=True)
STRICT = QualitySettings(
    double_import="stop", credit_note="wait", future_date="wait", station_carrier="wait"
)
COD = QualitySettings(check_email=False)
LOCKED = replace(GOOD, **LOCKER)
LONG = "Allee der Kosmonauten, Gewerbepark Nordost"

# code -> (an example that breaks the rule, the nearest one that does not)
BOTH_SIDES: dict[str, tuple[Callable[[], Codes], Callable[[], Codes]]] = {
    "ADDRESS_MISSING": (no_address, address),
    "ADDRESS_TOO_LONG": (
        lambda: address(address1="a" * 251), lambda: address(address1="Ab" * 60)),
    "ADDRESS_UNCHECKABLE": (unchecked, address),
    "ADDRESS_LINE_TOO_LONG": (
        lambda: carrier(address1=f"{LONG} am Stadtrand"), lambda: carrier()),
    "ADDRESS_COUNTRY_UNKNOWN": (
        lambda: address(country="QQ"), lambda: address(country="", country_id=1)),
    "ADDRESS_COUNTRY_NOT_SHIPPED": (
        lambda: address(TO_PARIS), lambda: address(TO_PARIS, **BOURG)),
    "ADDRESS_NAME_MISSING": (
        lambda: address(name2="", name3=" "), lambda: address(name1="Kontor", name2="", name3="")),
    "ADDRESS_STREET_MISSING": (
        lambda: address(address1="", address2=""),
        lambda: address(address1="", address2="", address3="Rathausplatz 1")),
    "ADDRESS_POSTAL_CODE_MISSING": (
        lambda: address(postal_code="-"),
        lambda: address(country="IE", postal_code="", town="Galway")),
    "ADDRESS_TOWN_MISSING": (lambda: address(town=""), lambda: address(town="Köln")),
    "ADDRESS_PLACEHOLDER": (
        lambda: address(address1="xxx"), lambda: address(address1="Xantener Straße")),
    "ADDRESS_UNREADABLE": (
        lambda: address(address1="Stra\ufffde"), lambda: address(address1="Straße am See")),
    "ADDRESS_PO_BOX": (
        lambda: address(address1="Postfach 1234", address2=""),
        lambda: address(address1="Postgasse", address2="1234")),
    "PACKSTATION_COUNTRY": (
        lambda: address(**LOCKER, country="AT", postal_code="1010", town="Wien"),
        lambda: address(**LOCKER)),
    "PACKSTATION_NUMBER": (
        lambda: address(**{**LOCKER, "address2": "45"}), lambda: address(**LOCKER)),
    "PACKSTATION_POST_NUMBER": (
        lambda: address(**{**LOCKER, "post_number": "123"}), lambda: address(**LOCKER)),
    "POSTFILIALE_NUMBER": (
        lambda: address(**{**BRANCH, "address2": ""}), lambda: address(**BRANCH)),
    "POSTFILIALE_POST_NUMBER": (
        lambda: address(**{**BRANCH, "post_number": ""}),
        lambda: address(**{**BRANCH, "post_number": ""}, email="erika@firma.de")),
    "ADDRESS_STREET_INVALID": (
        lambda: address(address1="erika@firma.de"), lambda: address(address1="Am Affengraben")),
    "ADDRESS_NO_HOUSE_NUMBER": (
        lambda: address(address1="Straße des 17. Juni", address2=""),
        lambda: address(address1="Straße des 17. Juni 135", address2="")),
    "ADDRESS_HOUSE_NUMBER_INVALID": (
        lambda: address(address2="0"), lambda: address(address2="10")),
    "ADDRESS_POSTAL_CODE_FORMAT": (
        lambda: address(postal_code="5066"), lambda: address(postal_code="50667")),
    "ADDRESS_POSTAL_CODE_IMPOSSIBLE": (
        lambda: address(postal_code="00000"), lambda: address(postal_code="50667")),
    "ADDRESS_TOWN_INVALID": (
        lambda: address(town="Deutschland"), lambda: address(town="Köln")),
    "ADDRESS_STATE_MISSING": (
        lambda: address(**{**TEXAS, "state": ""}), lambda: address(**TEXAS)),
    "ADDRESS_FIELDS_SWAPPED": (
        lambda: address(NO_SPLIT, postal_code="Köln", town="50667"), lambda: address(NO_SPLIT)),
    "ADDRESS_NO_HOUSE_NUMBER_HINT": (
        lambda: address(**BOURG, address2=""), lambda: address(**BOURG, address2="3")),
    "ADDRESS_TOWN_MISMATCH": (
        lambda: address(town="Hamburg"), lambda: address(town="Cologne")),
    "ADDRESS_POSTAL_CODE_UNKNOWN": (
        lambda: address(postal_code="50923"), lambda: address(postal_code="50667")),
    "ADDRESS_PO_BOX_HINT": (
        lambda: address(address3="Postfach 1234"), lambda: address(address3="Postgasse")),
    "ADDRESS_MILITARY": (lambda: address(**FORCES, address2=""), lambda: address()),
    "ADDRESS_CUSTOMS_TERRITORY": (
        lambda: address(**CANARIAS),
        lambda: address(**{**CANARIAS, "postal_code": "28013", "town": "Madrid"})),
    "ADDRESS_LABEL_LENGTH": (
        lambda: address(name1="K" * 36), lambda: address(name1="K" * 35)),
    "ADDRESS_SCRIPT": (
        lambda: address(**{**ATHENS, "town": "Αθήνα"}), lambda: address(**ATHENS)),
    "ADDRESS_EMAIL_INVALID": (
        lambda: address(email="erika@"), lambda: address(email="erika@firma.de")),
    "ADDRESS_PHONE_INVALID": (
        lambda: address(phone="later"), lambda: address(phone="+49 221 2210")),
    "REPAIRED_CHARACTERS": (lambda: address(town="KÃ¶ln"), address),
    "REPAIRED_HOUSE_NUMBER": (
        lambda: address(address1="Rathausplatz 1", address2=""), address),
    "REPAIRED_POSTAL_CODE": (lambda: address(postal_code="D-50667"), address),
    "REPAIRED_LEADING_ZERO": (
        lambda: address(postal_code="1067", town="Dresden"),
        lambda: address(postal_code="1067", town="Berlin")),
    "REPAIRED_TOWN": (lambda: address(town="50667 Köln"), address),
    "REPAIRED_PACKSTATION": (
        lambda: address(**{**LOCKER, "address1": "packstation 145", "address2": ""}),
        lambda: address(**LOCKER)),
    "REPAIRED_LABEL_LINES": (
        lambda: address(LABELS, address1=LONG), lambda: address(LABELS)),
    # an amount that is no number at all, which the parser never lets through
    "RULE_FAILED": (
        lambda: judged(items=(an_item(quantity="sNaN"),)), lambda: judged(items=(an_item(),))),
    "ORDER_OTHER_CLIENT": (lambda: order(plenty_id=1), order),
    "ORDER_OTHER_WAREHOUSE": (
        lambda: order(warehouse_id=4, items=(an_item(warehouse_id=None),)),
        lambda: order(warehouse_id=4)),
    "ORDER_SEVERAL_WAREHOUSES": (
        lambda: order(items=(an_item(), an_item(warehouse_id=4))),
        lambda: order(items=(an_item(), an_item(warehouse_id=None)))),
    "ORDER_MAIN": (lambda: order(has_delivery_orders=True), order),
    "ORDER_NO_WAREHOUSE": (
        lambda: order(warehouse_id=None, items=(an_item(warehouse_id=None),)),
        lambda: order(warehouse_id=None)),
    "ORDER_LOCKED": (
        lambda: order(lock_status="permanentlyLocked"),
        lambda: order(lock_status="reversibleLocked")),  # it has an invoice
    "ORDER_TYPE": (lambda: order(type_id=3), lambda: order(type_id=2)),
    "ORDER_NO_ITEMS": (lambda: order(items=()), order),
    "ORDER_ITEM_TYPE": (
        lambda: order(items=(an_item(type_id=6),)), lambda: order(items=(an_item(type_id=3),))),
    "ORDER_ITEM_VARIATION": (lambda: order(items=(an_item(0),)), order),
    "ORDER_QUANTITY": (
        lambda: order(items=(an_item(quantity="1.5"),)),
        lambda: order(items=(an_item(quantity="2.0"),))),
    "ORDER_UNKNOWN_SKU": (lambda: order(items=(an_item(999),)), order),
    "ORDER_PROFILE_MISSING": (lambda: order(shipping_profile_id=None), order),
    "ORDER_PROFILE_UNMAPPED": (lambda: order(shipping_profile_id=7), order),
    "ORDER_HEAD_ALONE": (
        lambda: order(others=(OtherPosition(1, 2, "head_alone"),)),
        lambda: order(others=(OtherPosition(1, 2, "bundle_head"),))),
    "ORDER_COD_UNMAPPED": (
        lambda: order(payment_method=1, total_gross_cents=990),
        lambda: order(payment_method=2, total_gross_cents=990)),
    "ORDER_COD_AMOUNT": (
        lambda: order(COD, payment_method=1),
        lambda: order(COD, payment_method=1, total_gross_cents=990)),
    "ORDER_TWICE": (lambda: order(STRICT, same_as=7), lambda: order(same_as=7)),
    "ORDER_TWICE_HINT": (lambda: order(same_as=7), order),
    "ORDER_CREDITED": (lambda: order(STRICT, credited_by=7), lambda: order(credited_by=7)),
    "ORDER_CREDITED_HINT": (lambda: order(credited_by=7), order),
    "ORDER_DATE_AHEAD": (
        lambda: order(STRICT, ship_from=NOW + timedelta(days=4)),
        lambda: order(STRICT, ship_from=NOW + timedelta(days=3))),
    "ORDER_DATE_AHEAD_HINT": (
        lambda: order(ship_from=NOW + timedelta(days=4)),
        lambda: order(ship_from=NOW - timedelta(days=4))),
    "ORDER_STATION_CARRIER": (
        lambda: order(STRICT, delivery=LOCKED, shipping_profile_id=8),
        lambda: order(STRICT, delivery=LOCKED)),
    "ORDER_STATION_CARRIER_HINT": (
        lambda: order(delivery=LOCKED, shipping_profile_id=8), lambda: order(delivery=LOCKED)),
    "ORDER_CUSTOMS": (
        lambda: order(customs=True, items=(an_item(name=""),)), lambda: order(customs=True)),
    "ORDER_UNPAID": (
        lambda: order(PAID_ONLY, payment_status="unpaid"),
        lambda: order(PAID_ONLY, payment_status="overpaid")),
    "ORDER_VARIATION_INACTIVE": (lambda: order(items=(an_item(active=False),)), order),
    "ORDER_DUPLICATE_ITEM": (lambda: order(items=(an_item(), an_item())), order),
    "STOCK_SHORT": (lambda: stock(a_stock(v2044=0)), lambda: stock(a_stock(v2044=1))),
    "STOCK_WAIT": (
        lambda: stock(a_stock(v2044=0), short_orders="wait"),
        lambda: stock(a_stock(v2044=1), short_orders="wait")),
    "STOCK_NOT_CHECKED": (
        lambda: stock(a_stock(None, v2044=0)), lambda: stock(a_stock(v2044=1))),
}  # fmt: skip


def test_every_rule_has_an_example_of_either_side() -> None:
    assert set(BOTH_SIDES) == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_rule_finds_its_own_fault_and_leaves_the_good_neighbour_alone(code: str) -> None:
    broken, good = BOTH_SIDES[code]
    assert code in broken()
    assert code not in good()


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.code)
def test_a_rule_has_a_code_a_field_and_a_text_in_each_language(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z]+(?:_[A-Z]+)+", rule.code)
    assert rule.field
    assert rule.de.strip().endswith((".", "}."))
    assert rule.en.strip().endswith((".", "}."))
    assert rule.de != rule.en
    told = [
        {b.removesuffix("_de").removesuffix("_en") for b in blanks(t)} for t in (rule.de, rule.en)
    ]
    assert told[0] == told[1], "both languages tell the same facts"
    assert (rule.severity == "warn") == (rule.outcome == "ok")


class Desk:
    """What validation writes for one order, kept instead of sent."""

    name = "alpha"
    merchant = a_merchant()

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []
        self.statuses: list[Any] = []

    def merchant_of(self, _connection: Any, _order: int) -> Any:
        return self.merchant

    def queue_status(self, _connection: Any, _order: int, target: Any, *_: Any) -> None:
        self.statuses.append(target)

    def queue_note(self, _connection: Any, _order: int, _key: str, de: str, en: str) -> None:
        self.notes.append((de, en))


@pytest.mark.parametrize(
    "rule", [r for r in RULES.values() if r.severity != "warn"], ids=lambda r: r.code
)
def test_whatever_stops_or_waits_leaves_an_order_note_unless_it_is_not_ours(rule: Rule) -> None:
    desk: Any = Desk()
    states = {"bad": State.INVALID, "short": State.NO_STOCK, "wait": State.FETCHED}
    state = states.get(rule.outcome, State.QUARANTINED)
    verdict = Verdict(1, rule.outcome, rule.code, rule.field, f"{rule.de}", f"{rule.en}")
    with patch.object(validate.outbox, "standing_occasion", Mock(return_value="")):
        validate._tell(desk, Mock(), an_order(1), verdict, state, 1)
    if rule.code in LEFT_ALONE:
        assert (desk.notes, desk.statuses) == ([], [])
    else:
        assert desk.notes == [(rule.de, rule.en)]
        assert len(desk.statuses) == (rule.outcome in {"bad", "short"})
