from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, select, text

from include.core.orders.plenty_order import parse_order
from include.core.orders.states import State
from include.core.systems.errors import LedgerError
from include.ledger.engine import ledger_engine
from include.ledger.orders import batches, in_flight, orders, outbox, to_look_at
from include.ledger.orders.journal import Journal
from include.ledger.systems import writes
from include.ledger.tables import order_events
from include.ledger.tables import orders as orders_table
from tests.core.builders import COUNTRIES, order_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.orders.models import Order

JOURNAL = Journal("alpha", "test", "run-1", 1)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def order(order_id: int = 1) -> Order:
    return replace(parse_order(order_json(), COUNTRIES), order_id=order_id)


def put(engine: Engine, *fetched: Order) -> int:
    with engine.begin() as connection:
        batch = batches.open_batch(connection, "alpha", "run-1", (None, None))
        orders.put_fetched(connection, JOURNAL, batch, fetched or [order()])
    return batch


def state(engine: Engine, order_id: int = 1) -> State:
    with engine.begin() as connection:
        return orders.known(connection, "alpha", [order_id])[order_id].state


def move(engine: Engine, new: State, **kw: object) -> bool:
    with engine.begin() as connection:
        return orders.move(connection, JOURNAL, 1, new, **kw)  # type: ignore[arg-type]


def kinds(engine: Engine, order_id: int = 1) -> list[str]:
    with engine.begin() as connection:
        return list(
            connection.execute(
                select(order_events.c.kind)
                .where(order_events.c.order_id == order_id)
                .order_by(order_events.c.event_id)
            ).scalars()
        )


def test_a_fetched_order_comes_back_as_it_was(engine: Engine) -> None:
    put(engine)
    with engine.begin() as connection:
        (row,) = to_look_at.due(connection, "alpha", [State.FETCHED], [1])
        assert orders.content(row) == order()
        assert row.episode == 1


def test_the_same_order_of_two_merchants_is_two_orders(engine: Engine) -> None:
    put(engine)
    with engine.begin() as connection:
        assert orders.known(connection, "beta", [1]) == {}


def test_a_move_that_the_state_machine_does_not_know_changes_nothing_and_is_recorded(
    engine: Engine,
) -> None:
    put(engine)
    assert not move(engine, State.CANCELLING)
    assert state(engine) is State.FETCHED
    assert kinds(engine) == ["fetched", "move_refused"]


def test_an_order_at_the_warehouse_is_not_overwritten_by_a_new_fetch(engine: Engine) -> None:
    put(engine)
    for new in (State.READY, State.SUBMITTING, State.ACCEPTED):
        assert move(engine, new)
    put(engine)
    assert state(engine) is State.ACCEPTED


def test_an_order_released_again_starts_a_new_episode(engine: Engine) -> None:
    put(engine)
    assert move(engine, State.INVALID, sets={"reason_code": "X"})
    put(engine)
    with engine.begin() as connection:
        (row,) = to_look_at.due(connection, "alpha", [State.FETCHED], [1])
    assert (row.episode, row.reason_code, row.ended_at) == (2, None, None)


def test_of_many_who_want_to_send_an_order_one_wins(engine: Engine) -> None:
    put(engine)
    move(engine, State.READY)

    def claim(_: int) -> bool:
        with engine.begin() as connection:
            return orders.write_ahead(
                connection, JOURNAL, 1, State.SUBMITTING, only_from=[State.READY]
            )

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [False] * 7 + [True]


def row(engine: Engine) -> Any:
    with engine.begin() as connection:
        return orders.one(connection, "alpha", 1)


def test_what_was_decided_of_older_content_is_not_noted(engine: Engine) -> None:
    put(engine)
    judged = row(engine).version
    put(engine)

    assert not move(engine, State.READY, expect_version=judged)
    with engine.begin() as connection:
        assert not orders.decide(connection, "alpha", 1, judged, change_state="good")
        assert orders.decide(connection, "alpha", 1, judged + 1, change_state="good")
        assert not orders.decide(connection, "alpha", 1, judged + 1, change_state="bad")
    assert (row(engine).state, row(engine).change_state) == ("fetched", "good")


@pytest.mark.parametrize("ahead", [State.SUBMITTING, State.CANCELLING])
def test_an_order_that_comes_back_from_a_write_is_seen_anew(engine: Engine, ahead: State) -> None:
    put(engine)
    for state in (State.READY, State.SUBMITTING, State.ACCEPTED):
        move(engine, state)
    with engine.begin() as connection:
        orders.touch(connection, "alpha", [1], seen_updated_at=datetime.now(UTC))
    move(engine, ahead)
    assert row(engine).seen_updated_at is not None

    move(engine, State.ACCEPTED)

    assert row(engine).seen_updated_at is None


def test_only_a_write_without_a_claim_never_left(engine: Engine) -> None:
    put(engine)
    move(engine, State.READY)
    move(engine, State.SUBMITTING)

    with engine.begin() as connection:
        assert [one.order_id for one in in_flight.never_left(connection, "alpha")] == [1]
        writes.take(connection, "alpha", "hand_over", ["order:1"], owner="a", lease_s=60)
        assert in_flight.never_left(connection, "alpha") == []
        assert in_flight.unsettled(connection, "alpha", "hand_over") == [], "somebody holds it"
        writes.take(connection, "alpha", "cancel", ["order:1"], owner="a", lease_s=0)
        assert in_flight.unsettled(connection, "alpha", "cancel") == [1]


@pytest.mark.parametrize(
    "statement", ["UPDATE order_events SET kind = 'x'", "DELETE FROM order_events"]
)
def test_the_diary_cannot_be_changed(engine: Engine, statement: str) -> None:
    put(engine)
    with engine.begin() as connection, pytest.raises(LedgerError, match="P0001"):
        connection.execute(text(statement))


def test_an_order_that_cannot_be_read_is_kept_with_its_reason(engine: Engine) -> None:
    batch = put(engine)
    with engine.begin() as connection:
        orders.put_unreadable(connection, JOURNAL, batch, 7, "ORDER_MALFORMED", {"field": "typeId"})
        row = connection.execute(select(orders_table).where(orders_table.c.order_id == 7)).one()
    assert (row.state, row.reason_code, row.reason) == (
        State.QUARANTINED,
        "ORDER_MALFORMED",
        {"field": "typeId"},
    )


def test_a_second_try_of_a_run_gets_its_batch_and_replaces_its_counts(engine: Engine) -> None:
    batch = put(engine)
    with engine.begin() as connection:
        assert batches.open_batch(connection, "alpha", "run-1", (None, None)) == batch
        batches.add_counts(connection, batch, {"released": 2})
        batches.add_counts(connection, batch, {"released": 3, "valid": 1})
        assert batches.counts_of(connection, batch) == {"released": 3, "valid": 1}
        later = batches.open_batch(connection, "alpha", "run-2", (None, None))
        assert later != batch
        assert batches.previous_start(connection, "alpha", later) is not None
        assert batches.previous_start(connection, "alpha", batch) is None


def queue(engine: Engine, key: str = "status:5.1:1") -> bool:
    with engine.begin() as connection:
        return outbox.enqueue(connection, JOURNAL, 1, "status", key, {"target": "5.1"})


def test_a_fact_is_queued_once(engine: Engine) -> None:
    assert queue(engine)
    assert not queue(engine)
    assert queue(engine, "status:5.1:2")


def test_one_writer_at_a_time_and_an_interrupted_one_is_followed_by_another(engine: Engine) -> None:
    queue(engine)
    with engine.begin() as connection:
        (row,) = outbox.pending(connection, "alpha", ["status"], [1])
        assert outbox.begin(connection, row.outbox_id)
        assert not outbox.begin(connection, row.outbox_id)
        assert outbox.pending(connection, "alpha", ["status"], [1]) == []
        assert outbox.has_pending(connection, "alpha", [1], ["status"]) == {1}
        outbox.postpone(connection, row.outbox_id, "KILLED", ambiguous=True, wait_s=0)
    with engine.begin() as connection:
        (again,) = outbox.pending(connection, "alpha", ["status"], [1])
        assert (again.state, again.attempts) == ("writing", 1)
        outbox.finish(connection, again.outbox_id)
        assert outbox.has_pending(connection, "alpha", [1], ["status"]) == set()


def test_pauses_grow_and_stay_bounded(engine: Engine) -> None:
    queue(engine)
    with engine.begin() as connection:
        (row,) = outbox.pending(connection, "alpha", ["status"], [1])
        outbox.postpone(connection, row.outbox_id, "X", ambiguous=False)
        waits = []
        for attempts in (0, 1, 5, 500):
            connection.execute(text("UPDATE outbox SET attempts = :n"), {"n": attempts})
            outbox.postpone(connection, row.outbox_id, "X", ambiguous=False)
            seconds = connection.execute(
                text("SELECT extract(epoch FROM next_attempt_at - now()) FROM outbox")
            ).scalar_one()
            waits.append(round(seconds))
    assert waits == [30, 60, 960, 3600]


def test_statuses_are_kept_as_decimals(engine: Engine) -> None:
    put(engine)
    with engine.begin() as connection:
        orders.set_statuses(connection, "alpha", {1: Decimal("5.1")})
        assert connection.execute(select(orders_table.c.plenty_status)).scalar_one() == Decimal(
            "5.1"
        )
