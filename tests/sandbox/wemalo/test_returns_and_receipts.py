"""Goods that come in: returns and receipts (wemalo contract 6, 9 and 15.5)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop

SENDER = {"name1": "Erika Beispiel", "street": "Musterstraße", "house_no": "12a",
          "streetNumber": "12a", "zip": "10115", "city": "Berlin", "country": "DE"}  # fmt: skip


def announcement(external_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "deliveryNumber": f"D-{external_id}",
        "externalId": external_id,
        "goodsOrderExternalId": "1",
        "orderNumberCustomer": "A-1",
        "sender": SENDER,
        "items": [{"externalId": "1093", "quantity": 2, "returnReason": 3}],
    } | changes


def stock_of(control: ControlClient, external_id: str) -> dict[str, Any]:
    found: dict[str, Any] = control.state("alpha")["tenants"]["alpha"]["stock"][external_id]
    return found


@pytest.fixture
def shipped(shop: Shop, act: Callable[..., Any]) -> None:
    """Order 1 with three lamps has left the house."""
    shop.order("1", ("1093", 3), orderNumber="A-1")
    act("ship", order="1")


def test_a_return_is_announced_booked_per_piece_and_linked_to_its_order(
    shop: Shop, act: Callable[..., Any], shipped: None
) -> None:
    assert shop.post("/returns/announce", **announcement("R1"))["id"] > 0
    act("book_return", **{"return": "R1"}, items=[
        {"product": "1093", "quantity": 2, "reason": "damaged", "packaging": "p2"},
    ])  # fmt: skip
    rows = shop.get("/returns/booked")["bookings"]
    assert len(rows) == 2
    assert rows[0] == {
        "id": rows[0]["id"],
        "externalProductId": "1093",
        "productId": rows[0]["productId"],
        "productName": "Lamp",
        "bookingDate": "02.03.2026 09:00:00",
        "serialNumber": "",
        "attributeCode": "1",
        "attributeDefault": True,
        "attributePackagingCode": "p2",
        "reasonCode": "damaged",
        "readyForShipment": True,
        "goodsReceiptExternalId": "R1",
        "goodsReceiptDeliveryNumber": "D-R1",
        "goodsReceiptOrderNumber": "A-1",
        "goodsOrderExternalId": "1",
        "goodsOrderNumber": "A-1",
    }


def test_only_good_pieces_of_the_default_quality_are_sellable_again(
    control: ControlClient, act: Callable[..., Any], shipped: None
) -> None:
    act("book_return", order="1", items=[
        {"product": "1093"},
        {"product": "1093", "attribute": "2"},
        {"product": "1093", "ready": False},
    ])  # fmt: skip
    stock = stock_of(control, "1093")
    assert (stock["shelf"], stock["blocked"], stock["available"]) == ({"1": 8, "2": 1}, 1, 8)
    assert (stock["returned"], stock["physical"]) == (3, 10)


def test_over_unannounced_and_foreign_returns_are_booked(
    shop: Shop, act: Callable[..., Any], shipped: None
) -> None:
    shop.post("/returns/announce", **announcement("R1"))
    act("book_return", **{"return": "R1"}, items=[{"product": "1093", "quantity": 5}])
    act("book_return", order="1", items=[{"product": "1094"}])
    act("book_return", items=[{"product": "1094"}, {"name": "somebody else's shoe"}])
    rows = shop.get("/returns/booked")["bookings"]
    links = [(row["goodsReceiptExternalId"], row["goodsOrderExternalId"]) for row in rows]
    assert links == [("R1", "1")] * 5 + [("", "1"), ("", ""), ("", "")]
    assert (rows[-1]["externalProductId"], rows[-1]["productName"]) == ("", "somebody else's shoe")


def test_an_unknown_product_or_missing_parts_refuse_the_announcement(shop: Shop) -> None:
    items = [{"externalId": "none", "quantity": 1}]
    assert shop.post("/returns/announce", **announcement("R1", items=items))["status"] == 404
    for missing in ("items", "sender"):
        body = announcement("R1")
        del body[missing]
        assert shop.post("/returns/announce", **body)["status"] == 400


def test_items_are_matched_by_external_id_sku_or_internal_id(
    shop: Shop, control: ControlClient
) -> None:
    number = control.state("alpha")["tenants"]["alpha"]["products"]["1094"]["id"]
    items = [{"externalId": "LAMP-1", "quantity": 1}, {"id": number, "quantity": 2}]
    created = shop.post("/returns/announce", **announcement("R1", items=items))["id"]
    state = control.state("alpha")["tenants"]["alpha"]["returns"][str(created)]
    assert state["items"] == {"1093": 1, "1094": 2}


def test_announcing_again_is_refused_or_taken_as_an_update(
    shop: Shop, control: ControlClient
) -> None:
    first = shop.post("/returns/announceConditional", **announcement("R1"))
    again = shop.post("/returns/announceConditional", **announcement("R1"))
    assert (again["status"], again["id"]) == (200, first["id"])
    assert shop.post("/returns/announce", **announcement("R1"))["status"] == 409
    assert len(control.state("alpha")["tenants"]["alpha"]["returns"]) == 1


def test_booked_returns_stay_until_acknowledged_and_twice_is_harmless(
    shop: Shop, act: Callable[..., Any], shipped: None
) -> None:
    act("book_return", order="1", items=[{"product": "1093", "quantity": 2}])
    first, second = (row["id"] for row in shop.get("/returns/booked")["bookings"])
    for _ in range(2):
        assert shop.put(f"/returns/booked/{first}")["status"] == 200
    assert [row["id"] for row in shop.get("/returns/booked")["bookings"]] == [second]
    assert [row["id"] for row in shop.get("/returns/getBookings")["bookings"]] == [first, second]
    assert shop.put("/returns/booked/1")["status"] == 404


def test_returns_are_found_by_order_return_and_time(
    shop: Shop, act: Callable[..., Any], control: ControlClient, shipped: None
) -> None:
    number = shop.post("/returns/announce", **announcement("R1"))["id"]
    act("book_return", **{"return": "R1"}, items=[{"product": "1093"}])
    control.clock(advance=3600)
    act("book_return", items=[{"product": "1094"}])

    def products(**params: Any) -> list[str]:
        rows = shop.get("/returns/getBookings", **params)["bookings"]
        return [row["externalProductId"] for row in rows]

    assert products() == ["1093", "1094"]
    assert products(externalGoodsOrderId="1") == ["1093"]
    assert products(externalReturnsId="R1") == ["1093"]
    assert products(returnsId=number) == ["1093"]
    assert products(externalReturnsId="R2") == []
    assert products(dateFrom="02.03.2026 09:30:00") == ["1094"]
    assert products(dateTo="02.03.2026 09:30:00") == ["1093"]


def test_documents_of_a_return_can_be_pictures(shop: Shop) -> None:
    shop.post("/returns/announce", **announcement("R1"))
    picture = base64.b64encode(b"\x89PNG").decode()
    body = {"docType": "DOCUMENT", "docName": "t.png", "base64data": picture}
    assert shop.post("/returns/document/R1", **body)["status"] == 200
    assert shop.post("/returns/document/R1", **body | {"docType": "BILL"})["status"] == 400
    assert shop.post("/returns/document/R2", **body)["status"] == 404


def test_an_announced_receipt_books_nothing_until_goods_arrive(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    body = {"deliveryNumber": "LS-1", "orderNumberCustomer": "PO-1", "externalId": "G1",
            "items": [{"externalId": "1093", "quantity": 5}]}  # fmt: skip
    number = shop.post("/goodsReceipt/add", **body)["id"]
    assert stock_of(control, "1093")["physical"] == 10
    assert shop.get("/goodsReceipt/get")["bookings"] == []
    act("receive_goods", receipt="G1", items=[{"product": "1093", "quantity": 3}])
    act("receive_goods", receipt="G1", items=[{"product": "1093", "quantity": 4},
                                              {"product": "1094", "quantity": 1}])  # fmt: skip
    booking = shop.get("/goodsReceipt/get", orderId=number)["bookings"][0]
    assert (booking["externalId"], booking["deliveryNote"], booking["total"]) == ("G1", "LS-1", 8)
    assert [item["count"] for item in booking["items"]] == [1] * 8
    assert {item["reason"] for item in booking["items"]} == {"INCOMING"}
    assert stock_of(control, "1093")["physical"] == 17


def test_receipts_are_found_by_note_and_time_and_unannounced_ones_have_no_ids(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    act("receive_goods", items=[{"product": "1094"}])
    control.clock(advance=3600)
    shop.post(
        "/goodsReceipt/add", deliveryNumber="LS-2", items=[{"externalId": "1093", "quantity": 1}]
    )
    number = max(int(one) for one in control.state("alpha")["tenants"]["alpha"]["receipts"])
    act("receive_goods", receipt=number, items=[{"product": "1093", "serials": ["n1"]}])
    rows = shop.get("/goodsReceipt/get")["bookings"]
    assert [row["externalId"] for row in rows] == ["", ""]
    late = shop.get("/goodsReceipt/get", dateFrom="02.03.2026 09:30:00")["bookings"]
    assert [item["serialNumber"] for row in late for item in row["items"]] == ["n1"]
    assert len(shop.get("/goodsReceipt/get", deliveryNote="LS-2")["bookings"]) == 1


def test_units_count_as_the_pieces_they_hold(
    shop: Shop, act: Callable[..., Any], control: ControlClient
) -> None:
    unit = {"unitId": "BOX", "unitValue": 5, "unitHeight": 1, "unitWidth": 1, "unitDepth": 1,
            "unitWeight": 0.5, "unitName": "5 Pack"}  # fmt: skip
    number = shop.post("/product/unit/1093", **unit)["entityId"]
    items = [{"externalId": "1093", "quantity": 2, "productUnitId": number}]
    receipt = shop.post("/goodsReceipt/add", externalId="G1", items=items)["id"]
    state = control.state("alpha")["tenants"]["alpha"]["receipts"][str(receipt)]
    assert state["items"] == {"1093": 10}
    act("receive_goods", receipt="G1", items=[{"product": "1093", "quantity": 2, "unit": number}])
    assert stock_of(control, "1093")["received"] == 10


def test_unknown_records_refuse_an_action(act: Callable[..., Any]) -> None:
    for action, args in (
        ("book_return", {"return": "none", "items": []}),
        ("receive_goods", {"receipt": 77, "items": []}),
        ("receive_goods", {"items": [{"product": "none"}]}),
        ("receive_goods", {"items": [{"product": "1093", "attribute": "9"}]}),
        ("inventory", {"product": "1093", "delta": -11}),
        ("block_stock", {"product": "1093", "quantity": -1}),
    ):
        with pytest.raises(RuntimeError, match="400"):
            act(action, **args)
