"""What plentymarkets shows of an order in both of its shapes, and what it does not show."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.changes.test_changes import open_codes
from tests.flow.stage import Stage, good_order

SEARCH = "GET /rest/orders/search"


pytestmark = pytest.mark.parametrize("stage", ["live", "described"], indirect=True)


def told(stage: Stage) -> list[tuple[str, str]]:
    with stage.engine.begin() as connection:
        return [(row.code, row.en) for row in open_exceptions(connection, stage.name)]


def split(stage: Stage) -> int:
    return int(stage.sandbox.plenty.act("delivery_order", stage.name, order=1)["id"])


def test_an_order_split_after_it_was_read_is_let_go_and_its_part_sent(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    part = split(stage)
    stage.sandbox.plenty.act("set_status", stage.name, order=part, status=5)
    stage.step("load_to_wemalo")
    assert "split_before_sending" in stage.events(1)
    assert list(stage.wemalo_orders()) == ["2"]
    stage.run()
    assert stage.errors == {}
    assert sorted(stage.wemalo_orders()) == sorted(["2", str(part)])


def test_an_order_split_at_the_warehouse_is_told_and_not_taken_for_one_piece(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    stage.run()
    split(stage)
    stage.run()
    assert stage.errors == {}
    assert open_codes(stage) == ["SPLIT_AFTER_HANDOVER"]
    assert list(stage.wemalo_orders()) == ["1"]


@pytest.mark.parametrize(
    "part", ["relations", "properties", "orderItems", "addresses", "orderItems.variation"]
)
def test_a_search_without_what_was_asked_for_sets_no_order_aside(stage: Stage, part: str) -> None:
    stage.add(good_order(1), good_order(2))
    stage.sandbox.plenty.fault(route=SEARCH, match="with", kind="omit", fields=[part])
    stage.run()
    assert [(code, "CONTRACT" in text) for code, text in told(stage)] == [("STEP_FAILED", True)] * 2
    for number in (1, 2):
        assert stage.plenty_order(number)["comments"] == []
        assert stage.plenty_status(number) == Decimal(5)
    stage.sandbox.plenty.clear_faults()
    stage.run()
    assert stage.errors == {}
    assert sorted(stage.wemalo_orders()) == ["1", "2"]


def test_an_answer_without_packages_is_not_taken_for_an_order_without_packages(
    stage: Stage,
) -> None:
    stage.add(good_order(1, packages=[]))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.sandbox.plenty.fault(
        route=SEARCH, match="shippingPackages", kind="omit", fields=["shippingPackages"]
    )
    stage.run()
    assert [(code, "CONTRACT" in text) for code, text in told(stage)] == [("STEP_FAILED", True)]
    assert stage.plenty_order(1)["shippingPackages"] == []
    stage.sandbox.plenty.clear_faults()
    stage.run()
    assert len(stage.plenty_order(1)["shippingPackages"]) == 1
    assert stage.state(1) == "shipped"


def test_an_order_that_falling_stock_takes_out_of_release_waits_until_it_is_back(
    stage: Stage,
) -> None:
    plenty = stage.sandbox.plenty
    plenty.merge({"tenants": [{"tenant": stage.name, "stock_limitation": True}]})
    stage.add(good_order(1))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    goods = {"variation": 2001, "warehouse": stage.merchant.plenty.warehouse_id}
    plenty.act("set_stock", stage.name, quantity=0, **goods)
    assert stage.plenty_status(1) == Decimal(4)
    stage.run()
    assert stage.wemalo_orders() == {}
    plenty.act("set_stock", stage.name, quantity=9, **goods)
    assert stage.plenty_status(1) == Decimal(5)
    stage.run()
    assert stage.errors == {}
    assert stage.wemalo_orders()["1"]["submissions"] == 1
    assert stage.plenty_status(1) == Decimal("5.1")
