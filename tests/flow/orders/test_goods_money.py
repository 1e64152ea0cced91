"""Cash on delivery, consent, twins, credit notes, dates ahead and lockers: none is silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import Stage, good_order, settings

LOCKER = {
    "name2": "Erika", "name3": "Musterfrau", "address1": "Packstation", "address2": "145",
    "postalCode": "10115", "town": "Berlin", "country": "DE", "post_number": "12345678",
}  # fmt: skip


def quality(stage: Stage, **changes: Any) -> None:
    settings(stage, quality={**stage.merchant.quality.model_dump(), **changes})


def meta(stage: Stage, number: int = 1) -> dict[str, Any]:
    return dict(stage.wemalo_orders()[str(number)]["meta"])


def hints(stage: Stage, number: int) -> list[str]:
    events = stage.timeline(number).events
    return list(next(e.data["warnings"] for e in events if e.kind == "validated_ok"))


def reason(stage: Stage, number: int) -> str:
    return str(stage.timeline(number).order.reason_code)


def open_rows(stage: Stage) -> list[tuple[str, str]]:
    with stage.engine.begin() as connection:
        return [(row.subject, row.code) for row in open_exceptions(connection, stage.name)]


def cash(order_id: int = 1, **changes: Any) -> dict[str, Any]:
    return good_order(order_id, payment_status="unpaid", properties={"3": "1"}, **changes)


def profile(stage: Stage) -> str:
    return stage.merchant.shipping_profiles[good_order(1)["profile"]]


def test_cash_on_delivery_without_a_mapping_stops_the_order(stage: Stage) -> None:
    stage.add(cash(), good_order(2, properties={"3": "2"}))
    stage.run()
    assert list(stage.wemalo_orders()) == ["2"]
    assert reason(stage, 1) == "ORDER_COD_UNMAPPED"
    assert open_rows(stage) == [("order:1", "ORDER_STOPPED")]


def test_cash_on_delivery_goes_with_the_profile_that_collects_the_money(stage: Stage) -> None:
    settings(stage, cash_on_delivery={"suffix": "_cod"})
    stage.add(cash())
    stage.run()
    assert meta(stage)["dispatcherProfile"] == f"{profile(stage)}_cod"
    assert meta(stage)["total"] > 0


def test_a_profile_that_is_listed_wins_over_the_suffix(stage: Stage) -> None:
    number = good_order(1)["profile"]
    settings(
        stage,
        cash_on_delivery={"payment_methods": [1, 77], "suffix": "_cod", "profiles": {number: "NN"}},
    )
    stage.add(good_order(1, properties={"3": "77"}))
    stage.run()
    assert meta(stage)["dispatcherProfile"] == "NN"


def test_a_payment_method_that_becomes_cash_on_delivery_after_the_hand_over_is_a_change(
    stage: Stage,
) -> None:
    settings(stage, cash_on_delivery={"suffix": "_cod"})
    stage.add(good_order(1, properties={"3": "2"}))
    stage.run()
    assert meta(stage)["dispatcherProfile"] == profile(stage)
    stage.sandbox.plenty.act("set_property", "alpha", order=1, type=3, value="1")
    stage.sandbox.plenty.act("touch", "alpha", order=1)
    stage.run()
    assert meta(stage)["dispatcherProfile"] == f"{profile(stage)}_cod"


@pytest.mark.parametrize(
    ("choice", "value", "passed_on"),
    [("consent", "0", False), ("consent", "1", True), ("consent", None, True),
     ("always", "0", True), ("never", "1", False)],
)  # fmt: skip
def test_the_carrier_gets_e_mail_and_phone_only_as_the_customer_and_the_setting_say(
    stage: Stage, choice: str, value: str | None, passed_on: bool
) -> None:
    settings(stage, carrier_contact=choice)
    stage.add(good_order(1, properties={} if value is None else {"999": value}))
    stage.run()
    (receiver,) = meta(stage)["receiver"]
    assert bool(receiver["email"]) is passed_on
    assert receiver["phoneNumber"] == ""


def test_one_shop_order_imported_twice_is_a_hint(stage: Stage) -> None:
    stage.add(
        good_order(1, external_id="SHOP-9"),
        good_order(2, external_id="SHOP-9"),
        good_order(3, external_id="SHOP-9", referrer=2),
        good_order(4, external_id="SHOP-10"),
    )
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2", "3", "4"]
    assert {n: hints(stage, n) for n in (1, 2, 3, 4)} == {
        1: [], 2: ["ORDER_TWICE_HINT"], 3: [], 4: []}  # fmt: skip


def test_one_shop_order_imported_twice_stops_where_the_setting_says_so(stage: Stage) -> None:
    quality(stage, double_import="stop")
    stage.add(good_order(1, external_id="SHOP-9"))
    stage.run()
    stage.add(good_order(2, external_id="SHOP-9"))
    stage.run()
    assert list(stage.wemalo_orders()) == ["1"]
    assert reason(stage, 2) == "ORDER_TWICE"
    assert open_rows(stage) == [("order:2", "ORDER_STOPPED")]
    stage.sandbox.plenty.act("set_property", "alpha", order=2, type=7, value="SHOP-9-b")
    stage.sandbox.plenty.act("touch", "alpha", order=2)
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2"]


def test_a_twin_that_was_cancelled_is_none(stage: Stage) -> None:
    quality(stage, double_import="stop")
    stage.add(good_order(1, external_id="SHOP-9", status=8), good_order(2, external_id="SHOP-9"))
    stage.run()
    assert list(stage.wemalo_orders()) == ["2"]
    assert hints(stage, 2) == []


@pytest.mark.parametrize("choice", ["hint", "wait", "off"])
def test_a_credit_note_before_sending_is_told_or_waited_for(stage: Stage, choice: str) -> None:
    quality(stage, credit_note=choice)
    stage.add(good_order(1), good_order(2, type=4, parent=1, status=11))
    stage.run()
    if choice == "wait":
        assert stage.wemalo_orders() == {}
        assert (stage.state(1), reason(stage, 1)) == ("fetched", "ORDER_CREDITED")
        assert stage.timeline(1).order.next_attempt_at is not None
    else:
        assert list(stage.wemalo_orders()) == ["1"]
        assert hints(stage, 1) == (["ORDER_CREDITED_HINT"] if choice == "hint" else [])


@pytest.mark.parametrize("date_type", ["8", "11"])
def test_a_date_ahead_is_told_or_waited_for(stage: Stage, date_type: str) -> None:
    now = datetime.now(UTC)
    far, near = ((now + timedelta(days=n)).isoformat() for n in (10, 2))
    stage.add(good_order(1, dates={date_type: far}), good_order(2, dates={date_type: near}))
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2"]
    assert {n: hints(stage, n) for n in (1, 2)} == {1: ["ORDER_DATE_AHEAD_HINT"], 2: []}
    quality(stage, future_date="wait")
    stage.add(good_order(3, dates={date_type: far}), good_order(4, dates={date_type: near}))
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2", "4"]
    assert (stage.state(3), reason(stage, 3)) == ("fetched", "ORDER_DATE_AHEAD")


def test_a_locker_with_a_carrier_that_cannot_is_told_or_waited_for(stage: Stage) -> None:
    number = good_order(1)["profile"]
    settings(stage, shipping_profiles={number: "dhl-paket", 98: "dpd-classic", 99: "own"})
    stage.add(
        good_order(1, delivery=LOCKER),
        good_order(2, delivery=LOCKER, profile=98),
        good_order(3, profile=98),
    )
    stage.run()
    assert {n: "ORDER_STATION_CARRIER_HINT" in hints(stage, n) for n in (1, 2, 3)} == {
        1: False, 2: True, 3: False}  # fmt: skip
    quality(stage, station_carrier="wait", station_profiles=["dhl-paket"])
    stage.add(good_order(4, delivery=LOCKER, profile=99), good_order(5, delivery=LOCKER))
    stage.run()
    assert sorted(stage.wemalo_orders()) == ["1", "2", "3", "5"]
    assert (stage.state(4), reason(stage, 4)) == ("fetched", "ORDER_STATION_CARRIER")


def test_questions_that_plentymarkets_cannot_answer_hold_up_no_order_where_they_are_hints(
    stage: Stage,
) -> None:
    stage.sandbox.plenty.fault(
        route="GET /rest/orders/search", match="orderProperty_7", kind="status", status=422
    )
    stage.add(good_order(1))
    stage.run()
    assert list(stage.wemalo_orders()) == ["1"]
    (fault,) = stage.sandbox.plenty.faults()
    assert fault["fired"] > 0
