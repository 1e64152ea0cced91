from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.config.merchants import find
from include.core.merchants.merchant import Merchant
from include.core.merchants.merchant_facts import (
    Kept,
    SystemKey,
    changes,
    kept,
    key_of,
    laid_over,
    same_client,
    same_system,
)

PLENTY, WEMALO = key_of("https://shop.example.com"), key_of("https://w.example.com/v1", "token")


def alpha(**changes: dict[str, Any]) -> Merchant:
    data = find("alpha").model_dump()
    for section, values in changes.items():
        data[section] = {**data[section], **values}
    return Merchant.model_validate(data)


def now(merchant: Merchant | None = None, *, plenty: SystemKey = PLENTY) -> Kept:
    return kept(merchant or alpha(), plenty, WEMALO)


@pytest.mark.parametrize(
    "other",
    ["https://SHOP.example.com/", "https://shop.example.com:443", "shop.example.com",
     " https://shop.example.com "],
)  # fmt: skip
def test_one_address_has_one_key_however_it_is_written(other: str) -> None:
    assert key_of(other) == PLENTY


@pytest.mark.parametrize(
    "other",
    ["https://shop.example.com:8443", "https://shop2.example.com", "https://shop.example.com/b"],
)
def test_another_address_has_another_key(other: str) -> None:
    assert key_of(other) != PLENTY


def test_a_key_shows_neither_address_nor_token() -> None:
    assert "example" not in repr(WEMALO)
    assert "token" not in repr(WEMALO)


def test_facts_keep_their_version_until_one_of_them_changes() -> None:
    assert now().version == now(alpha(plenty={"plan": "plus"})).version
    one = alpha(plenty={"warehouse_id": 9})
    versions = {
        now().version,
        now(one).version,
        now(alpha(statuses={"handed_over": "5.3"})).version,
        now(alpha(wemalo={"product_id": "sku"})).version,
        now(plenty=key_of("https://other.example.com")).version,
    }
    assert len(versions) == 5


def test_old_facts_lie_over_the_merchant_and_the_rest_is_as_it_is_now() -> None:
    was = alpha(statuses={"handed_over": "5.3"}, plenty={"warehouse_id": 9, "connection": "old"})
    new = alpha(wemalo={"product_id": "sku"}, plenty={"plan": "plus"})
    merchant = laid_over(new, now(was).facts)
    assert merchant.statuses.handed_over == Decimal("5.3")
    assert merchant.plenty.warehouse_id == 9
    assert merchant.wemalo.product_id == was.wemalo.product_id != "sku"
    assert merchant.plenty.plan == "plus"
    assert merchant.plenty.connection == new.plenty.connection


def test_facts_that_a_file_may_no_longer_say_still_hold_for_their_orders() -> None:
    facts = {**now().facts, "statuses.cancel_too_late": "8", "statuses.gone": "4"}
    assert laid_over(alpha(), facts).statuses.cancel_too_late == Decimal(8)


def test_what_changed_is_told_from_what_to_what() -> None:
    before = now(alpha(plenty={"warehouse_id": 9, "shippable_types": [1, 2]}))
    after = now(alpha(statuses={"shipped": "7"}))
    assert changes(before, after) == [
        f"plenty.warehouse_id 9 -> {alpha().plenty.warehouse_id}",
        "plenty.shippable_types 1, 2 -> 1, 2, 5",
        "statuses.shipped - -> 7",
    ]


def test_another_address_is_another_system_unless_the_file_says_it_only_moved() -> None:
    old = now(plenty=key_of("https://old.example.com"))
    assert not same_system(old, now())
    assert same_system(old, now(), ["https://older.example.com", "old.example.com"])
    assert changes(old, now()) == ["plenty.connection: other address"]


@pytest.mark.parametrize(
    ("connection", "key", "same"),
    [
        ("wemalo_alpha", WEMALO, True),
        ("renamed", WEMALO, True),
        ("wemalo_alpha", key_of("https://w.example.com/v1", "renewed"), True),
        ("renamed", key_of("https://moved.example.com/v1", "token"), True),
        ("renamed", key_of("https://w.example.com/v1", "another"), False),
        ("wemalo_alpha", key_of("https://live.example.com/v1", "another"), False),
    ],
)
def test_a_client_is_known_by_its_token_or_by_connection_and_address(
    connection: str, key: SystemKey, same: bool
) -> None:
    after = kept(alpha(wemalo={"connection": connection}), PLENTY, key)
    assert same_client(now(), after) is same
