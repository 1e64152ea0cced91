"""A rule that cannot run for one order, and orders with many findings, harm nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.orders import order_rules
from include.ledger.exceptions.exceptions import open_exceptions
from include.quality import batch
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    import pytest

SICK = 2


def open_rows(stage: Stage) -> list[tuple[str, str, str]]:
    with stage.engine.begin() as connection:
        return [(r.subject, r.code, r.en) for r in open_exceptions(connection, stage.name)]


def raises_for_the_sick(order: Any, *args: Any, **how: Any) -> Any:
    """Raise for one order, with a person's name in the text."""
    if order.order_id == SICK:
        raise KeyError("Musterfrau")
    return order_rules.check_order(order, *args, **how)


def test_an_order_whose_rule_fails_is_set_aside_and_its_neighbours_travel(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(batch, "check_order", raises_for_the_sick)
    stage.add(good_order(1), good_order(SICK), good_order(3))
    stage.run()
    assert not stage.errors
    assert sorted(stage.wemalo_orders()) == ["1", "3"]
    assert stage.state(SICK) == "quarantined"
    ((subject, code, text),) = open_rows(stage)
    assert (subject, code) == (f"order:{SICK}", "RULE_FAILED")
    assert "Rule order could not run for this order (KeyError in" in text
    assert f"order {SICK}: rule order failed" in caplog.text
    assert "Musterfrau" not in caplog.text + text
    monkeypatch.setattr(batch, "check_order", order_rules.check_order)
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET next_attempt_at = NULL")
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2", "3"]
    assert open_rows(stage) == []


def test_a_change_whose_rule_fails_is_told_and_the_other_changes_are_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add(good_order(1), good_order(SICK))
    stage.run()
    monkeypatch.setattr(batch, "check_order", raises_for_the_sick)
    for number in (1, SICK):
        stage.sandbox.plenty.act(
            "edit_address", "alpha", order=number, changes={"address1": "Lindenallee"}
        )
    stage.run()
    assert not stage.errors
    streets = {
        key: order["meta"]["receiver"][0]["street"] for key, order in stage.wemalo_orders().items()
    }
    assert streets == {"1": "Lindenallee", str(SICK): "Hauptstraße"}
    ((subject, code, text),) = open_rows(stage)
    assert (subject, code) == (f"order:{SICK}", "CHANGE_INVALID")
    assert "Rule order" in text


def test_a_change_to_a_faulty_address_with_two_findings_of_a_rule_is_told_not_fatal(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    stage.run()
    long = "Bundesverband der mittelständischen Wirtschaft"
    stage.sandbox.plenty.act(
        "edit_address", "alpha", order=1,
        changes={"name1": long, "name4": long, "address1": "Lindenallee"},
    )  # fmt: skip
    stage.run()
    assert not stage.errors
    assert stage.wemalo_orders()["1"]["meta"]["receiver"][0]["street"] == "Lindenallee"
    assert open_rows(stage) == []
