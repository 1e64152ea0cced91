"""States that had no exit, or that nobody was told of: each is left, or told, or both."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.core.exceptions.long_stays import NOT_FOUND
from tests.flow.orders.exits import ADD, calls, handed_over, numbers, put, seen, told
from tests.flow.stage import Stage, settings

STATUS = "GET /v1/goodsOrder/getStatus/{external_id}"


PARTS = [{"variation": 2001 + n, "quantity": 1} for n in range(2)]


def somebody_takes_the_rows(stage: Stage) -> None:
    hook = stage.work("somebody").wemalo
    rows = [row for page in hook.sent_queue() for row in page]
    assert rows
    for row in rows:
        hook.acknowledge_sent(int(row["historyId"]))


def test_parcels_whose_rows_somebody_took_are_read_by_order_and_that_is_told(
    stage: Stage,
) -> None:
    settings(stage, goods_issue="book")
    handed_over(stage, items=PARTS)
    stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=2)
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1")
    somebody_takes_the_rows(stage)
    for _ in range(2):  # shown as shipped by two looks
        stage.run()
        assert not stage.errors

    assert stage.state(1) == "shipped"
    assert len(numbers(stage)) == 2
    assert stage.plenty_status(1) == Decimal(7)
    assert told(stage) == ["SENT_ROWS_TAKEN"]

    stage.run()
    assert told(stage) == ["SENT_ROWS_TAKEN"], "it stays until somebody has seen it"
    seen(stage, "SENT_ROWS_TAKEN")
    stage.run()
    assert told(stage) == []
    assert len(numbers(stage)) == 2


def test_the_last_parcels_row_is_taken_after_the_first_parcel_was_read(stage: Stage) -> None:
    handed_over(stage, items=PARTS)
    stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=2)
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1", parcel=1)
    stage.run()
    assert stage.state(1) == "partly_shipped"
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1", parcel=2)
    somebody_takes_the_rows(stage)
    for _ in range(2):
        stage.run()

    assert stage.state(1) == "shipped"
    assert len(numbers(stage)) == 2
    assert told(stage) == ["SENT_ROWS_TAKEN"]


def test_rows_that_still_wait_in_the_queue_are_read_there(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    put(stage, wemalo_status="SHIPPED")  # as if it had been looked at just before its rows came
    stage.run()

    assert stage.state(1) == "shipped"
    assert told(stage) == []


@pytest.mark.parametrize("state", ["accepted", "waiting", "partly_shipped"])
def test_an_order_wemalo_does_not_know_is_told_after_two_looks_and_never_sent_again(
    stage: Stage, state: str
) -> None:
    handed_over(stage, items=PARTS)
    if state == "partly_shipped":
        stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=2)
        stage.sandbox.wemalo.act("hand_over", "alpha", order="1", parcel=1)
        stage.run()
    put(stage, state=state)
    before = calls(stage, ADD)
    stage.sandbox.wemalo.fault(
        route=STATUS, kind="status", status=404, times=3,
        body={"Success": False, "status": 404, "message": "unknown"},
    )  # fmt: skip
    stage.step("reconcile_tracking")
    assert told(stage) == [], "one look may be one too early"

    stage.step("reconcile_tracking")
    assert told(stage) == ["NOT_IN_WAREHOUSE"]
    stage.step("reconcile_tracking")
    assert stage.sandbox.wemalo.faults()[0]["fired"] == 3
    assert stage.state(1) == state
    assert stage.events(1).count("unknown_at_warehouse") == 1

    stage.run()  # wemalo knows it again
    assert told(stage) == []
    assert stage.timeline(1).order.wemalo_status != NOT_FOUND
    assert stage.timeline(1).order.lookups == 0
    assert calls(stage, ADD) == before


def test_single_looks_that_fail_to_find_it_are_not_added_up(stage: Stage) -> None:
    handed_over(stage)
    for _ in range(3):
        stage.sandbox.wemalo.fault(
            route=STATUS, kind="status", status=404, times=1,
            body={"Success": False, "status": 404, "message": "unknown"},
        )  # fmt: skip
        stage.step("reconcile_tracking")
        assert stage.timeline(1).order.lookups == 1
        stage.step("reconcile_tracking")
        assert stage.timeline(1).order.lookups == 0

    assert told(stage) == []


def test_a_status_nobody_has_heard_of_is_shown_and_changes_nothing(stage: Stage) -> None:
    handed_over(stage)
    body = {"Success": True, "status": 200, "statusId": "77", "statusName": "WEIGHED"}
    stage.sandbox.wemalo.fault(route=STATUS, kind="status", status=200, times=1, body=body)
    stage.step("reconcile_tracking")

    order = stage.timeline(1).order
    assert (order.state, order.wemalo_status) == ("accepted", "WEIGHED")
    stage.step("reconcile_tracking")
    assert stage.timeline(1).order.wemalo_status == "OPEN"
