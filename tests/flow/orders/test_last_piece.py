"""Two orders want the last piece: the right one gets it, in one run and across two."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from fulfilment.flow.tasks.validate import validate
from fulfilment.operators.validate import ValidateOrdersOperator

from include.quality.batch import examine
from tests.flow.stage import Stage, good_order

FEW = [{"variation": 2006, "quantity": 3}]  # the story has four pieces
HANDED_OVER, NO_STOCK = Decimal("5.1"), Decimal("6.3")


def validate_as_airflow_does(stage: Stage) -> dict[str, Any]:
    operator = ValidateOrdersOperator(
        task_id="validate",
        merchant=stage.merchant,
        order_ids=[],
        window_from=None,
        window_to=None,
        plan_only=False,
    )
    run = SimpleNamespace(run_id=f"run {threading.get_ident()}", run_type="manual")
    return operator.execute({"dag_run": run, "ti": SimpleNamespace(try_number=1)})


def test_an_express_order_comes_before_an_older_one(stage: Stage) -> None:
    stage.add(good_order(1, items=FEW), good_order(2, items=FEW))
    stage.sandbox.plenty.act("set_property", "alpha", order=2, type=65, value="1")
    stage.run()
    assert (stage.plenty_status(1), stage.plenty_status(2)) == (NO_STOCK, HANDED_OVER)


def test_where_the_stock_cannot_be_read_wemalo_gets_the_express_order_first(stage: Stage) -> None:
    stage.add(good_order(1, items=FEW), good_order(2, items=FEW))
    stage.sandbox.plenty.act("set_property", "alpha", order=2, type=65, value="1")
    stage.sandbox.wemalo.fault(route="GET /v1/product/availableStock/", kind="status", status=500)
    stage.run()
    assert (stage.state(1), stage.state(2)) == ("waiting", "accepted")


def test_with_calls_side_by_side_the_last_pieces_go_to_those_that_come_first(
    stage: Stage,
) -> None:
    stage.calls_in_flight = 4
    two = [{"variation": 2006, "quantity": 2}]
    stage.add(*(good_order(n, items=two) for n in range(1, 6)))
    stage.sandbox.plenty.act("set_property", "alpha", order=5, type=65, value="1")
    stage.sandbox.wemalo.fault(route="GET /v1/product/availableStock/", kind="status", status=500)
    add = "POST /v1/goodsOrder/addConditional"
    for n in (5, 1):  # the others would overtake them
        stage.sandbox.wemalo.fault(
            route=add, match=f'"externalId": "{n}"', kind="delay", seconds=0.4, times=1
        )
    stage.run()
    assert [n for n in range(1, 6) if stage.state(n) == "accepted"] == [1, 5]
    assert [n for n in range(1, 6) if stage.state(n) == "waiting"] == [2, 3, 4]


def test_two_runs_that_overlap_give_the_last_piece_to_one_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", stage.engine.url.render_as_string(False))
    stage.add(good_order(1, items=FEW))
    stage.step("extract_plenty_orders")
    judging, go_on = threading.Event(), threading.Event()
    batches = []

    def slowly(orders: list[Any], **context: Any) -> Any:
        batches.append([order.order_id for order in orders])
        if len(batches) == 1:
            judging.set()
            assert go_on.wait(120)
        return examine(orders, **context)

    monkeypatch.setattr("fulfilment.operators.validate.examine", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(validate_as_airflow_does, stage)
        assert judging.wait(120)  # the stock is read, nothing is decided
        stage.add(good_order(2, items=FEW))
        stage.step("extract_plenty_orders")
        second = pool.submit(validate_as_airflow_does, stage)
        with pytest.raises(TimeoutError):
            second.result(1)
        go_on.set()
        assert first.result(120)["valid"] == 1
        assert second.result(120)["stock"] == 1
    assert batches == [[1], [2]]
    stage.run()
    assert (stage.plenty_status(1), stage.plenty_status(2)) == (HANDED_OVER, NO_STOCK)


def test_what_another_run_hands_over_while_the_stock_is_read_is_not_given_away_again(
    stage: Stage,
) -> None:
    stage.add(good_order(1, items=FEW))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    stage.add(good_order(2, items=FEW))
    stage.step("extract_plenty_orders")
    work = stage.work("validate")
    read = work.wemalo.available_stock

    def measured_then_gone(since: Any) -> Any:
        stock = read(since)
        stage.step("load_to_wemalo")  # the other run hands order 1 over right now
        return stock

    work.wemalo.available_stock = measured_then_gone  # type: ignore[method-assign]
    validate(work, examine=examine)
    assert stage.state(1) == "accepted"
    assert stage.state(2) == "no_stock"
