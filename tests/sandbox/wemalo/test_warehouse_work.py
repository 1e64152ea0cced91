"""What the warehouse does with an order: cancel, pick, pack, block, ship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop
from tests.sandbox.wemalo.order_looks import PDF


def history(control: ControlClient, external_id: str) -> list[str]:
    order = control.state("alpha")["tenants"]["alpha"]["orders"][external_id]
    return [state for _, state in order["history"]]


@pytest.mark.parametrize("step", [None, "make_picking_list"])
def test_an_unpicked_order_is_cancelled_and_its_goods_are_free(
    shop: Shop, act: Callable[..., Any], step: str | None
) -> None:
    shop.order("1", ("1093", 10))
    shop.order("2", ("1093", 4))
    if step:
        act(step, order="1")
    answer = shop.put("/goodsOrder/cancel/1", reason="customer")
    assert (answer["status"], shop.status("1"), shop.status("2")) == (200, "CANCELLED", "OPEN")
    assert shop.put("/goodsOrder/cancel/1", reason="again")["status"] == 200


@pytest.mark.parametrize("step", ["start_picking", "pick", "pack", "ship"])
def test_a_picked_order_is_not_cancelled_any_more(
    shop: Shop, act: Callable[..., Any], step: str
) -> None:
    shop.order("1", ("1093", 1))
    state = act(step, order="1")["status"]
    answer = shop.put("/goodsOrder/cancel/1", reason="customer")
    assert (answer["status"], answer["Success"], shop.status("1")) == (409, False, state)


def test_the_boundary_of_cancellation_is_a_switch(shop: Shop, control: ControlClient) -> None:
    shop.order("1")
    shop.order("2")
    control.settings(cancel_refused_from="INPROCESS", cancel_refusal_status=500)
    control.act("make_picking_list", "alpha", order="1")
    assert shop.put("/goodsOrder/cancel/1")["status"] == 500
    control.settings(cancel_refused_from="SHIPPED")
    control.act("pack", "alpha", order="2")
    assert shop.put("/goodsOrder/cancel/2")["status"] == 200
    assert control.state("alpha")["tenants"]["alpha"]["stock"]["1093"]["free"] == 9


def test_cancelling_an_unknown_order_is_404(shop: Shop) -> None:
    assert shop.put("/goodsOrder/cancel/none", reason="x")["status"] == 404


@pytest.mark.parametrize("step", ["make_picking_list", "pick", "pack"])
def test_the_warehouse_cancels_in_any_state_before_shipping(
    shop: Shop, act: Callable[..., Any], control: ControlClient, step: str
) -> None:
    shop.order("1", ("1093", 3))
    act(step, order="1")
    assert act("cancel", order="1")["status"] == "CANCELLED"
    stock = control.state("alpha")["tenants"]["alpha"]["stock"]["1093"]
    assert (stock["free"], stock["picked"], stock["physical"]) == (10, 0, 10)


def test_step_by_step_an_order_passes_every_state(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    shop.order("1")
    for action in ("make_picking_list", "start_picking", "pick", "pack", "hand_over"):
        act(action, order="1")
    assert history(control, "1") == [
        "OPEN", "INPROCESS", "INPICKING", "READYFORSHIPMENT", "PACKED", "SHIPPED",
    ]  # fmt: skip


def test_the_warehouse_works_by_itself_on_the_simulated_clock(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(auto=True)
    shop.order("1")
    seen = [shop.status("1")]
    for minutes in (10, 5, 10, 10, 120):
        control.clock(advance=minutes * 60)
        seen.append(shop.status("1"))
    assert seen == ["OPEN", "INPROCESS", "INPICKING", "READYFORSHIPMENT", "PACKED", "SHIPPED"]


def test_what_happened_while_nobody_asked_has_its_own_times(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(auto=True, delays={"packed": 3600}, skip_inpicking=True)
    shop.order("1")
    control.clock(advance=7 * 86_400)
    row = shop.sent()[0]
    assert history(control, "1")[1:3] == ["INPROCESS", "READYFORSHIPMENT"]
    assert (row["bookingDate"], row["handoverDate"]) == (
        "02.03.2026 09:25:00", "02.03.2026 10:25:00",
    )  # fmt: skip


def test_switching_the_automatic_on_takes_up_orders_that_wait(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1")
    control.clock(advance=86_400)
    assert shop.status("1") == "OPEN"
    control.settings(auto=True)
    control.clock(advance=86_400)
    assert shop.status("1") == "SHIPPED"


def test_a_blocked_order_is_packed_but_waits_for_its_release(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1", blocked=1)
    act("pack", order="1")
    blocked = shop.get("/goodsOrder/getStatus/1")
    assert (blocked["statusName"], bool(blocked["blockReason"])) == ("BLOCKEDPACKED", True)
    act("release", order="1")
    assert shop.status("1") == "PACKED"


def test_a_label_error_blocks_and_shows_at_the_parcel(shop: Shop, act: Callable[..., Any]) -> None:
    shop.order("1")
    act("label_error", order="1", message="zip and city do not match")
    act("pack", order="1")
    assert shop.get("/goodsOrder/getStatus/1")["blockReason"] == "zip and city do not match"
    parcel = shop.get("/goodsOrder/packages", externalOrderId="1")["packages"][0]
    assert (parcel["errorMessage"], parcel["trackingNumber"]) == ("zip and city do not match", "")
    act("release", order="1")
    parcel = shop.get("/goodsOrder/packages", externalOrderId="1")["packages"][0]
    assert parcel["errorMessage"] == ""
    assert parcel["trackingNumber"] != ""


def test_a_missing_document_blocks_until_it_comes(shop: Shop, control: ControlClient) -> None:
    control.settings(documents_required=["GOODSORDERDELIVERYNOTE"])
    shop.order("1")
    control.act("pack", "alpha", order="1")
    assert shop.status("1") == "BLOCKEDPACKED"
    shop.post(
        "/goodsOrder/addDocument/1", docType="GOODSORDERDELIVERYNOTE", docName="d", base64data=PDF
    )
    assert shop.status("1") == "PACKED"


@pytest.mark.parametrize(
    ("rule", "status", "free"),
    [("back", "PARTIAL", 0), ("wait", "INPICKING", 0), ("ship_partly", "READYFORSHIPMENT", 0)],
)
def test_a_short_pick_corrects_the_stock_and_follows_the_rule(
    shop: Shop, control: ControlClient, rule: str, status: str, free: int
) -> None:
    control.settings(short_pick=rule)
    shop.order("1", ("1093", 10))
    assert control.act("pick", "alpha", order="1", short={"1093": 2})["status"] == status
    stock = control.state("alpha")["tenants"]["alpha"]["stock"]["1093"]
    assert (stock["physical"], stock["corrected"], stock["free"]) == (8, -2, free)
    postings = shop.get("/product/bookings/flag", reason="INVENTORY_OUT")
    assert postings["numberOfBookings"] == 2


def test_a_waiting_pick_goes_on_when_goods_arrive(shop: Shop, control: ControlClient) -> None:
    control.settings(short_pick="wait", auto=True)
    shop.order("1", ("1093", 10))
    control.act("pick", "alpha", order="1", short={"1093": 2})
    control.clock(advance=3600)
    assert shop.status("1") == "INPICKING"
    control.act("receive_goods", "alpha", items=[{"product": "1093", "quantity": 2}])
    control.clock(advance=86_400)
    assert shop.status("1") == "SHIPPED"
    assert shop.sent()[0]["count"] == 10


def test_an_order_shipped_short_sends_what_there_is(shop: Shop, control: ControlClient) -> None:
    control.settings(short_pick="ship_partly")
    shop.order("1", ("1093", 10))
    control.act("pick", "alpha", order="1", short={"1093": 2})
    control.act("ship", "alpha", order="1")
    assert shop.sent()[0]["count"] == 8


def test_an_inventory_difference_takes_reservations_from_the_last_in_turn(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1", ("1093", 5), priority=3)
    shop.order("2", ("1093", 3), priority=0)
    shop.order("3", ("1093", 2), priority=3)
    act("inventory", product="1093", delta=-3)
    assert [shop.status(one) for one in ("1", "2", "3")] == ["PARTIAL", "OPEN", "PARTIAL"]


def test_dropping_all_reservations_makes_the_orders_partial(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1", ("1093", 5))
    shop.order("2", ("1094", 5))
    act("make_picking_list", order="2")
    assert shop.delete("/goodsOrder/reservations")["changed"] == 1
    assert (shop.status("1"), shop.status("2")) == ("PARTIAL", "INPROCESS")


def test_finish_does_everything_by_the_internal_id(shop: Shop, act: Callable[..., Any]) -> None:
    number = shop.order("1", ("1093", 1))["id"]
    assert shop.post("/goodsOrder/finish/1", totalWeight=1200)["status"] == 404
    assert shop.post(f"/goodsOrder/finish/{number}", totalWeight=1200.0)["Success"] is True
    parcel = shop.get("/goodsOrder/packages", orderId=number)["packages"][0]
    assert (shop.status("1"), parcel["weightTotal"]) == ("SHIPPED", 1200)
    assert shop.post(f"/goodsOrder/finish/{number}")["status"] == 409


def test_status_ids_are_switches_except_that_names_stay(shop: Shop, control: ControlClient) -> None:
    control.settings(status_ids={"OPEN": "777"})
    shop.order("1")
    shop.order("2", ("1093", 99))
    assert shop.get("/goodsOrder/getStatus/1")["statusId"] == "777"
    assert shop.get("/goodsOrder/getStatus/2")["statusId"] == "100"


@pytest.mark.parametrize(
    ("action", "args"),
    [
        ("make_picking_list", {"order": "1"}),
        ("release", {"order": "1"}),
        ("pick", {"order": "none"}),
        ("dance", {}),
        ("pick", {}),
    ],
)
def test_an_action_that_makes_no_sense_is_refused_with_its_reason(
    shop: Shop, act: Callable[..., Any], action: str, args: dict[str, str]
) -> None:
    shop.order("1", ("1093", 99))
    with pytest.raises(RuntimeError, match="400"):
        act(action, **args)
