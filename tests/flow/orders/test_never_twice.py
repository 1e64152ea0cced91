"""Killed processes, lost answers, two runs at once: wemalo holds each order once."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import pkgutil
import signal
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.systems import groups

from include.core.orders.wemalo_order import compose
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.orders import orders
from tests.flow.stage import Stage, good_order

ADD = "POST /v1/goodsOrder/addConditional"


def handed_over_once(stage: Stage, *ids: int) -> None:
    orders = stage.wemalo_orders()
    assert sorted(orders) == sorted(str(n) for n in ids)
    assert {order["submissions"] for order in orders.values()} == {1}
    assert {stage.plenty_status(n) for n in ids} == {Decimal("5.1")}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_reply"},
        {"kind": "lost_reply", "cut": True},
        {"kind": "status", "status": 500},
        {"kind": "cut"},
        {"kind": "html", "status": 200},
        {"kind": "malformed"},
        {"kind": "empty"},
    ],
    ids=str,
)
def test_an_unclear_answer_is_looked_up_before_anything_is_sent_again(
    stage: Stage, fault: dict[str, Any]
) -> None:
    stage.lease_s = 0  # the lease is over as soon as the step is
    stage.settle_s = 0
    stage.add(good_order(1), good_order(2))
    stage.sandbox.wemalo.fault(route=ADD, match='"externalId": "1"', times=1, **fault)
    stage.run()
    assert stage.plenty_status(2) == Decimal("5.1"), "the other order goes on"
    for _ in range(4):
        stage.run()
    handed_over_once(stage, 1, 2)


def test_the_plain_route_asks_before_it_creates(stage: Stage) -> None:
    wemalo = stage.merchant.wemalo.model_copy(update={"create_route": "add"})
    stage.merchant = stage.merchant.model_copy(update={"wemalo": wemalo})
    stage.lease_s = 0
    stage.settle_s = 0
    stage.add(good_order(1), good_order(2))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    body = compose(orders.content(stage.timeline(2).order), stage.merchant)
    stage.work("load_to_wemalo").wemalo.add(body)  # the warehouse has it, we do not know
    stage.run()
    assert not stage.errors
    handed_over_once(stage, 1, 2)


def test_an_order_in_doubt_is_left_alone_until_its_lease_has_run_out(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.sandbox.wemalo.fault(route=ADD, kind="status", status=500, times=1)
    stage.run()
    assert stage.state(1) == "submitting"
    stage.run()
    assert stage.state(1) == "submitting"
    counts = stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"]
    assert counts[ADD] == 1


def test_wemalo_that_does_not_answer_the_question_keeps_the_order_waiting(stage: Stage) -> None:
    stage.lease_s = 0
    stage.settle_s = 0
    stage.add(good_order(1))
    stage.sandbox.wemalo.fault(route=ADD, kind="lost_reply", times=1)
    stage.sandbox.wemalo.fault(
        route="GET /v1/goodsOrder/getStatus/{external_id}", kind="status", status=500
    )
    stage.run()
    stage.run()
    assert stage.state(1) == "submitting"
    stage.sandbox.wemalo.clear_faults()
    stage.run()
    handed_over_once(stage, 1)
    assert "adopted" in stage.events(1)


DEATHS = {
    "before the orders are noted": "fulfilment.flow.orders.send.hand_overs.begin",
    "before any of them is sent": "fulfilment.hooks.wemalo.WemaloHook.add_conditional",
    "before the answers are noted": "fulfilment.flow.orders.send.accept_all",
}


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _step_until_death(stage: Stage, target: str, survived: int, group: int) -> None:
    """Run the load step in this process and die at the n-th call of ``target``."""
    stage.engine.dispose(close=False)
    groups.GROUP = group
    module, _, name = target.rpartition(".")
    owner = pkgutil.resolve_name(module)
    real = getattr(owner, name)
    calls = itertools.count()

    def sometimes(*args: object, **kwargs: object) -> object:
        return (_die if next(calls) == survived else real)(*args, **kwargs)

    setattr(owner, name, sometimes)
    stage.step("load_to_wemalo")


@pytest.mark.parametrize(("survived", "group"), [(0, groups.GROUP), (2, 1)])
@pytest.mark.parametrize("death", DEATHS)
def test_a_load_killed_at_any_point_is_finished_by_the_next_run(
    stage: Stage, death: str, survived: int, group: int
) -> None:
    stage.lease_s = 0  # the lease is over as soon as its holder is
    stage.settle_s = 0
    stage.add(*(good_order(n) for n in range(1, 5)))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_step_until_death, args=(stage, DEATHS[death], survived, group))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    for _ in range(4):
        stage.run()
    handed_over_once(stage, 1, 2, 3, 4)


def test_two_runs_at_once_send_each_order_once(stage: Stage) -> None:
    stage.add(*(good_order(n, items=[{"variation": 2001, "quantity": 1}]) for n in range(1, 13)))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(stage.step, ["load_to_wemalo"] * 3))
    stage.step("writeback_status")
    handed_over_once(stage, *range(1, 13))


def open_codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return [row.code for row in open_exceptions(connection, stage.name)]


@pytest.mark.parametrize(
    ("before", "route"),
    [
        ([], "POST /rest/orders/{order_id}/shipping/packages"),
        # the empty one of its shipping rule is filled
        ([{}], "PUT /rest/orders/{order_id}/shipping/packages/{package_row_id}"),
    ],
    ids=["added", "filled"],
)
def test_a_package_whose_answer_was_lost_is_not_written_twice(
    stage: Stage, before: list[dict[str, Any]], route: str
) -> None:
    stage.add(good_order(1, packages=before))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.sandbox.plenty.fault(route=route, kind="lost_reply", times=1)
    stage.run()
    assert not stage.errors, "an unclear write is its parcel's, which is told"
    assert open_codes(stage) == ["STEP_FAILED"]
    queue = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]["queues"]["sent"]
    assert queue, "the row stays in wemalo's queue until plentymarkets has the parcel"
    stage.run()
    assert not stage.errors
    assert len(stage.plenty_order(1)["shippingPackages"]) == 1
    assert stage.state(1) == "shipped"
    assert open_codes(stage) == []


def test_a_note_whose_answer_was_lost_is_not_written_twice(stage: Stage) -> None:
    stage.add(good_order(1, delivery={"address1": "Weg"}))
    stage.sandbox.plenty.fault(route="POST /rest/comments", kind="lost_reply", times=1)
    stage.run()
    stage.run()
    assert len(stage.plenty_order(1)["comments"]) == 1


def test_a_status_whose_answer_was_lost_is_written_once_more_at_most(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.sandbox.plenty.fault(route="PUT /rest/orders/{order_id}", kind="lost_reply", times=1)
    stage.run()
    stage.run()
    handed_over_once(stage, 1)
    history = [str(row["statusId"]) for row in stage.plenty_order(1)["statusHistory"]]
    assert history.count("5.1") == 1


def test_a_lost_hand_over_status_is_repaired_without_sending_again(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    stage.run()
    handed_over_once(stage, 1)
    assert "status_repair" in stage.events(1)


def test_an_order_split_between_our_read_and_our_send_goes_out_once(stage: Stage) -> None:
    stage.add(good_order(1))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    part = stage.sandbox.plenty.act("delivery_order", "alpha", order=1)["id"]
    stage.step("load_to_wemalo")
    assert stage.wemalo_orders() == {}
    assert stage.state(1) == "withdrawn"
    for _ in range(2):
        stage.run()
        assert not stage.errors
    assert list(stage.wemalo_orders()) == [str(part)]
    assert stage.wemalo_orders()[str(part)]["submissions"] == 1
