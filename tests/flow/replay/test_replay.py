"""A replay repairs what is missing, and nothing else, however often it runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fulfilment.flow.dry_run.rehearse import Plan, rehearse
from fulfilment.flow.steps import steps_of
from sqlalchemy import text

from include.core.orders.statuses import status
from include.core.returns.settings import Returns
from include.core.systems.window import EVERYTHING, Window
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.orders import batches
from include.quality.batch import examine
from include.sandbox.scenarios.demo_orders import ALPHA
from tests.flow.stage import PASSWORD, Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Sequence

LOST_TABLES = ("orders", "outbox", "parcels", "sent_rows", "returns", "return_rows")


def today() -> Window:
    now = datetime.now(UTC)
    return now - timedelta(hours=20), now + timedelta(hours=1)


def replay(
    stage: Stage, window: Window = EVERYTHING, ids: Sequence[int] = (), run: str = "replay"
) -> dict[str, dict[str, int]]:
    """Do what a backfill run of the DAG does, step by step."""
    counts: dict[str, Any] = {}
    for task, step in steps_of(examine, window, ids).items():
        work = stage.work(task, run)
        with stage.engine.begin() as connection:
            work.scope = batches.scope_of(connection, work.batch_id)
        counts[task] = step(work)
    return counts


def plan_of(stage: Stage, window: Window = EVERYTHING, ids: Sequence[int] = ()) -> Plan:
    plan = rehearse(
        stage.merchant, stage.engine, run_id="plan", examine=examine, window=window, order_ids=ids
    )
    assert plan.troubles == []
    return plan


def forget(stage: Stage, order_id: int) -> None:
    """Make the ledger lose an order, as a restored backup would."""
    with stage.engine.begin() as connection:
        for table in LOST_TABLES:
            where = "merchant = 'alpha' AND order_id = :id"
            statement = f"DELETE FROM {table} WHERE {where}"  # noqa: S608
            connection.execute(text(statement), {"id": order_id})


def someone_else_takes(stage: Stage, route: str, ids: Sequence[int]) -> None:
    """Acknowledge rows of wemalo's queues, so that our connection never sees them."""
    for number in ids:
        answer = requests.put(
            f"{stage.sandbox.wemalo_url}/v1{route}/{number}",
            headers={"Authorization": "JWT token-1"},
            json={},
            timeout=10,
        )
        assert answer.json()["Success"] is True


def delete_packages(stage: Stage, order_id: int) -> None:
    base = stage.sandbox.plenty_url
    login = {"username": ALPHA.username, "password": PASSWORD}
    token = requests.post(f"{base}/rest/login", json=login, timeout=10).json()["accessToken"]
    answer = requests.delete(
        f"{base}/rest/orders/{order_id}/shipping/packages",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert answer.ok


def queue(stage: Stage, name: str) -> list[int]:
    return list(stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]["queues"][name])


def packages(stage: Stage, order_id: int) -> list[str]:
    rows = stage.plenty_order(order_id)["shippingPackages"]
    return [str(p["packageNumber"]) for p in rows if p["packageNumber"]]


def submissions(stage: Stage) -> dict[str, int]:
    return {key: row["submissions"] for key, row in stage.wemalo_orders().items()}


def cases(stage: Stage) -> list[tuple[str, str]]:
    with stage.engine.connect() as connection:
        return [(row.subject, row.code) for row in open_exceptions(connection, stage.name)]


def return_orders(stage: Stage) -> list[dict[str, Any]]:
    orders = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"]
    return [order for order in orders.values() if order["typeId"] == 3]


def use_returns(stage: Stage) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01"]}]})
    settings = Returns.model_validate({"status": "9.0.1", "reasons": {"damaged": 3}})
    stage.merchant = stage.merchant.model_copy(update={"returns": settings})


@pytest.fixture
def damaged(stage: Stage) -> Stage:
    """A live system with one loss of each kind; order 9 lacks nothing."""
    stage.look_again_s = 24 * 3600  # no run reads order 6's parcel by its order before the replay
    stage.add(*(good_order(n) for n in range(2, 10)))
    stage.run()
    for order_id in (5, 6, 7, 8, 9):
        stage.sandbox.wemalo.act("ship", "alpha", order=str(order_id))
        if order_id == 6:  # somebody else took its rows off the queue
            someone_else_takes(stage, "/goodsOrder/packages/sent", queue(stage, "sent"))
        else:
            stage.run()
    set_status = stage.sandbox.plenty.act
    set_status("set_status", "alpha", order=2, status="5")  # our 5.1 was lost
    forget(stage, 3)  # lost in the ledger, and plentymarkets was never told
    set_status("set_status", "alpha", order=3, status="5")
    forget(stage, 4)  # lost in the ledger alone
    delete_packages(stage, 5)
    stage.add(good_order(1))  # never handed over
    return stage


@pytest.mark.parametrize("slice_size", [1, 250])
def test_a_window_is_repaired_and_the_plan_told_it_before(
    damaged: Stage, monkeypatch: pytest.MonkeyPatch, slice_size: int
) -> None:
    for module in ("replay.window", "parcels.lost", "returns.lost"):
        monkeypatch.setattr(f"fulfilment.flow.{module}.PAGE_SIZE", slice_size)
    before = submissions(damaged)
    plan = plan_of(damaged, today())
    counts = replay(damaged, today())

    assert submissions(damaged) == {**before, "1": 1}
    for order_id in (1, 2, 3, 4):
        assert (order_id, damaged.state(order_id)) == (order_id, "accepted")
        assert (order_id, damaged.plenty_status(order_id)) == (order_id, status("5.1"))
    for order_id in (5, 6, 7, 8, 9):
        assert damaged.state(order_id) == "shipped"
        assert len(packages(damaged, order_id)) == 1

    def planned(action: str) -> list[int | None]:
        return sorted(line.order_id or 0 for line in plan.lines if line.action == action)

    assert planned("send") == [1]
    assert planned("adopt") == [3, 4]
    assert planned("status") == [1, 2, 3]
    assert planned("package") == [5, 6]
    assert planned("tracking") == [5, 6]
    assert planned("skip") == [7, 8, 9]
    assert counts["load_to_wemalo"]["accepted"] == 1
    assert counts["writeback_status"]["statuses"] == 3
    assert counts["reconcile_tracking"]["packages"] == 2


def test_a_second_replay_finds_nothing_and_changes_nothing(damaged: Stage) -> None:
    replay(damaged, today())
    damaged.run()  # the scheduled run in between
    orders, there = submissions(damaged), damaged.plenty_order(5)
    counts = replay(damaged, today(), run="replay-2")
    assert counts["extract_plenty_orders"]["scope"] == 0
    assert submissions(damaged) == orders
    assert damaged.plenty_order(5) == there
    assert {line.action for line in plan_of(damaged, today()).lines} == {"skip"}


def test_an_order_whose_parcel_left_in_the_window_is_looked_at(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    for _ in range(2):  # they arrive, and have left, by wemalo's clock
        stage.sandbox.wemalo.clock(advance=6 * 3600)
        stage.run()
    delete_packages(stage, 1)
    later = datetime.now(UTC) + timedelta(hours=5)  # no change in plentymarkets falls into it
    counts = replay(stage, (later, later + timedelta(hours=8)))["extract_plenty_orders"]
    assert (counts["looked_at"], counts["lost_parcels"], counts["scope"]) == (2, 1, 1)
    assert len(packages(stage, 1)) == 1


def test_another_window_is_left_alone(damaged: Stage) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    counts = replay(damaged, (since, since + timedelta(days=1)))
    assert counts["extract_plenty_orders"]["looked_at"] == 0
    assert "1" not in damaged.wemalo_orders()


def test_single_orders_go_through_every_step_and_no_other_does(damaged: Stage) -> None:
    damaged.add(good_order(20))
    counts = replay(damaged, ids=[1, 2, 5])
    assert set(submissions(damaged)) >= {"1"}
    assert "20" not in damaged.wemalo_orders()
    assert damaged.plenty_status(2) == status("5.1")
    assert damaged.plenty_status(3) == status(5)
    assert len(packages(damaged, 5)) == 1
    assert counts["extract_plenty_orders"]["looked_at"] == 3
    assert packages(damaged, 6) == []


def test_an_order_that_is_asked_for_and_not_there_is_told_by_its_number(stage: Stage) -> None:
    stage.add(good_order(1))
    (asked,) = [line for line in plan_of(stage, ids=[1, 4711]).lines if line.order_id == 4711]
    assert (asked.action, asked.code) == ("exception", "ORDER_NOT_FOUND")
    counts = replay(stage, ids=[1, 4711])["extract_plenty_orders"]
    assert (counts["looked_at"], counts["not_found"], counts["scope"]) == (1, 1, 1)
    assert set(stage.wemalo_orders()) == {"1"}
    assert cases(stage) == [("order:4711", "ORDER_NOT_FOUND")]
    stage.add(good_order(4711))
    replay(stage, ids=[4711], run="again")
    assert cases(stage) == []


def test_an_order_at_5_1_that_wemalo_does_not_know_is_told_and_not_sent(stage: Stage) -> None:
    stage.add(good_order(1, status="5.1"))
    (line,) = plan_of(stage, today()).lines
    assert (line.order_id, line.action, line.code) == (1, "skip", "NOT_AT_WEMALO")
    replay(stage, today())
    assert stage.wemalo_orders() == {}


def test_returns_that_were_never_booked_are_and_those_of_a_lost_ledger_are_not_made_again(
    stage: Stage,
) -> None:
    use_returns(stage)
    stage.add(*(good_order(n) for n in (1, 2, 3)))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    stage.run()
    item = {"product": "2001", "reason": "damaged"}
    stage.sandbox.wemalo.act("book_return", "alpha", order="1", items=[item, item])
    counts = replay(stage, ids=[1])  # made by us, then the ledger loses it
    assert counts["handle_returns"]["returns_created"] == 1
    forget(stage, 1)
    stage.sandbox.wemalo.act("book_return", "alpha", order="2", items=[item])
    someone_else_takes(stage, "/returns/booked", queue(stage, "returns"))

    plan = plan_of(stage, today())
    assert [line.order_id for line in plan.lines if line.action == "return"] == [2]
    for run in ("again-1", "again-2"):
        replay(stage, today(), run=run)
        assert len(return_orders(stage)) == 2
