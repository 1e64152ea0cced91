"""Stock, its deltas and the queue of postings (wemalo contract 7 and 15.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop

ALL = "0101202000"


def available(shop: Shop, external_id: str) -> int:
    articles = shop.get("/product/availableStock/", fromDate=ALL)["articles"]
    article = next(one for one in articles if one["externalId"] == external_id)
    return int(next(row["quantity"] for row in article["attributes"] if row["isDefault"]))


def merge(control: ControlClient, **rows: Any) -> None:
    control.merge({"tenants": [{"tenant": "alpha", **rows}]})


def test_reduced_stock_tells_all_pieces_and_the_reserved_ones(shop: Shop) -> None:
    shop.order("1", ("1093", 4))
    reduced = shop.get("/product/stock/reduced/1093", hideDetails="false")
    assert (reduced["quantity"], reduced["quantityReserved"]) == (10, 4)
    assert [(row["quantity"], row["reserved"]) for row in reduced["details"]] == [(10, 4)]
    assert "details" not in shop.get("/product/stock/reduced/1093", hideDetails="true")


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("quantityReserved", {"quantityReserved": 4}),
        ("notReservedQuantity", {"notReservedQuantity": 6}),
        ("both", {"quantityReserved": 4, "notReservedQuantity": 6}),
    ],
)
def test_the_name_of_the_reserved_quantity_is_a_switch(
    shop: Shop, control: ControlClient, spelling: str, expected: dict[str, int]
) -> None:
    control.settings(stock_reserved_field=spelling)
    shop.order("1", ("1093", 4))
    answer = shop.get("/product/stock/reduced/1093", hideDetails="true")
    assert {key: value for key, value in answer.items() if "eserved" in key} == expected


def test_stock_of_an_unknown_product_is_400_as_documented(shop: Shop) -> None:
    assert shop.get("/product/stock/none")["status"] == 400
    assert shop.get("/product/stock/reduced/none")["status"] == 400


def test_available_goes_below_zero_when_orders_need_more_than_there_is(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1", ("1093", 4))
    assert available(shop, "1093") == 6
    shop.order("2", ("1093", 9))
    assert available(shop, "1093") == -3
    control.settings(negative_stock=False)
    assert available(shop, "1093") == 0
    control.settings(available_includes_reserved=True)
    assert available(shop, "1093") == 10


def test_picked_and_blocked_goods_are_not_available(shop: Shop, act: Callable[..., Any]) -> None:
    shop.order("1", ("1093", 2))
    act("pick", order="1")
    act("block_stock", product="1093", quantity=3)
    assert available(shop, "1093") == 5
    assert shop.get("/product/stock/reduced/1093")["quantity"] == 5
    act("block_stock", product="1093", quantity=-1)
    assert available(shop, "1093") == 6


def test_picked_goods_can_be_shown_by_a_switch(shop: Shop, control: ControlClient) -> None:
    control.settings(stock_includes_picked=True, reserved_counts_missing=True)
    shop.order("1", ("1093", 2))
    control.act("pick", "alpha", order="1")
    shop.order("2", ("1093", 9))
    reduced = shop.get("/product/stock/reduced/1093")
    assert (reduced["quantity"], reduced["quantityReserved"]) == (10, 9)


def test_other_qualities_are_apart_and_not_reserved(shop: Shop, control: ControlClient) -> None:
    merge(control, stock={"b": {"quantity": 2, "B": 5, "blocked": 1}})
    shop.order("1", ("b", 3))
    assert shop.status("1") == "PARTIAL"
    rows = shop.get("/product/stock/b")["articles"]
    assert {(row["attributeEnglish"], row["quantity"]) for row in rows} == {
        ("1. Choice", 2), ("2. Choice", 5),
    }  # fmt: skip
    article = shop.get("/product/availableStock/", fromDate=ALL)["articles"][-1]
    assert [(a["isDefault"], a["quantity"]) for a in article["attributes"]] == [
        (True, -1), (False, 5),
    ]  # fmt: skip


def test_the_delta_lists_only_products_with_a_change_since_that_hour(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    control.clock(now="2026-03-02T10:30:00+00:00")
    act("receive_goods", items=[{"product": "1094", "quantity": 1}])

    def changed(hour: str) -> list[str]:
        rows = shop.get("/product/availableStock/", fromDate=hour)["articles"]
        return [row["externalId"] for row in rows]

    assert changed("0203202609") == ["1093", "1094"]
    assert changed("0203202611") == ["1094"]
    assert changed("0203202612") == []
    for bad in ("", "2026-03-02", "020320261", "3202202611"):
        assert shop.get("/product/availableStock/", fromDate=bad)["status"] == 400


def test_a_serial_number_can_be_ordered_once_and_travels_with_its_piece(
    shop: Shop, control: ControlClient
) -> None:
    merge(control, products=[{"externalId": "s", "sku": "s", "hasSerialNumber": True}],
          stock={"s": {"serials": ["a", "b"]}})  # fmt: skip

    def order(external_id: str, **position: Any) -> dict[str, Any]:
        receiver = {"name1": "A", "street": "B 1", "zip": "10115", "city": "C",
                    "countryCode2Letter": "DE"}  # fmt: skip
        body = {"meta": {"externalId": external_id, "receiver": [receiver]},
                "positions": [{"externalId": "s"} | position]}  # fmt: skip
        return shop.post("/goodsOrder/addConditional", **body)

    assert order("1", serialNumber="b")["orderStatus"] == "OPEN"
    assert order("2", serialNumber="b")["orderStatus"] == "PARTIAL"
    assert order("3", serialNumber="x")["status"] == 404
    assert order("4", serialNumber="a", quantity=2)["status"] == 400
    assert order("5")["orderStatus"] == "OPEN"
    details = shop.get("/product/stock/reduced/s")["details"]
    assert [(row["serialNumber"], row["reserved"]) for row in details] == [("a", 1), ("b", 1)]
    control.act("ship", "alpha", order="1")
    control.act("ship", "alpha", order="5")
    assert [row["serialNumber"] for row in shop.sent()] == ["b", "a"]


def test_every_kind_of_posting_is_queued_with_an_id_per_piece(
    shop: Shop, act: Callable[..., Any]
) -> None:
    act("receive_goods", items=[{"product": "1093", "quantity": 3}])
    shop.order("1", ("1093", 2))
    act("ship", order="1")
    act("book_return", order="1", items=[{"product": "1093"}])
    act("inventory", product="1093", delta=4)
    act("inventory", product="1093", delta=-1)
    counts = {
        reason: shop.get("/product/bookings/flag", reason=reason)["numberOfBookings"]
        for reason in (
            "INCOMING", "PACK_PARCEL", "SENT", "RETURNSHIPMENT", "INVENTORY_IN", "INVENTORY_OUT",
        )
    }  # fmt: skip
    assert list(counts.values()) == [3, 2, 2, 1, 4, 1]
    entry = shop.get("/product/bookings/flag", reason="SENT")["entries"][0]
    assert (entry["quantity"], entry["extGoodsOrderId"], entry["sku"]) == (2, "1", "LAMP-1")
    assert entry["externalIds"] == [{"value": "alpha-shop", "key": "1093"}]
    assert [row["extPositionReference"] for row in entry["bookingHistoryEntries"]] == ["1-1"] * 2
    assert shop.get("/product/bookings/flag", reason="OTHER")["status"] == 400


def test_postings_come_fifty_a_page_and_vanish_when_flagged(
    shop: Shop, act: Callable[..., Any]
) -> None:
    act("inventory", product="1093", delta=70)
    page = shop.get("/product/bookings/flag", reason="INVENTORY_IN", page=0)
    assert (page["maxResults"], page["numberOfBookings"], page["additionalPage"]) == (50, 50, True)
    rest = shop.get("/product/bookings/flag", reason="INVENTORY_IN", page=1)
    assert (rest["numberOfBookings"], rest["additionalPage"]) == (20, False)
    ids = [row["historyId"] for row in page["entries"][0]["bookingHistoryEntries"]]
    last = rest["entries"][0]["bookingHistoryEntries"][0]["historyId"]
    assert shop.put("/product/bookings/flag", historyIds=[*ids, last])["status"] == 400
    for _ in range(2):
        flagged = shop.put("/product/bookings/flag", historyIds=ids)
        assert (flagged["allUpdated"], flagged["historyIds"]) == (True, ids)
    assert shop.get("/product/bookings/flag", reason="INVENTORY_IN")["numberOfBookings"] == 20
    assert shop.put("/product/bookings/flag", historyIds=[1])["allUpdated"] is False


def test_the_names_of_the_page_size_and_of_the_flagged_ids_are_switches(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(max_results_field="both", flagged_field="updated")
    page = shop.get("/product/bookings/flag", reason="SENT")
    assert (page["maxResult"], page["maxResults"]) == (50, 50)
    assert shop.put("/product/bookings/flag", historyIds=[])["updated"] == []


def test_one_acknowledgement_can_serve_all_queues(shop: Shop, control: ControlClient) -> None:
    shop.order("1")
    control.act("ship", "alpha", order="1")
    history_id = shop.sent()[0]["historyId"]
    shop.put("/product/bookings/flag", historyIds=[history_id])
    assert len(shop.sent()) == 1
    control.settings(shared_flags=True)
    shop.put("/product/bookings/flag", historyIds=[history_id])
    assert shop.sent() == []


def test_a_set_shows_how_many_its_free_parts_make(shop: Shop, control: ControlClient) -> None:
    merge(control, products=[{"externalId": "set", "sku": "SET", "set": {"1093": 2, "1094": 30}}])
    control.act("inventory", "alpha", product="1093", delta=-3)
    assert available(shop, "1093") == 7
    merge(control, stock={"set": 0})
    article = shop.get("/product/availableStock/", fromDate=ALL)["articles"][-1]
    assert (article["externalId"], article["virtualQuantity"]) == ("set", 3)


def test_an_inactive_or_ignored_product_is_not_picked(shop: Shop, control: ControlClient) -> None:
    merge(control, products=[{"externalId": "fee", "sku": "FEE", "ignorePicking": True}])
    shop.put("/product/changeActiveFlag/1094", isActive=False)
    assert shop.order("1", ("1093", 1), ("fee", 1))["orderStatus"] == "OPEN"
    assert shop.order("2", ("1094", 1))["orderStatus"] == "PARTIAL"
    control.act("ship", "alpha", order="1")
    assert [row["externalProductId"] for row in shop.sent()] == ["1093"]
    shop.put("/product/changeActiveFlag/1094", isActive=True)
    assert shop.status("2") == "OPEN"
