"""Sick items beside lists, and a whole system that is sick."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.dry_run.rehearse import rehearse, tell
from fulfilment.flow.shadow.compare import compare_days
from fulfilment.hooks.base import ApiHook

from include.core.returns.settings import Returns
from include.core.systems.window import EVERYTHING
from include.ledger.shadow import shadow
from include.ledger.systems import circuits
from include.quality.batch import examine
from tests.flow.replay.test_replay import forget, replay
from tests.flow.stage import Stage, good_order, set_connection
from tests.flow.systems.sickness import (
    FAULTS,
    HEALTHY,
    ORDER_STEPS,
    OTHER_RUNS,
    failed_at,
    fault,
    told,
)


def test_a_sick_order_is_left_out_of_the_comparison_alone(patient: Stage) -> None:
    stage = patient
    stage.merchant = stage.merchant.model_copy(update={"mode": "shadow"})
    stage.add(good_order(1))
    plan = rehearse(stage.merchant, stage.engine, run_id="shadow-1", examine=examine)
    assert list(tell(stage.merchant, stage.engine, "shadow-1", EVERYTHING, plan))
    sick = {77_001_000 + place: kind for place, kind in enumerate(FAULTS)}
    stage.add(*(good_order(n) for n in (*sick, *HEALTHY)))  # between two of our runs
    for number in (*sick, *HEALTHY):
        stage.sandbox.plenty.act("set_status", "alpha", order=number, status="5.1")
    for number, kind in sick.items():
        fault(stage, OTHER_RUNS["compare"], kind, number)

    today = datetime.now(UTC).date()
    over = datetime.combine(today + timedelta(days=1), time(2), UTC)
    assert compare_days(stage.merchant, stage.engine, "shadow-2", examine, over) == [today]
    with stage.engine.begin() as connection:
        rows = shadow.results(connection, "alpha", today)
    assert {row.order_id for row in rows if row.verdict == "agreed"} == set(HEALTHY)
    found = failed_at(stage)
    assert [n for n in sick if ("compare", f"order:{n}") not in found] == []
    assert [n for n in sick if f"order:{n}" not in told(stage)] == []


def test_a_sick_order_is_left_out_of_a_replay_alone(patient: Stage) -> None:
    stage = patient
    stage.pause_s = 60  # as in real life: what failed rests as long as the replay takes
    sick = {77_001_000 + place: kind for place, kind in enumerate(FAULTS)}
    stage.add(*(good_order(n) for n in (*sick, *HEALTHY)))
    stage.run()
    for number in (*sick, *HEALTHY):
        forget(stage, number)
    for number, kind in sick.items():
        fault(stage, OTHER_RUNS["replay"], kind, number)

    replay(stage, ids=sorted((*sick, *HEALTHY)))
    assert [n for n in HEALTHY if stage.state(n) != "accepted"] == []
    found = failed_at(stage)
    assert [n for n in sick if ("replay", f"order:{n}") not in found] == []
    assert [n for n in sick if f"order:{n}" not in told(stage)] == []


@pytest.mark.parametrize("kind", ["403 page", "500", "half a JSON"])
def test_a_list_that_cannot_be_read_holds_up_nothing_that_is_known(
    patient: Stage, kind: str
) -> None:
    stage = patient
    stage.add(good_order(1), good_order(2))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    creating = ORDER_STEPS["shipping_info"].route
    stage.sandbox.plenty.fault(route=creating, kind="html", status=403, times=1)
    stage.run()
    assert stage.plenty_order(1)["shippingInformation"] is None
    stage.merchant = stage.merchant.model_copy(
        update={"returns": Returns.model_validate({"announce": {"statuses": ["9.1"]}})}
    )
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.1"]}]})
    item = stage.plenty_order(2)["orderItems"][0]["id"]
    entered = stage.work("merchant").plenty.create_return(
        2, status=Decimal("9.1"), warehouse_id=3,
        quantities=[{"orderItemId": item, "quantity": 1, "properties": []}], comment="by the shop",
    )  # fmt: skip
    for queue in ("GET /v1/goodsOrder/packages/sent/", "GET /v1/returns/booked"):
        stage.sandbox.wemalo.fault(route=queue, **FAULTS[kind])

    stage.run(groups=True)

    assert set(stage.errors) == {"reconcile_tracking", "handle_returns"}
    assert stage.plenty_order(1)["shippingInformation"], "it was known before"
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    assert [row["externalId"] for row in tenant["returns"].values()] == [str(entered)]


SYSTEM_FAULTS: dict[str, dict[str, Any]] = {
    "login refused": {"kind": "status", "status": 401},
    "limit": {"kind": "limit"},
}


@pytest.mark.parametrize("kind", SYSTEM_FAULTS)
def test_a_system_that_refuses_everybody_stops_the_loop_and_is_red(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_waits = property(lambda _: 0.0, lambda _, __: None)  # each hook sets its own
    monkeypatch.setattr(ApiHook, "_max_wait_s", nobody_waits, raising=False)
    stage.add(*(good_order(n) for n in range(1, 6)))
    stage.sandbox.wemalo.fault(
        route="POST /v1/goodsOrder/addConditional", skip=1, **SYSTEM_FAULTS[kind]
    )
    stage.run()
    assert "load_to_wemalo" in stage.errors
    assert list(stage.wemalo_orders()) == ["1"]
    assert [s for s in told(stage) if s.startswith("order:")] == [], "no order is to blame"


def test_a_system_that_cannot_be_reached_stops_the_loop_and_is_red(stage: Stage) -> None:
    stage.add(*(good_order(n) for n in range(1, 4)))
    set_connection(stage.merchant.wemalo.connection, "wemalo", "http://127.0.0.1:9", "", "token-1")
    stage.run()
    assert stage.errors["load_to_wemalo"].code in ("UNREACHABLE", "UNAVAILABLE")
    assert [s for s in told(stage) if s.startswith("order:")] == []


def test_an_open_circuit_stops_the_loop_and_is_red(stage: Stage) -> None:
    stage.add(*(good_order(n) for n in range(1, 12)))
    stage.sandbox.wemalo.fault(
        route="POST /v1/goodsOrder/addConditional", kind="status", status=500
    )
    stage.run()
    assert "load_to_wemalo" in stage.errors
    assert stage.sandbox.wemalo.faults()[0]["fired"] == circuits.FAILURES_TO_OPEN
