"""Orders whose goods the warehouse already has with another order: goods leave once."""

from __future__ import annotations

from typing import Any

from fulfilment.flow.orders.send import send
from fulfilment.flow.replay.window import replay

from include.core.orders.states import State
from include.core.systems.window import EVERYTHING
from include.ledger.orders import orders
from tests.flow.changes.test_changes import (
    at_wemalo,
    edit_quantity,
    handed_over,
    open_codes,
    text_of,
)
from tests.flow.stage import Stage, good_order

EARLIER = "2026-01-01T00:00:00+00:00"


def delivery_order(stage: Stage) -> int:
    """Let the merchant make a released delivery order of all goods of order 1."""
    child = int(stage.sandbox.plenty.act("delivery_order", "alpha", order=1)["id"])
    stage.sandbox.plenty.act("set_status", "alpha", order=child, status=5)
    return child


def part(number: int, quantity: int, **references: Any) -> dict[str, Any]:
    items = [{**good_order(1)["items"][0], "quantity": quantity}]
    return good_order(number, items=items, **references)


def pieces(stage: Stage) -> int:
    """Return how many pieces the warehouse is to send, over all orders that are not cancelled."""
    return sum(
        int(position["quantity"])
        for order in stage.wemalo_orders().values()
        if order["status"] != "CANCELLED"
        for position in order["positions"]
    )


def test_a_cancelled_main_order_frees_its_delivery_order(stage: Stage) -> None:
    handed_over(stage)
    child = delivery_order(stage)
    stage.run()
    assert list(stage.wemalo_orders()) == ["1"]
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert at_wemalo(stage)["status"] == "CANCELLED"
    stage.run()
    assert not stage.errors
    assert stage.wemalo_orders()[str(child)]["submissions"] == 1
    assert pieces(stage) == 2
    assert open_codes(stage) == []


def test_a_run_that_read_both_before_the_split_sends_one_of_them(stage: Stage) -> None:
    stage.add(good_order(1))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    with stage.engine.begin() as connection:
        main = orders.one(connection, stage.name, 1)
    child = delivery_order(stage)
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    assert stage.state(child) == "ready"
    # another run read the main order before it was split, and sends it now
    send(stage.work("load_to_wemalo"), main, orders.content(main))
    for _ in range(2):
        stage.run()
        assert not stage.errors
    assert list(stage.wemalo_orders()) == ["1"]
    assert stage.state(child) == "quarantined"
    assert "held_back" in stage.events(child)


def test_the_part_of_a_split_order_is_sent_once_the_rest_is_at_the_warehouse(stage: Stage) -> None:
    stage.fresh_s = 0
    handed_over(stage)
    stage.add(part(2, 1, split=[1], created=EARLIER))
    edit_quantity(stage, 1)
    # a replay of one order does not look at the others
    replay(stage.work("extract_plenty_orders"), EVERYTHING, [2])
    stage.step("validate")
    assert stage.state(2) == "fetched", "nobody has seen that the first order shrank"
    stage.step("extract_plenty_orders")
    stage.step("validate")
    assert stage.state(2) == "fetched", "the warehouse does not know that the first order shrank"
    for _ in range(2):
        stage.run()
        assert not stage.errors
    assert sorted(stage.wemalo_orders()) == ["1", "2"]
    assert pieces(stage) == 2
    assert open_codes(stage) == []


def test_the_part_of_an_order_that_is_being_picked_is_not_sent(stage: Stage) -> None:
    stage.fresh_s = 0
    handed_over(stage)
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    stage.add(part(2, 1, split=[1], created=EARLIER))
    edit_quantity(stage, 1)
    for _ in range(2):
        stage.run()
        assert not stage.errors
    assert list(stage.wemalo_orders()) == ["1"]
    assert open_codes(stage) == ["CHANGED_TOO_LATE", "PART_LATE"]
    assert "order 1" in text_of(stage, "PART_LATE")
    assert stage.state(2) == "quarantined"


def test_an_order_that_groups_one_at_the_warehouse_is_not_sent(stage: Stage) -> None:
    handed_over(stage)
    stage.add(part(2, 3, grouped=[1, 7]))
    stage.run()
    assert list(stage.wemalo_orders()) == ["1"]
    assert open_codes(stage) == ["PART_LATE"]


def test_a_replacement_is_sent_although_its_order_is_at_the_warehouse(stage: Stage) -> None:
    handed_over(stage)
    stage.add(good_order(2, type=5, parent=1))
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2"]
    assert stage.state(2) == State.ACCEPTED
