"""A large backlog: few orders at a time are held, and each fares as if all were."""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import PlentyHook
from sqlalchemy import event

from include.core.orders.models import Order
from include.ledger.quality import data_docs, quality
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDED_OVER, BAD_ADDRESS, NO_STOCK = Decimal("5.1"), Decimal("6.2"), Decimal("6.3")
DAY = timedelta(days=1)
#: where the steps say how many they take at a time
SIZES = (
    "hooks.paging.PAGE_SIZE", "flow.tasks.extract.PAGE_SIZE", "flow.changes.set_aside.PAGE_SIZE",
    "flow.changes.cancelled.PAGE_SIZE", "flow.orders.contents.CHUNK", "flow.changes.find.PAGE_SIZE",
    "flow.changes.find.ASKED_BY_ID", "flow.changes.find.JUDGED_AT_ONCE",
    "flow.tasks.validate.AT_A_TIME", "flow.tasks.load.AT_A_TIME", "flow.changes.send.AT_A_TIME",
    "flow.changes.cancel.AT_A_TIME", "flow.tasks.writeback.AT_A_TIME",
    "flow.tasks.writeback.CHECKED_AT_ONCE", "flow.parcels.packages.AT_A_TIME",
    "flow.parcels.acknowledge.PAGE_SIZE",
    "flow.parcels.ship.AT_A_TIME", "flow.exceptions.from_ledger.AT_A_TIME",
    "flow.replay.window.PAGE_SIZE",
    "flow.parcels.lost.PAGE_SIZE", "flow.returns.lost.PAGE_SIZE",
    "flow.parcels.in_warehouse.WAITING_LIMIT", "flow.parcels.in_warehouse.WORKED_ON_LIMIT",
    "flow.parcels.numbers.NUMBER_LIMIT",
)  # fmt: skip
FEW, MANY = 4, 24
WIDE = {"content", "new_content", "payload", "tracking_number"}
WHERE_MANY_ARE_HELD = ("INSERT INTO orders", "INSERT INTO quality_seen")


def take(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for name in SIZES:
        monkeypatch.setattr(f"fulfilment.{name}", size)


@pytest.fixture
def held(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """The most orders, wide ledger rows and search rows that were held at any one time."""
    most: Counter[str] = Counter()
    told = itertools.count()

    def look(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        columns = {column.name for column in cursor.description or ()}
        if columns & WIDE:
            most["ledger rows"] = max(most["ledger rows"], cursor.rowcount)
        if next(told) % 50 == 0 or statement.startswith(WHERE_MANY_ARE_HELD):  # it takes its time
            orders = sum(type(thing) is Order for thing in gc.get_objects())
            most["orders"] = max(most["orders"], orders)

    search = PlentyHook.search_rows

    def searched(*arguments: Any, **options: Any) -> list[dict[str, Any]]:
        rows = search(*arguments, **options)
        most["search rows"] = max(most["search rows"], len(rows))
        return rows

    monkeypatch.setattr(PlentyHook, "search_rows", searched)
    event.listen(stage.engine, "after_cursor_execute", look)
    yield most
    event.remove(stage.engine, "after_cursor_execute", look)


def backlog(stage: Stage) -> None:
    stage.add(*(good_order(n, items=[{"variation": 2001, "quantity": 1}]) for n in range(1, MANY)))
    stage.add(good_order(MANY, delivery={"address1": "Weg", "town": "Berlin"}))


@pytest.mark.parametrize("replayed", [False, True], ids=["backlog", "backfill"])
def test_a_run_holds_few_orders_however_many_are_released_and_shipped(
    stage: Stage, held: Counter[str], monkeypatch: pytest.MonkeyPatch, *, replayed: bool
) -> None:
    take(monkeypatch, FEW)
    backlog(stage)
    now = datetime.now(UTC)
    window = {"window": (now - DAY, now + DAY)} if replayed else {}
    stage.run(**window)
    assert not stage.errors
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run(**window)  # they have left
    assert not stage.errors
    assert stage.state(1) == stage.state(MANY - 1) == "shipped"
    # a list that is one longer than a slice says that there are many
    assert {kind: most for kind, most in held.items() if most > 2 * FEW} == {}


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_orders_in_slices_fare_as_in_one_piece(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    take(monkeypatch, size)
    scarce = [{"variation": 2006, "quantity": 3}]  # the story has four pieces
    stage.add(
        good_order(1, items=scarce),
        good_order(2, delivery={"address1": "Weg", "town": "Berlin"}, items=scarce),
        good_order(3, items=scarce),
        good_order(4, items=[{"variation": 2006, "quantity": 1}]),
        good_order(5, profile=99),
    )
    stage.sandbox.plenty.act("set_property", "alpha", order=3, type=65, value="1")  # express
    counts = stage.run()
    assert not stage.errors
    assert [stage.plenty_status(n) for n in range(1, 5)] == [
        NO_STOCK, BAD_ADDRESS, HANDED_OVER, HANDED_OVER
    ]  # fmt: skip
    assert stage.state(5) == "quarantined"
    told = stage.timeline(1).order.reason["en"]
    assert "1 earlier or more urgent order took 3" in told.replace("orders", "order")
    judged = counts["validate"]
    assert [judged[key] for key in ("valid", "address", "stock", "stop")] == [2, 1, 1, 1]
    with stage.engine.begin() as connection:
        today = datetime.now(UTC).date()
        day = quality.days(connection, stage.name, today, today)[today]
        (page,) = data_docs.listed(connection, stage.name)
        text = data_docs.page(connection, stage.name, page.page_id)
    assert (day[quality.ALL], day[quality.NOT_SENT], day["STOCK_SHORT"]) == (5, 3, 1)
    assert (page.orders, page.not_sent) == (5, 3)
    assert text is not None
    assert "1: 2" in text
