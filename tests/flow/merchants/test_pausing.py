"""A merchant that takes no new orders, and one whose work stands as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.core.merchants.modes import Mode
from include.core.systems.errors import MerchantPaused
from include.ledger.merchants import modes
from tests.flow.stage import good_order

if TYPE_CHECKING:
    from tests.flow.stage import Stage


def decide(stage: Stage, mode: Mode) -> None:
    with stage.engine.begin() as connection:
        modes.decide(connection, stage.name, mode, by="anna", reason="stocktaking")


def test_without_new_orders_what_is_out_is_finished_and_the_rest_waits(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    for step in ("extract_plenty_orders", "validate", "load_to_wemalo"):
        stage.step(step)
    stage.add(good_order(3))
    stage.step("extract_plenty_orders")
    stage.step("validate")
    stage.add(good_order(4))
    stage.sandbox.plenty.act("cancel", stage.name, order=2)
    decide(stage, Mode.FINISH)
    stage.sandbox.wemalo.act("ship", stage.name, order="1")
    stage.run()
    assert not stage.errors
    assert stage.state(1) == "shipped"
    assert stage.plenty_order(1)["shippingPackages"][0]["packageNumber"]
    assert stage.state(2) == "cancelled"
    assert stage.state(3) == "ready"
    with pytest.raises(AssertionError, match="not in the ledger"):
        stage.state(4)
    assert set(stage.wemalo_orders()) == {"1", "2"}

    decide(stage, Mode.LIVE)
    stage.run()
    assert [stage.state(n) for n in (3, 4)] == ["accepted", "accepted"]


def test_a_pause_of_everything_stops_a_task_between_two_items(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfilment.flow.systems.work.MODE_TRUSTED_S", 0.0)
    stage.add(good_order(1), good_order(2))
    stage.step("extract_plenty_orders")
    stage.step("validate")
    work = stage.work("load_to_wemalo", by_hand=False)
    send, sent = work.wemalo.add_conditional, []

    def send_and_pause(body: dict[str, object]) -> object:
        sent.append(body)
        decide(stage, Mode.PAUSED)
        return send(body)

    monkeypatch.setattr(work.wemalo, "add_conditional", send_and_pause)
    from fulfilment.flow.tasks.load import load

    with pytest.raises(MerchantPaused, match=r"is paused, since .* by anna: stocktaking"):
        load(work)
    assert len(sent) == 1
    assert sorted(stage.state(n) for n in (1, 2)) == ["accepted", "ready"]
    stage.run()
    assert set(stage.errors) >= {"load_to_wemalo"}
    assert len(stage.wemalo_orders()) == 1
    decide(stage, Mode.LIVE)
    stage.run()
    assert not stage.errors
    assert [stage.state(n) for n in (1, 2)] == ["accepted", "accepted"]
