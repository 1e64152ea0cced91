"""Who gets the last piece, and what is said to those who do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from include.core.orders.plenty_order import parse_order
from include.core.stock.stock_rules import StockView, share_out
from tests.core.builders import COUNTRIES, order_json
from tests.quality.builders import NOW, a_stock, an_item, an_order


def outcome(orders: list[Any], stock: StockView, **settings: Any) -> dict[int, str]:
    shares = share_out(orders, stock, now=NOW, **settings)
    return {k: s.finding.code if s.finding else "ok" for k, s in shares.items()}


def test_the_oldest_order_gets_the_last_piece_whatever_the_sequence() -> None:
    old, young = an_order(2), an_order(5)
    for batch in ([old, young], [young, old]):
        assert outcome(batch, a_stock(v2044=1)) == {2: "ok", 5: "STOCK_SHORT"}


def test_an_express_order_comes_before_an_older_one() -> None:
    orders = [an_order(2), an_order(5, express=True)]
    assert outcome(orders, a_stock(v2044=1)) == {2: "STOCK_SHORT", 5: "ok"}


def test_of_two_orders_of_the_same_moment_the_lower_id_wins() -> None:
    twins = [an_order(8, created_at=NOW), an_order(7, created_at=NOW)]
    assert outcome(twins, a_stock(v2044=1)) == {7: "ok", 8: "STOCK_SHORT"}


def test_an_order_gets_all_or_nothing_and_leaves_its_stock_to_the_next() -> None:
    greedy = an_order(1, items=(an_item(2044), an_item(3000, 5)))
    assert outcome([greedy, an_order(2)], a_stock(v2044=1, v3000=4)) == {1: "STOCK_SHORT", 2: "ok"}


def test_positions_of_the_same_product_are_added_up() -> None:
    twice = an_order(1, items=(an_item(quantity=2), an_item(quantity=2, item_id=9)))
    assert outcome([twice], a_stock(v2044=3)) == {1: "STOCK_SHORT"}


def test_what_is_on_its_way_is_gone() -> None:
    stock = replace(a_stock(v2044=1), reserved_on_way={"2044": 1})
    assert outcome([an_order(1)], stock) == {1: "STOCK_SHORT"}


def test_the_second_of_two_overlapping_runs_sees_what_the_first_promised() -> None:
    stock = a_stock(v2044=1)
    first = outcome([an_order(1)], stock)
    second = outcome([an_order(2)], replace(stock, reserved_on_way={"2044": 1}))
    assert (first, second) == ({1: "ok"}, {2: "STOCK_SHORT"})


def test_an_old_or_missing_reading_is_not_checked_and_never_short() -> None:
    old = replace(a_stock(v2044=0), measured_at=NOW - timedelta(hours=2))
    unread = a_stock(None, v2044=0)
    assert outcome([an_order(1)], old) == {1: "STOCK_NOT_CHECKED"}
    assert outcome([an_order(1)], unread) == {1: "STOCK_NOT_CHECKED"}


def test_an_unlisted_product_is_not_checked_unless_the_list_is_complete() -> None:
    stock = a_stock(v1=5)
    assert outcome([an_order(1)], stock) == {1: "STOCK_NOT_CHECKED"}
    assert outcome([an_order(1)], replace(stock, complete=True)) == {1: "STOCK_SHORT"}


def test_negative_stock_is_none_and_the_note_says_zero() -> None:
    finding = share_out([an_order(1)], a_stock(v2044=-3), now=NOW)[1].finding
    assert finding is not None
    assert "0 available" in finding.reason_en


def test_the_note_names_sku_amounts_and_takers_by_count_only() -> None:
    orders = [an_order(1), an_order(2), an_order(3, items=(an_item(quantity=4),))]
    finding = share_out(orders, a_stock(v2044=5), now=NOW)[3].finding
    assert finding is not None
    assert finding.reason_en == (
        "SKU SKU-2044: 4 wanted, 3 available (2 earlier or more urgent orders took 2)."
    )
    assert "4 bestellt, 3 verfügbar" in finding.reason_de


def test_the_note_counts_orders_that_are_on_their_way_as_takers() -> None:
    stock = replace(a_stock(v2044=5), reserved_on_way={"2044": 3}, orders_on_way={"2044": 1})
    orders = [an_order(1), an_order(2, items=(an_item(quantity=4),))]
    finding = share_out(orders, stock, now=NOW)[2].finding
    assert finding is not None
    assert finding.reason_en == (
        "SKU SKU-2044: 4 wanted, 1 available (2 earlier or more urgent orders took 4)."
    )
    assert "1 verfügbar (zuvor haben 2 ältere oder eiligere Aufträge 4 Stück" in finding.reason_de


def test_of_a_bundle_its_components_are_counted_and_not_its_head() -> None:
    def row(item: int, kind: int, variation: int, quantity: int) -> dict[str, Any]:
        return {"id": item, "typeId": kind, "itemVariationId": variation, "quantity": quantity,
                "orderItemName": "Ware", "warehouseId": 3, "amounts": [],
                "variation": {"id": variation, "number": f"SKU-{variation}"}}  # fmt: skip

    items = [row(1, 2, 900, 2), row(2, 3, 2044, 4), row(3, 3, 2045, 2), row(4, 1, 2044, 1)]
    order = parse_order(order_json(orderItems=items), COUNTRIES)
    stock = replace(a_stock(v2044=5, v2045=2), complete=True)  # of the head there is none
    assert outcome([order], stock) == {order.order_id: "ok"}
    finding = share_out([order], a_stock(v2044=4, v2045=2), now=NOW)[order.order_id].finding
    assert finding is not None
    assert "SKU SKU-2044: 5 wanted, 4 available" in finding.reason_en


def test_a_merchant_may_let_short_orders_wait() -> None:
    assert outcome([an_order(1)], a_stock(v2044=0), short_orders="wait") == {1: "STOCK_WAIT"}


def test_products_are_known_by_sku_where_the_merchant_says_so() -> None:
    stock = StockView({"SKU-2044": 1}, measured_at=NOW)
    assert outcome([an_order(1)], stock, by="sku") == {1: "ok"}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(0, 15))
def test_never_more_is_given_away_than_there_is(amounts: list[int], stock: int) -> None:
    orders = [an_order(n, items=(an_item(quantity=a),)) for n, a in enumerate(amounts, 1)]
    result = outcome(orders, a_stock(v2044=stock))
    given_away = sum(a for n, a in enumerate(amounts, 1) if result[n] == "ok")
    refused = [a for n, a in enumerate(amounts, 1) if result[n] != "ok"]
    assert given_away <= stock
    assert all(a > stock - given_away for a in refused)
