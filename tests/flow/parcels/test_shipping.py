"""Parcels and goods issue, with what goes wrong on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.systems.locks import exclusive
from tests.flow.stage import Stage, good_order, settings

BOOK = "POST /rest/sales_orders/{order_id}/book"


def open_codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in open_exceptions(connection, stage.name))


def numbers(stage: Stage) -> list[str]:
    rows = stage.plenty_order(1)["shippingPackages"]  # the one of the shipping rule is empty first
    return sorted(p["packageNumber"] for p in rows if p["packageNumber"])


def bookings(stage: Stage) -> int:
    counts = stage.sandbox.plenty.calls("alpha")["counts"]["alpha"]
    return int(counts.get(BOOK, 0))


def two_parcels(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})
    items = [{"variation": 2001 + n, "quantity": 1} for n in range(2)]
    stage.add(good_order(1, items=items))
    stage.run()
    stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=2)


def test_two_hand_overs_on_two_days_end_the_order_with_the_second(stage: Stage) -> None:
    settings(stage, goods_issue="book")
    two_parcels(stage)
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1", parcel=1)
    stage.run()
    assert not stage.errors
    assert stage.state(1) == "partly_shipped"
    assert len(numbers(stage)) == 1
    assert "shippingInformation" not in stage.plenty_order(1) or not stage.plenty_order(1).get(
        "shippingInformation"
    )
    assert bookings(stage) == 0
    stage.sandbox.wemalo.clock(advance=24 * 3600)
    stage.run()
    assert stage.state(1) == "partly_shipped"
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1", parcel=2)
    stage.run()
    assert stage.state(1) == "shipped"
    assert len(numbers(stage)) == 2
    assert bookings(stage) == 1
    assert stage.plenty_status(1) == Decimal(7)


def test_a_tracking_number_that_changes_later_is_corrected(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    (before,) = numbers(stage)
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", tracking="00340434161094000009")
    stage.run()
    assert not stage.errors
    assert numbers(stage) == ["00340434161094000009"]
    assert before != "00340434161094000009"
    assert stage.plenty_order(1)["shippingInformation"]["transactionId"] == "00340434161094000009"
    assert "tracking_changed" in stage.events(1)


def test_a_parcel_without_number_is_told_and_goes_on_once_it_has_one(stage: Stage) -> None:
    settings(stage, number_patience_minutes=0)
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=[{"tracking": False}])
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1")
    stage.run()
    stage.run()
    assert not stage.errors
    assert open_codes(stage) == ["PARCEL_WITHOUT_NUMBER"]
    assert numbers(stage) == []
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", tracking="00340434161094000008")
    stage.run()
    assert numbers(stage) == ["00340434161094000008"]
    assert stage.state(1) == "shipped"
    stage.run()
    assert open_codes(stage) == []


def test_a_parcel_without_number_is_given_time(stage: Stage) -> None:
    settings(stage, number_patience_minutes=240)
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=[{"tracking": False}])
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1")
    stage.run()
    stage.run()
    assert open_codes(stage) == []


def test_an_unmapped_carrier_is_an_exception_until_it_is_mapped(stage: Stage) -> None:
    carriers = stage.merchant.carriers
    settings(stage, carriers={})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    stage.run()
    assert open_codes(stage) == ["CARRIER_UNMAPPED"]
    assert stage.events(1).count("shipping_info_waits") == 1
    settings(stage, carriers=carriers)
    stage.run()
    assert stage.plenty_order(1)["shippingInformation"]["shippingServiceProvider"] == "DHL"
    assert open_codes(stage) == []


def test_the_tracking_page_is_written_with_the_shipping_information(stage: Stage) -> None:
    settings(stage, tracking_urls={"DHL": "https://track.example/?n={number}"})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    (number,) = numbers(stage)
    information = stage.plenty_order(1)["shippingInformation"]
    assert information["additionalData"] == f"https://track.example/?n={number}"


@pytest.mark.parametrize("kind", ["lost_reply", "status"])
def test_goods_issue_whose_answer_was_lost_is_looked_up_and_booked_once(
    stage: Stage, kind: str
) -> None:
    settings(stage, goods_issue="book")
    stage.settle_s = 0
    stage.sandbox.plenty.fault(route=BOOK, kind=kind, status=502, times=1)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    for _ in range(3):
        stage.run()
    assert stage.plenty_status(1) == Decimal(7)
    booked = [
        row for row in stage.plenty_order(1)["statusHistory"] if Decimal(str(row["statusId"])) == 7
    ]
    assert len(booked) == 1
    assert open_codes(stage) == []


def test_goods_issue_booked_by_somebody_else_is_left_alone(stage: Stage) -> None:
    settings(stage, goods_issue="book")
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.sandbox.plenty.hook(route=BOOK, when="before", action={"action": "book", "order": 1})
    stage.run()
    (hook,) = stage.sandbox.plenty.hooks()
    assert hook["error"] is None
    assert not stage.errors
    assert "goods_issue_written" in stage.events(1)
    assert open_codes(stage) == []


@pytest.mark.parametrize("choice", ["none", "event"])
def test_goods_issue_is_left_to_others_where_the_setting_says_so(stage: Stage, choice: str) -> None:
    settings(stage, goods_issue=choice)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert bookings(stage) == 0
    assert stage.plenty_status(1) == Decimal("5.1")


def test_only_the_status_is_set_where_the_setting_says_so(stage: Stage) -> None:
    statuses = {**stage.merchant.statuses.model_dump(), "shipped": "6"}
    settings(stage, goods_issue="status", statuses=statuses)
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    stage.run()
    assert bookings(stage) == 0
    assert stage.plenty_status(1) == Decimal(6)


def test_two_runs_at_once_write_each_parcel_and_book_once(stage: Stage) -> None:
    settings(stage, goods_issue="book")
    stage.add(*(good_order(n, items=[{"variation": 2001, "quantity": 1}]) for n in range(1, 7)))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)

    def reconcile(_: int) -> None:
        with exclusive(stage.engine, stage.name, "reconcile_tracking"):  # as the operator does
            stage.step("reconcile_tracking")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(reconcile, range(2)))
    for n in range(1, 7):
        assert len(stage.plenty_order(n)["shippingPackages"]) == 1
    assert bookings(stage) == 6
