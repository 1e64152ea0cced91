"""Statuses and notes that take effect after we stopped waiting, or by a process that woke up.

The sandbox lets the call wait longer than our side does. A call is given up after half a second and
lands after a few; what happens in between is the story.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.tasks import writeback
from fulfilment.hooks import answers
from fulfilment.hooks.plenty import PlentyHook
from sqlalchemy import text

from include.ledger.exceptions.exceptions import acknowledge, open_exceptions
from include.ledger.orders.journal import Journal
from tests.flow.stage import Stage, good_order, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PUT, NOTE = "PUT /rest/orders/{order_id}", "POST /rest/comments"
CANCEL = "PUT /v1/goodsOrder/cancel/{external_id}"
BAD = {"delivery": {**good_order(1)["delivery"], "address1": "Weg", "address2": ""}}
FIRST = ("extract_plenty_orders", "validate", "load_to_wemalo")
LANDS_AFTER = 4.0


@contextmanager
def late(stage: Stage, route: str = PUT, *, seconds: float = LANDS_AFTER) -> Iterator[None]:
    """Let the first call of a route inside land long after we gave it up; wait until it has."""
    name = f"AIRFLOW_CONN_{stage.merchant.plenty.connection.upper()}"
    address = os.environ[name]
    os.environ[name] = address + "?timeout=0.5"
    stage.sandbox.plenty.fault(route=route, kind="delay", seconds=seconds, times=1)
    began = time.monotonic()
    stage.step("writeback_status")
    os.environ[name] = address
    assert [fault["fired"] for fault in stage.sandbox.plenty.faults()] == [1]
    yield
    time.sleep(max(0.0, began + seconds + 1 - time.monotonic()))


def by_hand(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})


def handed_over(stage: Stage, **changes: Any) -> None:
    """Bring order 1 to the warehouse; its status is still to be written."""
    by_hand(stage)
    stage.add(good_order(1, **changes))
    for task in FIRST:
        stage.step(task)


def quiet(stage: Stage, runs: int = 4) -> None:
    """Run until nothing changes any more; nothing is in doubt then, and nothing failed."""
    for _ in range(runs):
        stage.run()
    with stage.engine.begin() as connection:
        doubts = connection.execute(text("SELECT count(*) FROM writes")).scalar_one()
        watched = text("SELECT count(*) FROM outbox WHERE unchecked_since IS NOT NULL")
        assert (doubts, connection.execute(watched).scalar_one(), stage.errors) == (0, 0, {})


def history(stage: Stage) -> list[str]:
    rows = stage.plenty_order(1)["statusHistory"]
    return [str(Decimal(str(row["statusId"])).normalize()) for row in rows]


def codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return [row.code for row in open_exceptions(connection, stage.name)]


def set_status(stage: Stage, status: str) -> None:
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=status)


@pytest.mark.parametrize("status", ["8", "8.1"])
def test_a_cancellation_that_a_late_hand_over_status_overwrites_counts(
    stage: Stage, status: str
) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": [status]}]})
    handed_over(stage)
    with late(stage):
        set_status(stage, status)
    assert history(stage)[-2:] == [status, "5.1"]

    quiet(stage)

    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"
    assert history(stage)[-4:] == [status, "5.1", status, "8.8"]
    assert codes(stage) == []


@pytest.mark.parametrize("status", ["7", "4"])
def test_whatever_else_the_merchant_set_is_put_back_over_a_late_status(
    stage: Stage, status: str
) -> None:
    handed_over(stage)
    with late(stage):
        set_status(stage, status)

    quiet(stage)

    assert history(stage)[-3:] == [status, "5.1", status]
    assert stage.state(1) == "accepted"
    assert codes(stage) == [{"7": "SHIPPED_BY_HAND", "4": "ORDER_HELD"}[status]]


def test_a_settled_cancellation_is_put_back_over_the_hand_over_status(stage: Stage) -> None:
    """The order of things that a single look at the history after the write never shows."""
    stage.settle_s = 60
    handed_over(stage)
    with late(stage, seconds=12):
        set_status(stage, "8")
        stage.run()
        assert stage.plenty_status(1) == Decimal("8.8")
    assert history(stage)[-3:] == ["8", "8.8", "5.1"]

    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE writes SET doubt_until = now()"))
    quiet(stage)

    assert history(stage)[-2:] == ["5.1", "8.8"]
    calls = stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"]
    assert (stage.state(1), calls[CANCEL]) == ("cancelled", 1)


def test_the_status_of_what_left_is_put_back_over_the_hand_over_status(stage: Stage) -> None:
    statuses = {**stage.merchant.statuses.model_dump(), "shipped": "6.5"}
    settings(stage, goods_issue="status", statuses=statuses)
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["6.5"]}]})
    stage.settle_s = 60
    handed_over(stage)
    with late(stage, seconds=15):
        stage.sandbox.wemalo.act("ship", "alpha", order="1")
        stage.run()
        stage.step("writeback_status")
        assert stage.plenty_status(1) == Decimal("6.5")

    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE writes SET doubt_until = now()"))
    quiet(stage)

    assert history(stage)[-3:] == ["6.5", "5.1", "6.5"]
    assert (stage.state(1), codes(stage)) == ("shipped", [])


def test_a_late_fault_status_is_no_new_fault_of_an_order_that_was_corrected(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1, **BAD))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    with late(stage):
        stage.sandbox.plenty.act(
            "edit_address", "alpha", order=1, changes={"address1": "Weg", "address2": "1"}
        )
        time.sleep(1.1)  # the doubt about the note and its pause are not the matter here
    assert history(stage)[-1] == "6.2"

    set_status(stage, "5")
    quiet(stage)

    assert history(stage)[-1] == "5.1"
    assert stage.state(1) == "accepted"


def test_a_fault_status_in_doubt_is_dropped_once_the_order_is_good(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(answers._DEFAULT_WAIT_S, "wemalo", 2.0)  # a limit for a moment
    by_hand(stage)
    stage.add(good_order(1, **BAD))
    stage.sandbox.plenty.fault(route=PUT, kind="status", status=502, times=1)
    stage.run()
    assert history(stage) == ["5"]
    stage.sandbox.plenty.act(
        "edit_address", "alpha", order=1, changes={"address1": "Weg", "address2": "1"}
    )
    stage.sandbox.wemalo.fault(
        route="POST /v1/goodsOrder/addConditional", kind="status", status=429, times=1
    )
    time.sleep(1.1)

    quiet(stage)

    assert history(stage) == ["5", "5.1"]


@pytest.mark.parametrize("lands", [True, False], ids=["landed", "never landed"])
def test_a_status_without_an_answer_is_there_once(stage: Stage, lands: bool) -> None:
    stage.settle_s = 0
    handed_over(stage)
    fault = {"kind": "lost_reply"} if lands else {"kind": "status", "status": 502}
    stage.sandbox.plenty.fault(route=PUT, times=1, **fault)
    stage.step("writeback_status")
    assert codes(stage) == ["STEP_FAILED"]

    quiet(stage)

    assert history(stage) == ["5", "5.1"]
    assert codes(stage) == []


def test_a_run_that_slept_over_a_settled_cancellation_is_put_right(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that another run overtakes between its permission and its call."""
    handed_over(stage)
    asleep: list[Decimal] = []
    slow = PlentyHook.set_status

    def sleeping(self: PlentyHook, order_id: int, status: Decimal) -> None:
        if not asleep:
            asleep.append(status)
            set_status(stage, "8")
            for task in (*FIRST, "writeback_status"):
                stage.step(task)
            assert stage.plenty_status(1) == Decimal("8.8")
        slow(self, order_id, status)

    monkeypatch.setattr(PlentyHook, "set_status", sleeping)
    stage.step("writeback_status")
    assert asleep == [Decimal("5.1")]

    quiet(stage)

    assert stage.plenty_status(1) == Decimal("8.8")
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"


@pytest.mark.parametrize("answer", [403, 500])
def test_one_that_cannot_be_put_back_harms_no_other(stage: Stage, answer: int) -> None:
    by_hand(stage)
    stage.add(good_order(1), good_order(2))
    for n in (1, 2):
        stage.sandbox.plenty.hook(
            route=PUT, when="before", match=f"/rest/orders/{n}?",
            action={"action": "set_status", "order": n, "status": 8},
        )  # fmt: skip
    stage.sandbox.plenty.fault(
        route=PUT, match="/rest/orders/1?", skip=1, times=1, kind="status", status=answer,
        body={"error": {"message": "This action is unauthorized."}},
    )  # fmt: skip
    stage.run()

    assert stage.plenty_status(2) == Decimal("8.8")
    assert {order["status"] for order in stage.wemalo_orders().values()} == {"CANCELLED"}
    assert stage.plenty_status(1) == Decimal("5.1")
    assert codes(stage), "the merchant's word does not stand, and somebody is told"
    stage.sandbox.plenty.clear_faults()
    with stage.engine.begin() as connection:  # hours later
        connection.execute(text("UPDATE outbox SET next_attempt_at = now()"))
        connection.execute(text("UPDATE writes SET doubt_until = now()"))
    quiet(stage)
    assert stage.plenty_status(1) == Decimal("8.8")
    assert codes(stage) == []


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


def test_a_death_between_putting_back_and_noting_it_is_found_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["8.5"]}]})
    stage.lease_s = 0
    handed_over(stage)
    stage.sandbox.plenty.hook(
        route=PUT, when="before", action={"action": "set_status", "order": 1, "status": 8.5}
    )
    real = writeback.Statuses.end

    def dying(kind: writeback.Statuses, *done: Any) -> None:
        if kind.step == "put_back":
            raise Death
        real(kind, *done)

    with monkeypatch.context() as patch:
        patch.setattr(writeback.Statuses, "end", dying)
        with pytest.raises(Death):
            stage.step("writeback_status")
    assert history(stage) == ["5", "8.5", "5.1", "8.5"]

    quiet(stage)

    assert history(stage) == ["5", "8.5", "5.1", "8.5", "8.8"]
    assert stage.wemalo_orders()["1"]["status"] == "CANCELLED"


def test_a_settled_fact_that_cannot_be_set_is_told_until_somebody_has_seen_it(
    stage: Stage,
) -> None:
    handed_over(stage)
    stage.step("writeback_status")
    set_status(stage, "8")
    for task in FIRST:
        stage.step(task)
    assert stage.state(1) == "cancelled"
    set_status(stage, "3")

    quiet(stage, runs=2)

    assert "STATUS_OVERTAKEN" in codes(stage)
    with stage.engine.begin() as connection:
        journal = Journal(stage.name, "test", "run", 1)
        acknowledge(connection, journal, "order:1", "STATUS_OVERTAKEN", "somebody", "")
    stage.run()
    assert "STATUS_OVERTAKEN" not in codes(stage)


def test_what_left_while_it_waited_for_goods_gets_the_status_of_what_left(stage: Stage) -> None:
    statuses = {**stage.merchant.statuses.model_dump(), "shipped": "6.5"}
    settings(stage, goods_issue="status", statuses=statuses)
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["6.5"]}]})
    by_hand(stage)
    stage.sandbox.wemalo.fault(
        route="GET /v1/product/availableStock/", kind="status", status=500, times=3
    )
    stage.sandbox.wemalo.act("set_stock", "alpha", product="2001", quantity=0)
    stage.add(good_order(1))
    for _ in range(2):
        stage.run()
    assert (stage.state(1), stage.plenty_status(1)) == ("waiting", Decimal("6.3"))
    goods = [{"product": "2001", "quantity": 50}]
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=goods)
    stage.sandbox.wemalo.act("ship", "alpha", order="1")

    quiet(stage)

    assert stage.plenty_status(1) == Decimal("6.5")


@pytest.mark.parametrize("how", ["late", "lost_reply", "never"])
def test_a_note_without_an_answer_is_there_once(stage: Stage, how: str) -> None:
    stage.add(good_order(1, **BAD))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    if how == "late":
        with late(stage, NOTE):
            stage.run()  # too early to repeat it
            assert stage.plenty_order(1)["comments"] == []
    else:
        fault = {"kind": "lost_reply"} if how == "lost_reply" else {"kind": "status", "status": 502}
        stage.sandbox.plenty.fault(route=NOTE, times=1, **fault)
        stage.step("writeback_status")
        time.sleep(1.1)

    quiet(stage)

    assert len(stage.plenty_order(1)["comments"]) == 1


def test_nobody_waits_for_the_note_of_an_order_that_was_deleted(stage: Stage) -> None:
    stage.add(good_order(1, **BAD))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    stage.sandbox.plenty.act("delete", "alpha", order=1)

    quiet(stage, runs=2)

    assert "note_dropped" in stage.events(1)
    assert codes(stage) == []
