"""Goods that come back and wait for a person, or that the merchant announced."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.returns import handle as returns_flow
from sqlalchemy import select

from include.ledger.exceptions import exceptions
from include.ledger.tables import order_events
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

ANNOUNCEMENT = "POST /v1/returns/announceConditional"


def events(stage: Stage, kind: str) -> list[dict[str, Any]]:
    with stage.engine.begin() as connection:
        return list(
            connection.execute(
                select(order_events.c.data)
                .where(order_events.c.kind == kind)
                .order_by(order_events.c.event_id)
            ).scalars()
        )


def open_cases(stage: Stage) -> list[tuple[str, str]]:
    with stage.engine.begin() as connection:
        rows = exceptions.open_exceptions(connection, "alpha")
        return sorted((row.subject, row.code) for row in rows)


def test_a_piece_nobody_announced_and_no_order_claims_is_a_case_with_all_facts(shop: Stage) -> None:
    (piece,) = come_back(shop, None, {"product": "2001", "reason": "damaged", "serials": ["S-1"]})
    for _ in range(3):
        step(shop)
    assert open_cases(shop) == [(f"return:{piece}", "RETURN_UNANNOUNCED")]
    (opened,) = events(shop, "exception_opened")
    assert opened["facts"]["serial_number"] == "S-1"
    assert opened["facts"]["reason"] == "damaged"
    assert queue(shop) == [piece]
    assert return_orders(shop) == []
    assert shop.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0


def test_a_case_is_closed_when_the_warehouse_settles_the_piece_itself(shop: Stage) -> None:
    (piece,) = come_back(shop, None, {"product": "2001"})
    step(shop)
    shop.work("warehouse").wemalo.acknowledge_return(piece)
    step(shop)
    assert open_cases(shop) == []


def test_more_than_was_shipped_is_a_case_and_the_rest_is_returned(shop: Stage) -> None:
    pieces = come_back(shop, 1, {"product": "2001", "quantity": 3})
    for _ in range(2):
        step(shop)
    (made,) = return_orders(shop)
    assert made["orderItems"][0]["quantity"] == 2
    assert open_cases(shop) == [(f"return:{pieces[2]}", "RETURN_SURPLUS")]
    assert queue(shop) == [pieces[2]]


def test_what_the_merchant_returned_by_hand_counts_as_returned(shop: Stage) -> None:
    item = shop.plenty_order(1)["orderItems"][0]["id"]
    rows = [{"orderItemId": item, "quantity": 2}]
    shop.work("merchant").plenty.create_return(
        1, status=Decimal(9), warehouse_id=3, quantities=rows, comment="by hand"
    )
    come_back(shop, 1, {"product": "2001"})
    step(shop)
    assert [code for _, code in open_cases(shop)] == ["RETURN_SURPLUS"]
    assert len(return_orders(shop)) == 1


def test_a_return_that_the_merchant_makes_meanwhile_is_not_made_again(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = shop.plenty_order(1)["orderItems"][0]["id"]
    real = returns_flow.existing_returns

    def read_and_be_overtaken(*args: Any) -> Any:
        found = real(*args)
        if not return_orders(shop):
            rows = [{"orderItemId": item, "quantity": 1}]
            shop.work("merchant").plenty.create_return(
                1, status=Decimal(9), warehouse_id=3, quantities=rows, comment="by hand"
            )
        return found

    monkeypatch.setattr(returns_flow, "existing_returns", read_and_be_overtaken)
    pieces = come_back(shop, 1, {"product": "2001", "quantity": 2})
    step(shop)
    assert open_cases(shop) == [(f"return:{pieces[0]}", "RETURN_REFUSED")]
    make_due(shop)
    step(shop)
    assert [o["orderItems"][0]["quantity"] for o in return_orders(shop)] == [1, 1]
    assert open_cases(shop) == [(f"return:{pieces[1]}", "RETURN_SURPLUS")]


def test_an_item_of_another_order_is_a_case(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2003"}, {"name": "Somebody else's lamp"})
    step(shop)
    assert [code for _, code in open_cases(shop)] == ["RETURN_FOREIGN_ITEM"] * 2
    assert return_orders(shop) == []


def test_a_return_of_an_order_that_is_not_the_merchants_is_a_case(shop: Stage) -> None:
    plenty_order = shop.plenty_order(1)
    shop.sandbox.plenty.act("delete", "alpha", order=1)
    (piece,) = come_back(shop, 1, {"product": "2001"})
    step(shop)
    assert plenty_order["id"] == 1
    assert open_cases(shop) == [(f"return:{piece}", "RETURN_FOREIGN")]
    shop.sandbox.plenty.reset_calls()
    step(shop)
    assert shop.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0


def test_an_unmapped_reason_waits_and_goes_on_once_it_is_mapped(shop: Stage) -> None:
    (piece,) = come_back(shop, 1, {"product": "2001", "reason": "ugly"})
    step(shop)
    assert open_cases(shop) == [(f"return:{piece}", "RETURN_REASON_UNMAPPED")]
    assert return_orders(shop) == []
    use(shop, reasons={"ugly": 1})
    step(shop)
    assert open_cases(shop) == []
    assert properties(return_orders(shop)[0]["orderItems"][0]) == {35: "1"}


def test_an_unmapped_condition_of_worse_goods_waits_unless_it_may_be_left_out(shop: Stage) -> None:
    use(shop, conditions={})
    come_back(shop, 1, {"product": "2001", "attribute": "2"})
    step(shop)
    assert [code for _, code in open_cases(shop)] == ["RETURN_CONDITION_UNMAPPED"]
    use(shop, conditions={}, unmapped="leave_out")
    step(shop)
    assert open_cases(shop) == []
    assert len(return_orders(shop)) == 1


def test_unannounced_returns_are_left_to_a_person_where_the_merchant_says_so(shop: Stage) -> None:
    use(shop, unannounced="exception")
    come_back(shop, 1, {"product": "2001"})
    step(shop)
    assert [code for _, code in open_cases(shop)] == ["RETURN_UNANNOUNCED"]
    assert return_orders(shop) == []


def test_a_return_that_plentymarkets_refuses_is_a_case_until_it_is_taken(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001"})
    use(shop, status="9.3333")  # a status that the merchant never made
    for _ in range(2):
        make_due(shop)
        step(shop)
    assert [code for _, code in open_cases(shop)] == ["RETURN_REFUSED"]
    assert len(queue(shop)) == 1
    use(shop)
    make_due(shop)
    step(shop)
    assert open_cases(shop) == []
    assert len(return_orders(shop)) == 1


@pytest.mark.parametrize(("wish", "booked"), [("none", 0), ("sellable", 1), ("all", 2)])
def test_stock_is_booked_as_the_merchant_wants_and_never_twice(
    shop: Stage, wish: str, booked: int
) -> None:
    use(shop, book_stock=wish)
    stock = physical(shop)
    come_back(shop, 1, {"product": "2001"}, {"product": "2001", "attribute": "2"})
    for _ in range(3):
        step(shop)
    assert physical(shop) - stock == booked
    assert len(return_orders(shop)) == 1


def test_a_return_entered_in_plentymarkets_is_announced_once(shop: Stage) -> None:
    use(shop, announce=ANNOUNCE)
    entered = enter_return(shop)
    for _ in range(3):
        step(shop)
    (notice,) = announced(shop)
    assert (notice["externalId"], notice["goodsOrderExternalId"]) == (str(entered), "1")
    assert (notice["items"], notice["times"]) == ({"2001": 2}, 1)


def test_an_announcement_whose_answer_was_lost_ends_as_one(shop: Stage) -> None:
    use(shop, announce=ANNOUNCE)
    enter_return(shop)
    shop.sandbox.wemalo.fault(route=ANNOUNCEMENT, kind="lost_reply", cut=True, times=1)
    assert step(shop)["failing"] == 1
    assert step(shop)["failing"] == 1, "a late old one must not land over a newer content"
    make_due(shop)
    assert step(shop)["returns_announced"] == 1
    assert len(announced(shop)) == 1


def test_an_announced_return_is_completed_instead_of_a_second_one_made(shop: Stage) -> None:
    use(shop, announce=ANNOUNCE, book_stock="all")
    entered = enter_return(shop)
    step(shop)
    stock = physical(shop)
    pieces = come_back(
        shop, None, {"product": "2001", "quantity": 3, "reason": "size"}, **{"return": str(entered)}
    )
    for _ in range(3):
        step(shop)
    (made,) = return_orders(shop)
    assert Decimal(str(made["statusId"])) == Decimal("9.01")
    assert properties(made["orderItems"][0])[35] == "4"
    assert physical(shop) - stock == 2
    assert open_cases(shop) == [(f"return:{pieces[2]}", "RETURN_SURPLUS")]


def test_returns_that_we_made_are_not_announced(shop: Stage) -> None:
    come_back(shop, 1, {"product": "2001"})
    step(shop)
    shop.sandbox.plenty.act("set_status", "alpha", order=return_orders(shop)[0]["id"], status="9.1")
    use(shop, announce=ANNOUNCE)
    step(shop)
    assert announced(shop) == []


def test_nothing_is_searched_where_nothing_is_to_be_announced(shop: Stage) -> None:
    enter_return(shop)
    shop.sandbox.plenty.reset_calls()
    step(shop)
    assert announced(shop) == []
    assert shop.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0
