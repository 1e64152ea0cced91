"""The connector with behaviour of both systems that nobody has settled: each switch, both ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from include.core.systems.errors import SessionLimit
from include.sandbox.scenarios.demo_orders import ALPHA
from tests.flow.changes.test_changes import open_codes
from tests.flow.returns.conftest import shop
from tests.flow.returns.shop import come_back, properties, return_orders, step
from tests.flow.stage import PASSWORD, Stage, good_order, settings
from tests.flow.stock.conftest import running
from tests.flow.stock.stocks import look, movements, plenty_stock, wemalo_stock

__all__ = ["running", "shop"]

BOOK = "POST /rest/sales_orders/{order_id}/book"
LOGIN = "POST /rest/login"
HALF_A_DAY = 12 * 3600


def others_log_in(stage: Stage, name: str) -> None:
    """Let another user of the merchant, its staff for example, take a place."""
    body = {"username": name, "password": "pw"}
    user = {"username": name, "password": "pw"}
    stage.sandbox.plenty.merge({"tenants": [{"tenant": stage.name, "users": [user]}]})
    answer = requests.post(f"{stage.sandbox.plenty_url}/rest/login", json=body, timeout=5)
    assert answer.status_code == 200, answer.text


def test_no_place_for_the_connector_is_told_with_who_may_hold_it(stage: Stage) -> None:
    stage.sandbox.plenty.settings(max_sessions=1)
    others_log_in(stage, "staff")
    stage.add(good_order(1))
    stage.run()
    error = stage.errors["extract_plenty_orders"]
    assert isinstance(error, SessionLimit)
    assert "the merchant's own staff" in error.operator
    assert stage.wemalo_orders() == {}


def test_a_token_that_has_run_out_is_renewed_in_the_middle_of_the_work(stage: Stage) -> None:
    stage.sandbox.plenty.settings(token_seconds=HALF_A_DAY)
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")
    stage.sandbox.plenty.clock(advance=2 * HALF_A_DAY)
    stage.run()
    assert stage.errors == {}
    assert list(stage.wemalo_orders()) == ["1"]


def test_a_login_elsewhere_that_ends_our_token_costs_one_login_more(stage: Stage) -> None:
    stage.sandbox.plenty.settings(login_ends_old_token=True)
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")
    body = {"username": ALPHA.username, "password": PASSWORD}
    requests.post(f"{stage.sandbox.plenty_url}/rest/login", json=body, timeout=5)
    stage.run()
    assert stage.errors == {}
    assert list(stage.wemalo_orders()) == ["1"]
    assert stage.sandbox.plenty.calls("alpha")["counts"]["alpha"][LOGIN] == 3


@pytest.mark.parametrize("nested_lists", ["replace", "merge"])
def test_a_return_is_described_whether_lists_are_replaced_or_merged(
    shop: Stage, nested_lists: str
) -> None:
    shop.sandbox.plenty.settings(nested_lists=nested_lists)
    come_back(shop, 1, {"product": "2001", "reason": "damaged", "attribute": "2"})
    step(shop)
    (made,) = return_orders(shop)
    assert [properties(item) for item in made["orderItems"]] == [{35: "3", 36: "2"}]


@pytest.mark.parametrize("return_above_shipped", ["refuse", "accept"])
def test_more_than_was_sent_comes_back_as_more_whoever_would_take_it(
    shop: Stage, return_above_shipped: str
) -> None:
    shop.sandbox.plenty.settings(return_above_shipped=return_above_shipped)
    come_back(shop, 1, {"product": "2001", "quantity": 3, "reason": "damaged"})
    step(shop)
    (made,) = return_orders(shop)
    assert [item["quantity"] for item in made["orderItems"]] == [2]


@pytest.mark.parametrize("book_without_stock", ["allow", "refuse"])
def test_a_goods_issue_that_lacks_stock_is_booked_or_told(
    stage: Stage, book_without_stock: str
) -> None:
    settings(stage, goods_issue="book")
    stage.sandbox.plenty.settings(book_without_stock=book_without_stock)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.plenty.act("set_stock", "alpha", variation=2001, warehouse=3, quantity=0)
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    refused = book_without_stock == "refuse"
    assert (stage.plenty_status(1) == Decimal(7)) is not refused
    assert bool(open_codes(stage)) is refused


@pytest.mark.parametrize(
    "switch", [{"outgoing_sign": "any"}, {"book_incoming_reply": "empty"}], ids=str
)
def test_stock_is_booked_once_whatever_the_answer_looks_like(
    running: Stage, switch: dict[str, Any]
) -> None:
    running.sandbox.plenty.settings(**switch)
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}])
    running.sandbox.wemalo.act("inventory", "alpha", product="2002", delta=-3)
    for _ in range(3):
        look(running)
    assert [row["quantity"] for row in movements(running, 101)] == [7]
    assert [row["quantity"] for row in movements(running, 202)] == [-3]
    assert plenty_stock(running) == wemalo_stock(running)


@pytest.mark.parametrize("locked_orders", ["items", "everything"])
def test_an_order_that_an_invoice_locks_is_sent_once_and_its_status_is_told_where_it_cannot_be_set(
    stage: Stage, locked_orders: str
) -> None:
    stage.sandbox.plenty.settings(locked_orders=locked_orders)
    stage.add(good_order(1, lock_status="reversibleLocked"))
    for _ in range(3):
        stage.run()
    sent = {order["submissions"] for order in stage.wemalo_orders().values()}
    if locked_orders == "items":
        assert (sent, stage.plenty_status(1)) == ({1}, Decimal("5.1"))
    else:
        assert sent <= {1}
        assert open_codes(stage) != []


@pytest.mark.parametrize("packaging_weight", [0, 70])
def test_weights_of_the_warehouse_arrive_in_grams(stage: Stage, packaging_weight: int) -> None:
    stage.sandbox.wemalo.settings(packaging_weight=packaging_weight)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    (package,) = stage.plenty_order(1)["shippingPackages"]
    assert package["weight"] == 2 * 300 + packaging_weight
