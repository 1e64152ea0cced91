"""What waits in plentymarkets starts a run: found by one cheap read, announced once."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.orders.waiting import Poll
from fulfilment.triggers.orders_waiting import OrdersWaitingTrigger
from sqlalchemy import text

from include.core.orders.between_runs import Watch
from include.ledger.systems import circuits
from tests.flow.stage import good_order, set_connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow.triggers.base import TriggerEvent

    from tests.flow.stage import Stage


@pytest.fixture(autouse=True)
def _ledger(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the poll find the stage's ledger as it finds any: by the environment."""
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", stage.engine.url.render_as_string(False))


def poll_of(stage: Stage) -> Poll:
    return Poll(Watch.of(stage.merchant))


def reads(stage: Stage) -> int:
    return int(stage.sandbox.plenty.calls(stage.name)["reads"].get(stage.name, 0))


def test_a_released_order_is_announced_once_by_one_read_a_look(stage: Stage) -> None:
    poll = poll_of(stage)
    assert poll() is None
    stage.add(good_order(1), good_order(2))
    before = reads(stage)
    assert poll() == {"released": 2, "cancelled": 0}
    assert reads(stage) - before == 2  # and one that tells whether the new ones were split
    assert poll() is None
    assert reads(stage) - before == 3
    stage.add(good_order(3))
    assert poll() == {"released": 1, "cancelled": 0}


def test_an_order_that_waits_at_the_warehouse_and_is_released_again_is_announced(
    stage: Stage,
) -> None:
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason="ADDRESS", times=1)
    stage.add(good_order(1))
    stage.run()
    poll = poll_of(stage)
    assert poll() is None
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    assert poll() == {"released": 1, "cancelled": 0}
    stage.run()
    assert poll() is None


def test_what_a_run_has_dealt_with_is_not_announced_not_even_after_a_restart(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2, delivery={"country": "DE"}), good_order(3, plenty_id=9))
    assert poll_of(stage)() == {"released": 2, "cancelled": 0}
    stage.step("extract_plenty_orders")  # read, judged and sent by nobody yet: still status 5
    assert poll_of(stage)() is None


def test_an_order_that_changes_while_it_waits_is_announced_again(stage: Stage) -> None:
    poll = poll_of(stage)
    stage.add(good_order(1))
    assert poll() == {"released": 1, "cancelled": 0}
    stage.sandbox.plenty.clock(advance=60)
    stage.sandbox.plenty.act("set_status", stage.name, order=1, status="5")
    assert poll() == {"released": 1, "cancelled": 0}


def test_a_cancellation_is_announced_only_where_a_run_can_do_something(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    stage.run()
    stage.add(good_order(3, status="8"))  # cancelled before it was ever ours
    poll = poll_of(stage)
    assert poll() is None
    stage.sandbox.plenty.act("cancel", stage.name, order=1)
    assert poll() == {"released": 0, "cancelled": 1}
    assert poll() is None
    stage.run()
    assert not stage.errors
    assert poll_of(stage)() is None


def test_of_a_split_order_its_parts_are_announced_and_not_the_main_order(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.sandbox.plenty.act("split", stage.name, order=1, parts=[[0]])
    assert stage.plenty_order(1)["hasDeliveryOrders"]
    assert poll_of(stage)() == {"released": 1, "cancelled": 0}
    stage.step("extract_plenty_orders")
    assert poll_of(stage)() is None


def test_a_refused_login_is_one_log_line_and_a_circuit_and_disturbs_nobody(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.add(good_order(1))
    connection = stage.merchant.plenty.connection
    set_connection(connection, "plenty", stage.sandbox.plenty_url, "fulfilment_alpha", "wrong")
    poll = poll_of(stage)
    with caplog.at_level(logging.INFO, logger="fulfilment.waiting"):
        assert [poll() for _ in range(5)] == [None] * 5
        lines = [r.getMessage() for r in caplog.records if r.name == "fulfilment.waiting"]
        assert len(lines) == 1
        assert "plenty_alpha" in lines[0]
        calls = stage.sandbox.plenty.calls(stage.name)["counts"].get(stage.name, {})
        assert sum(n for route, n in calls.items() if "login" in route) <= 1
        with pytest.raises(Exception, match="CIRCUIT_OPEN"):
            circuits.check(stage.engine, stage.name, "plenty")
        _heal(stage, connection)
        assert poll() == {"released": 1, "cancelled": 0}
    assert "can be asked again" in caplog.records[-1].getMessage()


def _heal(stage: Stage, connection: str) -> None:
    set_connection(connection, "plenty", stage.sandbox.plenty_url, "fulfilment_alpha", "p/w:1")
    circuits.succeeded(stage.engine, stage.name, "plenty")


def test_what_was_announced_before_an_outage_is_announced_again_after_it(stage: Stage) -> None:
    poll = poll_of(stage)
    stage.add(good_order(1))
    assert poll() == {"released": 1, "cancelled": 0}
    stage.sandbox.plenty.fault(route="GET /rest/orders/search", kind="status", status=503, times=1)
    assert poll() is None
    assert poll() == {"released": 1, "cancelled": 0}


def test_a_scarce_budget_is_left_to_the_orders_without_a_word(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.add(good_order(1))
    poll = poll_of(stage)
    assert poll()
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE rate_budget SET calls_left = max_calls / 2 - 1"))
    before = reads(stage)
    stage.add(good_order(2))
    caplog.clear()
    assert poll() is None
    assert reads(stage) == before
    assert caplog.records == []
    stage.run()  # the orders' own work still has half of the window
    assert not stage.errors
    assert stage.state(2) == "accepted"


def test_the_trigger_fires_with_counts_only_and_again_for_the_next_order(stage: Stage) -> None:
    trigger = OrdersWaitingTrigger(poll_seconds=1, **Watch.of(stage.merchant).to_json())
    name, arguments = trigger.serialize()
    assert json.loads(json.dumps(arguments)) == arguments
    assert name == "fulfilment.triggers.orders_waiting.OrdersWaitingTrigger"

    async def first_two(events: AsyncIterator[TriggerEvent]) -> list[Any]:
        stage.add(good_order(1))
        first = await anext(events)
        stage.add(good_order(2))
        return [first.payload, (await anext(events)).payload]

    again = OrdersWaitingTrigger(**arguments)
    payloads = asyncio.run(asyncio.wait_for(first_two(again.run()), 20))
    assert payloads == [{"merchant": "alpha", "released": 1, "cancelled": 0}] * 2
