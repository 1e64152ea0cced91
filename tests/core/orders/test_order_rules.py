"""Positions, profiles, payment and whose order it is: both sides of every rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.core.orders.order_rules import check_order
from include.core.quality.settings import QualitySettings
from tests.quality.builders import a_merchant, an_item, an_order


def codes(order: Any, settings: QualitySettings | None = None, **more: Any) -> list[str]:
    rules = settings or QualitySettings()
    known = more.pop("known", {"2044"})
    merchant = more.pop("merchant", a_merchant())
    return [f.code for f in check_order(order, merchant, rules, known, **more)]


def test_a_good_order_has_no_findings() -> None:
    assert codes(an_order()) == []


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("ORDER_OTHER_CLIENT", {"plenty_id": 1}),
        ("ORDER_OTHER_WAREHOUSE", {"items": (an_item(warehouse_id=4),)}),
        ("ORDER_NO_WAREHOUSE", {"warehouse_id": None, "items": (an_item(warehouse_id=None),)}),
        ("ORDER_LOCKED", {"lock_status": "permanentlyLocked"}),
        ("ORDER_TYPE", {"type_id": 3}),
        ("ORDER_NO_ITEMS", {"items": ()}),
        ("ORDER_ITEM_TYPE", {"items": (an_item(type_id=6),)}),
        ("ORDER_ITEM_VARIATION", {"items": (an_item(0),)}),
        ("ORDER_QUANTITY", {"items": (an_item(quantity=0),)}),
        ("ORDER_QUANTITY", {"items": (an_item(quantity=-1),)}),
        ("ORDER_QUANTITY", {"items": (an_item(quantity="1.5"),)}),
        ("ORDER_QUANTITY", {"items": (an_item(quantity=Decimal("NaN")),)}),
        ("ORDER_UNKNOWN_SKU", {"items": (an_item(999),)}),
        ("ORDER_DUPLICATE_ITEM", {"items": (an_item(), an_item(item_id=8))}),
        ("ORDER_PROFILE_MISSING", {"shipping_profile_id": None}),
        ("ORDER_PROFILE_UNMAPPED", {"shipping_profile_id": 7}),
    ],
)
def test_each_rule_finds_what_it_is_for(code: str, changes: dict[str, Any]) -> None:
    assert code in codes(an_order(**changes))


def test_a_default_profile_takes_what_is_not_mapped() -> None:
    merchant = a_merchant(default_profile="DHL")
    assert codes(an_order(shipping_profile_id=7), merchant=merchant) == []


def test_products_are_not_doubted_when_the_list_was_not_read() -> None:
    assert codes(an_order(items=(an_item(999),)), known=None) == []


def test_unpaid_orders_wait_only_where_the_merchant_asks_for_it() -> None:
    unpaid = an_order(payment_status="unpaid")
    assert codes(unpaid) == []
    assert codes(unpaid, QualitySettings(require_paid=True)) == ["ORDER_UNPAID"]
    assert codes(an_order(), QualitySettings(require_paid=True)) == []


def test_customs_data_is_asked_for_outside_the_union_only() -> None:
    strict = QualitySettings(customs="stop")
    nameless = an_order(items=(an_item(name=""),))
    worthless = an_order(items=(an_item(total_cents=0),))
    assert codes(nameless, strict, customs=True) == ["ORDER_CUSTOMS"]
    assert codes(worthless, strict, customs=True) == ["ORDER_CUSTOMS"]
    assert codes(nameless, strict, customs=False) == []
    assert codes(an_order(), strict, customs=True) == []
