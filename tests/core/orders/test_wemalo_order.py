from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from include.core.merchants.merchant import Merchant
from include.core.orders.plenty_order import parse_order
from include.core.orders.states import State
from include.core.orders.wemalo_order import compose, state_of
from include.core.systems.errors import OrderInvalid
from tests.core.builders import COUNTRIES, order_json

MERCHANT = Merchant.model_validate(
    {
        "merchant": "alpha",
        "plenty": {
            "connection": "p",
            "plenty_id": 1001,
            "warehouse_id": 3,
            "storage_location_id": 0,
        },
        "wemalo": {"connection": "w", "shop": "alpha"},
        "shipping_profiles": {6: "dhl"},
    }
)


def test_the_body_has_the_fields_and_units_of_the_contract() -> None:
    body = compose(parse_order(order_json(), COUNTRIES), MERCHANT)
    assert body["shop"] == "alpha"
    assert body["meta"]["externalId"] == "50123"
    assert body["meta"]["total"] == 24.7
    assert body["meta"]["dispatcherProfile"] == "dhl"
    (position,) = body["positions"]
    assert position["externalId"] == "2044"
    assert position["quantity"] == 2
    assert position["total"] == 1980
    assert position["externalPositionIdentifier"] == "70001"


def test_a_packstation_keeps_its_post_number() -> None:
    (receiver,) = compose(parse_order(order_json(), COUNTRIES), MERCHANT)["meta"]["receiver"]
    assert (receiver["street"], receiver["streetNumber"]) == ("PACKSTATION", "145")
    assert receiver["addressAddition"] == "12345678"
    assert receiver["countryCode2Letter"] == "DE"


def test_products_go_by_sku_where_the_merchant_wants_it() -> None:
    by_sku = MERCHANT.model_copy(
        update={"wemalo": MERCHANT.wemalo.model_copy(update={"product_id": "sku"})}
    )
    body = compose(parse_order(order_json(), COUNTRIES), by_sku)
    assert body["meta"]["externalIdMatch"] == "sku"
    assert body["positions"][0]["externalId"] == "CUP-BL"


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5"])
def test_a_broken_quantity_is_refused(quantity: str) -> None:
    order = parse_order(order_json(), COUNTRIES)
    item = replace(order.items[0], quantity=Decimal(quantity))
    with pytest.raises(OrderInvalid) as raised:
        compose(replace(order, items=(item,)), MERCHANT)
    assert raised.value.rule == "QUANTITY"


def test_an_unmapped_profile_stops_the_order_and_says_where_to_map_it() -> None:
    order = replace(parse_order(order_json(), COUNTRIES), shipping_profile_id=99)
    with pytest.raises(OrderInvalid, match="shipping_profiles in the file of merchant alpha"):
        compose(order, MERCHANT)


def test_an_unknown_status_name_changes_nothing() -> None:
    assert state_of("REFURBISHED") is None
    assert state_of("PARTIAL") is State.WAITING
    assert state_of("CANCELLED") is State.CANCELLED
    assert {state_of(n) for n in ("OPEN", "INPICKING", "PACKED", "SHIPPED")} == {State.ACCEPTED}
