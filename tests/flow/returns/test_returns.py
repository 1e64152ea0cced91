"""Goods that come back: one return order per order and batch, never twice, nothing silent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.returns import read
from fulfilment.flow.returns.handle import handle_returns

from tests.flow.returns.shop import (
    ANNOUNCE,
    announced,
    come_back,
    enter_return,
    make_due,
    physical,
    properties,
    queue,
    return_orders,
    step,
    use,
)
from tests.flow.stage import Stage

ACKNOWLEDGE = "PUT /v1/returns/booked/{booking_id}"


ROUTES = {
    "create": "POST /rest/orders/{order_id}/returns",
    "validate": "POST /rest/orders/{order_id}/returns/validate",
    "describe": "PUT /rest/returns/{order_id}",
    "book": "POST /rest/returns/{order_id}/book",
}


def test_two_pieces_of_an_order_become_one_return_order_linked_to_it(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001", "quantity": 2, "reason": "damaged", "attribute": "2"})
    step(shop)
    (made,) = return_orders(shop)
    assert Decimal(str(made["statusId"])) == Decimal("9.01")
    assert [row["originOrderId"] for row in made["orderReferences"]] == [1]
    (item,) = made["orderItems"]
    assert (item["itemVariationId"], item["quantity"]) == (2001, 2)
    assert properties(item) == {35: "3", 36: "2"}
    assert queue(shop) == []
    assert shop.state(1) == "shipped"


def test_pieces_are_counted_per_order_item_reason_and_condition(shop: Stage) -> None:
    come_back(shop, 2, {"product": "2001", "reason": "damaged", "attribute": "2"})
    come_back(shop, 2, {"product": "2001"}, {"product": "2002", "reason": "size"})
    step(shop)
    (made,) = return_orders(shop)
    found = sorted(
        (item["itemVariationId"], item["quantity"], tuple(sorted(properties(item).items())))
        for item in made["orderItems"]
    )
    assert found == [
        (2001, 1, ()),
        (2001, 1, ((35, "3"), (36, "2"))),
        (2002, 1, ((35, "4"),)),
    ]


def test_two_orders_become_two_return_orders_by_three_reads(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001"})
    come_back(shop, 2, {"product": "2002"})
    counts = step(shop)
    assert (counts["returns_created"], counts["returns_acknowledged"]) == (2, 2)
    calls = shop.sandbox.plenty.calls("alpha")
    assert calls["reads"]["alpha"] == 2
    assert calls["writes"]["alpha"] == 4  # validate and create, each twice


def test_an_empty_queue_costs_plentymarkets_nothing(shop: Stage) -> None:
    step(shop)
    calls = shop.sandbox.plenty.calls("alpha")
    assert (calls["reads"].get("alpha", 0), calls["writes"].get("alpha", 0)) == (0, 0)


def test_running_it_three_times_changes_nothing(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001", "reason": "damaged"})
    shop.sandbox.wemalo.fault(route=ACKNOWLEDGE, kind="cut", times=1)
    assert step(shop)["failing"] == 1
    assert len(queue(shop)) == 1
    before = return_orders(shop)
    for _ in range(3):
        step(shop)
    assert queue(shop) == []
    assert return_orders(shop) == before


def test_the_order_gets_one_note_with_its_marker(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001", "reason": "damaged", "quantity": 2})
    for _ in range(2):
        step(shop)
        shop.step("writeback_status")
    (note,) = [c["text"] for c in shop.plenty_order(1)["comments"] if "return:" in c["text"]]
    assert "2 × Article 0 (damaged" in note
    assert "(fulfilment 1/return:" in note


def test_pieces_that_come_back_later_become_a_second_return(shop: Stage) -> None:
    for _ in range(2):
        come_back(shop, 1, {"product": "2001"})
        step(shop)
    assert [o["orderItems"][0]["quantity"] for o in return_orders(shop)] == [1, 1]


def test_a_whole_page_and_more_of_rows_is_taken(shop: Stage) -> None:
    shop.sandbox.wemalo.settings(page_size=1)
    come_back(shop, 1, {"product": "2001", "quantity": 2})
    come_back(shop, 2, {"product": "2002"})
    assert step(shop)["returns_acknowledged"] == 3
    assert len(return_orders(shop)) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_reply"},
        {"kind": "lost_reply", "cut": True},
        {"kind": "status", "status": 500},
        {"kind": "cut"},
        {"kind": "empty"},
        {"kind": "html"},
    ],
    ids=str,
)
@pytest.mark.parametrize("route", ["create", "validate", "describe", "book"])
def test_whatever_happens_to_a_call_one_return_is_made_and_booked_once(
    shop: Stage, route: str, fault: dict[str, Any]
) -> None:
    use(shop, book_stock="all")
    stock = physical(shop)
    come_back(shop, 1, {"product": "2001", "quantity": 2, "reason": "damaged"})
    shop.sandbox.plenty.fault(route=ROUTES[route], times=1, **fault)
    assert step(shop)["failing"] == 1
    shop.sandbox.plenty.clear_faults()
    for _ in range(4):
        make_due(shop)
        step(shop)
    (made,) = return_orders(shop)
    assert properties(made["orderItems"][0]) == {35: "3"}
    assert physical(shop) - stock == 2
    assert queue(shop) == []


class Killed(BaseException):
    """The process is gone: nothing after the call runs."""


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize(
    "call", ["validate_return", "create_return", "update_return", "book_return"]
)
def test_a_process_killed_at_any_point_leaves_one_return(
    shop: Stage, call: str, after: bool
) -> None:
    use(shop, book_stock="all")
    stock = physical(shop)
    come_back(shop, 1, {"product": "2001", "quantity": 2, "reason": "damaged"})
    work = shop.work("handle_returns")
    real = getattr(work.plenty, call)

    def die(*args: Any, **kwargs: Any) -> None:
        if after:
            real(*args, **kwargs)
        raise Killed

    setattr(work.plenty, call, die)
    with pytest.raises(Killed):
        handle_returns(work)
    made = len(return_orders(shop))
    step(shop)
    if call == "create_return":
        assert len(return_orders(shop)) == made, "the call may still be on its way"
    for _ in range(4):
        make_due(shop)
        step(shop)
    assert len(return_orders(shop)) == 1
    assert physical(shop) - stock == 2
    assert queue(shop) == []


def test_our_return_is_known_by_its_goods_where_the_comment_was_dropped(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001", "quantity": 2})
    work = shop.work("handle_returns")
    real = work.plenty.create_return

    def lose_the_comment(*args: Any, **kwargs: Any) -> None:
        real(*args, **{**kwargs, "comment": ""})
        raise Killed

    work.plenty.create_return = lose_the_comment  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        handle_returns(work)
    make_due(shop)
    assert step(shop)["returns_adopted"] == 1
    assert len(return_orders(shop)) == 1


def test_our_return_is_found_although_the_filter_on_references_finds_nothing(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(shop, 1, {"product": "2001"})
    shop.sandbox.plenty.fault(route=ROUTES["create"], kind="lost_reply", times=1)
    assert step(shop)["failing"] == 1
    monkeypatch.setattr(read, "_linked", lambda _, ids: {n: [] for n in ids})
    assert step(shop)["returns_adopted"] == 1
    assert len(return_orders(shop)) == 1


def test_numbers_sent_as_text_change_nothing(shop: Stage) -> None:
    shop.sandbox.plenty.settings(numbers_as_text=1.0)
    use(shop, book_stock="all", announce=ANNOUNCE)
    enter_return(shop, 1)
    come_back(shop, 1, {"product": "2001", "reason": "damaged"})
    for _ in range(2):
        step(shop)
    assert len(return_orders(shop)) == 2
    assert len(announced(shop)) == 1
    assert queue(shop) == []
