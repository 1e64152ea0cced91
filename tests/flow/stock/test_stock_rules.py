"""What is said of stock that lacks, and what is not said where it was not read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.flow.stage import Stage, good_order

FEW = [{"variation": 2006, "quantity": 3}]  # the story has four pieces
MANY = [{"variation": 2006, "quantity": 99_999}]
ROUTES = ("GET /v1/product/availableStock/", "GET /v1/product/getAll")


def reason(stage: Stage, order_id: int) -> str:
    return str(stage.timeline(order_id).order.reason["en"])


def test_the_note_names_what_an_order_of_another_run_took(stage: Stage) -> None:
    for number in (1, 2):
        stage.add(good_order(number, items=FEW))
        stage.step("extract_plenty_orders")
        stage.step("validate")
    assert (stage.state(1), stage.state(2)) == ("ready", "no_stock")
    assert reason(stage, 2).endswith(
        "3 wanted, 1 available (1 earlier or more urgent order took 3)."
    )
    stage.step("writeback_status")
    texts = [comment["text"] for comment in stage.plenty_order(2)["comments"]]
    assert any("3 bestellt, 1 verfügbar (zuvor hat ein älterer" in text for text in texts)


@pytest.mark.parametrize("route", ROUTES)
def test_a_stock_that_cannot_be_read_is_not_checked_and_never_6_3_whatever_was_read_before(
    stage: Stage, route: str
) -> None:
    stage.add(good_order(1, items=MANY))
    stage.step("extract_plenty_orders")
    stage.step("validate")
    assert stage.state(1) == "no_stock"  # so the ledger has a reading by which 2 would be short
    stage.sandbox.wemalo.fault(route=route, kind="status", status=500)
    stage.add(good_order(2, items=MANY))
    stage.step("extract_plenty_orders")
    assert stage.step("validate")["stock_unchecked"] == 1
    assert stage.state(2) == "ready"
    (event,) = [e for e in stage.timeline(2).events if e.kind == "validated_ok"]
    assert "STOCK_NOT_CHECKED" in event.data["warnings"]
    assert stage.plenty_status(2) == Decimal(5)


def test_a_product_that_changed_keeps_its_stock_where_nothing_was_booked(stage: Stage) -> None:
    wemalo, now = stage.sandbox.wemalo, datetime.now(UTC)
    # the product itself is as new as the stage, its stock is of this morning
    wemalo.clock(now=(now - timedelta(hours=5)).isoformat())
    wemalo.act("set_stock", "alpha", product="2006", quantity=7)
    wemalo.clock(now=now.isoformat())
    for number in (1, 2):
        stage.add(good_order(number, items=FEW))
        stage.step("extract_plenty_orders")
        stage.step("validate")
    assert (stage.state(1), stage.state(2)) == ("ready", "ready")


def test_an_inactive_variation_is_sent_with_a_warning_and_an_active_one_without(
    stage: Stage,
) -> None:
    # 2002 is sold out for good in the shop, but the warehouse still has it
    row = {"id": 2002, "number": "SKU-OLD", "name": "Lamp", "active": False}
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": [row]}]})
    stage.add(good_order(1, items=[{"variation": 2002, "quantity": 1}]), good_order(2))
    stage.step("extract_plenty_orders")
    stage.step("validate")
    warned = {
        order_id: "ORDER_VARIATION_INACTIVE" in event.data.get("warnings", ())
        for order_id in (1, 2)
        for event in stage.timeline(order_id).events
        if event.kind == "validated_ok"
    }
    assert warned == {1: True, 2: False}
    assert (stage.state(1), stage.state(2)) == ("ready", "ready")
