"""The protocol of external writes, with a note as the write: doing it twice shows."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.opening import LEASE_MARGIN_S, lease_seconds
from fulfilment.flow.systems.write import Write, write
from sqlalchemy import text

from include.core.systems.errors import (
    AmbiguousWrite,
    FulfilmentError,
    InDoubt,
    LedgerUnavailable,
    OrderRejected,
    WriteHeld,
)
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.systems import locks, writes
from tests.flow.stage import Stage, good_order, set_connection

NOTE = "POST /rest/comments"
ABOUT = Write("note", ("order:1",), "the note of order 1")


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


def notes(stage: Stage) -> int:
    return len(stage.plenty_order(1)["comments"])


def put(stage: Stage, **options: Any) -> Any:
    work = stage.work("writeback_status")

    def look() -> int | None:
        return 1 if work.plenty.comments(1) else None

    options = {"look": look, **options}
    send = options.pop("send", lambda: work.plenty.add_comment(1, "note"))
    return write(work, work.plenty, ABOUT, send, **options)


def doubts(stage: Stage) -> list[Any]:
    with stage.engine.begin() as connection:
        return list(writes.in_doubt(connection, stage.name))


def rows(stage: Stage) -> int:
    with stage.engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM writes")).scalar_one())


@pytest.fixture
def order(stage: Stage) -> Stage:
    stage.add(good_order(1))
    return stage


def test_a_write_that_is_answered_leaves_no_trace(order: Stage) -> None:
    seen: list[bool] = []

    put(order, end=lambda connection, result, adopted: seen.append(adopted))

    assert (notes(order), rows(order), seen) == (1, 0, [False])


def test_a_clear_no_ends_the_doubt(order: Stage) -> None:
    order.sandbox.plenty.fault(
        route=NOTE, kind="status", status=422, body={"error": {"code": 422}}, times=1
    )
    with pytest.raises(OrderRejected):
        put(order)

    assert rows(order) == 0


def test_what_may_still_land_is_not_repeated_and_taken_once_it_is_there(order: Stage) -> None:
    conn = order.merchant.plenty.connection
    order.sandbox.plenty.fault(route=NOTE, kind="delay", seconds=2, times=1)
    address = os.environ[f"AIRFLOW_CONN_{conn.upper()}"]
    os.environ[f"AIRFLOW_CONN_{conn.upper()}"] = address + "?timeout=0.5"
    with pytest.raises(AmbiguousWrite):
        put(order)
    os.environ[f"AIRFLOW_CONN_{conn.upper()}"] = address
    with pytest.raises(InDoubt):
        put(order)
    time.sleep(2.5)
    adopted: list[bool] = []

    put(order, end=lambda connection, result, found: adopted.append(found))

    assert (notes(order), rows(order), adopted) == (1, 0, [True])


def test_what_never_landed_is_repeated_after_it_settled_and_a_second_look(order: Stage) -> None:
    order.settle_s = 0.5
    order.sandbox.plenty.fault(route=NOTE, kind="status", status=502, times=1)
    with pytest.raises(AmbiguousWrite):
        put(order)
    time.sleep(0.6)
    with pytest.raises(InDoubt):
        put(order)
    assert notes(order) == 0

    put(order)

    assert (notes(order), rows(order)) == (1, 0)


@pytest.mark.parametrize("sent", [False, True])
def test_a_process_that_dies_leaves_what_may_have_happened_in_doubt(
    order: Stage, sent: bool
) -> None:
    """Killed before the call left nothing is in doubt, killed behind it everything is."""
    work = order.work("writeback_status")

    def send() -> None:
        if sent:
            work.plenty.add_comment(1, "note")
        raise Death

    order.lease_s = work.lease_s = 0
    with pytest.raises(Death):
        write(work, work.plenty, ABOUT, send)
    assert len(doubts(order)) == int(sent)

    adopted: list[bool] = []
    put(order, end=lambda connection, result, found: adopted.append(found))

    assert (notes(order), adopted) == (1, [sent])


def test_two_never_write_the_same_and_one_that_lost_its_claim_sends_nothing(order: Stage) -> None:
    order.lease_s = 0
    work = order.work("writeback_status")

    def send() -> None:
        put(order)  # this one was slow: another took it over and did it
        work.plenty.add_comment(1, "note")

    with pytest.raises(WriteHeld):
        write(work, work.plenty, ABOUT, send)

    assert (notes(order), rows(order)) == (1, 0)


def test_while_one_holds_a_write_another_leaves_it_and_that_is_no_failure(order: Stage) -> None:
    work = order.work("writeback_status")
    other = order.work("writeback_status")

    def send() -> None:
        assert each(other, "note", [1], lambda _: put(order))
        work.plenty.add_comment(1, "note")

    write(work, work.plenty, ABOUT, send)

    with order.engine.begin() as connection:
        told = open_exceptions(connection, order.name)
    assert (notes(order), rows(order), told) == (1, 0, [])


def test_what_is_no_longer_to_be_written_is_not_sent(order: Stage) -> None:
    with pytest.raises(WriteHeld):
        put(order, begin=lambda connection: False)

    assert (notes(order), rows(order)) == (0, 0)


def test_a_batch_is_held_as_a_whole_or_not_at_all(order: Stage) -> None:
    work = order.work("writeback_status")
    both = Write("note", ("order:1", "order:2"), "two notes")

    def send() -> None:
        with pytest.raises(WriteHeld):
            write(work, work.plenty, both, lambda: None)

    write(work, work.plenty, ABOUT, send)
    write(work, work.plenty, both, lambda: None)

    assert rows(order) == 0


def test_an_exception_behind_the_call_leaves_it_in_doubt(order: Stage) -> None:
    work = order.work("writeback_status")

    def send() -> None:
        work.plenty.add_comment(1, "note")
        raise KeyError("id")

    with pytest.raises(KeyError):
        write(work, work.plenty, ABOUT, send)

    assert [row.code for row in doubts(order)] == ["KeyError"]


def test_a_look_that_fails_keeps_the_doubt_and_gives_the_write_back(order: Stage) -> None:
    order.sandbox.plenty.fault(route=NOTE, kind="lost_reply", times=1)
    with pytest.raises(AmbiguousWrite):
        put(order)

    def look() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        put(order, look=look)
    put(order)

    assert (notes(order), rows(order)) == (1, 0)


def test_a_run_whose_lock_is_lost_sends_nothing_and_says_why(
    order: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "TRUSTED_S", 0)
    lost = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )

    with locks.exclusive(order.engine, order.name, "writeback_status"):
        with order.engine.begin() as connection:
            assert connection.execute(lost).rowcount == 1
        with pytest.raises(LedgerUnavailable, match="was lost") as caught:
            put(order)

    assert caught.value.code == "LOCK_LOST"
    assert (notes(order), rows(order)) == (0, 0)


def test_a_lost_session_that_waits_for_a_lock_is_not_called_another_run(order: Stage) -> None:
    ended: list[FulfilmentError] = []

    def wait() -> None:
        try:
            with locks.exclusive(order.engine, order.name, "load_to_wemalo", wait_s=30):
                pass
        except FulfilmentError as error:
            ended.append(error)

    with locks.exclusive(order.engine, order.name, "load_to_wemalo"):
        thread = threading.Thread(target=wait)
        thread.start()
        waiting = text(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT "
            "granted AND database = (SELECT oid FROM pg_database WHERE datname = "
            "current_database())"
        )
        deadline = time.monotonic() + 20
        found = False
        while not found and time.monotonic() < deadline:
            with order.engine.begin() as connection:
                found = connection.execute(waiting).rowcount > 0
        thread.join(20)

    assert [type(error) for error in ended] == [LedgerUnavailable]


def test_the_lease_outlasts_the_wait_for_a_permit_and_the_longest_call(order: Stage) -> None:
    merchant = order.merchant
    for seconds in (60, 600):
        set_connection(
            merchant.plenty.connection, "plenty", order.sandbox.plenty_url, "user", "password"
        )
        name = f"AIRFLOW_CONN_{merchant.plenty.connection.upper()}"
        os.environ[name] += f"?timeout={seconds}"
        work = order.work("writeback_status")
        needed = work.plenty._max_wait_s + 10 + 2 * seconds + LEASE_MARGIN_S

        assert lease_seconds(merchant, work.plenty, work.wemalo) >= needed
