"""One sick product or row of stock harms only itself, and a mass fall to zero is seen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import text

from include.ledger.stock import stock_sync as ledger
from tests.flow.stage import Stage, good_order
from tests.flow.stock.stocks import (
    approve,
    configure,
    exceptions_of,
    look,
    movements,
    open_postings,
    plenty_stock,
    wemalo_stock,
)

INCOMING = "PUT /rest/stockmanagement/warehouses/{warehouse_id}/stock/bookIncomingItems"


def test_one_product_whose_booking_always_fails_does_not_stop_the_others(running: Stage) -> None:
    running.settle_s = 0
    running.sandbox.plenty.fault(
        kind="status", status=500, route=INCOMING, match='"variationId": 2001'
    )
    for product in ("2001", "2002", "2003"):
        items = [{"product": product, "quantity": 7}]
        running.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    for _ in range(5):
        look(running)
    assert sorted(r["variationId"] for r in movements(running, 101)) == [2002, 2003]
    assert {r.subject for r in exceptions_of(running)} == {"item:2001"}
    assert open_postings(running) == {"INCOMING": 7}


def test_what_a_refused_batch_holds_of_good_rows_is_booked_in_the_same_look(running: Stage) -> None:
    running.sandbox.plenty.fault(
        kind="html", status=403, route=INCOMING, match='"variationId": 2003'
    )
    for product in range(2001, 2006):
        items = [{"product": str(product), "quantity": 7}]
        running.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    assert look(running)["booked"] == 4
    assert [(r.subject, r.code) for r in exceptions_of(running)] == [("item:2003", "STEP_FAILED")]


def test_rows_that_cannot_be_read_are_told_and_their_products_left_alone(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for product in ("2001", "2002", "2003", "2004"):
        items = [{"product": product, "quantity": 7}]
        running.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    queue, stock_list = WemaloHook.stock_postings, WemaloHook.available_stock

    def sick_queue(hook: WemaloHook, reason: str) -> list[dict[str, Any]]:
        rows = queue(hook, reason)
        return [{**r, "quantity": ["7"]} if "2001" in str(r["externalIds"]) else r for r in rows]

    def sick_list(hook: WemaloHook, since: Any) -> list[dict[str, Any]]:
        bad = [{"isDefault": True, "quantity": "many"}]
        rows = stock_list(hook, since)
        return [{**r, "attributes": bad} if r["externalId"] == "2002" else r for r in rows]

    with monkeypatch.context() as patch:
        patch.setattr(WemaloHook, "stock_postings", sick_queue)
        patch.setattr(WemaloHook, "available_stock", sick_list)
        for _ in range(3):
            look(running)
    assert sorted(r["variationId"] for r in movements(running, 101)) == [2003, 2004]
    told = [(r.subject, r.code) for r in exceptions_of(running)]
    assert told == [("item:2001", "STOCK_ROW_UNREADABLE"), ("item:2002", "STOCK_ROW_UNREADABLE")]

    look(running)
    assert plenty_stock(running) == wemalo_stock(running)
    assert exceptions_of(running) == []


def test_a_booking_is_not_repeated_while_the_journal_holds_a_row_that_cannot_be_read(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}])
    running.sandbox.plenty.fault(kind="lost_reply", match="bookIncomingItems", times=1)
    journal = PlentyHook.movements

    def sick(hook: PlentyHook, warehouse: int, since: Any) -> list[dict[str, Any]]:
        return [{**r, "quantity": {}} if r["reason"] == 101 else r for r in
                journal(hook, warehouse, since)]  # fmt: skip

    with monkeypatch.context() as patch:
        patch.setattr(PlentyHook, "movements", sick)
        for _ in range(3):
            look(running)
        assert ("item:2001", "STOCK_ROW_UNREADABLE") in {
            (r.subject, r.code) for r in exceptions_of(running)
        }
    look(running)
    assert [r["quantity"] for r in movements(running, 101)] == [7]
    assert exceptions_of(running) == []


class Killed(BaseException):
    pass


def test_a_task_that_dies_between_two_take_backs_takes_the_second_back_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(stage, goods_issue="none", book_shipments=True)
    look(stage)
    approve(stage)
    look(stage)
    items = [{"variation": 2001, "quantity": 2}, {"variation": 2002, "quantity": 3}]
    stage.add(good_order(1, items=items))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    look(stage)
    stage.sandbox.plenty.act("book", "alpha", order=1)
    real, written = ledger.write_ahead, []

    def dying(*args: Any, **values: Any) -> int:
        if values.get("takes_back") and written:
            raise Killed
        written.append(1)
        return real(*args, **values)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "write_ahead", dying)
        an_hour_later(stage)
        with pytest.raises(Killed):
            look(stage)
    for _ in range(3):
        an_hour_later(stage)
        look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)
    assert sorted(r["quantity"] for r in movements(stage, 116)[-2:]) == [2, 3]


def an_hour_later(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM sync_state WHERE concern = 'stock_doubles'"))


def test_a_fall_to_zero_that_comes_in_two_looks_is_held(running: Stage) -> None:
    for products in ((2001, 2002), (2003, 2004)):
        for product in products:
            running.sandbox.wemalo.act("set_stock", "alpha", product=str(product), quantity=0)
        for _ in range(3):
            look(running)
    assert {row.code for row in exceptions_of(running)} == {"STOCK_MASS_ZERO"}
    assert plenty_stock(running)[2004] > 0
    with running.engine.begin() as connection:
        (held,) = {row.held_delta for row in ledger.levels(connection, "alpha").values() if
                   row.variation_id == 2003}  # fmt: skip
        assert ledger.approve(connection, "alpha", {2003: held, 2004: Decimal(-1)}) == 1
    look(running)
    assert plenty_stock(running)[2003] == 0, "it was confirmed as it was shown"
    assert plenty_stock(running)[2004] > 0, "what was shown of it was another change"
