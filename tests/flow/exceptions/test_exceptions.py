"""Open exceptions: raised once, shown with what to do, cleared when the cause is gone."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from include.core.exceptions.exception_texts import _CATALOGUE, CODES, exception_text
from include.ledger.exceptions import exceptions
from include.ledger.orders.journal import Journal
from tests.flow.stage import Stage, good_order
from tests.flow.systems.every_write import due_now, settled

CANCEL = "PUT /v1/goodsOrder/cancel/{external_id}"
TEXTS = {"de": "Falsch", "en": "Wrong", "action_de": "Tun", "action_en": "Do"}
PUT = "PUT /rest/orders/{order_id}"


def open_rows(stage: Stage) -> list[Any]:
    with stage.engine.begin() as connection:
        return list(exceptions.open_exceptions(connection, stage.name))


def open_codes(stage: Stage) -> list[str]:
    return sorted(row.code for row in open_rows(stage))


def merge(stage: Stage, **tenant: Any) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", **tenant}]})


def cancels(stage: Stage) -> int:
    return int(stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"].get(CANCEL, 0))


def test_raising_twice_keeps_one_open_row_and_clearing_ends_it(stage: Stage) -> None:
    journal = Journal(stage.name, "test", "run", 1)
    with stage.engine.begin() as connection:
        for _ in range(2):
            exceptions.raise_exception(connection, journal, subject="item:7", code="X", **TEXTS)
        (row,) = exceptions.open_exceptions(connection, stage.name)
        assert (row.times, row.subject, row.en) == (2, "item:7", "Wrong")
        assert exceptions.clear(connection, journal, "item:7") == ["X"]
        assert exceptions.open_exceptions(connection) == []
        assert exceptions.raise_exception(connection, journal, subject="item:7", code="X", **TEXTS)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_both_languages_and_something_to_do(code: str) -> None:
    named = {
        name: f"<{name}>" for text in _CATALOGUE[code] for name in re.findall(r"{(\w+)}", text)
    }
    text = exception_text(code, **named)
    values = [text["de"], text["en"], text["action_de"], text["action_en"]]
    assert all(value.strip().endswith((".", ">")) for value in values)
    assert text["de"] != text["en"]


def test_too_late_is_open_until_somebody_has_seen_it(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    (row,) = open_rows(stage)
    assert row.code == "CANCEL_TOO_LATE"
    assert "INPICKING" in row.en
    assert "UTC" in row.en
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert stage.state(1) == "shipped"
    assert open_codes(stage) == ["CANCEL_TOO_LATE"]
    journal = Journal(stage.name, "test", "run", 1)
    with stage.engine.begin() as connection:
        assert exceptions.acknowledge(
            connection, journal, "order:1", "CANCEL_TOO_LATE", "night shift", "customer called"
        )
    stage.run()
    assert open_codes(stage) == []
    assert stage.events(1)[-2:] == ["exception_acknowledged", "exception_cleared"]


def test_the_merchants_own_status_for_too_late_is_set_at_each_cancellation(stage: Stage) -> None:
    data = stage.merchant.model_dump()
    data["statuses"]["cancel_too_late"] = "5.1"
    stage.merchant = type(stage.merchant).model_validate(data)
    merge(stage, settings={"auto": False})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")
    for notes in (1, 2):
        stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
        stage.run()
        assert not stage.errors
        assert stage.plenty_status(1) == Decimal("5.1")
        assert len(stage.plenty_order(1)["comments"]) == notes
    stage.run()
    assert cancels(stage) == 2


@pytest.mark.parametrize("status", ["8", "8.1"])
def test_cancelled_after_it_left_is_told(stage: Stage, status: str) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["8.1"]}]})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=status)
    for _ in range(3):
        stage.run()
    assert open_codes(stage) == ["CANCEL_AFTER_SHIPPING"]
    assert stage.plenty_status(1) == Decimal("8.8")
    assert len(stage.plenty_order(1)["comments"]) == 1


@pytest.mark.parametrize("waiting", [False, True], ids=["accepted", "waiting"])
def test_the_warehouses_own_cancellation_is_told_apart_from_ours(
    stage: Stage, *, waiting: bool
) -> None:
    if waiting:
        merge(stage, reasons={"1": "STOCK"})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("cancel", "alpha", order="1")
    stage.run()
    assert stage.state(1) == "cancelled"
    assert open_codes(stage) == ["WAREHOUSE_CANCELLED"]
    stage.run()
    assert "selbst storniert" in stage.plenty_order(1)["comments"][-1]["text"]
    assert stage.plenty_status(1) != Decimal("8.8")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert stage.plenty_status(1) == Decimal("8.8")
    assert open_codes(stage) == []


def test_the_warehouse_cancels_just_before_the_merchant_does(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("cancel", "alpha", order="1")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert stage.plenty_status(1) == Decimal("8.8")
    assert open_codes(stage) == []


@pytest.mark.parametrize("ends", ["nothing", "cancelled later", "shipped"])
def test_a_yes_to_a_cancellation_that_changes_nothing_is_not_believed(
    stage: Stage, ends: str
) -> None:
    stage.settle_s = 60
    merge(stage, settings={"auto": False})
    stage.add(good_order(1))
    stage.run()
    yes = {"Success": True, "status": 200}
    stage.sandbox.wemalo.fault(route=CANCEL, kind="status", status=200, body=yes, times=1)
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    for _ in range(2):
        stage.run()
        assert (stage.state(1), open_codes(stage)) == ("cancelling", ["STEP_FAILED"])
    assert (stage.plenty_status(1), stage.plenty_order(1)["comments"]) == (Decimal(8), [])
    if ends == "cancelled later":
        stage.sandbox.wemalo.act("cancel", "alpha", order="1")
    elif ends == "shipped":
        stage.sandbox.wemalo.act("ship", "alpha", order="1")
    settled(stage)
    for _ in range(3):
        due_now(stage)
        stage.run()

    assert cancels(stage) == 1
    assert (stage.state(1), open_codes(stage)) == {
        "nothing": ("accepted", ["CANCEL_UNCLEAR"]),
        "cancelled later": ("cancelled", []),
        "shipped": ("shipped", ["CANCEL_AFTER_SHIPPING"]),
    }[ends]


@pytest.mark.parametrize("ends", ["cancelled", "in work"])
def test_unclear_cancellations_end_with_a_person_and_the_warehouses_word(
    stage: Stage, ends: str
) -> None:
    stage.lease_s = 0
    stage.settle_s = 0
    merge(stage, settings={"auto": False})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.fault(route=CANCEL, kind="status", status=502)
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    for _ in range(12):
        stage.run()
    assert cancels(stage) == 5
    assert open_codes(stage) == ["CANCEL_UNCLEAR"]
    stage.sandbox.wemalo.act(
        "cancel" if ends == "cancelled" else "start_picking", "alpha", order="1"
    )
    stage.run()
    stage.run()
    assert stage.plenty_status(1) == Decimal("8.8")
    assert cancels(stage) == 5
    expected = [] if ends == "cancelled" else ["CANCEL_TOO_LATE"]
    assert open_codes(stage) == expected


def test_a_refused_status_is_an_exception_and_is_tried_again_later(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.sandbox.plenty.fault(route=PUT, kind="status", status=422)
    stage.run()
    assert open_codes(stage) == ["STATUS_MISSING"]
    stage.sandbox.plenty.clear_faults()
    stage.run()
    assert open_codes(stage) == [], "one order tries it in every run"
    assert stage.plenty_status(1) == Decimal("5.1")


def test_an_order_set_aside_is_an_exception_until_it_is_corrected(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2, profile=99))
    stage.sandbox.plenty.act("set_property", "alpha", order=1, type=2, value="express")
    stage.run()
    assert open_codes(stage) == ["ORDER_MALFORMED", "PROFILE_UNMAPPED"]
    stage.sandbox.plenty.act("set_property", "alpha", order=1, type=2, value="6")
    stage.run()
    assert open_codes(stage) == ["PROFILE_UNMAPPED"]


def test_an_unknown_product_is_an_exception_of_its_own_order_only(stage: Stage) -> None:
    stage.add(good_order(1, items=[{"variation": 2999, "quantity": 1}]), good_order(2))
    stage.run()
    assert open_codes(stage) == ["PRODUCT_UNKNOWN"]
    assert stage.plenty_status(2) == Decimal("5.1")


def test_released_again_is_open_while_the_order_stays_released(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    stage.run()
    assert open_codes(stage) == ["RELEASED_AGAIN"]
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=6)
    stage.run()
    assert open_codes(stage) == []


def test_foreign_rows_stay_in_the_queue_and_are_told(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET order_id = 99 WHERE order_id = 1")
    stage.run()
    (row,) = open_rows(stage)
    assert (row.code, row.subject) == ("FOREIGN_ROWS", "merchant")
    queue = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]["queues"]["sent"]
    assert queue


def test_packed_and_held_in_the_warehouse_is_told(stage: Stage) -> None:
    merge(stage, settings={"auto": False})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("label_error", "alpha", order="1", message="no service")
    stage.sandbox.wemalo.act("pack", "alpha", order="1")
    stage.run()
    assert open_codes(stage) == ["WAREHOUSE_BLOCKED"]
    stage.sandbox.wemalo.act("release", "alpha", order="1")
    stage.run()
    assert open_codes(stage) == []
