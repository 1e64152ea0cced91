"""The diary by months: moved there by the migration, made ahead, dropped whole; nothing refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from fulfilment.flow.merchants.housekeeping import tidy
from sqlalchemy import Engine, text

from include.config.merchants import find
from include.core.systems.errors import LedgerError
from include.ledger.engine import ledger_engine
from include.ledger.merchants import event_months
from include.ledger.merchants.event_months import after, months_from, name_of
from include.ledger.migrate import _config, upgrade
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.merchants.merchant import Merchant

EVENTS = "SELECT event_id, merchant, order_id, at, kind FROM order_events ORDER BY event_id"


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def write(engine: Engine, at: str, merchant: str = "alpha") -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO order_events (merchant, order_id, at, kind, task, run_id, try_number, "
                "data) VALUES (:m, 1, :at, 'fetched', 'x', 'x', 1, '{}')"
            ),
            {"m": merchant, "at": at},
        )


def read(engine: Engine, statement: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement)).all())


def places(engine: Engine) -> list[tuple[str, int]]:
    """Return which partitions have events, and how many."""
    found = read(
        engine, "SELECT CAST(tableoid AS regclass)::text, count(*) FROM order_events GROUP BY 1"
    )
    return sorted((row[0], row[1]) for row in found)


def order(engine: Engine, merchant: str = "alpha") -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (merchant, order_id, state, plenty_status) "
                "VALUES (:m, 1, 'shipped', 7)"
            ),
            {"m": merchant},
        )


def keeps(days: int | None) -> Merchant:
    alpha = find("alpha")
    changed = alpha.retention.model_copy(update={"timeline_days": days})
    return alpha.model_copy(update={"retention": changed})


def test_the_migration_moves_every_event_into_its_month_and_back(database_url: str) -> None:
    engine = ledger_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(_config(connection), "0024")
    times = (
        "2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z", "2024-03-31T23:30:00-02:00",
        "2025-12-31T23:59:59.999999Z", "2199-01-01T00:00:00Z",
    )  # fmt: skip
    for at in times:
        write(engine, at)
    before = read(engine, EVENTS)

    upgrade(database_url)
    assert read(engine, EVENTS) == before
    assert places(engine) == [
        ("order_events_2024_02", 1), ("order_events_2024_03", 1), ("order_events_2024_04", 1),
        ("order_events_2025_12", 1), ("order_events_default", 1),
    ]  # fmt: skip
    write(engine, "2024-02-01T00:00:00Z")
    newest = read(engine, EVENTS)[-1]
    assert (newest.event_id, newest.at) == (6, datetime(2024, 2, 1, tzinfo=UTC))

    with engine.begin() as connection:
        command.downgrade(_config(connection), "0022")
    assert read(engine, EVENTS) == [*before, newest]
    write(engine, "2024-02-01T00:00:00Z")
    assert read(engine, EVENTS)[-1].event_id == 7
    with engine.begin() as connection, pytest.raises(LedgerError, match="P0001"):
        connection.execute(text("DELETE FROM order_events"))
    upgrade(database_url)
    assert len(read(engine, EVENTS)) == 7
    engine.dispose()


def test_the_migration_knows_which_parcels_and_rows_are_over(database_url: str) -> None:
    engine = ledger_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(_config(connection), "0022")
        connection.execute(
            text(
                """
                INSERT INTO orders (merchant, order_id, state, plenty_status)
                SELECT 'alpha', n, CASE n WHEN 4 THEN 'partly_shipped' ELSE 'shipped' END, 7
                FROM generate_series(1, 5) n;
                INSERT INTO parcels (merchant, order_id, parcel_id, tracking_number, carrier,
                    written_number)
                VALUES ('alpha', 1, 'written', 'X1', 'DHL', 'X1'),
                    ('alpha', 2, 'changed', 'X3', 'DHL', 'X2'),
                    ('alpha', 3, 'letter', '', 'letter', NULL),
                    ('alpha', 4, 'of an open order', 'X4', 'DHL', 'X4'),
                    ('alpha', 5, 'without a number', '', 'DHL', NULL);
                INSERT INTO sent_rows (merchant, history_id, order_id, parcel_id, quantity, product,
                    complete, acknowledged_at)
                SELECT 'alpha', n, n, 'P', 1, 'A', true, CASE WHEN n < 5 THEN now() END
                FROM generate_series(1, 5) n;
                INSERT INTO stock_postings (merchant, history_id, reason, variation_id, quantity)
                VALUES ('alpha', 1, 'SENT', 1, 1), ('alpha', 2, 'INCOMING', 1, 1);
                """
            )
        )
    upgrade(database_url)
    ended = read(engine, "SELECT parcel_id FROM parcels WHERE ended_at IS NOT NULL ORDER BY 1")
    assert [row[0] for row in ended] == ["letter", "written"]
    counted = read(engine, "SELECT history_id FROM sent_rows WHERE counted_at IS NOT NULL")
    assert [row[0] for row in counted] == [1]
    engine.dispose()


def test_months_are_made_ahead_and_take_over_what_came_before_them(engine: Engine) -> None:
    order(engine)
    now = datetime.now(UTC)
    ahead = [*months_from(now, now)]
    while len(ahead) <= event_months.AHEAD:
        ahead.append(after(ahead[-1]))
    with engine.begin() as connection:  # nobody kept house for months
        for month in event_months.made(connection):
            event_months.drop(connection, month)
    with engine.begin() as connection:
        Journal("alpha", "x", "x", 1).add(connection, 1, "fetched")
    write(engine, "2024-03-05T00:00:00Z")
    assert places(engine) == [("order_events_default", 2)]
    before = read(engine, EVENTS)

    tidy(engine, {"alpha": keeps(None)}, "run-1")
    with engine.begin() as connection:
        assert event_months.made(connection) == [datetime(2024, 3, 1, tzinfo=UTC), *ahead]
    assert places(engine) == [("order_events_2024_03", 1), (name_of(ahead[0]), 1)]
    assert read(engine, EVENTS) == before
    tidy(engine, {"alpha": keeps(None)}, "run-2")
    assert read(engine, EVENTS) == before
    for statement in ("DELETE FROM order_events", "UPDATE order_events SET kind = 'x'"):
        with engine.begin() as connection, pytest.raises(LedgerError, match="P0001"):
            connection.execute(text(statement))


def test_a_month_goes_as_a_whole_once_nobody_keeps_it_any_more(engine: Engine) -> None:
    for merchant in ("alpha", "other"):
        order(engine, merchant)
    year = datetime.now(UTC).year
    for at in (f"{year - 5}-01-05", f"{year - 2}-01-05", f"{year}-01-05"):
        for merchant in ("alpha", "other"):
            write(engine, at, merchant)
    ever = {"alpha": keeps(None), "other": keeps(365)}
    assert tidy(engine, ever, "run-1")["months"] == 0
    assert len(read(engine, EVENTS)) == 6
    long = {"alpha": keeps(365 * 4), "other": keeps(365)}
    assert tidy(engine, long, "run-2")["months"] == 1
    assert [row.at.year for row in read(engine, EVENTS)] == [year - 2, year - 2, year, year]
    assert tidy(engine, {"alpha": keeps(365)}, "run-3")["months"] == 0, "the other one's default"
    both = {"alpha": keeps(365), "other": keeps(365)}
    assert tidy(engine, both, "run-4")["months"] == 1
    assert [row.at.year for row in read(engine, EVENTS)] == [year, year]


def test_who_reads_the_diary_is_not_disturbed_and_the_next_night_makes_up_for_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_months, "_WAIT", "100ms")
    order(engine)
    write(engine, "2015-01-05")
    with engine.connect() as reader:
        reader.execute(text(EVENTS))
        assert tidy(engine, {"alpha": keeps(365)}, "run-1")["months"] == 0
    assert len(read(engine, EVENTS)) == 1
    assert tidy(engine, {"alpha": keeps(365)}, "run-2")["months"] == 1
    assert read(engine, EVENTS) == []
