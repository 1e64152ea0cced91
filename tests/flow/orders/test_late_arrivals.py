"""Orders that arrive, change or end while a call about them is in doubt."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.orders import send as send_module
from fulfilment.flow.quality import report
from sqlalchemy import text

from include.core.orders.wemalo_order import compose
from include.ledger.orders import orders
from tests.flow.stage import Stage, good_order, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
from tests.flow.orders.in_doubt import (
    ADD,
    CALLS,
    by_hand,
    changed,
    codes,
    comments,
    edit,
    handed_over,
    is_changed,
    load,
    made,
    new,
    set_status,
    steps,
    street,
)

GET_STATUS = "GET /v1/goodsOrder/getStatus/{external_id}"


UNKNOWN = {"Success": False, "status": 404, "message": "unknown"}


def given_up(stage: Stage, then: Callable[[Stage], None]) -> dict[str, Any]:
    """Give a hand-over up as not arrived after ``then``; return the body that was sent."""
    stage.settle_s = 0
    new(stage)
    body = compose(orders.content(stage.timeline(1).order), stage.merchant)
    stage.sandbox.wemalo.fault(route=ADD, kind="status", status=502, times=1)
    load(stage)
    then(stage)
    load(stage, 2)
    assert stage.wemalo_orders() == {}
    steps(stage, "writeback_status", "reconcile_tracking")
    return body


def arrives(stage: Stage, body: dict[str, Any]) -> None:
    """Let the call of the hand-over take effect now."""
    stage.work("load_to_wemalo").wemalo.add_conditional(body)


@pytest.mark.parametrize(("status", "left"), [("8", "8.8"), ("9", "9")])
def test_an_order_that_is_cancelled_here_and_arrives_there_is_cancelled_there_too(
    stage: Stage, status: str, left: str
) -> None:
    body = given_up(stage, lambda stage: set_status(stage, status))
    assert stage.state(1) == ("cancelled" if status == "8" else "withdrawn")
    arrives(stage, body)

    stage.run()
    assert codes(stage) == ["ARRIVED_UNWANTED"]
    stage.run()

    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    assert stage.state(1) == "cancelled"
    assert stage.plenty_status(1) == Decimal(left)
    assert codes(stage) == []


def test_an_order_that_arrives_too_late_to_be_cancelled_is_told(stage: Stage) -> None:
    body = given_up(stage, lambda stage: set_status(stage, "8"))
    arrives(stage, body)
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")

    for _ in range(2):
        stage.run()

    assert stage.state(1) == "accepted"
    assert "CANCEL_TOO_LATE" in codes(stage)
    assert any("zu spät" in comment for comment in comments(stage))


def test_an_order_that_is_released_again_when_it_arrives_is_handed_over(stage: Stage) -> None:
    body = given_up(stage, lambda stage: set_status(stage, "3"))
    arrives(stage, body)
    stage.step("reconcile_tracking")
    set_status(stage, "5")

    stage.run()

    assert stage.wemalo_orders()["1"]["status"] == "OPEN"
    assert (stage.state(1), stage.plenty_status(1)) == ("accepted", Decimal("5.1"))
    assert codes(stage) == []


def test_an_order_that_was_split_and_arrives_is_cancelled_there(stage: Stage) -> None:
    body = given_up(
        stage, lambda stage: stage.sandbox.plenty.act("delivery_order", "alpha", order=1)
    )
    stage.run()
    (part,) = stage.wemalo_orders()
    arrives(stage, body)

    for _ in range(2):
        stage.run()

    shown = {n: order["status"] for n, order in stage.wemalo_orders().items()}
    assert shown == {part: "OPEN", "1": "CANCELLED"}, "the delivery order carries its goods"
    assert stage.state(1) == "cancelled"
    assert codes(stage) == []


def test_an_order_that_lands_again_after_its_cancellation_is_cancelled_once_more(
    stage: Stage,
) -> None:
    settings = {"auto": False, "cancelled_again": "take"}
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": settings}]})
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason="UNKNOWN", times=2)
    stage.settle_s = 60
    stage.add(good_order(1))
    stage.run()
    body = compose(orders.content(stage.timeline(1).order), stage.merchant)
    stage.again_s = 0
    stage.sandbox.wemalo.fault(route=ADD, kind="status", status=502, times=1)
    stage.step("reconcile_tracking")
    set_status(stage, "8")
    stage.run()
    assert (stage.state(1), stage.wemalo_orders()["1"]["status"]) == ("cancelled", "CANCELLED")
    arrives(stage, body)
    assert stage.wemalo_orders()["1"]["status"] != "CANCELLED"

    stage.run()
    assert "ARRIVED_UNWANTED" in codes(stage)
    stage.run()

    assert (stage.state(1), stage.wemalo_orders()["1"]["status"]) == ("cancelled", "CANCELLED")
    assert stage.plenty_status(1) == Decimal("8.8")
    assert "ARRIVED_UNWANTED" not in codes(stage)


def test_what_was_changed_before_it_arrived_is_a_change(stage: Stage) -> None:
    body = given_up(stage, lambda stage: edit(stage, postalCode="123"))
    stage.step("extract_plenty_orders")
    stage.step("validate")
    assert stage.state(1) == "invalid"
    arrives(stage, body)

    for _ in range(2):
        stage.run()

    assert stage.state(1) == "accepted"
    assert codes(stage) == ["CHANGE_INVALID"]


def test_an_order_that_the_warehouse_had_and_does_not_know_is_never_taken_for_unsent(
    stage: Stage,
) -> None:
    stage.settle_s = 0
    changed(stage)
    stage.sandbox.wemalo.fault(route=ADD, kind="status", status=502, times=1)
    load(stage)
    stage.sandbox.wemalo.fault(route=GET_STATUS, kind="status", status=404, body=UNKNOWN)
    load(stage, 3)
    stage.step("reconcile_tracking")

    row = stage.timeline(1).order
    assert (row.state, row.wemalo_status, row.change_state) == ("accepted", "NOT_FOUND", "good")
    with stage.engine.begin() as connection:
        late = "UPDATE orders SET stands_since = now() - interval '2 hours'"
        connection.execute(text(late))
    stage.run()
    assert codes(stage) == ["NOT_IN_WAREHOUSE", "ORDER_STANDS_STILL"]

    stage.sandbox.wemalo.clear_faults()
    for _ in range(2):
        stage.run()
    is_changed(stage)
    assert codes(stage) == []


def test_a_second_change_while_the_first_is_in_doubt_is_seen_among_many_orders(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfilment.flow.changes.find.ASKED_BY_ID", 1)
    monkeypatch.setattr("fulfilment.flow.changes.find.OVERLAP", -timedelta(days=1))
    stage.fresh_s = 0
    stage.settle_s = 0
    by_hand(stage)
    stage.add(good_order(1), good_order(2), good_order(3))
    for _ in range(2):
        stage.run()
    edit(stage, address1="Erster Weg")
    stage.step("extract_plenty_orders")
    with stage.engine.begin() as connection:  # it is the turn of another order
        connection.execute(text("UPDATE orders SET seen_updated_at = NULL WHERE order_id = 1"))
    steps(stage, "extract_plenty_orders", "validate")
    stage.sandbox.wemalo.fault(route=ADD, kind="status", status=502, times=1)
    load(stage)
    assert stage.state(1) == "submitting"
    edit(stage, address1="Zweiter Weg")
    for _ in range(5):
        stage.run()

    assert street(stage) == "Zweiter Weg"


def test_content_that_comes_while_older_content_is_judged_is_judged_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older content is repaired: its repair must not go out in place of the newer one."""
    by_hand(stage)
    delivery = {**good_order(1)["delivery"], "address1": "Hauptstraße 12", "address2": ""}
    stage.add(good_order(1, delivery=delivery))
    stage.step("extract_plenty_orders")
    with while_judging(stage, monkeypatch, address1="Lindenallee 99", address2=""):
        stage.step("validate")
    assert stage.state(1) == "fetched"
    for _ in range(2):
        stage.run()

    assert street(stage) == "Lindenallee"


def test_a_change_that_comes_while_an_older_one_is_judged_is_judged_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.fresh_s = 0
    handed_over(stage)
    edit(stage, address1="Erster Weg")
    stage.step("extract_plenty_orders")
    with while_judging(stage, monkeypatch, address1="Zweiter Weg"):
        stage.step("validate")
    assert stage.timeline(1).order.change_state == "new"
    steps(stage, "validate", "load_to_wemalo")

    assert street(stage) == "Zweiter Weg"
    assert stage.wemalo_orders()["1"]["submissions"] == 2


@contextmanager
def while_judging(stage: Stage, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Iterator[None]:
    """Let another run extract changed content right before each verdict is noted."""
    real = report.tell_failed

    def slowly(*args: Any) -> None:
        edit(stage, **changes)
        stage.step("extract_plenty_orders")
        real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(report, "tell_failed", slowly)
        yield


def test_what_is_sent_is_what_was_judged(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run takes newer content between the last look at plentymarkets and the call."""
    new(stage)
    real = send_module.compose

    def slowly(*args: Any) -> Any:
        body = real(*args)
        edit(stage, address1="Lindenallee")
        stage.step("extract_plenty_orders")
        return body

    with monkeypatch.context() as patch:
        patch.setattr(send_module, "compose", slowly)
        load(stage)
    assert stage.wemalo_orders() == {}
    assert codes(stage) == []

    stage.run()
    assert street(stage) == "Lindenallee"
    assert stage.wemalo_orders()["1"]["submissions"] == 1


@pytest.mark.parametrize(
    ("status", "listed", "ends"),
    [
        ("8.1", None, "CANCELLED"),
        ("8.1", ["8.1"], "CANCELLED"),
        ("8.5", ["8.1"], "OPEN"),
    ],
)
def test_which_statuses_ask_for_a_cancellation_is_the_merchants_choice(
    stage: Stage, status: str, listed: list[str] | None, ends: str
) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": [status]}]})
    settings(stage, statuses={**stage.merchant.statuses.model_dump(), "cancelled": listed})
    handed_over(stage)
    set_status(stage, status)

    for _ in range(2):
        stage.run()

    assert stage.wemalo_orders()["1"]["status"] == ends
    assert codes(stage) == ([] if ends == "CANCELLED" else ["ORDER_HELD"])


def test_an_order_moved_to_another_warehouse_and_cancelled_is_cancelled(stage: Stage) -> None:
    handed_over(stage)
    (item,) = [i for i in stage.plenty_order(1)["orderItems"] if int(i["itemVariationId"]) > 0]
    moved = [{"id": item["id"], "warehouse": 99}]
    stage.sandbox.plenty.act("edit_items", "alpha", order=1, items=moved)
    set_status(stage, "8")

    stage.run()

    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    assert stage.plenty_status(1) == Decimal("8.8")


@pytest.mark.parametrize("begun", [False, True])
def test_an_order_deleted_in_plentymarkets_is_cancelled_at_the_warehouse_or_told(
    stage: Stage, begun: bool
) -> None:
    handed_over(stage)
    if begun:
        stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    stage.sandbox.plenty.act("delete", "alpha", order=1)

    for _ in range(3):
        stage.run()
        assert not stage.errors

    assert stage.wemalo_orders()["1"]["status"] == ("INPICKING" if begun else "CANCELLED")
    assert codes(stage) == (["ORDER_DELETED"] if begun else [])
    assert made(stage, CALLS[2]) == 1
