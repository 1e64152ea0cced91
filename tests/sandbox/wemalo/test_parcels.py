"""Parcels, tracking numbers and the queue of sent items (wemalo contract 5 and 15.3)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.wemalo.conftest import Shop, receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.client import ControlClient


def packages(shop: Shop, external_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get("/goodsOrder/packages", externalOrderId=external_id)[
        "packages"
    ]
    return found


def test_a_packed_order_shows_its_parcel_before_the_hand_over(
    shop: Shop, act: Callable[..., Any]
) -> None:
    number = shop.order("1", ("1093", 2), ("1094", 3), dispatcherProfile="dpd")["id"]
    assert packages(shop, "1") == []
    act("pack", order="1")
    parcel = packages(shop, "1")[0]
    assert (parcel["quantity"], parcel["weightTotal"]) == (5, 2 * 900 + 3 * 50 + 150)
    assert (parcel["isHandedOver"], parcel["profileName"]) == (False, "DPD")
    assert {item["sku"]: item["quantity"] for item in parcel["items"]} == {"LAMP-1": 2, "BULB-1": 3}
    assert shop.get("/goodsOrder/packages", orderId=number)["packages"] == [parcel]
    act("hand_over", order="1")
    assert packages(shop, "1")[0]["isHandedOver"] is True


def test_packages_need_an_order_that_is_known(shop: Shop) -> None:
    assert shop.get("/goodsOrder/packages")["status"] == 400
    assert shop.get("/goodsOrder/packages", externalOrderId="none")["status"] == 404
    assert shop.get("/goodsOrder/packages", orderId="99")["status"] == 404


def test_the_profile_of_the_order_decides_the_carrier_else_the_first_one_does(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1", dispatcherProfile="gls")
    shop.order("2", dispatcherProfile="unknown")
    act("ship")
    carriers = {row["externalGoodsOrderId"]: row["dispatcherName"] for row in shop.sent()}
    assert carriers == {"1": "GLS", "2": "DHL"}


def test_profiles_list_carriers_with_their_match_ids(shop: Shop) -> None:
    dispatchers = shop.get("/goodsOrder/profiles")["dispatcher"]
    ids = {one["name"]: [p["matchId"] for p in one["profiles"]] for one in dispatchers}
    assert ids["DHL"] == ["dhl", "dhl_intl", ""]
    assert set(dispatchers[0]["profiles"][0]) >= {"name", "product", "services", "field2", "field3"}


def test_a_sent_row_has_all_that_is_needed_to_book_it(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    shop.order("1", ("1093", 2), orderNumber="A-1", extraInfo="plentyId=1", departmentNumber="7")
    act("pack", order="1")
    control.clock(advance=3600)
    act("hand_over", order="1")
    rows = shop.sent()
    parcel = packages(shop, "1")[0]
    assert rows == [
        {
            "historyId": rows[0]["historyId"],
            "packageId": parcel["id"],
            "goodsOrderId": shop.get("/goodsOrder/getStatus/1")["id"],
            "externalGoodsOrderId": "1",
            "orderNumberCustomer": "A-1",
            "orderStatusId": "500",
            "externalProductId": "1093",
            "productId": rows[0]["productId"],
            "productName": "Lamp",
            "sku": "LAMP-1",
            "count": 2,
            "serialNumber": "",
            "trackingNumber": parcel["trackingNumber"],
            "dispatcherName": "DHL",
            "dispatcherProduct": "DHL Paket",
            "bookingDate": "02.03.2026 09:00:00",
            "handoverDate": "02.03.2026 10:00:00",
            "orderInfo": {
                "extraInfo": "plentyId=1",
                "extraInfo2": "",
                "extraInfo3": "",
                "extraInfo4": "",
                "departmentNumber": "7",
            },
        }
    ]


def test_the_recipient_comes_only_when_asked_for(shop: Shop, act: Callable[..., Any]) -> None:
    second = receiver(primary=False, name1="Rechnung")
    shop.order("1", receiver=[second, receiver(streetNumber="", street="Weg 3 b")])
    act("ship", order="1")
    assert "recipient" not in shop.sent()[0]
    recipient = shop.sent(addRecipient="true")[0]["recipient"]
    assert (recipient["name1"], recipient["houseNumber"]) == ("Erika Beispiel", "3 b")
    assert recipient["phone"] == ""


def test_several_parcels_have_a_number_each_and_only_the_last_hand_over_completes_the_order(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    shop.order("1", ("1093", 3))
    act("pack", order="1", parcels=[{"items": {"1093": 2}, "weight": 2000}, {"items": {"1093": 1}}])
    act("hand_over", order="1", parcel=2)
    assert shop.status("1") == "PACKED"
    control.clock(advance=86_400)
    act("hand_over", order="1", parcel=1)
    assert shop.status("1") == "SHIPPED"
    rows = shop.sent()
    assert [row["count"] for row in rows] == [1, 2]
    assert rows[0]["orderStatusId"] != "500"
    assert rows[1]["orderStatusId"] == "500"
    assert [row["handoverDate"][:10] for row in rows] == ["02.03.2026", "03.03.2026"]
    assert len({row["trackingNumber"] for row in rows}) == 2
    with pytest.raises(RuntimeError):
        act("hand_over", order="1", parcel=1)


@pytest.mark.parametrize(
    ("settings", "scenario", "expected"),
    [({}, {"1": 2}, [2, 3]), ({"max_items_per_parcel": 2}, {}, [1, 2, 2]), ({}, {}, [5])],
)
def test_the_number_of_parcels_is_told_by_the_scenario_or_a_limit(
    shop: Shop,
    control: ControlClient,
    settings: dict[str, int],
    scenario: dict[str, int],
    expected: list[int],
) -> None:
    control.settings(auto=True, **settings)
    control.merge({"tenants": [{"tenant": "alpha", "parcels": scenario}]})
    shop.order("1", ("1093", 2), ("1094", 3))
    control.clock(advance=86_400)
    assert sorted(one["quantity"] for one in packages(shop, "1")) == expected
    assert {row["orderStatusId"] for row in shop.sent()} == {"500"}


def test_a_parcel_can_go_without_a_tracking_number_and_get_one_later(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1", ("1093", 2))
    act("pack", order="1", parcels=[{"items": {"1093": 1}, "tracking": False}, {"tracking": "T2"}])
    act("hand_over", order="1")
    assert [row["trackingNumber"] for row in shop.sent()] == ["", "T2"]
    act("change_tracking", order="1", parcel=1, tracking="T1")
    assert [row["trackingNumber"] for row in shop.sent()] == ["T1", "T2"]


def test_a_parcel_tells_label_tracking_number_and_carrier(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1")
    act("pack", order="1", parcels=[{"carrier": "Spedition", "tracking": "S1"}])
    number = packages(shop, "1")[0]["id"]
    tracking = shop.get(f"/goodsOrder/package/{number}/trackingNumber")
    assert (tracking["trackingNumber"], tracking["carrier"]) == ("S1", "Spedition")
    label = shop.get(f"/goodsOrder/package/{number}/label")["files"][0]
    assert base64.b64decode(label["base64"]).startswith(b"%PDF")
    for path in ("label", "trackingNumber"):
        assert shop.get(f"/goodsOrder/package/77/{path}")["status"] == 404
        assert shop.get(f"/goodsOrder/package/x/{path}")["status"] == 404


def test_a_tracking_number_is_set_from_outside(shop: Shop, act: Callable[..., Any]) -> None:
    shop.order("1")
    act("pack", order="1")
    number = packages(shop, "1")[0]["id"]
    assert (
        shop.put(f"/goodsOrder/trackingNumber/{number}", trackingNumber="N1")["trackingNumber"]
        == "N1"
    )
    assert shop.put(f"/goodsOrder/trackingNumber/{number}")["status"] == 400
    assert packages(shop, "1")[0]["trackingNumber"] == "N1"


def test_a_parcel_is_handed_over_from_outside(shop: Shop, act: Callable[..., Any]) -> None:
    shop.order("1")
    act("pack", order="1")
    number = packages(shop, "1")[0]["id"]
    body = {"trackingNumber": "N1", "dispatcherProfile": "ups"}
    assert shop.post(f"/goodsOrder/package/{number}/sent", **body)["Success"] is True
    row = shop.sent()[0]
    assert (row["trackingNumber"], row["dispatcherName"]) == ("N1", "UPS")
    assert shop.post(f"/goodsOrder/package/{number}/sent")["status"] == 409


def test_rows_stay_in_the_queue_until_acknowledged_and_twice_is_harmless(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("1", ("1093", 1), ("1094", 1))
    act("ship", order="1")
    first, second = (row["historyId"] for row in shop.sent())
    for _ in range(2):
        assert shop.put(f"/goodsOrder/packages/sent/{first}")["status"] == 200
    assert [row["historyId"] for row in shop.sent()] == [second]
    assert shop.put("/goodsOrder/packages/sent/999")["status"] == 404


def test_the_queue_can_be_asked_for_one_order_and_pages_from_zero(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    control.settings(page_size=2)
    for number in range(5):
        shop.order(str(number))
    act("ship")
    pages = [shop.get("/goodsOrder/packages/sent/", page=page) for page in range(3)]
    assert [len(page["bookings"]) for page in pages] == [2, 2, 1]
    assert [page["additionalPage"] for page in pages] == [True, True, False]
    assert [row["externalGoodsOrderId"] for row in shop.sent(externalId="3")] == ["3"]
    assert shop.sent(externalId="none") == []


def test_sent_packages_are_found_by_time_and_order_also_when_acknowledged(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    for number in range(3):
        shop.order(str(number))
        act("ship", order=str(number))
        control.clock(advance=3600)
    shop.put(f"/goodsOrder/packages/sent/{shop.sent()[0]['historyId']}")

    def orders(**params: str) -> list[str]:
        rows = shop.get("/goodsOrder/sentPackages/", **params)["bookings"]
        return [row["externalGoodsOrderId"] for row in rows]

    assert orders() == ["0", "1", "2"]
    assert orders(dateFrom="02.03.2026 10:00:00") == ["1", "2"]
    assert orders(dateFrom="02.03.2026 09:00:00", dateTo="02.03.2026 10:00:00") == ["0", "1"]
    assert orders(externalId="1") == ["1"]
    assert orders(externalId="1", dateFrom="03.03.2026 00:00:00") == []
    assert shop.get("/goodsOrder/sentPackages/", dateFrom="2026-03-02")["status"] == 400
    assert "orderStatusId" not in shop.get("/goodsOrder/sentPackages/")["bookings"][0]


def test_parts_of_a_set_name_the_set_they_come_from(shop: Shop, control: ControlClient) -> None:
    product = {"externalId": "set", "sku": "SET", "name": "Set", "set": {"1093": 1, "1094": 2}}
    control.merge({"tenants": [{"tenant": "alpha", "products": [product]}]})
    shop.order("1", ("set", 3))
    control.act("ship", "alpha", order="1")
    rows = {row["externalProductId"]: row for row in shop.sent()}
    assert {key: row["count"] for key, row in rows.items()} == {"1093": 3, "1094": 6}
    assert rows["1094"]["parent"]["externalProductId"] == "set"
    assert rows["1094"]["parent"]["count"] == 3


def test_numbers_are_the_same_for_the_same_seed(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    def run() -> list[dict[str, Any]]:
        control.clock(now="2026-03-02T08:00:00+00:00")
        control.scenario(
            {"tenants": [{"tenant": "alpha", "token": "alpha-token", "stock": {"p": 9}}]}
        )
        shop.order("1", ("p", 2))
        act("pack", order="1", parcels=2)
        act("hand_over", order="1")
        return shop.sent()

    assert run() == run()
