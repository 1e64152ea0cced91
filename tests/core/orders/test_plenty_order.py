from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.orders.models import order_from_json
from include.core.orders.plenty_order import parse_order
from include.core.systems.errors import OrderInvalid
from tests.core.builders import COUNTRIES, order_json


def test_an_order_is_read_with_everything_the_warehouse_needs() -> None:
    order = parse_order(order_json(), COUNTRIES)
    assert order.order_id == 50123
    assert order.status == Decimal(5)
    assert order.updated_at == datetime(2026, 3, 1, 9, 2, 11, tzinfo=UTC)
    assert order.warehouse_id == 3
    assert order.shipping_profile_id == 6
    assert order.total_gross_cents == 2470
    assert [(i.item_id, i.sku, i.quantity, i.total_cents) for i in order.items] == [
        (70001, "CUP-BL", Decimal(2), 1980)
    ]
    assert order.delivery is not None
    assert (order.delivery.address1, order.delivery.address2) == ("PACKSTATION", "145")
    assert (order.delivery.country, order.delivery.post_number) == ("DE", "12345678")


def test_text_and_numbers_read_the_same() -> None:
    as_text = order_json(id="50123", typeId="1", statusId="5.0000", plentyId="1001", locationId="1")
    assert parse_order(as_text, COUNTRIES) == parse_order(order_json(), COUNTRIES)


def test_one_address_may_hold_both_roles() -> None:
    data = order_json()
    both = {**data["addresses"][1], "pivot": {"typeId": 1}}
    data["addresses"] = [both]
    data["addressRelations"] = [{"typeId": role, "addressId": 802} for role in (1, 2)]
    delivery = parse_order(data, COUNTRIES).delivery
    assert delivery is not None
    assert delivery.address1 == "PACKSTATION"


def test_an_order_without_delivery_address_goes_to_the_invoice_address() -> None:
    data = order_json()
    del data["addresses"][1]
    data["addressRelations"] = data["addressRelations"][:1]
    delivery = parse_order(data, COUNTRIES).delivery
    assert delivery is not None
    assert delivery.address1 == "Weg"


def test_components_ship_and_their_heads_do_not() -> None:
    data = order_json()
    item = data["orderItems"][0]
    data["orderItems"] = [
        {**item, "id": n, "typeId": type_id} for n, type_id in enumerate((2, 3, 3, 13, 14, 4, 8), 1)
    ]
    assert [i.type_id for i in parse_order(data, COUNTRIES).items] == [3, 3, 14]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"id": "abc"}, "id"),
        ({"statusId": "later"}, "statusId"),
        ({"updatedAt": "-0001-11-30T00:00:00+01:00"}, "updatedAt"),
        ({"updatedAt": "2026-01-01T00:00:00"}, "updatedAt"),
        ({"orderItems": None}, "orderItems"),
        ({"orderItems": "none"}, "orderItems"),
        ({"addresses": [1]}, "addresses"),
        ({"properties": [{"typeId": 2, "value": "express"}]}, "properties[2] (shipping profile)"),
    ],
)
def test_what_cannot_be_read_names_the_field_and_never_the_value(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(OrderInvalid) as raised:
        parse_order(order_json(**changes), COUNTRIES)
    assert raised.value.field == field
    assert "Erika" not in str(raised.value)
    assert "express" not in str(raised.value)


def test_an_order_survives_the_ledger() -> None:
    order = parse_order(order_json(), COUNTRIES)
    assert order_from_json(json.loads(json.dumps(order.to_json()))) == order


def test_status_and_time_do_not_change_the_fingerprint_but_the_address_does() -> None:
    order = parse_order(order_json(), COUNTRIES)
    same = parse_order(order_json(statusId=5.1, updatedAt="2026-04-01T00:00:00Z"), COUNTRIES)
    other = order_json()
    other["addresses"][1]["address2"] = "146"
    assert same.fingerprint() == order.fingerprint()
    assert parse_order(other, COUNTRIES).fingerprint() != order.fingerprint()


def test_no_personal_field_shows_in_the_repr() -> None:
    text = repr(parse_order(order_json(), COUNTRIES))
    for word in ("Erika", "Muster", "PACKSTATION", "Köln", "example.com", "12345678", "50667"):
        assert word not in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(order_json())), JSON)
def test_any_value_in_any_field_is_read_or_refused_never_a_crash(name: str, value: Any) -> None:
    with suppress(OrderInvalid):
        parse_order(order_json(**{name: value}), COUNTRIES)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        ["typeId", "itemVariationId", "quantity", "warehouseId", "variation", "amounts"]
    ),
    JSON,
)
def test_any_value_in_a_position_is_read_or_refused_never_a_crash(name: str, value: Any) -> None:
    data = order_json()
    data["orderItems"][0][name] = value
    with suppress(OrderInvalid):
        parse_order(data, COUNTRIES)
