"""The merchant changes an order after its hand-over, at every point of the warehouse's work."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.parcels.test_shipping import two_parcels
from tests.flow.stage import Stage, a_second_later, good_order

ADD = "POST /v1/goodsOrder/addConditional"


def open_codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in open_exceptions(connection, stage.name))


def text_of(stage: Stage, code: str) -> str:
    with stage.engine.begin() as connection:
        (row,) = [r for r in open_exceptions(connection, stage.name) if r.code == code]
    return str(row.en)


def edit_street(stage: Stage, street: str = "Lindenallee") -> None:
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"address1": street})


def edit_quantity(stage: Stage, quantity: int) -> None:
    (item,) = [i for i in stage.plenty_order(1)["orderItems"] if int(i["itemVariationId"]) > 0]
    rows = [{"id": item["id"], "quantity": quantity}]
    stage.sandbox.plenty.act("edit_items", "alpha", order=1, items=rows)


def handed_over(stage: Stage, **changes: Any) -> None:
    stage.add(good_order(1, **changes))
    stage.run()
    assert stage.plenty_status(1) == Decimal("5.1")


def at_wemalo(stage: Stage) -> dict[str, Any]:
    return dict(stage.wemalo_orders()["1"])


def test_a_new_address_reaches_the_warehouse_while_it_has_not_begun(stage: Stage) -> None:
    handed_over(stage)
    edit_street(stage)
    stage.run()
    assert not stage.errors
    order = at_wemalo(stage)
    assert order["meta"]["receiver"][0]["street"] == "Lindenallee"
    assert order["submissions"] == 2
    assert "change_sent" in stage.events(1)
    assert stage.plenty_status(1) == Decimal("5.1")
    for _ in range(3):
        stage.run()
    assert at_wemalo(stage)["submissions"] == 2
    assert open_codes(stage) == []


def test_a_new_quantity_reaches_the_warehouse(stage: Stage) -> None:
    handed_over(stage)
    edit_quantity(stage, 3)
    stage.run()
    (position,) = at_wemalo(stage)["positions"]
    assert int(position["quantity"]) == 3


def test_our_own_write_backs_are_no_changes_and_cost_one_look(stage: Stage) -> None:
    stage.fresh_s = -3600  # every change time counts as long past
    handed_over(stage)
    stage.run()
    stage.sandbox.plenty.reset_calls()
    stage.run()
    assert "change_seen" not in stage.events(1)
    calls = stage.sandbox.plenty.calls("alpha")
    assert calls["reads"]["alpha"] <= 3, calls["counts"]
    assert calls["writes"].get("alpha", 0) == 0
    assert at_wemalo(stage)["submissions"] == 1


def test_of_many_orders_a_change_is_seen_although_the_look_after_it_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfilment.flow.changes.find.ASKED_BY_ID", 1)  # as if there were many
    monkeypatch.setattr("fulfilment.flow.changes.find.OVERLAP", timedelta(0))
    stage.add(good_order(2))
    handed_over(stage)
    stage.run()
    with stage.engine.begin() as connection:  # the last complete look is a minute old
        connection.execute(text("UPDATE sync_state SET read_until = now() - interval '1 minute'"))
    edit_street(stage)
    stage.sandbox.plenty.fault(route="GET /rest/orders/search", kind="status", status=503)
    stage.run()
    assert "extract_plenty_orders" in stage.errors
    stage.sandbox.plenty.clear_faults()
    stage.run()
    assert at_wemalo(stage)["meta"]["receiver"][0]["street"] == "Lindenallee"


def test_a_touch_without_a_change_is_looked_at_once(stage: Stage) -> None:
    stage.fresh_s = -3600
    handed_over(stage)
    stage.run()
    stage.sandbox.plenty.act("touch", "alpha", order=1)
    stage.run()
    stage.sandbox.plenty.reset_calls()
    stage.run()
    assert stage.sandbox.plenty.calls("alpha")["reads"]["alpha"] <= 3
    assert at_wemalo(stage)["submissions"] == 1


@pytest.mark.parametrize("begun", ["make_picking_list", "start_picking"])
def test_a_change_after_the_warehouse_began_is_told_with_the_difference(
    stage: Stage, begun: str
) -> None:
    handed_over(stage)
    stage.sandbox.wemalo.act(begun, "alpha", order="1")
    edit_street(stage)
    edit_quantity(stage, 3)
    stage.run()
    stage.run()
    assert not stage.errors
    assert open_codes(stage) == ["CHANGED_TOO_LATE"]
    text = text_of(stage, "CHANGED_TOO_LATE")
    assert "delivery address (street)" in text
    assert "quantity 2 -> 3" in text
    assert "Lindenallee" not in text
    (note,) = stage.plenty_order(1)["comments"]
    assert "Straße" in note["text"]
    assert at_wemalo(stage)["submissions"] == 1
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert stage.state(1) == "shipped"
    assert open_codes(stage) == []


def test_a_change_after_the_first_of_two_parcels_left_is_told(stage: Stage) -> None:
    two_parcels(stage)
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1", parcel=1)
    stage.run()
    assert stage.state(1) == "partly_shipped"
    edit_street(stage)
    for _ in range(2):
        stage.run()
        assert not stage.errors
    assert open_codes(stage) == ["CHANGED_TOO_LATE"]
    assert stage.events(1).count("change_too_late") == 1
    assert stage.state(1) == "partly_shipped"


def test_a_change_that_came_too_late_and_is_taken_back_is_settled(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.wemalo.act("make_picking_list", "alpha", order="1")
    edit_street(stage)
    stage.run()
    assert open_codes(stage) == ["CHANGED_TOO_LATE"]
    edit_street(stage, "Hauptstraße")
    stage.run()
    assert open_codes(stage) == []


def test_picking_starts_between_our_look_and_our_change(stage: Stage) -> None:
    handed_over(stage)
    edit_street(stage)
    stage.sandbox.wemalo.hook(
        route=ADD, when="before", action={"action": "make_picking_list", "order": "1"}
    )
    stage.run()
    (hook,) = stage.sandbox.wemalo.hooks()
    assert hook["error"] is None
    assert stage.state(1) == "accepted"
    assert open_codes(stage) == ["CHANGED_TOO_LATE"]
    assert at_wemalo(stage)["meta"]["receiver"][0]["street"] == "Hauptstraße"


def test_a_change_made_while_we_hand_the_order_over_follows_in_the_next_run(stage: Stage) -> None:
    stage.add(good_order(1))
    action = {"action": "edit_address", "order": 1, "changes": {"address1": "Lindenallee"}}
    # right after the load step has looked at the order once more, and before it is posted
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    stage.sandbox.plenty.hook(route="GET /rest/orders/search", when="after", action=action)
    for task in ("load_to_wemalo", "writeback_status"):
        stage.step(task)
    (hook,) = stage.sandbox.plenty.hooks()
    assert hook["error"] is None
    assert at_wemalo(stage)["meta"]["receiver"][0]["street"] == "Hauptstraße"
    stage.run()
    assert at_wemalo(stage)["meta"]["receiver"][0]["street"] == "Lindenallee"
    assert at_wemalo(stage)["submissions"] == 2
    assert stage.plenty_status(1) == Decimal("5.1")


@pytest.mark.parametrize("edit_first", [True, False], ids=["change, cancel", "cancel, change"])
def test_of_a_change_and_a_cancellation_the_cancellation_counts(
    stage: Stage, edit_first: bool
) -> None:
    handed_over(stage)
    if edit_first:
        edit_street(stage)
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    edit_street(stage, "Lindenallee")
    stage.run()
    assert not stage.errors
    order = at_wemalo(stage)
    assert (order["status"], order["submissions"]) == ("CANCELLED", 1)
    assert stage.plenty_status(1) == Decimal("8.8")
    assert open_codes(stage) == []


def test_a_cancellation_while_a_change_is_being_sent_is_settled_and_nothing_ships(
    stage: Stage,
) -> None:
    handed_over(stage)
    edit_street(stage)
    stage.step("extract_plenty_orders")
    stage.step("validate")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.step("load_to_wemalo")  # sends the change: it has not seen the cancellation
    assert at_wemalo(stage)["submissions"] == 2
    stage.run()
    assert at_wemalo(stage)["status"] == "CANCELLED"
    assert stage.plenty_status(1) == Decimal("8.8")
    assert stage.state(1) == "cancelled"


def test_a_change_that_came_after_a_cancellation_that_came_too_late_is_told(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    edit_street(stage)
    for _ in range(2):
        stage.run()
    assert open_codes(stage) == ["CANCEL_TOO_LATE", "CHANGED_TOO_LATE"]


def test_a_warehouse_that_silently_ignores_the_change_is_not_believed(stage: Stage) -> None:
    stage.sandbox.wemalo.merge(
        {"tenants": [{"tenant": "alpha", "settings": {"late_change": "ignore"}}]}
    )
    handed_over(stage)
    edit_street(stage)
    stage.sandbox.wemalo.hook(
        route=ADD, when="before", action={"action": "make_picking_list", "order": "1"}
    )
    stage.run()
    assert open_codes(stage) == ["CHANGE_UNCLEAR"]


@pytest.mark.parametrize("kind", ["lost_reply", "status", "cut"])
def test_a_change_whose_answer_was_lost_is_sent_once_more_at_most(stage: Stage, kind: str) -> None:
    stage.lease_s = 0
    stage.settle_s = 0
    handed_over(stage)
    edit_street(stage)
    fault = {"status": 500} if kind == "status" else {}
    stage.sandbox.wemalo.fault(route=ADD, kind=kind, times=1, **fault)
    for _ in range(3):
        stage.run()
    order = at_wemalo(stage)
    assert order["meta"]["receiver"][0]["street"] == "Lindenallee"
    assert order["submissions"] <= 3
    assert len(stage.wemalo_orders()) == 1
    assert stage.state(1) == "accepted"
    assert open_codes(stage) == []


def test_a_lost_answer_and_picking_that_started_leave_it_to_a_person(stage: Stage) -> None:
    stage.lease_s = 0
    stage.settle_s = 0
    handed_over(stage)
    edit_street(stage)
    stage.sandbox.wemalo.fault(route=ADD, kind="lost_reply", times=1)
    stage.run()
    assert stage.state(1) == "submitting"
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    stage.run()
    assert stage.state(1) == "accepted"
    assert open_codes(stage) == ["CHANGE_UNCLEAR"]


def test_a_change_that_breaks_a_rule_is_not_sent_until_it_is_corrected(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"postalCode": "123"})
    stage.run()
    assert open_codes(stage) == ["CHANGE_INVALID"]
    assert at_wemalo(stage)["submissions"] == 1
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"postalCode": "10117"})
    stage.run()
    assert at_wemalo(stage)["meta"]["receiver"][0]["zip"] == "10117"
    assert open_codes(stage) == []


def test_an_order_that_becomes_unreadable_before_it_is_sent_is_told_and_sent_once_corrected(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    a_second_later()
    profile = str(good_order(1)["profile"])
    stage.sandbox.plenty.act("set_property", "alpha", order=1, type=2, value="express")
    for _ in range(2):
        stage.run()
    assert stage.wemalo_orders() == {}
    assert open_codes(stage) == ["ORDER_MALFORMED"]
    stage.sandbox.plenty.act("set_property", "alpha", order=1, type=2, value=profile)
    stage.run()
    assert at_wemalo(stage)["submissions"] == 1
    assert open_codes(stage) == []


def test_an_order_split_after_its_hand_over_is_sent_once(stage: Stage) -> None:
    handed_over(stage)
    child = stage.sandbox.plenty.act("delivery_order", "alpha", order=1)["id"]
    stage.sandbox.plenty.act("set_status", "alpha", order=child, status=5)
    stage.run()
    stage.run()
    assert list(stage.wemalo_orders()) == ["1"]
    assert at_wemalo(stage)["submissions"] == 1
    assert open_codes(stage) == ["DELIVERY_ORDER_LATE", "SPLIT_AFTER_HANDOVER"]
    assert stage.state(child) == "quarantined"
    assert len(stage.plenty_order(child)["comments"]) == 1
    stage.sandbox.plenty.act("delete", "alpha", order=child)
    stage.run()
    assert stage.state(child) == "withdrawn"
    assert open_codes(stage) == []


def test_an_address_corrected_and_released_again_is_sent_under_the_same_id(stage: Stage) -> None:
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason="ADDRESS", times=1)
    stage.add(good_order(1))
    stage.run()
    assert stage.plenty_status(1) == Decimal("6.2")
    assert stage.state(1) == "waiting"
    edit_street(stage)
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    stage.run()
    assert not stage.errors
    assert stage.plenty_status(1) == Decimal("5.1")
    assert stage.state(1) == "accepted"
    order = at_wemalo(stage)
    assert order["meta"]["receiver"][0]["street"] == "Lindenallee"
    assert order["submissions"] == 2


def test_an_address_released_again_and_refused_again_is_told_again(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason="ADDRESS", times=5)
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    stage.run()
    assert stage.plenty_status(1) == Decimal("6.2")
    assert len(stage.plenty_order(1)["comments"]) == 2


def test_goods_that_come_and_go_are_told_each_time(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "reasons": {"1": "STOCK"}}]})
    stage.add(good_order(1))
    stage.run()
    seen = [stage.plenty_status(1)]
    for reason in ("", "STOCK", ""):
        stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason=reason, times=9)
        stage.run()
        stage.run()
        seen.append(stage.plenty_status(1))
    assert seen == [Decimal("6.3"), Decimal("5.1"), Decimal("6.3"), Decimal("5.1")]


def test_an_order_without_stock_goes_on_by_itself_when_goods_arrive(stage: Stage) -> None:
    stage.add(good_order(1, items=[{"variation": 2005, "quantity": 1}]))
    stage.add(good_order(2, items=[{"variation": 2006, "quantity": 9}]))
    stage.run()
    assert stage.plenty_status(2) == Decimal("6.3")
    assert "2" not in stage.wemalo_orders()
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2006", "quantity": 20}])
    stage.run()
    assert not stage.errors
    assert stage.plenty_status(2) == Decimal("5.1")
    assert stage.wemalo_orders()["2"]["submissions"] == 1


def test_without_the_setting_it_waits_for_the_merchant(stage: Stage) -> None:
    stage.merchant = stage.merchant.model_copy(update={"resume_no_stock": False})
    stage.add(good_order(2, items=[{"variation": 2006, "quantity": 9}]))
    stage.run()
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2006", "quantity": 20}])
    stage.run()
    assert stage.state(2) == "no_stock"
    assert stage.plenty_status(2) == Decimal("6.3")
    stage.sandbox.plenty.act("set_status", "alpha", order=2, status=5)
    stage.run()
    assert stage.plenty_status(2) == Decimal("5.1")
    assert stage.wemalo_orders()["2"]["submissions"] == 1
