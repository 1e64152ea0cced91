"""Retention: addresses are forgotten when the merchant's days are over, and not a day before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.merchants.housekeeping import tidy
from sqlalchemy import Engine, select, text

from include.config.merchants import find
from include.core.orders.plenty_order import parse_order
from include.core.orders.states import NEVER_SENT, State
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.merchants import retention
from include.ledger.orders import batches, orders, outbox, timeline
from include.ledger.orders.journal import Journal
from include.ledger.tables import orders as orders_table
from tests.core.builders import COUNTRIES, order_json

if TYPE_CHECKING:
    from collections.abc import Iterator

JOURNAL = Journal("alpha", "test", "run-1", 1)
DAYS = 30


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def add(engine: Engine, order_id: int, journal: Journal = JOURNAL) -> None:
    order = replace(parse_order(order_json(), COUNTRIES), order_id=order_id)
    with engine.begin() as connection:
        batch = batches.open_batch(connection, journal.merchant, "run-1", (None, None))
        orders.put_fetched(connection, journal, batch, [order])


def age(engine: Engine, order_id: int, state: State, days: float) -> None:
    """Put the order into a state that it reached ``days`` ago."""
    ended = state in (State.SHIPPED, State.CANCELLED, State.WITHDRAWN)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE orders SET state = :state, changed_at = now() - make_interval(hours => :h),"
                " ended_at = CASE WHEN :ended THEN now() - make_interval(hours => :h) END"
                " WHERE order_id = :id"
            ),
            {"state": state, "h": int(days * 24), "ended": ended, "id": order_id},
        )


def row(engine: Engine, order_id: int) -> Any:
    with engine.begin() as connection:
        return orders.one(connection, "alpha", order_id)


def forget(engine: Engine) -> int:
    with engine.begin() as connection:
        return retention.forget_addresses(connection, JOURNAL, DAYS)


@pytest.mark.parametrize("state", [State.SHIPPED, State.CANCELLED, State.WITHDRAWN, State.INVALID])
def test_an_address_is_kept_until_its_day_and_then_only_hash_and_timeline_remain(
    engine: Engine, state: State
) -> None:
    add(engine, 1)
    before = row(engine, 1)
    assert before.content["delivery"]
    age(engine, 1, state, DAYS - 0.1)
    assert forget(engine) == 0
    assert row(engine, 1).content == before.content
    age(engine, 1, state, DAYS + 0.1)
    assert forget(engine) == 1
    after = row(engine, 1)
    assert after.content is None
    assert after.new_content is None
    assert after.fingerprint == before.fingerprint
    with engine.begin() as connection:
        found = timeline.read(connection, "alpha", 1)
    assert found is not None
    assert [event.kind for event in found.events] == ["fetched", "address_removed"]
    assert forget(engine) == 0


@pytest.mark.parametrize(
    "state", sorted(set(State) - {State.SHIPPED, State.CANCELLED, State.WITHDRAWN, State.INVALID})
)
def test_an_order_that_has_not_ended_keeps_its_address_until_it_has_not_moved_for_months(
    engine: Engine, state: State
) -> None:
    add(engine, 1)
    age(engine, 1, state, DAYS * retention.UNMOVED - 0.1)
    assert forget(engine) == 0
    assert row(engine, 1).content["delivery"]

    age(engine, 1, state, DAYS * retention.UNMOVED + 0.1)
    assert forget(engine) == 1
    after = row(engine, 1)
    assert (after.content, after.state) == (None, state)
    # what the warehouse never had is read again once it is released again
    assert (after.plenty_updated_at is None) == (state in NEVER_SENT)
    with engine.begin() as connection:
        found = timeline.read(connection, "alpha", 1)
    assert found is not None
    assert found.events[-1].kind == "address_removed_unended"
    assert found.events[-1].data == {"state": state}
    assert forget(engine) == 0


def test_a_faulty_order_that_the_warehouse_once_had_keeps_its_content(engine: Engine) -> None:
    add(engine, 1)
    with engine.begin() as connection:
        orders.touch(connection, "alpha", [1], sent_fingerprint="abc")
    age(engine, 1, State.INVALID, DAYS * 2)
    assert forget(engine) == 0


def test_an_order_under_way_keeps_its_address_although_ended_ones_lose_it_at_once(
    engine: Engine,
) -> None:
    for order_id, state in ((1, State.SHIPPED), (2, State.ACCEPTED)):
        add(engine, order_id)
        age(engine, order_id, state, retention.LEAST_DAYS)
    with engine.begin() as connection:
        assert retention.forget_addresses(connection, JOURNAL, 0) == 1
    assert row(engine, 1).content is None
    assert row(engine, 2).content["delivery"]


def test_an_address_is_forgotten_after_months_although_a_write_about_it_never_ends(
    engine: Engine,
) -> None:
    add(engine, 1)
    age(engine, 1, State.NO_STOCK, 1000)
    with engine.begin() as connection:
        outbox.enqueue(connection, JOURNAL, 1, "note", "note:x", {"key": "x", "text": "y"})
    assert forget(engine) == 1


def test_nothing_is_forgotten_while_something_is_left_to_be_written(engine: Engine) -> None:
    add(engine, 1)
    age(engine, 1, State.SHIPPED, 1000)
    with engine.begin() as connection:
        outbox.enqueue(connection, JOURNAL, 1, "note", "note:x", {"key": "x", "text": "y"})
    assert forget(engine) == 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET state = 'done'"))
    assert forget(engine) == 1


def test_another_merchants_orders_are_left_alone(engine: Engine) -> None:
    other = Journal("beta", "test", "run-1", 1)
    add(engine, 1, other)
    age(engine, 1, State.SHIPPED, 1000)
    assert forget(engine) == 0


def test_a_forgotten_order_that_is_released_again_is_read_again(engine: Engine) -> None:
    add(engine, 1)
    age(engine, 1, State.CANCELLED, 1000)
    assert forget(engine) == 1
    add(engine, 1)
    again = row(engine, 1)
    assert again.state == State.FETCHED
    assert again.content["delivery"]


def test_paperwork_goes_with_its_order_and_what_is_open_stays(engine: Engine) -> None:
    for order_id in (1, 2):
        add(engine, order_id)
        with engine.begin() as connection:
            outbox.enqueue(connection, JOURNAL, order_id, "note", "n", {"key": "x", "text": "y"})
            connection.execute(text("UPDATE outbox SET state = 'done'"))
    age(engine, 1, State.SHIPPED, 400)
    age(engine, 2, State.ACCEPTED, 400)
    with engine.begin() as connection:
        for run, days in (("idle", 400), ("young", 10)):
            batch = batches.open_batch(connection, "alpha", run, (None, None))
            connection.execute(
                text(
                    "UPDATE batches SET opened_at = now() - make_interval(days => :d)"
                    " WHERE batch_id = :b"
                ),
                {"d": days, "b": batch},
            )
        texts = {"de": "a", "en": "b", "action_de": "c", "action_en": "d"}
        for subject in ("order:1", "order:2"):
            exceptions.raise_exception(
                connection, JOURNAL, subject=subject, code="CANCEL_TOO_LATE", **texts
            )
        connection.execute(
            text(
                "UPDATE exceptions SET cleared_at = now() - interval '400 days'"
                " WHERE subject = 'order:1'"
            )
        )
        assert retention.drop_paperwork(connection, "alpha", 365) == 3
        assert connection.execute(text("SELECT order_id FROM outbox")).scalars().all() == [2]
        assert connection.execute(text("SELECT subject FROM exceptions")).scalars().all() == [
            "order:2"
        ]
        runs = connection.execute(text("SELECT run_id FROM batches ORDER BY 1")).scalars().all()
        assert runs == ["run-1", "young"]
        assert connection.execute(select(orders_table.c.order_id)).scalars().all() == [1, 2]


def test_each_merchant_by_its_own_days_and_one_without_a_file_by_the_default(
    engine: Engine,
) -> None:
    alpha = find("alpha")
    patient = alpha.model_copy(
        update={"retention": alpha.retention.model_copy(update={"address_days": 90})}
    )
    for order_id, merchant in ((1, "alpha"), (2, "gone")):
        add(engine, order_id, Journal(merchant, "test", "run-1", 1))
        age(engine, order_id, State.SHIPPED, 60)
    counts = tidy(engine, {"alpha": patient}, "run-2")
    assert counts == {"merchants": 2, "addresses": 1, "paperwork": 0, "months": 0}
    with engine.begin() as connection:
        kept = select(orders_table.c.merchant).where(orders_table.c.content.is_not(None))
        assert connection.execute(kept).scalars().all() == ["alpha"]


def test_more_than_one_transaction_is_used_where_there_is_much(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for order_id in range(1, 6):
        add(engine, order_id)
        age(engine, order_id, State.SHIPPED, 1000)
    assert tidy(engine, {}, "run-2")["addresses"] == 5
