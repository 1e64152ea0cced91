"""Stock and what leaves or comes back beside it: nothing is booked twice."""

from __future__ import annotations

import os
import random
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import text
from typer.testing import CliRunner

from include.cli.main import app
from include.config.merchants import find
from include.core.merchants.merchant import Merchant
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


def test_a_shipment_is_taken_out_once_by_goods_issue(running: Stage) -> None:
    running.add(good_order(1), good_order(2))
    running.run()
    look(running)
    running.sandbox.wemalo.clock(advance=6 * 3600)
    for _ in range(3):
        look(running)
    assert movements(running, 201) == []
    running.run()
    for _ in range(3):
        look(running)
    assert [r["quantity"] for r in movements(running, 201)] == [-2, -2]
    assert len(movements(running)) == 6 + 2
    assert plenty_stock(running) == wemalo_stock(running)


@pytest.mark.parametrize("moment", ["availableStock", "reason=INCOMING", "reason=INVENTORY_OUT"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_goods_that_leave_while_the_stock_is_read_are_not_booked_twice(
    running: Stage, moment: str, when: str
) -> None:
    running.add(good_order(1))
    running.run()
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 3}])
    ship = {"action": "ship", "tenant": "alpha", "order": "1"}
    running.sandbox.wemalo.hook(match=moment, when=when, action=ship)
    look(running)
    assert running.wemalo_orders()["1"]["status"] == "SHIPPED"
    running.run()
    for _ in range(4):
        look(running)
    assert shipped_once(running)


def test_goods_issue_booked_between_two_looks_at_the_journal_is_not_taken_for_ours(
    running: Stage,
) -> None:
    running.add(good_order(1))
    running.run()
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 3}])
    book = {"action": "book", "tenant": "alpha", "order": 1}
    running.sandbox.plenty.hook(match="stock/movements", when="after", action=book)
    look(running)
    running.sandbox.wemalo.act("ship", "alpha", order="1")
    running.run()
    for _ in range(4):
        look(running)
    assert shipped_once(running)


def test_a_shipment_told_back_between_reading_and_deciding_is_not_booked_twice(
    running: Stage,
) -> None:
    running.add(good_order(1))
    running.run()
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 3}])
    read, patch = WemaloHook.available_stock, pytest.MonkeyPatch()

    def crossed(hook: WemaloHook, since: Any) -> Any:
        found = read(hook, since)
        patch.undo()
        running.sandbox.wemalo.act("ship", "alpha", order="1")
        running.run()
        return found

    patch.setattr(WemaloHook, "available_stock", crossed)
    look(running)
    assert running.state(1) == "shipped"
    for _ in range(4):
        look(running)
    assert shipped_once(running)


def shipped_once(stage: Stage) -> bool:
    """Two pieces of 2001 went, three came, on top of two hundred; nothing else happened."""
    mine = [r["quantity"] for r in movements(stage) if r["variationId"] == 2001]
    assert sorted(mine) == [-2, 3, 200]
    assert plenty_stock(stage) == wemalo_stock(stage)
    return True


def test_where_nobody_books_goods_issue_shipments_are_booked_out_here(stage: Stage) -> None:
    configure(stage, goods_issue="none", book_shipments=True)
    look(stage)
    approve(stage)
    look(stage)
    stage.add(good_order(1), good_order(2))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    for _ in range(3):
        look(stage)
    assert [r["quantity"] for r in movements(stage, 201)] == [-2, -2]
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_a_shipment_whose_goods_issue_somebody_booked_is_not_booked_again(stage: Stage) -> None:
    configure(stage, goods_issue="none", book_shipments=True)
    look(stage)
    approve(stage)
    look(stage)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    stage.sandbox.plenty.act("book", "alpha", order=1)
    for _ in range(3):
        look(stage)
    assert [r["quantity"] for r in movements(stage, 201)] == [-2]
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_goods_issue_booked_after_ours_is_taken_back(stage: Stage) -> None:
    configure(stage, goods_issue="none", book_shipments=True)
    look(stage)
    approve(stage)
    look(stage)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    look(stage)
    stage.sandbox.plenty.act("book", "alpha", order=1)
    with stage.engine.begin() as connection:  # as if an hour had gone by
        connection.execute(text("DELETE FROM sync_state WHERE concern = 'stock_doubles'"))
    for _ in range(3):
        look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_both_at_once_is_a_configuration_error() -> None:
    with pytest.raises(ValueError, match="twice"):
        Merchant.model_validate(
            {
                **find("alpha").model_dump(mode="json"),
                "goods_issue": "book",
                "stock": {"book_shipments": True},
            }
        )


def test_returned_goods_are_booked_here_unless_the_returns_flow_books_them(running: Stage) -> None:
    items = [{"product": "2001", "quantity": 2}]
    running.sandbox.wemalo.act("book_return", "alpha", items=items)
    look(running)
    assert [r["quantity"] for r in movements(running, 109)] == [2]
    data = running.merchant.model_dump(mode="json")
    data["returns"] = {**data["returns"], "book_stock": "sellable"}
    running.merchant = Merchant.model_validate(data)
    running.sandbox.wemalo.act("book_return", "alpha", items=items)
    for _ in range(4):
        look(running)
    assert len(movements(running, 109)) == 1
    assert wemalo_stock(running)[2001] - plenty_stock(running)[2001] == 2  # the returns flow's


def test_a_merchant_whose_products_are_known_by_sku_is_served_too(stage: Stage) -> None:
    configure(stage)
    data = stage.merchant.model_dump(mode="json")
    data["wemalo"]["product_id"] = "sku"
    stage.merchant = Merchant.model_validate(data)
    look(stage)
    approve(stage)
    look(stage)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 3}])
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    look(stage)
    stage.run()
    look(stage)
    assert shipped_once(stage)


def test_an_order_that_the_warehouse_cancelled_is_no_goods_receipt(running: Stage) -> None:
    running.add(good_order(1))
    running.run()
    look(running)
    running.sandbox.wemalo.act("cancel", "alpha", order="1")
    for _ in range(4):
        look(running)
    assert [
        r for r in movements(running) if r["variationId"] == 2001 and r["quantity"] != 200
    ] == []


def test_a_person_sees_and_confirms_stock_at_a_terminal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stage.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", url)
    terminal = CliRunner()
    assert "was ever compared" in terminal.invoke(app, ["stock", "show", "alpha"]).output
    configure(stage)
    look(stage)
    shown = terminal.invoke(app, ["stock", "show", "alpha"]).output
    assert "STOCK_FIRST_RUN: 200 to be confirmed" in shown
    refused = terminal.invoke(app, ["stock", "approve", "alpha"], input="n\n")
    assert "0 -> 200 (+200 pieces)" in refused.output
    assert look(stage)["held"] == 6, "somebody said no"
    one = ["stock", "approve", "alpha", "--product", "2001", "--by", "Ms Stock", "--yes"]
    assert "1 products confirmed" in terminal.invoke(app, one).output
    assert look(stage)["booked"] == 1
    assert terminal.invoke(app, one).exit_code == 1, "nothing of it waits any more"
    sure = terminal.invoke(app, ["stock", "approve", "alpha"], input="y\n")
    assert "5 products confirmed" in sure.output
    assert "No change" in terminal.invoke(app, ["stock", "approve", "alpha"]).output
    shown = terminal.invoke(app, ["stock", "show", "alpha"]).output
    assert "Ms Stock confirmed 200 piece(s) of variation 2001 (STOCK_FIRST_RUN)" in shown
    with stage.engine.begin() as connection:
        by = "SELECT approved_by FROM stock_bookings WHERE variation_id = 2001"
        assert connection.execute(text(by)).scalar_one() == "Ms Stock"
    look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_the_absolute_number_counts_what_left_but_is_not_booked(stage: Stage) -> None:
    configure(stage, mode="absolute", confirm_first_run=False)
    look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)
    configure(stage, goods_issue="none", mode="absolute")
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    for _ in range(2):
        look(stage)
    assert plenty_stock(stage)[2001] == 200  # the order's two pieces are still to be booked
    assert wemalo_stock(stage)[2001] == 198
    stage.sandbox.plenty.act("book", "alpha", order=1)
    for _ in range(2):
        look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_an_absolute_number_older_than_a_booking_is_not_written(stage: Stage) -> None:
    configure(stage, mode="absolute", confirm_first_run=False)
    look(stage)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("inventory", "alpha", product="2001", delta=10)
    stage.sandbox.plenty.hook(
        match="warehouses/3/stock?",
        when="after",
        action={"action": "book", "tenant": "alpha", "order": 1},
        skip=1,
    )
    look(stage)
    assert plenty_stock(stage)[2001] == 198
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    for _ in range(2):
        look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)


EVENTS = int(os.environ.get("STOCK_EVENTS", "80"))


GOODS = [str(number) for number in range(2001, 2006)]


KINDS = ("order", "order", "order", "receive", "found", "lost", "b", "hour", "back", "cancel")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_both_stocks_agree_at_the_end_of_a_random_day(running: Stage, seed: int) -> None:
    dice = random.Random(seed)
    running.sandbox.plenty.settings(limits=False)
    for number in range(1, EVENTS + 1):
        happen(running, dice, number)
        if dice.random() < 0.3:
            look(running)
        if number % 10 == 0:
            free_budget(running)
            running.run()
    running.sandbox.wemalo.clock(advance=6 * 3600)
    for _ in range(4):
        free_budget(running)
        running.run()
        look(running)
    assert plenty_stock(running) == wemalo_stock(running)
    assert open_postings(running) == {}
    # those who cancelled too late are told of until somebody has seen it
    told = {row.code for row in exceptions_of(running)}
    assert told <= {"CANCEL_TOO_LATE", "CANCEL_AFTER_SHIPPING"}


def happen(stage: Stage, dice: random.Random, number: int) -> None:
    """One event of the day, in the warehouse or at the merchant."""
    warehouse, product = stage.sandbox.wemalo, dice.choice(GOODS)
    kind = dice.choice(KINDS)
    if kind == "order":
        items = [{"variation": int(product), "quantity": dice.randint(1, 4)}]
        stage.add(good_order(number, items=items))
    elif kind == "receive":
        items = [{"product": product, "quantity": dice.randint(1, 9)}]
        warehouse.act("receive_goods", "alpha", items=items)
    elif kind == "b":
        items = [{"product": product, "quantity": 3, "attribute": "2"}]
        warehouse.act("receive_goods", "alpha", items=items)
    elif kind in ("found", "lost"):
        delta = dice.randint(1, 3) * (1 if kind == "found" else -1)
        warehouse.act("inventory", "alpha", product=product, delta=delta)
    elif kind == "cancel":
        open_orders = [n for n, status in at_merchant(stage).items() if status < 7]
        if open_orders:
            stage.sandbox.plenty.act("cancel", "alpha", order=dice.choice(open_orders))
    elif kind == "back":
        items = [{"product": product, "quantity": 1}]
        warehouse.act("book_return", "alpha", items=items)
    else:
        warehouse.clock(advance=3600)


def at_merchant(stage: Stage) -> dict[int, Decimal]:
    rows = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"]
    return {int(key): Decimal(str(row["statusId"])) for key, row in rows.items()}


def free_budget(stage: Stage) -> None:
    """Begin a new minute of calls, so that the day does not take one."""
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM rate_budget"))
