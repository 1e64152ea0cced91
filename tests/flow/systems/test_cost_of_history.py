"""What ended costs nothing: an idle run, a look and a page read open work, not history."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment import texts
from sqlalchemy import event

from include.bench.ended_orders import fill, settle
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.exceptions.undone import resting, undone
from include.ledger.merchants import open_work, retention
from include.ledger.orders import timeline
from include.ledger.systems import failures, locks
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

ENDED = int(os.environ.get("NN", "200000"))  # orders of the merchant, and as many of another one
OPEN = 3  # orders at the warehouse
#: rows that a statement may read of one table: what is open, and what belongs to it
MOST_ROWS = 40
GROWING = {
    "announced_returns", "batches", "documents", "exceptions", "order_events", "orders", "outbox",
    "parcels", "return_rows", "returns", "sent_rows", "stock_bookings", "stock_postings",
}  # fmt: skip
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
    """A statement that was sent, how often, and its plan as it went with its first values."""

    statement: str
    times: int
    plan: dict[str, Any]

    @property
    def blocks(self) -> int:
        """Blocks that it read, from memory or not."""
        return int(self.plan["Shared Hit Blocks"] + self.plan["Shared Read Blocks"])


def sent_by(stage: Stage, admin: Engine, work: Callable[[Stage], None]) -> list[Sent]:
    """Return the statements that ``work`` sends, each with its plan of right afterwards."""
    values: dict[str, Any] = {}
    times: Counter[str] = Counter()

    def note(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(VERBS):
            if cursor.name:  # streamed, and planned for its first rows
                statement = f"DECLARE streamed CURSOR FOR {statement}"
            times[statement] += 1
            first = parameters[0] if isinstance(parameters, list) else parameters
            values.setdefault(statement, first)

    event.listen(stage.engine, "before_cursor_execute", note)
    work(stage)
    event.remove(stage.engine, "before_cursor_execute", note)
    return [Sent(one, times[one], plan_of(admin, one, values[one])) for one in times]


def plan_of(engine: Engine, statement: str, values: Any) -> dict[str, Any]:
    """Run a statement, take it back, and return its plan as it went."""
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        for _ in range(2):  # the first one reads the catalogue as well
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
            plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]  # type: ignore[index]
            connection.connection.rollback()
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def greedy(sent: Sent) -> list[tuple[str, str, float]]:
    """Return where a statement goes through a table that grows, or reads more than is open."""
    found = []
    for node in nodes(sent.plan):
        table = node.get("Relation Name") or ""
        grows = any(table == one or table.startswith(f"{one}_") for one in GROWING)
        left_out = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
        rows = node["Actual Rows"] + sum(node.get(name, 0) for name in left_out)
        read = float(rows * node["Actual Loops"])
        scans = grows and node["Node Type"] == "Seq Scan"
        if scans or ((grows or "Index Name" in node) and read > MOST_ROWS):
            found.append((node["Node Type"], table or node["Index Name"], read))
    return found


@pytest.mark.timeout(600)
def test_a_run_a_look_and_a_page_read_no_more_when_400_000_orders_have_ended(
    stage: Stage, ledger_url: str, record_property: Callable[[str, object], None]
) -> None:
    admin = ledger_engine(ledger_url)
    stage.look_again_s = 900  # as in real life
    stage.run(groups=True)
    settle(admin)
    empty = sent_by(stage, admin, idle)
    fill(admin, [stage.name, "another"], ENDED, events=("fetched", "shipped"))
    stage.run(groups=True)
    full = sent_by(stage, admin, idle)
    before, after = (sum(one.blocks * one.times for one in some) for some in (empty, full))
    record_property("figures", f"blocks of an idle run: {before} empty, {after} with {2 * ENDED:,}")
    if os.environ.get("DBG"):
        b = {one.statement: one for one in empty}
        for one in sorted(full, key=lambda o: -o.blocks * o.times)[:40]:
            e = b.get(one.statement)
            print(
                "ROW",
                one.blocks,
                one.times,
                e and (e.blocks, e.times),
                one.statement[:250].replace("\n", " "),
                [
                    (
                        n["Node Type"],
                        n.get("Index Name"),
                        n["Shared Hit Blocks"] + n["Shared Read Blocks"],
                    )
                    for n in nodes(one.plan)
                ],
            )

    stage.add(*(good_order(number) for number in range(1, OPEN + 1)))
    stage.run(groups=True)
    assert stage.state(1) == "accepted"
    stage.run(groups=True)
    full += sent_by(stage, admin, idle)
    assert len({one.statement for one in full}) > 100, "the chain's statements were not seen"
    assert {one.statement: greedy(one) for one in full if greedy(one)} == {}
    assert after <= before * 1.2
    admin.dispose()
