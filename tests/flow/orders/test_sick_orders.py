"""One sick order harms only itself, is told, and the run that met it ends well."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.tasks import validate as validation
from fulfilment.hooks.plenty import PlentyHook

from include.core.systems.errors import ContractError
from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import a_second_later, good_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row

    from tests.flow.stage import Stage

ADD = "POST /v1/goodsOrder/addConditional"
PUT = "PUT /rest/orders/{order_id}"
BAD_ADDRESS = {"delivery": {**good_order(1)["delivery"], "address2": ""}}


def told(stage: Stage) -> Sequence[Row[Any]]:
    with stage.engine.begin() as connection:
        return open_exceptions(connection, stage.name)


def codes(stage: Stage) -> list[tuple[str, str]]:
    return sorted((row.subject, row.code) for row in told(stage))


def by_hand(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})


def notes(stage: Stage, order_id: int) -> list[str]:
    return [row["text"] for row in stage.plenty_order(order_id)["comments"]]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"kind": "status", "status": 403}, "ready"),
        ({"kind": "html", "status": 413}, "ready"),
        ({"kind": "status", "status": 500}, "submitting"),
    ],
    ids=str,
)
def test_a_hand_over_that_fails_for_one_order_is_its_own_and_no_refusal(
    stage: Stage, fault: dict[str, Any], state: str
) -> None:
    by_hand(stage)
    stage.add(*(good_order(n) for n in (1, 2, 3)))
    stage.sandbox.wemalo.fault(route=ADD, match='"externalId": "1"', **fault)
    counts = stage.run()
    assert not stage.errors, "items that fail are exceptions; red means a system"
    assert counts["load_to_wemalo"]["failing"] == 1
    assert codes(stage) == [("order:1", "STEP_FAILED")]
    assert stage.state(1) == state
    assert sorted(stage.wemalo_orders()) == ["2", "3"]
    assert notes(stage, 1) == []


@pytest.mark.parametrize("error", [ContractError("odd"), ValueError("Musterfrau")], ids=repr)
def test_contents_that_cannot_be_read_together_are_read_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    by_hand(stage)
    real = PlentyHook.order_contents

    def contents(self: PlentyHook, ids: Iterable[int], **options: Any) -> Any:
        if 3 in (asked := list(ids)):
            raise error
        return real(self, asked, **options)

    stage.add(*(good_order(n) for n in range(1, 6)))
    with monkeypatch.context() as patch:
        patch.setattr(PlentyHook, "order_contents", contents)
        counts = stage.run()
    assert not stage.errors
    assert counts["extract_plenty_orders"]["fetched"] == 4
    assert sorted(stage.wemalo_orders()) == ["1", "2", "4", "5"]
    assert codes(stage) == [("order:3", "STEP_FAILED")]
    assert "Musterfrau" not in "".join(map(str, told(stage)))
    stage.run()
    assert codes(stage) == []
    assert "3" in stage.wemalo_orders()


def test_a_rule_that_breaks_for_one_order_sets_only_that_one_aside(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand(stage)
    real = validation._valid

    def note(verdict: Any, order: Any, version: int) -> Any:
        if order.order_id == 2:
            raise KeyError("town")
        return real(verdict, order, version)

    monkeypatch.setattr(validation, "_valid", note)
    stage.add(*(good_order(n) for n in range(1, 5)))
    counts = stage.run()
    assert counts["validate"]["valid"] == 3
    assert sorted(stage.wemalo_orders()) == ["1", "3", "4"]
    assert codes(stage) == [("order:2", "STEP_FAILED")]


def test_a_status_that_does_not_exist_is_told_once_for_all_orders_and_set_once_it_exists(
    stage: Stage,
) -> None:
    by_hand(stage)
    stage.sandbox.plenty.fault(
        route=PUT, match="6.2", kind="status", status=422,
        body={"error": {"code": 422, "message": "unknown status"}},
    )  # fmt: skip
    stage.add(good_order(1, **BAD_ADDRESS), good_order(2, **BAD_ADDRESS), good_order(3))
    for _ in range(4):
        a_second_later()
        stage.run()
    assert not stage.errors
    assert codes(stage) == [("status:6.2", "STATUS_MISSING")]
    assert "2 orders wait" in told(stage)[0].en
    assert [len(notes(stage, n)) for n in (1, 2)] == [1, 1], "the same word in every run"
    stage.sandbox.plenty.clear_faults()
    for _ in range(2):
        stage.run()
    assert codes(stage) == []
    assert {stage.plenty_status(n) for n in (1, 2)} == {Decimal("6.2")}


def test_another_fault_of_an_order_that_cannot_get_its_status_is_told_as_well(
    stage: Stage,
) -> None:
    by_hand(stage)
    stage.sandbox.plenty.fault(
        route=PUT, match="6.2", kind="status", status=403,
        body={"error": {"code": 403, "message": "no right"}},
    )  # fmt: skip
    stage.add(good_order(1, **BAD_ADDRESS))
    stage.run()
    a_second_later()
    stage.sandbox.plenty.act(
        "edit_address", "alpha", order=1, changes={"address2": "12", "postalCode": ""}
    )
    for _ in range(3):
        a_second_later()
        stage.run()
    assert len(notes(stage, 1)) == 2


def test_an_order_that_the_search_omits_for_a_moment_gets_its_status(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    for task in ("extract_plenty_orders", "validate", "load_to_wemalo"):
        stage.step(task)
    real = PlentyHook.rows_by_id
    omitted: list[int] = []

    def rows(self: PlentyHook, ids: Any, *args: Any, **options: Any) -> Any:
        found = real(self, ids, *args, **options)
        omitted.extend(found)
        return {}

    monkeypatch.setattr(PlentyHook, "rows_by_id", rows)
    stage.step("writeback_status")
    assert omitted, "the search was not asked"
    assert stage.plenty_status(1) == Decimal("5.1")


def test_an_order_that_the_search_omits_for_a_moment_is_not_taken_for_deleted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    monkeypatch.setattr(PlentyHook, "rows_by_id", lambda *_, **__: {})
    stage.step("load_to_wemalo")
    assert stage.state(1) == "accepted"
