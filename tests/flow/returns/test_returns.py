"""Goods that come back: one return order per order and batch, never twice, nothing silent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.returns import handle as returns_flow
from fulfilment.flow.returns import read
from fulfilment.flow.returns.handle import handle_returns
from sqlalchemy import func, select, update

from include.core.returns.settings import Returns
from include.ledger.exceptions import exceptions
from include.ledger.tables import order_events, return_rows, writes
from include.ledger.tables import returns as returns_table
from tests.flow.stage import Stage, good_order

SETTINGS: dict[str, Any] = {
    "status": "9.0.1",
    "reasons": {"damaged": 3, "size": 4},
    "conditions": {"2": 2},
}
ACKNOWLEDGE = "PUT /v1/returns/booked/{booking_id}"
ANNOUNCEMENT = "POST /v1/returns/announceConditional"
ROUTES = {
    "create": "POST /rest/orders/{order_id}/returns",
    "validate": "POST /rest/orders/{order_id}/returns/validate",
    "describe": "PUT /rest/returns/{order_id}",
    "book": "POST /rest/returns/{order_id}/book",
}


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """Alpha with two shipped orders: order 1 of two pieces, order 2 of two products."""
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01", "9.1"]}]})
    items = [{"variation": 2001, "quantity": 2}, {"variation": 2002, "quantity": 1}]
    stage.add(good_order(1), good_order(2, items=items))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    stage.run()
    assert stage.state(1) == "shipped"
    use(stage)
    stage.sandbox.plenty.reset_calls()
    return stage


def use(stage: Stage, **changes: Any) -> None:
    returns = Returns.model_validate({**SETTINGS, **changes})
    stage.merchant = stage.merchant.model_copy(update={"returns": returns})


def come_back(stage: Stage, order: int | None, *items: dict[str, Any], **more: Any) -> list[int]:
    args = {**more, "items": list(items)}
    if order is not None:
        args["order"] = str(order)
    found: list[int] = stage.sandbox.wemalo.act("book_return", "alpha", **args)["historyIds"]
    return found


def step(stage: Stage) -> dict[str, int]:
    return handle_returns(stage.work("handle_returns"))


def return_orders(stage: Stage) -> list[dict[str, Any]]:
    orders = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"]
    return [order for order in orders.values() if order["typeId"] == 3]


def queue(stage: Stage) -> list[int]:
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    return list(tenant["queues"]["returns"])


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


def make_due(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        connection.execute(update(returns_table).values(next_attempt_at=None))
        connection.execute(update(return_rows).values(next_attempt_at=None))
        settled = {"lease_until": func.now(), "doubt_until": func.least(
            writes.c.doubt_until, func.now())}  # fmt: skip
        connection.execute(update(writes).values(settled))


def physical(stage: Stage) -> int:
    """Return plentymarkets' stock of article 2001."""
    rows = stage.work("merchant").plenty._get(
        "/rest/stockmanagement/stock", params=[("variationId", "2001")]
    )["entries"]
    return sum(int(row["stockPhysical"]) for row in rows)


def properties(item: dict[str, Any]) -> dict[int, str]:
    """Return reason (35) and condition (36)."""
    return {row["typeId"]: row["value"] for row in item["properties"] if row["typeId"] in (35, 36)}


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


# -- never twice ----------------------------------------------------------------------------------


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


# -- what a person has to look at -----------------------------------------------------------------


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


# -- stock ----------------------------------------------------------------------------------------


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


# -- announced ------------------------------------------------------------------------------------

ANNOUNCE = {"statuses": ["9.1"], "reasons": {"3": 77}}


def announced(stage: Stage) -> list[dict[str, Any]]:
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    return list(tenant["returns"].values())


def enter_return(stage: Stage, quantity: int = 2) -> int:
    item = stage.plenty_order(1)["orderItems"][0]["id"]
    return stage.work("merchant").plenty.create_return(
        1,
        status=Decimal("9.1"),
        warehouse_id=3,
        quantities=[
            {
                "orderItemId": item,
                "quantity": quantity,
                "properties": [{"typeId": 35, "value": "3"}],
            }
        ],
        comment="entered by the shop",
    )


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
