"""What ended costs nothing: an idle run, a look and a page read open work, not history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment import texts
from sqlalchemy import NullPool, create_engine, event, text

from include.bench.ended_orders import fill, settle
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.exceptions.undone import resting, undone
from include.ledger.merchants import open_work, retention
from include.ledger.orders import timeline
from include.ledger.systems import failures, locks
from tests.flow.stage import Stage, good_order
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy import Engine

    from include.stack.postgres import PostgresServer

ENDED = 200_000  # orders of the merchant, and as many of another one
OPEN = 3  # orders at the warehouse
#: rows that a statement may read of one table: what is open, and what belongs to it
MOST_ROWS = 40
GROWING = {
    "announced_returns", "batches", "documents", "exceptions", "order_events", "orders", "outbox",
    "parcels", "return_rows", "returns", "sent_rows", "stock_bookings", "stock_postings",
}  # fmt: skip
#: of this database: blocks read so far, and sessions beside the one that asks
READ = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)
EMPTY = "SELECT relname FROM pg_class WHERE relname LIKE 'order_events_%' AND relpages = 0"
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def idle(stage: Stage) -> None:
    """Let a run find nothing to do, then a look of the watcher, then what people look at."""
    stage.run(groups=True)
    assert stage.errors == {}
    with stage.engine.connect() as connection:
        found = undone(
            connection, stage.name, stage.merchant.groups, resting=resting(connection, stage.name)
        )
        assert found == []
        locks.at_work(connection, stage.name, sorted(texts.TASKS))
        retention.merchants(connection)
        exceptions.open_exceptions(connection)
        open_work.open_work(connection, stage.name)
        timeline.read(connection, stage.name, 1)
        failures.of_subject(connection, stage.name, "order:1")
        exceptions.of_order(connection, stage.name, 1, [2001])


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement that was sent, and its plan as it went with its first values."""

    statement: str
    plan: dict[str, Any]


def sent_by(stage: Stage, admin: Engine, work: Callable[[Stage], None]) -> list[Sent]:
    """Return the statements that ``work`` sends, each with its plan of right afterwards."""
    values: dict[str, Any] = {}

    def note(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(VERBS):
            if cursor.name:  # streamed, and planned for its first rows
                statement = f"DECLARE streamed CURSOR FOR {statement}"
            first = parameters[0] if isinstance(parameters, list) else parameters
            values.setdefault(statement, first)

    event.listen(stage.engine, "before_cursor_execute", note)
    work(stage)
    event.remove(stage.engine, "before_cursor_execute", note)
    return [Sent(one, plan_of(admin, one, some)) for one, some in values.items()]


def plan_of(engine: Engine, statement: str, values: Any) -> dict[str, Any]:
    """Run a statement, take it back, and return its plan as it went."""
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]  # type: ignore[index]
        connection.rollback()
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def greedy(sent: Sent, empty: Collection[str]) -> list[tuple[str, str, float]]:
    """Return where a statement goes through a table that grows, or reads more than is open.

    :param empty: months without events: to go through them costs nothing.
    """
    found = []
    for node in nodes(sent.plan):
        table = node.get("Relation Name") or ""
        grows = any(table == one or table.startswith(f"{one}_") for one in GROWING)
        left_out = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
        rows = node["Actual Rows"] + sum(node.get(name, 0) for name in left_out)
        read = float(rows * node["Actual Loops"])
        scans = grows and node["Node Type"] == "Seq Scan" and table not in empty
        if scans or ((grows or "Index Name" in node) and read > MOST_ROWS):
            found.append((node["Node Type"], table or node["Index Name"], read))
    return found


@pytest.fixture
def quiet(postgres_server: PostgresServer) -> Iterator[None]:
    """Keep autovacuum, which reads as well, out of the counts."""
    server = create_engine(
        postgres_server.ensure_database("postgres"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    for statement in ("ALTER SYSTEM SET autovacuum = off", "ALTER SYSTEM RESET autovacuum"):
        with server.connect() as connection:
            connection.execute(text(statement))
            connection.execute(text("SELECT pg_reload_conf()"))
        if statement.endswith("off"):
            yield


def blocks_of(stage: Stage, counter: Engine) -> int:
    """Return how many blocks the sessions of an idle run, look and page read, cached or not."""
    counts = []
    for work in (lambda: None, lambda: None, lambda: idle(stage)):
        work()
        stage.engine.dispose()  # sessions that ended have told all their counts
        with counter.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            eventually(lambda: connection.execute(text(OTHERS)).scalar_one() == 0)
            counts.append(int(connection.execute(text(READ)).scalar_one()))
    start, counted, end = counts
    return (end - counted) - (counted - start)  # without what counting takes


@pytest.mark.usefixtures("quiet")
@pytest.mark.timeout(600)
def test_a_run_a_look_and_a_page_read_no_more_when_400_000_orders_have_ended(
    stage: Stage, ledger_url: str, record_property: Callable[[str, object], None]
) -> None:
    admin = ledger_engine(ledger_url, poolclass=NullPool)
    stage.look_again_s = 900  # as in real life
    stage.add(*(good_order(number) for number in range(1, OPEN + 1)))
    stage.run(groups=True)
    assert stage.state(1) == "accepted"
    stage.run(groups=True)
    settle(admin)
    before = blocks_of(stage, admin)
    fill(admin, [stage.name, "another"], ENDED, events=("fetched", "shipped"))
    blocks_of(stage, admin)
    after = blocks_of(stage, admin)
    record_property("figures", f"blocks of an idle run: {before} empty, {after} with {2 * ENDED:,}")

    sent = sent_by(stage, admin, idle)
    assert len(sent) > 100, "the chain's statements were not seen"
    with admin.connect() as connection:
        empty = set(connection.execute(text(EMPTY)).scalars())
    found = {one.statement: greedy(one, empty) for one in sent}
    assert {statement: where for statement, where in found.items() if where} == {}
    assert after <= before * 1.2
