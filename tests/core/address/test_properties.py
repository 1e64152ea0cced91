"""Whatever a shop hands over, the rules answer; nothing raises out of them."""

from __future__ import annotations

import json
import time
from dataclasses import fields
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.cli.check_address import check_address as check_lines
from include.core.address.check import check_address
from include.core.orders.models import Address, Order, OrderItem
from include.core.orders.order_rules import check_order
from include.core.quality.rules import RULES
from include.core.quality.settings import QualitySettings, Repairs
from tests.quality.builders import a_merchant

TEXT = st.text(max_size=60) | st.from_regex(r"[A-Za-zäöß. ]{0,20}[ ,/]\d{0,5}[a-z /,.-]{0,6}")
COUNTRY = st.sampled_from(["DE", "AT", "FR", "GB", "NL", "ES", "CZ", "US", "", "XI", "ZZ"]) | TEXT
VALUES: dict[str, Any] = {
    f.name: COUNTRY if f.name == "country" else TEXT
    for f in fields(Address)
    if f.name != "country_id"
}
ADDRESSES = st.builds(Address, country_id=st.integers(), **VALUES)
ALL_REPAIRS = QualitySettings(repairs=Repairs(label_lines=True))
NO_REPAIRS = QualitySettings(repairs=Repairs(**dict.fromkeys(Repairs.model_fields, False)))


@settings(max_examples=150, deadline=None)
@given(ADDRESSES)
def test_no_address_raises_and_every_finding_is_in_the_catalogue(address: Address) -> None:
    for rules in (ALL_REPAIRS, NO_REPAIRS):
        result = check_address(address, rules)
        assert {f.code for f in result.findings} <= set(RULES)
        assert all(f.field and f.reason_de and f.reason_en for f in result.findings)


@settings(max_examples=100, deadline=None)
@given(ADDRESSES)
def test_without_repairs_nothing_is_reported_as_repaired(address: Address) -> None:
    result = check_address(address, NO_REPAIRS)
    assert result.repairs == ()
    assert not result.changed


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["name1", "name3", "address1", "address2", "postalCode", "town", "country",
                         "countryId", "state", "post_number", "email", "x"])  # fmt: skip


LONG = st.text(min_size=200, max_size=300) | st.integers(min_value=10**40).map(str)
LINES = st.dictionaries(NAMES, JSON | TEXT | LONG).map(json.dumps) | st.text(max_size=50)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=4))
def test_check_address_gives_one_json_verdict_per_line(lines: list[str]) -> None:
    answers = [json.loads(answer) for answer in check_lines(lines)]
    assert len(answers) == len(lines)
    assert {a["verdict"] for a in answers} <= {"ok", "repaired", "warn", "bad", "error"}
    for answer in answers:
        told = all(answer[k] for k in ("code", "reason_de", "reason_en"))
        assert told == (answer["verdict"] != "ok")


def test_a_text_of_any_length_is_refused_before_it_is_read() -> None:
    result = check_address(Address(address1="1 a" * 100_000, country="DE"), QualitySettings())
    assert [f.code for f in result.findings] == ["ADDRESS_TOO_LONG"]


@pytest.mark.parametrize(
    "piece", ["1 ", "1-", "a ", "a, ", "1a/", "Flat 1 ", "rue 1 ", "st. ", "(1 "]
)
def test_no_text_that_is_short_enough_keeps_the_rules_busy(piece: str) -> None:
    line = (piece * 250)[:250]
    started = time.process_time()
    for iso in ("DE", "FR", "GB", "NL", "FI", "ES"):
        check_address(Address(name3="Berger", address1=line, country=iso), QualitySettings())
    assert time.process_time() - started < 2


NUMBERS = st.integers() | st.none()
ITEMS = st.builds(
    OrderItem,
    item_id=st.integers(),
    type_id=st.integers(),
    variation_id=st.integers(),
    sku=st.text(),
    quantity=st.decimals(),
    warehouse_id=NUMBERS,
    total_cents=st.integers(),
    tax_cents=st.integers(),
    name=st.text(),
    active=st.booleans(),
)
ORDERS = st.builds(
    Order,
    order_id=st.integers(),
    type_id=st.integers(),
    plenty_id=st.integers(),
    status=st.decimals(),
    created_at=st.datetimes(timezones=st.just(UTC)),
    updated_at=st.datetimes(timezones=st.just(UTC)),
    warehouse_id=NUMBERS,
    shipping_profile_id=NUMBERS,
    items=st.lists(ITEMS, max_size=3).map(tuple),
    delivery=st.none(),
    payment_status=st.text(),
    lock_status=st.text(),
    has_delivery_orders=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(ORDERS, st.booleans())
def test_no_order_raises_and_every_finding_is_in_the_catalogue(order: Order, customs: bool) -> None:
    found = check_order(order, a_merchant(), QualitySettings(), {"1"}, customs=customs)
    assert {f.code for f in found} <= set(RULES)
    assert all(f.field and f.reason_de and f.reason_en for f in found)
