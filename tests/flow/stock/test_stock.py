"""wemalo's stock reaches plentymarkets: once, with its reason, whatever crosses it."""

from __future__ import annotations

import pytest

from tests.flow.stage import Stage
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
