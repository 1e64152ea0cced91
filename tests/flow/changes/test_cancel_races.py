"""The merchant cancels (8.0) at every point between our reads and our writes.

There is no conditional write, so each race is forced: the sandbox lets the merchant act exactly
before or after one of our calls.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.flow.stage import Stage, good_order

CANCEL = {"action": "set_status", "order": 1, "status": 8}
SEARCH, PUT = "GET /rest/orders/search", "PUT /rest/orders/{order_id}"
HISTORY = "GET /rest/orders/status-history"


def cancel_at(stage: Stage, route: str, when: str, skip: int = 0) -> None:
    stage.sandbox.plenty.hook(route=route, when=when, skip=skip, action=CANCEL)


def ends_cancelled(stage: Stage) -> None:
    for _ in range(3):
        stage.run()
        assert not stage.errors
    assert stage.plenty_status(1) == Decimal("8.8")
    assert stage.state(1) == "cancelled"
    order = stage.wemalo_orders().get("1")
    assert order is None or order["status"] == "CANCELLED"
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert not any(p["packageNumber"] for p in stage.plenty_order(1)["shippingPackages"])


POINTS: dict[str, tuple[str, str, str, int]] = {
    # step during which it happens, route, before or after that call, calls let through first
    "after our search": ("extract_plenty_orders", SEARCH, "after", 0),
    "after we read the content": ("extract_plenty_orders", SEARCH, "after", 1),
    "before we look again to send": ("load_to_wemalo", SEARCH, "before", 0),
    "between our look and our sending": ("load_to_wemalo", SEARCH, "after", 0),
    "before we look again to write": ("writeback_status", SEARCH, "before", 0),
    "between our look and our write": ("writeback_status", PUT, "before", 0),
    "right after our write": ("writeback_status", PUT, "after", 0),
    "before we read the history": ("writeback_status", HISTORY, "before", 0),
    "after we read the history": ("writeback_status", HISTORY, "after", 0),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_cancellation_in_between_is_never_lost(stage: Stage, point: str) -> None:
    step, route, when, skip = POINTS[point]
    stage.add(good_order(1))
    for task in (
        "extract_plenty_orders",
        "validate",
        "load_to_wemalo",
        "writeback_status",
        "reconcile_tracking",
    ):
        if task == step:
            cancel_at(stage, route, when, skip)
        stage.step(task)
    (hook,) = stage.sandbox.plenty.hooks()
    assert hook["error"] is None
    assert "8" in [
        str(Decimal(str(row["statusId"])).normalize())
        for row in stage.plenty_order(1)["statusHistory"]
    ], "the race was not forced"
    ends_cancelled(stage)


def test_a_history_that_cannot_be_read_is_read_by_the_next_run(stage: Stage) -> None:
    stage.add(good_order(1))
    cancel_at(stage, PUT, "before")
    stage.sandbox.plenty.fault(route=HISTORY, kind="status", status=503)
    stage.run()
    assert set(stage.errors) == {"writeback_status"}
    assert stage.plenty_status(1) == Decimal("5.1"), "the cancellation is overwritten so far"
    stage.sandbox.plenty.clear_faults()
    ends_cancelled(stage)
    assert "cancel_put_back" in stage.events(1)


def test_a_run_that_dies_before_it_reads_the_history_leaves_that_to_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.lease_s = 0  # its lease is over as soon as it is dead
    stage.add(good_order(1))
    cancel_at(stage, PUT, "before")
    for task in ("extract_plenty_orders", "validate", "load_to_wemalo"):
        stage.step(task)
    with monkeypatch.context() as patch:
        patch.setattr("fulfilment.flow.tasks.writeback.outbox_sets.written", _die)
        with pytest.raises(_Death):
            stage.step("writeback_status")
    assert stage.plenty_status(1) == Decimal("5.1")
    ends_cancelled(stage)


class _Death(BaseException):
    """What a killed process looks like to the code around it."""


def _die(*_: object, **__: object) -> None:
    raise _Death


@pytest.mark.parametrize(
    "fault",
    [
        {"delivery": {"address1": "Weg", "town": "Berlin"}},
        {"items": [{"variation": 2006, "quantity": 99}]},
    ],
    ids=["bad address", "no stock"],
)
def test_a_fault_status_does_not_overwrite_a_cancellation(
    stage: Stage, fault: dict[str, Any]
) -> None:
    stage.add(good_order(1, **fault))
    cancel_at(stage, PUT, "before")
    stage.run()
    assert "cancel_put_back" in stage.events(1)
    ends_cancelled(stage)
    assert stage.wemalo_orders() == {}


def test_an_overwritten_cancellation_is_put_back_and_the_warehouse_asked_in_the_same_run(
    stage: Stage,
) -> None:
    stage.add(good_order(1), good_order(2))
    cancel_at(stage, PUT, "before")
    stage.run()
    assert not stage.errors
    assert stage.plenty_status(1) == Decimal("8.8")
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    assert stage.plenty_status(2) == Decimal("5.1")
    assert stage.wemalo_orders()["2"]["status"] == "OPEN"


def test_too_late_is_told_and_the_order_ships(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert not stage.errors
    assert stage.plenty_status(1) == Decimal("8.8")
    (note,) = stage.plenty_order(1)["comments"]
    assert "zu spät" in note["text"]
    assert "INPICKING" in note["text"]
    assert "cancel_too_late" in stage.events(1)
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert stage.state(1) == "shipped"
    assert len(stage.plenty_order(1)["shippingPackages"]) == 1


def test_the_warehouse_starts_picking_between_the_merchants_cancel_and_our_call(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.sandbox.wemalo.hook(
        route="PUT /v1/goodsOrder/cancel/{external_id}",
        when="before",
        action={"action": "start_picking", "order": "1"},
    )
    stage.run()
    (hook,) = stage.sandbox.wemalo.hooks()
    assert hook["error"] is None
    assert stage.state(1) == "accepted"
    assert "cancel_too_late" in stage.events(1)


@pytest.mark.parametrize("kind", ["lost_reply", "status"])
def test_an_unclear_cancellation_is_looked_up_and_never_guessed(stage: Stage, kind: str) -> None:
    stage.lease_s = 0
    stage.settle_s = 0
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.sandbox.wemalo.fault(
        route="PUT /v1/goodsOrder/cancel/{external_id}", kind=kind, status=502, times=1
    )
    stage.run()
    ends_cancelled(stage)
    cancels = stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"]
    assert cancels["PUT /v1/goodsOrder/cancel/{external_id}"] <= 2


def test_a_cancelled_order_released_again_needs_a_person_and_is_not_sent_twice(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    stage.run()
    assert stage.wemalo_orders()["1"]["submissions"] == 1
    assert "released_again" in stage.events(1)
    assert "erneut freigegeben" in stage.plenty_order(1)["comments"][-1]["text"]
