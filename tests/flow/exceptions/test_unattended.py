"""What is due and nobody's work starts a run: found in the ledger, and not again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from fulfilment.flow.exceptions import unattended
from fulfilment.flow.exceptions.unattended import Unattended
from fulfilment.flow.orders.between_runs import Look
from fulfilment.flow.systems import probe
from sqlalchemy import func, select, text

from include.core.merchants.modes import Mode
from include.core.orders.between_runs import Watch
from include.core.systems.errors import AuthError, Unavailable
from include.ledger.exceptions.undone import undone
from include.ledger.merchants import modes
from include.ledger.systems import circuits
from include.ledger.systems.locks import exclusive
from include.ledger.tables import circuits as resting
from tests.flow.stage import good_order

if TYPE_CHECKING:
    from tests.flow.stage import Stage

ADD = "POST /v1/goodsOrder/addConditional"
SHOP = "GET /v1/product/shop"


@pytest.fixture(autouse=True)
def _ledger(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", stage.engine.url.render_as_string(False))
    monkeypatch.setattr(probe, "hosts", probe.Hosts())


class Clock:
    """The watcher's clock, which a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(unattended.time, "monotonic", lambda: self.now)

    def on(self, seconds: float) -> None:
        self.now += seconds


def watch_of(stage: Stage) -> Watch:
    return Watch.of(stage.merchant)


def kinds(stage: Stage, *systems: str, takes_new: bool = True) -> set[str]:
    """Return what is due, with all task groups, while some systems rest."""
    with stage.engine.connect() as connection:
        groups = ("documents", "returns", "stock")
        found = undone(
            connection, stage.name, groups, takes_new=takes_new, resting=systems
        )  # fmt: skip
    return {one.kind for one in found}


def test_each_step_that_was_marked_done_by_hand_leaves_something_that_is_seen(
    stage: Stage,
) -> None:
    """A step that did not run is what marking, clearing and pausing leave behind."""
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")
    assert kinds(stage) == {"order"}
    assert kinds(stage, "wemalo") == kinds(stage, takes_new=False) == set()
    stage.step("validate")
    assert kinds(stage) == {"order"}
    stage.step("load_to_wemalo")
    assert "status" in kinds(stage)
    assert kinds(stage, "plenty") == set()
    stage.step("writeback_status")
    assert kinds(stage) == set(), "the warehouse's turn"

    stage.sandbox.wemalo.act("ship", stage.name, order="1")
    parcel = {"merchant": stage.name, "order": 1, "id": "7"}
    with stage.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO parcels (merchant, order_id, parcel_id, tracking_number, carrier)"
                " VALUES (:merchant, :order, :id, '00340434161094042557', 'DHL')"
            ),
            parcel,
        )
        connection.execute(
            text(
                "INSERT INTO sent_rows (merchant, history_id, order_id, parcel_id, quantity,"
                " product, complete) VALUES (:merchant, 5, :order, :id, 1, 'x', true)"
            ),
            parcel,
        )
    assert kinds(stage) == {"tracking"}
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE parcels SET written_number = tracking_number"))
    assert kinds(stage) == {"acknowledge"}
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE orders SET cancel_requested_at = now()"))
    assert kinds(stage, "plenty") == {"acknowledge", "cancellation"}


def test_a_lost_answer_is_due_once_it_has_settled_and_what_rests_is_not(stage: Stage) -> None:
    stage.settle_s = 60
    stage.add(good_order(1))
    stage.sandbox.wemalo.fault(route=ADD, kind="lost_reply", times=1)
    for step in ("extract_plenty_orders", "validate", "load_to_wemalo"):
        stage.step(step)
    assert stage.state(1) == "submitting"
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE failures SET next_attempt_at = now() + interval '1 hour'"))
    assert kinds(stage) == set()
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE writes SET lease_until = now(), doubt_until = now()"))
    assert kinds(stage) == set(), "it rests: a run would leave it"
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE failures SET next_attempt_at = now()"))
    assert kinds(stage) == {"look", "order", "rest_over"}
    stage.run()
    assert stage.state(1) == "accepted"
    assert len(stage.wemalo_orders()) == 1


def test_a_run_is_started_once_and_again_only_after_growing_pauses(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, look = Clock(monkeypatch), Unattended(watch_of(stage))
    stage.add(good_order(1))
    stage.step("extract_plenty_orders")

    def after(seconds: float) -> int:
        clock.on(seconds)
        return look(stage.engine, Mode.LIVE)

    assert after(0) == 0, "a run may just be between two tasks"
    with exclusive(stage.engine, stage.name, "validate"):
        assert after(30) == 0, "a run is at it"
    assert after(15) == 0
    assert after(10) == 1
    starts = [sum(after(60) for _ in range(15)) for _ in range(3)]
    assert starts == [3, 1, 1], "two, four, eight minutes, then every quarter of an hour"
    clock.on(60)
    assert look(stage.engine, Mode.FINISH) == 0
    stage.step("validate")  # something new is due: it counts anew
    assert after(15) == 0
    assert after(25) == 1


def test_a_system_that_answers_again_is_used_within_a_minute_and_asked_without_an_order(
    stage: Stage,
) -> None:
    wemalo = stage.sandbox.wemalo
    wemalo.fault(route=SHOP, kind="status", status=503, times=1)
    for _ in range(circuits.FAILURES_TO_OPEN):
        circuits.failed(stage.engine, stage.name, "wemalo", Unavailable("down"))
    look = Look(watch_of(stage))
    assert look() is None
    with stage.engine.connect() as connection:
        rest = connection.execute(
            select(resting.c.open_until - func.now(), resting.c.failures)
        ).one()
    assert rest[0] > timedelta(seconds=30), "a try that failed leaves the rest as it was"
    assert rest[1] == circuits.FAILURES_TO_OPEN
    assert look() is None, "not asked again at once"

    again = Look(watch_of(stage))
    assert again() is None, "nor by another merchant of the same host"
    probe.hosts = probe.Hosts()
    assert Look(watch_of(stage))() == {"released": 0, "cancelled": 0, "back": 1}
    with stage.engine.connect() as connection:
        assert connection.execute(select(resting)).all() == []


def test_a_refused_password_is_not_tried_again_before_its_time(stage: Stage) -> None:
    circuits.failed(stage.engine, stage.name, "wemalo", AuthError("no"))
    before = stage.sandbox.wemalo.calls(stage.name)
    assert Look(watch_of(stage))() is None
    assert stage.sandbox.wemalo.calls(stage.name) == before


def test_a_paused_merchant_starts_no_run_and_one_that_finishes_only_for_what_is_out(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    look = Look(watch_of(stage))
    for mode in (Mode.PAUSED, Mode.FINISH):
        with stage.engine.begin() as connection:
            modes.decide(connection, stage.name, mode, by="anna", reason="test")
        assert look() is None
    with stage.engine.begin() as connection:
        modes.decide(connection, stage.name, Mode.LIVE, by="anna", reason="test")
    assert look() == {"released": 1, "cancelled": 0}
