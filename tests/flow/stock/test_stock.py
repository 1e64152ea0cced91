"""wemalo's stock reaches plentymarkets: once, with its reason, whatever crosses it."""

from __future__ import annotations

import os
import random
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.stock.sync import stock
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import text
from typer.testing import CliRunner

from include.cli.main import app
from include.config.merchants import find
from include.core.merchants.merchant import Merchant
from include.ledger.exceptions import exceptions
from include.ledger.stock import stock_sync as ledger
from tests.flow.stage import Stage, good_order

NOW = {"enabled": True, "every_minutes": 0, "settle_minutes": 0}


def configure(stage: Stage, *, goods_issue: str = "book", **settings: Any) -> None:
    data = stage.merchant.model_dump(mode="json")
    data["goods_issue"] = goods_issue
    data["stock"] = {**NOW, **settings}
    stage.merchant = Merchant.model_validate(data)


def look(stage: Stage) -> dict[str, int]:
    return stock(stage.work("stock"))


def approve(stage: Stage) -> int:
    with stage.engine.begin() as connection:
        return ledger.approve(connection, stage.name)


def plenty_stock(stage: Stage) -> dict[int, Decimal]:
    rows = stage.sandbox.plenty.state(stage.name)["tenants"][stage.name]["stock"]
    return {int(r["variationId"]): Decimal(str(r["stockPhysical"])) for r in rows}


def wemalo_stock(stage: Stage) -> dict[int, Decimal]:
    """The sellable pieces in the house: on the shelf in the default quality, and picked."""
    rows = stage.sandbox.wemalo.state(stage.name)["tenants"][stage.name]["stock"]
    return {
        int(key): Decimal(row["shelf"].get("1", 0) + row["picked"]) for key, row in rows.items()
    }


def movements(stage: Stage, reason: int | None = None) -> list[dict[str, Any]]:
    rows = stage.sandbox.plenty.state(stage.name)["tenants"][stage.name]["movements"]
    return [row for row in rows if reason is None or row["reason"] == reason]


def open_postings(stage: Stage) -> dict[str, int]:
    rows = stage.sandbox.wemalo.state(stage.name)["tenants"][stage.name]["queues"]["postings"]
    return {key: n for key, n in rows.items() if key not in ("SENT", "PACK_PARCEL")}


def exceptions_of(stage: Stage) -> list[Any]:
    with stage.engine.begin() as connection:
        return list(exceptions.open_exceptions(connection, stage.name))


@pytest.fixture
def running(stage: Stage) -> Stage:
    """A merchant whose first comparison is confirmed and booked."""
    configure(stage)
    look(stage)
    approve(stage)
    look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)
    return stage


def test_the_first_comparison_waits_for_a_person(stage: Stage) -> None:
    configure(stage)
    counts = look(stage)
    assert counts["held"] == 6
    assert movements(stage) == []
    assert approve(stage) == 6
    assert look(stage)["booked"] == 6
    assert plenty_stock(stage) == wemalo_stock(stage)


def test_a_goods_receipt_is_booked_once_with_its_reason_and_acknowledged(running: Stage) -> None:
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}])
    assert look(running)["booked"] == 1
    (row,) = movements(running, 101)
    assert (row["variationId"], row["quantity"]) == (2001, 7)
    assert open_postings(running) == {}
    for _ in range(3):
        look(running)
    assert len(movements(running, 101)) == 1
    assert plenty_stock(running) == wemalo_stock(running)


def test_stocktaking_is_booked_in_both_directions(running: Stage) -> None:
    running.sandbox.wemalo.act("inventory", "alpha", product="2001", delta=-3)
    running.sandbox.wemalo.act("inventory", "alpha", product="2002", delta=5)
    assert look(running)["booked"] == 2
    assert [(r["variationId"], r["quantity"]) for r in movements(running, 202)] == [(2001, -3)]
    assert [(r["variationId"], r["quantity"]) for r in movements(running, 102)] == [(2002, 5)]
    assert open_postings(running) == {}


def test_b_goods_never_reach_the_sellable_stock(running: Stage) -> None:
    items = [{"product": "2001", "quantity": 4, "attribute": "2"}]
    running.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    for _ in range(4):
        look(running)
    assert plenty_stock(running) == wemalo_stock(running)
    assert movements(running, 101) == []
    assert open_postings(running) == {}


def test_blocked_goods_leave_the_stock_after_a_while_though_nothing_posts_them(
    running: Stage,
) -> None:
    running.sandbox.wemalo.act("block_stock", "alpha", product="2001", quantity=6)
    assert look(running)["settling"] == 1
    assert look(running)["booked"] == 1
    assert [r["quantity"] for r in movements(running, 216)] == [-6]
    assert plenty_stock(running) == wemalo_stock(running)


def test_a_lost_reply_is_settled_by_the_journal_and_booked_once(running: Stage) -> None:
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}])
    running.sandbox.plenty.fault(kind="lost_reply", match="bookIncomingItems", times=1)
    counts = look(running)
    assert (counts["booked"], counts.get("failing", 0)) == (1, 0), "the journal shows it at once"
    look(running)
    assert [r["quantity"] for r in movements(running, 101)] == [7]
    assert exceptions_of(running) == []
    assert open_postings(running) == {}
    assert plenty_stock(running) == wemalo_stock(running)


def test_a_call_that_never_arrived_is_repeated(running: Stage) -> None:
    running.settle_s = 0
    running.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}])
    running.sandbox.plenty.fault(kind="cut", match="bookIncomingItems", times=1)
    assert look(running)["failing"] == 1
    assert open_postings(running) == {"INCOMING": 7}
    assert [(r.subject, r.code) for r in exceptions_of(running)] == [("item:2001", "STEP_FAILED")]
    look(running)
    assert exceptions_of(running) == []
    assert [r["quantity"] for r in movements(running, 101)] == [7]
    assert plenty_stock(running) == wemalo_stock(running)


@pytest.mark.parametrize("bad_row", ["all_or_nothing", "good_rows"])
def test_a_product_that_plentymarkets_refuses_does_not_stop_the_others(
    running: Stage, bad_row: str
) -> None:
    running.sandbox.plenty.settings(bad_stock_row=bad_row)
    unknown = {"externalId": "9999", "sku": "X-9", "name": "Unknown there"}
    running.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "products": [unknown]}]})
    for product in ("9999", "2001"):
        running.sandbox.wemalo.act(
            "receive_goods", "alpha", items=[{"product": product, "quantity": 2}]
        )
    for _ in range(5):
        look(running)
    assert [(r["variationId"], r["quantity"]) for r in movements(running, 101)] == [(2001, 2)]
    assert open_postings(running) == {"INCOMING": 2}
    assert any("9999" in row.subject for row in exceptions_of(running))


def test_when_everything_falls_to_zero_a_person_is_asked(running: Stage) -> None:
    configure(running, mass_zero_products=3)
    before = plenty_stock(running)
    for product in range(2001, 2006):
        running.sandbox.wemalo.act("set_stock", "alpha", product=str(product), quantity=0)
    assert look(running)["held"] == 5
    assert plenty_stock(running) == before
    assert {row.code for row in exceptions_of(running)} == {"STOCK_MASS_ZERO"}
    assert approve(running) == 5
    look(running)
    assert plenty_stock(running) == wemalo_stock(running)
    assert exceptions_of(running) == []


def test_an_absurd_jump_is_held_and_an_ordinary_receipt_is_not(running: Stage) -> None:
    configure(running, jump_pieces=100, jump_factor=2)
    for product, pieces in (("2001", 700), ("2002", 300)):
        running.sandbox.wemalo.act(
            "receive_goods", "alpha", items=[{"product": product, "quantity": pieces}]
        )
    counts = look(running)
    assert (counts["held"], counts["booked"]) == (1, 1)
    assert plenty_stock(running)[2001] == 200
    approve(running)
    look(running)
    assert plenty_stock(running) == wemalo_stock(running)


def test_an_idle_look_reads_nothing_from_plentymarkets(running: Stage) -> None:
    running.sandbox.plenty.reset_calls()
    look(running)
    assert running.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0
    assert running.sandbox.plenty.calls("alpha")["writes"].get("alpha", 0) == 0


def test_a_look_that_is_not_due_calls_nobody(running: Stage) -> None:
    configure(running, every_minutes=15)
    running.sandbox.wemalo.reset_calls()
    look(running)
    assert running.sandbox.wemalo.calls("alpha")["counts"].get("alpha", {}) == {}


# -- who books shipments --------------------------------------------------------------------------


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


# -- absolute -------------------------------------------------------------------------------------


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


# -- a whole day ----------------------------------------------------------------------------------

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
