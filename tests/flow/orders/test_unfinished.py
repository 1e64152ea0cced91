"""What the warehouse cannot begin with, and writes that are never finished."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from include.core.orders.send_again import TRIES
from include.core.orders.states import State
from include.ledger.exceptions import exceptions
from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.orders.exits import ADD, by_hand, calls, handed_over, numbers, put, seen, told
from tests.flow.stage import Stage, good_order, settings


def text_of(stage: Stage, code: str) -> str:
    with stage.engine.begin() as connection:
        rows = {row.code: row.en for row in open_exceptions(connection, stage.name)}
    return str(rows[code])


def cannot_start(stage: Stage, reason: str, times: int) -> None:
    by_hand(stage)
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason=reason, times=times)
    stage.add(good_order(1))
    stage.run()
    assert stage.state(1) == "waiting"


@pytest.mark.parametrize("reason", ["UNKNOWN", "ADDRESS"])
def test_what_the_warehouse_cannot_begin_with_is_told_at_once_and_sent_again(
    stage: Stage, reason: str
) -> None:
    cannot_start(stage, reason, times=3)
    assert told(stage) == ["WAREHOUSE_CANNOT_START"]
    assert reason in text_of(stage, "WAREHOUSE_CANNOT_START")
    assert f"{TRIES} more time(s)" in text_of(stage, "WAREHOUSE_CANNOT_START")
    before = calls(stage, ADD)
    stage.run()
    assert calls(stage, ADD) == before, "its first pause is not over"

    stage.again_s = 0
    stage.run()
    assert calls(stage, ADD) == before + 1
    assert f"{TRIES - 1} more time(s)" in text_of(stage, "WAREHOUSE_CANNOT_START")
    for _ in range(3):
        stage.run()

    assert stage.state(1) == "accepted"
    assert stage.plenty_status(1) == Decimal("5.1")
    assert told(stage) == []
    assert calls(stage, ADD) == before + stage.events(1).count("sent_again")
    notes = [c["text"] for c in stage.plenty_order(1)["comments"]]
    assert len(notes) == 1, "no note for each time it is sent"
    assert ("erneut gesendet" in notes[0]) == (reason == "UNKNOWN")


def test_it_is_not_sent_for_ever(stage: Stage) -> None:
    stage.again_s = 0
    cannot_start(stage, "UNKNOWN", times=99)
    for _ in range(TRIES + 2):
        stage.step("reconcile_tracking")

    assert stage.events(1).count("sent_again") == TRIES
    assert "It is not sent again by itself." in text_of(stage, "WAREHOUSE_CANNOT_START")


@pytest.mark.parametrize("reason", ["STOCK", "BILL", "DATE"])
def test_what_waits_for_goods_a_bill_or_a_day_is_only_looked_at(stage: Stage, reason: str) -> None:
    stage.again_s = 0
    cannot_start(stage, reason, times=99)
    before = calls(stage, ADD)
    stage.run()

    assert calls(stage, ADD) == before
    assert told(stage) == []


def test_the_plain_route_sends_nothing_twice_and_says_so(stage: Stage) -> None:
    wemalo = {**stage.merchant.wemalo.model_dump(), "create_route": "add"}
    settings(stage, wemalo=wemalo)
    stage.again_s = 0
    cannot_start(stage, "UNKNOWN", times=99)
    stage.run()

    assert stage.wemalo_orders()["1"]["submissions"] == 1
    assert "It is not sent again by itself." in text_of(stage, "WAREHOUSE_CANNOT_START")


def test_a_sending_whose_answer_is_lost_is_repeated_only_after_it_has_settled(
    stage: Stage,
) -> None:
    cannot_start(stage, "UNKNOWN", times=99)
    stage.again_s, stage.settle_s = 0, 3600
    before = calls(stage, ADD)
    stage.sandbox.wemalo.fault(route=ADD, kind="status", status=500, times=1)
    for _ in range(3):
        stage.run()

    assert stage.sandbox.wemalo.faults()[-1]["fired"] == 1
    assert calls(stage, ADD) == before + 1
    assert stage.events(1).count("sent_again") == 0
    assert stage.state(1) == "waiting"
    assert told(stage) == ["STEP_FAILED", "WAREHOUSE_CANNOT_START"]


def test_a_cancellation_comes_before_sending_again(stage: Stage) -> None:
    cannot_start(stage, "UNKNOWN", times=99)
    stage.again_s = 0
    before = calls(stage, ADD)
    put(stage, cancel_requested_at="2026-07-01T00:00:00Z")
    stage.step("reconcile_tracking")

    assert calls(stage, ADD) == before


@pytest.mark.parametrize(
    "state",
    sorted(set(State) - {State.SHIPPED, State.PARTLY_SHIPPED, State.ACCEPTED, State.WAITING,
                         State.SUBMITTING, State.CANCELLING}),
)  # fmt: skip
def test_a_parcel_of_an_order_that_should_not_ship_ends_it_and_is_told_until_seen(
    stage: Stage, state: State
) -> None:
    handed_over(stage)
    put(stage, state=state)
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    stage.step("reconcile_tracking")

    assert stage.state(1) == "shipped"
    assert told(stage) == ["SHIPPED_ALTHOUGH_CANCELLED"]
    assert state in text_of(stage, "SHIPPED_ALTHOUGH_CANCELLED")
    assert len(numbers(stage)) == 1
    stage.run()
    assert "SHIPPED_ALTHOUGH_CANCELLED" in told(stage)
    assert any("versendet, obwohl" in c["text"] for c in stage.plenty_order(1)["comments"])
    seen(stage, "SHIPPED_ALTHOUGH_CANCELLED")
    stage.step("reconcile_tracking")
    assert "SHIPPED_ALTHOUGH_CANCELLED" not in told(stage)


def age(stage: Stage, table: str, column: str, by: timedelta) -> None:
    with stage.engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = now() - :by"), {"by": by})  # noqa: S608


@pytest.mark.parametrize("state", ["due", "writing"])
def test_a_write_that_is_not_finished_after_a_day_is_told_until_it_is(
    stage: Stage, state: str
) -> None:
    handed_over(stage)
    with stage.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (merchant, order_id, kind, dedupe_key, payload, state,"
                " next_attempt_at) VALUES ('alpha', 1, 'note', 'x', '{}', :state,"
                " now() + interval '9 days')"
            ),
            {"state": state},
        )
    age(stage, "outbox", "created_at", timedelta(hours=23))
    stage.step("reconcile_tracking")
    assert told(stage) == []

    age(stage, "outbox", "created_at", timedelta(hours=25))
    stage.step("reconcile_tracking")
    assert told(stage) == ["UNFINISHED"]
    assert "note" in text_of(stage, "UNFINISHED")

    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET state = 'done'"))
    stage.step("reconcile_tracking")
    assert told(stage) == []


ROWS = {
    "document:1:invoice": (
        "documents",
        "documents (merchant, order_id, kind, document_id, state, first_seen_at)"
        " VALUES ('alpha', 1, 'invoice', 5, 'unclear', now() - interval '25 hours')",
    ),
    "return:77": (
        "returns",
        "returns (merchant, return_key, order_id, announced, lines, state, planned_at)"
        " VALUES ('alpha', 77, 1, false, '[]', 'creating', now() - interval '25 hours')",
    ),
    "announcement:9": (
        "returns",
        "announced_returns (merchant, return_id, order_id, state, first_seen_at)"
        " VALUES ('alpha', 9, 1, 'announcing', now() - interval '25 hours')",
    ),
    "item:2001": (
        "stock",
        "stock_bookings (merchant, variation_id, kind, quantity, reason_id, state, created_at)"
        " VALUES ('alpha', 2001, 'correction', 1, 1, 'writing', now() - interval '25 hours')",
    ),
    "parcel:1:4": (
        "orders",
        "writes (merchant, step, subject, token, owner, lease_until, doubt_until, doubt_since)"
        " VALUES ('alpha', 'package', 'parcel:1:4', 1, 'x', now(), now(),"
        " now() - interval '25 hours')",
    ),
}


@pytest.mark.parametrize("subject", sorted(ROWS))
def test_nothing_that_was_written_ahead_lies_for_more_than_a_day_without_a_word(
    stage: Stage, subject: str
) -> None:
    part, row = ROWS[subject]
    handed_over(stage)
    on = {"returns": {"returns": {"create": True}}, "stock": {"stock": {"enabled": True}},
          "documents": {"documents": {"invoice": "required"}}}.get(part, {})  # fmt: skip
    settings(stage, **on)
    with stage.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {row}"))
    stage.step("reconcile_tracking")

    with stage.engine.begin() as connection:
        found = [
            one.subject
            for one in exceptions.open_exceptions(connection, stage.name)
            if one.code == "UNFINISHED"
        ]
    assert found == [subject]


def test_a_call_in_doubt_about_an_order_that_has_ended_is_nobodys_turn(stage: Stage) -> None:
    handed_over(stage)
    with stage.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {ROWS['parcel:1:4'][1]}"))
    put(stage, state="cancelled")
    stage.step("reconcile_tracking")

    assert told(stage) == []
