"""A person moves an order's status by hand: it is always told, and stopped where wanted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import a_second_later, good_order, settings

if TYPE_CHECKING:
    from tests.flow.stage import Stage

CANCEL = "PUT /v1/goodsOrder/cancel/{external_id}"


def codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in open_exceptions(connection, stage.name))


def handed_over(stage: Stage, **changes: Any) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})
    stage.add(good_order(1, **changes))
    stage.run()
    assert stage.plenty_status(1) == Decimal("5.1")


def move(stage: Stage, status: str) -> None:
    a_second_later()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=status)


def cancel_calls(stage: Stage) -> int:
    return int(stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"].get(CANCEL, 0))


@pytest.mark.parametrize(("status", "code"), [("3", "ORDER_HELD"), ("7", "SHIPPED_BY_HAND")])
def test_an_order_at_the_warehouse_that_is_moved_by_hand_is_told_until_it_is_moved_back(
    stage: Stage, status: str, code: str
) -> None:
    handed_over(stage)
    move(stage, status)
    stage.run()
    assert not stage.errors
    assert codes(stage) == [code]
    assert stage.wemalo_orders()["1"]["status"] == "OPEN"
    move(stage, "5.1")
    stage.run()
    assert codes(stage) == []


@pytest.mark.parametrize(("status", "code"), [("6", "ORDER_HELD"), ("7", "SHIPPED_BY_HAND")])
def test_it_is_cancelled_at_the_warehouse_where_the_merchant_wants_that(
    stage: Stage, status: str, code: str
) -> None:
    settings(stage, on_hold="cancel")
    handed_over(stage)
    move(stage, status)
    for _ in range(2):
        stage.run()
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    assert stage.plenty_status(1) == Decimal(status), "the status is the merchant's"
    assert codes(stage) == [code]
    move(stage, "5")
    stage.run()
    assert codes(stage) == ["RELEASED_AGAIN"], "wemalo knows its number for ever"


@pytest.mark.parametrize(
    ("wemalo", "told"),
    [
        ({"cancelled_again": "take"}, []),
        ({"late_change": "ignore"}, ["RELEASED_AGAIN"]),
        ({"late_change": "refuse"}, ["RELEASED_AGAIN"]),
    ],
    ids=["taken", "ignored", "refused"],
)
def test_a_held_order_is_sent_again_where_the_merchant_wants_that_and_told_if_wemalo_refuses(
    stage: Stage, wemalo: dict[str, Any], told: list[str]
) -> None:
    settings(stage, on_hold="cancel", released_after_hold="send")
    handed_over(stage)
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": wemalo}]})
    move(stage, "3")
    stage.run()
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    move(stage, "5")
    for _ in range(2):
        stage.run()
    order = stage.wemalo_orders()["1"]
    assert (order["status"], order["submissions"]) == ("CANCELLED" if told else "OPEN", 2)
    assert stage.plenty_status(1) == Decimal(5 if told else "5.1")
    assert codes(stage) == told


def test_an_order_that_cannot_be_stopped_any_more_is_asked_about_once(stage: Stage) -> None:
    settings(stage, on_hold="cancel")
    handed_over(stage)
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    move(stage, "3")
    for _ in range(3):
        stage.run()
    assert cancel_calls(stage) == 1
    assert codes(stage) == ["ORDER_HELD"]
    assert stage.plenty_order(1)["comments"] == []


def test_a_status_of_shipped_orders_is_no_news_once_a_parcel_left(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    stage.run()
    move(stage, "7")
    stage.run()
    assert codes(stage) == []


def test_a_cancellation_that_is_taken_back_before_the_warehouse_is_asked_cancels_nothing(
    stage: Stage,
) -> None:
    handed_over(stage)
    move(stage, "8")
    stage.step("extract_plenty_orders")
    move(stage, "5.1")
    stage.run()
    assert cancel_calls(stage) == 0
    assert stage.state(1) == "accepted"
    assert "cancel_taken_back" in stage.events(1)


@pytest.mark.parametrize("status", ["8", "8.1"])
def test_a_cancellation_with_all_positions_removed_is_seen(stage: Stage, status: str) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["8.1"]}]})
    handed_over(stage)
    stage.sandbox.plenty.act("edit_items", "alpha", order=1, items=[])
    move(stage, status)
    for _ in range(2):
        stage.run()
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    assert stage.plenty_status(1) == Decimal("8.8")


def test_an_order_that_is_deleted_while_the_warehouse_has_it_is_told(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.plenty.act("delete", "alpha", order=1)
    stage.step("extract_plenty_orders")
    stage.step("reconcile_tracking")
    assert codes(stage) == ["ORDER_DELETED"]
    assert stage.wemalo_orders()["1"]["status"] == "OPEN", "it is asked about by the next step"


@pytest.mark.parametrize(
    "changes",
    [{"delivery": {**good_order(1)["delivery"], "address2": ""}}, {"profile": 99}],
    ids=["address", "profile"],
)
def test_a_repaired_order_that_is_set_to_5_1_by_hand_is_told_and_sent_when_released(
    stage: Stage, changes: dict[str, Any]
) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})
    stage.add(good_order(1, **changes))
    stage.run()
    assert stage.wemalo_orders() == {}
    if "delivery" in changes:
        stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"address2": "12"})
    else:
        stage.sandbox.plenty.act("set_property", "alpha", order=1, type=2, value="6")
    move(stage, "5.1")
    for _ in range(2):
        stage.run()
    assert codes(stage) == ["NOT_HANDED_OVER"]
    move(stage, "5")
    for _ in range(2):
        stage.run()
    assert codes(stage) == []
    assert stage.wemalo_orders()["1"]["status"] == "OPEN"
