"""Statuses, side effects and writes: contract 21, numbers 17 to 35."""

from __future__ import annotations

import base64
import json

import pytest
import requests

from tests.sandbox.plenty.conftest import order, tenant


@pytest.mark.parametrize(("given", "read"), [(5.1, 5.1), ("5.10", 5.1), ("6", 6), (6.2, 6.2)])
def test_a_status_is_a_number_or_text_without_a_trailing_zero(api, add, given, read):
    add(order(1))
    assert api.put("/orders/1", {"statusId": given}).json()["statusId"] == read


@pytest.mark.parametrize("status", [0.5, 20, 5.12345, "five", None, 5.9999])
def test_a_status_out_of_range_or_unknown_is_refused(api, add, status):
    add(order(1))
    assert api.put("/orders/1", {"statusId": status}).status_code == 422
    assert api.get("/orders/1")["statusId"] == 5


def test_an_unknown_status_is_taken_if_the_switch_says_so(api, add, control):
    add(order(1))
    control.settings(unknown_status="accept")
    assert api.put("/orders/1", {"statusId": 5.9999}).json()["statusId"] == 5.9999


def test_every_status_change_leaves_history_and_a_new_updated_at(api, add, control):
    add(order(1))
    before = api.get("/orders/1")["updatedAt"]
    control.clock(advance=60)
    api.put("/orders/1", {"statusId": 5.1})
    api.put("/orders/1", {"statusId": 5.1})
    assert api.get("/orders/1")["updatedAt"] > before
    rows = api.get("/orders/1/status-history")
    assert [row["statusId"] for row in rows] == [5, 5.1, 5.1]
    assert rows[1]["userId"] == 1
    control.settings(same_status_history=False)
    api.put("/orders/1", {"statusId": 5.1})
    assert api.get("/orders/status-history", orderId=1)["totalsCount"] == 3
    assert api.get("/orders/status-history", statusId=5.1)["totalsCount"] == 2


def test_the_cancel_route_uses_the_merchants_default_and_notes_the_message(api, add):
    add(order(1), cancel_status=8.1)
    response = api.put("/orders/1/cancel", {"message": "no longer wanted"})
    assert (response.status_code, response.content) == (200, b"")
    last = api.get("/orders/1/status-history")[-1]
    assert (last["statusId"], last["procedureText"]) == (8.1, "no longer wanted")


def test_status_7_by_hand_moves_no_stock_but_booking_does(api, add):
    add(order(1), order(2))
    assert api.stock() == (10, 6)
    api.put("/orders/1", {"statusId": 7})
    assert api.stock()[0] == 10
    assert api.post("/sales_orders/2/book", {}).json() is True
    assert api.stock() == (8, 8)
    booked = api.get("/orders/2")
    assert booked["statusId"] == 7
    assert 5 in [row["typeId"] for row in booked["dates"]]
    path = "/stockmanagement/warehouses/3/stock/movements"
    move = api.get(path, orderId=2, page=1, itemsPerPage=50)["entries"][0]
    assert (move["quantity"], move["processRowType"], move["reason"]) == (-2, 2, 201)


@pytest.mark.parametrize(
    ("second_book", "code", "stock"), [("refuse", 422, 8), ("ignore", 200, 8), ("again", 200, 6)]
)
def test_a_second_booking_does_what_the_switch_says(api, add, control, second_book, code, stock):
    add(order(1))
    control.settings(second_book=second_book)
    api.post("/sales_orders/1/book", {})
    assert api.post("/sales_orders/1/book", {}).status_code == code
    assert api.stock()[0] == stock


def test_a_booked_order_goes_below_7_only_after_the_booking_is_taken_back(api, add):
    add(order(1))
    api.post("/sales_orders/1/book", {})
    assert api.put("/orders/1", {"statusId": 6.3}).status_code == 422
    assert api.post("/sales_orders/1/cancel_booking", {"changeStatus": True}).status_code == 200
    assert api.stock()[0] == 10
    assert api.put("/orders/1", {"statusId": 6.3}).status_code == 200


def test_reservation_follows_the_status(api, add, control):
    add(order(1, status=1))
    assert api.stock() == (10, 10)
    control.act("release", "alpha", order=1)
    assert api.stock() == (10, 8)
    control.act("cancel", "alpha", order=1)
    assert api.stock() == (10, 10)


def test_payment_and_stock_move_an_order_between_3_4_and_5(api, add, control):
    items = [{"variation": 2045, "quantity": 7}]
    add(
        order(1, status=3, payment_status="unpaid", items=items),
        order(2, status=3, payment_status="unpaid"),
        stock_limitation=True,
    )
    control.act("pay", "alpha", order=1)
    control.act("pay", "alpha", order=2)
    assert [api.get(f"/orders/{number}")["statusId"] for number in (1, 2)] == [4, 5]
    rows = {"corrections": [{"variationId": 2045, "quantity": 7, "storageLocationId": 0}]}
    api.put("/stockmanagement/warehouses/3/stock/correction", rows)
    assert api.get("/orders/1")["statusId"] == 5


def test_a_main_order_follows_its_lowest_delivery_order(api, add, control):
    add(order(1))
    item = api.get("/orders/1")["orderItems"][0]["id"]
    first = control.act("split", "alpha", order=1, items={str(item): 1})["id"]
    second = api.post("/orders/1/delivery_orders", {}).json()
    assert second["orderItems"][0]["quantity"] == 1
    assert second["orderReferences"][0]["originOrderId"] == 1
    assert api.stock() == (10, 8)  # the reservation has moved, not doubled
    api.put(f"/orders/{first}", {"statusId": 6})
    assert api.get("/orders/1")["statusId"] == 5
    api.put(f"/orders/{second['id']}", {"statusId": 6.2})
    assert api.get("/orders/1")["statusId"] == 6
    refused = api.post(f"/orders/{first}/documents/invoice/generate")
    assert refused.status_code == 422


def test_an_invoice_locks_the_items_but_not_status_and_packages(api, add):
    add(order(1))
    api.post("/orders/1/documents/invoice/generate")
    assert api.get("/orders/1")["lockStatus"] == "reversibleLocked"
    assert api.put("/orders/1", {"orderItems": []}).status_code == 422
    assert api.put("/orders/1", {"statusId": 5.1}).status_code == 200
    assert api.post("/orders/1/shipping/packages", {"packageId": 2}).status_code == 200
    assert api.call("DELETE", "/orders/1").status_code == 422
    address = f"/accounts/addresses/{api.get('/orders/1/addresses/2')['id']}"
    assert api.put(address, {"address2": "2"}).json()["address2"] == "2"
    assert api.put(address, {"countryId": 2}).status_code == 422


def test_the_merchant_can_cancel_right_before_or_after_our_write(api, add, control):
    add(order(1), order(2))
    cancel = {"action": "cancel", "order": 1}
    route = "PUT /rest/orders/{order_id}"
    control.hook(route=route, when="before", match="/orders/1", action=cancel)
    control.hook(route=route, when="after", match="/orders/2", action=cancel | {"order": 2})
    api.put("/orders/1", {"statusId": 5.1})
    api.put("/orders/2", {"statusId": 5.1})
    history = [row["statusId"] for row in api.get("/orders/1/status-history")]
    assert history == [5, 8, 5.1]  # the last write wins, no conflict is told
    assert api.get("/orders/2")["statusId"] == 8


def test_the_merchant_edits_addresses_items_and_deletes(api, add, control):
    add(order(1), order(2))
    control.act("edit_address", "alpha", order=1, changes={"address2": "99", "phone": "0221"})
    relation = api.get("/orders/1/addresses/2")
    assert (relation["address2"], relation["options"][-1]["value"]) == ("99", "0221")
    assert api.get("/orders/1/addresses/1")["address2"] == "1"
    item = api.get("/orders/1")["orderItems"][0]
    control.act("edit_items", "alpha", order=1, items=[item | {"quantity": 5}])
    assert api.get("/orders/1")["orderItems"][0]["quantity"] == 5
    assert api.stock() == (10, 3)
    control.act("delete", "alpha", order=2)
    assert api.call("GET", "/orders/2").status_code == 404
    assert api.ids(withDeleted="true") == [2, 1]


def test_event_procedures_run_once_per_order(api, add):
    rules = [
        {"event": "package_number", "procedure": "book"},
        {"event": "status_change", "status": 6, "procedure": "change_status", "to": 6.2},
    ]
    add(order(1), order(2), procedures=rules)
    api.post("/orders/1/shipping/packages", {"packageId": 2, "packageNumber": "A"})
    api.post("/orders/1/shipping/packages", {"packageId": 2, "packageNumber": "B"})
    assert api.get("/orders/1")["statusId"] == 7
    assert api.stock()[0] == 8
    assert api.put("/orders/2", {"statusId": 6}).json()["statusId"] == 6.2
    api.put("/orders/2", {"statusId": 5})
    assert api.put("/orders/2", {"statusId": 6}).json()["statusId"] == 6


def test_packages_double_on_a_second_post_and_come_as_bare_arrays(api, add):
    add(order(1, packages=[]))
    body = {"packageId": 2, "weight": 1250, "packageNumber": "N1", "returnPackageNumber": "R1"}
    made = [api.post("/orders/1/shipping/packages", body).json() for _ in "12"]
    assert made[0]["id"] != made[1]["id"]
    assert [row["packageNumber"] for row in api.get("/orders/1/shipping/packages")] == ["N1", "N1"]
    assert api.get("/orders/1/packagenumbers") == ["N1", "N1"]
    changed = {"packageNumber": "N2", "returnPackageNumber": "R2"}
    row = api.put(f"/orders/1/shipping/packages/{made[0]['id']}", changed).json()
    assert (row["packageNumber"], row["returnPackageNumber"]) == ("N2", "R1")
    assert api.call("DELETE", f"/orders/1/shipping/packages/{made[0]['id']}").text == ""
    assert len(api.get("/orders/1/shipping/packages")) == 1
    assert api.post("/orders/1/shipping/packages", {"weight": 1}).status_code == 422


def test_comments_double_on_a_second_post_and_can_be_changed_and_deleted(api, add):
    add(order(1))
    body = {
        "referenceType": "order",
        "referenceValue": 1,
        "text": "a",
        "isVisibleForContact": False,
    }
    first = api.post("/comments", body).json()
    api.post("/comments", body)
    rows = api.get("/comments/order/1")
    assert [row["text"] for row in rows] == ["a", "a"]
    assert rows[0]["isVisibleForContact"] is False
    api.put(f"/comments/{first['id']}", {"text": "b"})
    assert api.get(f"/comments/{first['id']}")["text"] == "b"
    api.call("DELETE", f"/comments/{first['id']}")
    assert len(api.get("/orders/1", **{"with[]": "comments"})["comments"]) == 1


def test_shipping_information_is_one_per_order(api, add):
    add(order(1))
    body = {"orderId": 1, "shippingServiceProvider": "wemalo", "shippingStatus": "registered",
            "transactionId": "N1", "shipmentAt": "2026-03-02T14:00:00+01:00"}  # fmt: skip
    path = "/orders/shipping/shipping_information"
    assert api.post(path, body | {"shippingStatus": "lost"}).status_code == 422
    assert api.post(path, body).status_code == 200
    assert api.post(path, body | {"transactionId": "N2"}).status_code == 200
    found = api.get("/orders/1/shipping/shipping_information")
    assert (found["transactionId"], found["shipmentAt"]) == ("N2", 1772456400)
    put = api.put("/orders/1/shipping/shipping_information/status", {"shippingStatus": "open"})
    assert put.json()["shippingStatus"] == "open"


STOCK = "/stockmanagement/warehouses/3/stock"


def test_corrections_are_absolute_per_location_and_answer_with_nothing(api, control):
    rows = [{"variationId": 2044, "quantity": 4, "storageLocationId": 8, "reasonId": 301}]
    response = api.put(f"{STOCK}/correction", {"corrections": rows})
    assert (response.status_code, response.content) == (200, b"")
    assert api.stock()[0] == 14
    api.put(f"{STOCK}/correction", {"variationId": 2044, "quantity": 0, "storageLocationId": 0})
    shelves = api.get(f"{STOCK}/storageLocations", variationId=2044)["entries"]
    assert [(row["storageLocationId"], row["quantity"]) for row in shelves] == [(8, 4)]


def test_incoming_is_above_and_outgoing_below_zero(api, control):
    row = {"variationId": 2044, "quantity": 5, "storageLocationId": 0, "reasonId": 109}
    assert api.put(f"{STOCK}/bookIncomingItems", {"incomingItems": [row]}).json()[0]["id"] > 0
    assert api.put(f"{STOCK}/bookOutgoingItems", {"outgoingItems": [row]}).status_code == 422
    assert api.stock()[0] == 15
    row["quantity"] = -5
    assert api.put(f"{STOCK}/bookIncomingItems", {"incomingItems": [row]}).status_code == 422
    assert api.put(f"{STOCK}/bookOutgoingItems", {"outgoingItems": [row]}).content == b""
    assert api.stock()[0] == 10


def test_stock_can_be_booked_on_the_variation_with_the_warehouse_in_the_body(api):
    path = "/items/102044/variations/2044/stock/bookIncomingItems"
    assert api.put(path, {"warehouseId": 3, "quantity": 5, "reasonId": 101}).status_code == 200
    assert api.put(path, {"warehouseId": 99, "quantity": 5}).status_code == 404
    assert api.stock()[0] == 15


@pytest.mark.parametrize(
    ("switch", "code", "stock"), [("all_or_nothing", 422, 10), ("good_rows", 200, 11)]
)
def test_a_bad_row_takes_the_good_ones_with_it_or_not(api, control, switch, code, stock):
    control.settings(bad_stock_row=switch)
    rows = [{"variationId": 2044, "quantity": 1}, {"variationId": 999, "quantity": 1}]
    assert api.put(f"{STOCK}/bookIncomingItems", {"incomingItems": rows}).status_code == code
    assert api.stock()[0] == stock


def test_stocktaking_zeroes_what_is_left_out(api):
    path = "/stockmanagement/warehouses/3/7/stock/bookStocktaking"
    api.put(path, {"corrections": [{"variationId": 2045, "quantity": 3}]})
    assert (api.stock(2044)[0], api.stock(2045)[0]) == (0, 3)


def test_a_return_books_no_stock_until_it_is_booked(api, add):
    add(order(1))
    item = api.get("/orders/1")["orderItems"][0]["id"]
    api.post("/sales_orders/1/book", {})
    body = {"quantities": [{"orderItemId": item, "quantity": 2}], "statusId": 9, "warehouseId": 3,
            "returnPackageNumber": "RET1", "comments": [{"text": "Box damaged"}]}  # fmt: skip
    above = {"quantities": [{"orderItemId": item, "quantity": 3}]}
    assert api.post("/orders/1/returns/validate", above).status_code == 422
    made = api.post("/orders/1/returns", body).json()
    assert (made["typeId"], made["statusId"]) == (3, 9)
    assert made["orderReferences"][0]["referenceType"] == "parent"
    assert made["orderReferences"][0]["originOrderId"] == 1
    assert api.get(f"/comments/order/{made['id']}")[0]["text"] == "Box damaged"
    assert api.post("/orders/1/returns", body).status_code == 422  # nothing is left to return
    assert api.stock()[0] == 8
    assert api.post(f"/returns/{made['id']}/book", {}).json() is True
    assert api.stock()[0] == 10
    assert api.post(f"/returns/{made['id']}/book", {}).status_code == 422
    assert len(api.get("/returns/reasons")) <= 20


def test_documents_are_pending_first_then_done_or_faulty(api, add, control):
    add(order(1))
    assert api.post("/orders/1/documents/delivery_note/generate").json() is True
    assert api.get("/orders/1/documents/deliveryNote")["entries"][0]["status"] == "pending"
    control.clock(advance=3)
    found = api.get("/orders/1/documents/deliveryNote/recent", withContent="true")
    assert (found["type"], found["status"]) == ("delivery_note", "done")
    assert base64.b64decode(found["content"]).startswith(b"%PDF")
    assert api.call("GET", f"/documents/{found['id']}").content.startswith(b"%PDF")
    control.settings(faulty_documents=1.0)
    api.post("/orders/1/documents/invoice/generate")
    control.clock(advance=3)
    assert api.get("/orders/1/documents/invoice/recent")["status"] == "faulty"


def test_an_uploaded_document_comes_back_as_it_was(api, add):
    add(order(1))
    content = base64.b64encode(b"label").decode()
    api.post("/orders/1/documents/uploaded", {"documents": [{"content": content}]})
    found = api.get("/orders/1/documents/uploaded", withContent="true")["entries"][0]
    assert found["content"] == content


def test_a_batch_answers_with_text_and_goes_on_after_a_failure(api, add):
    add(order(1), order(2))
    calls = [
        {"resource": "rest/orders/1", "method": "PUT", "body": {"statusId": 5.1}},
        {"resource": "rest/orders/99", "method": "GET"},
        {"resource": "rest/orders/search?statusId=5.1", "method": "GET"},
    ]
    rows = api.post("/batch", {"payloads": calls}).json()
    contents = [json.loads(row["content"]) for row in rows]
    assert contents[0]["statusId"] == 5.1
    assert contents[1]["error"]["code"] == 404
    assert contents[2]["totalsCount"] == 1
    assert api.post("/batch", {"payloads": calls * 7}).status_code == 422


def test_variations_are_found_by_both_times_of_change_and_unknown_filters_are_refused(api, control):
    old = {"id": 1, "number": "OLD", "updated": "2026-01-01T00:00:00+01:00"}
    control.merge({"tenants": [{"tenant": "alpha", "variations": [old]}]})

    def found(**params: str) -> list[str]:
        page = api.get("/items/variations", **params)
        return [row["number"] for row in page["entries"]]

    january = "2026-01-01T00:00:00+01:00,2026-01-31T00:00:00+01:00"
    assert found(updatedBetween=january) == ["OLD"]
    assert found(relatedUpdatedBetween="1767222000,1769814000") == ["OLD"]
    assert found(numberExact="CUP-BL") == ["CUP-BL"]
    assert found(barcode="4006381333931") == ["CUP-BL"]
    refused = api.call("GET", "/items/variations", params={"nonsense": 1})
    assert refused.status_code == 422
    assert "filter do not exist" in refused.text
    params = {"with": "variationBarcodes,item", "id": "2044"}
    row = api.get("/items/variations", **params)["entries"][0]
    assert row["variationBarcodes"][0]["code"] == "4006381333931"
    assert "texts" not in row["item"]
    assert api.get("/items/102044")["texts"][0]["name1"] == "Becher blau"


def test_locations_come_100_a_page_whatever_is_asked_for(api, control):
    rows = [{"id": number, "warehouse_id": 3} for number in range(100, 250)]
    control.merge({"tenants": [{"tenant": "alpha", "storage_locations": rows}]})
    page = api.get("/warehouses/3/locations", itemsPerPage=5)
    assert (page["itemsPerPage"], len(page["entries"]), page["totalsCount"]) == (100, 100, 152)


def test_a_lost_reply_leaves_its_effect_behind(api, add, control):
    add(order(1))
    route = "POST /rest/orders/{order_id}/shipping/packages"
    control.fault(route=route, kind="lost_reply", times=1)
    body = {"packageId": 2, "packageNumber": "N1"}
    assert api.post("/orders/1/shipping/packages", body).status_code == 504
    assert api.get("/orders/1/packagenumbers") == ["N1"]
    control.fault(route=route, kind="lost_reply", cut=True, times=1)
    with pytest.raises(requests.ConnectionError):
        api.post("/orders/1/shipping/packages", body)
    assert api.get("/orders/1/packagenumbers") == ["N1", "N1"]


def test_the_same_seed_gives_the_same_tokens_and_faulty_documents(control):
    from include.sandbox.frame.clock import SimClock
    from include.sandbox.plenty.world import PlentyWorld

    def tokens(seed: int) -> list[int]:
        world = PlentyWorld(seed=seed, clock=SimClock(factor=0))
        world.load({"tenants": [tenant()]})
        return [world.tenants["alpha"].random.getrandbits(64) for _ in range(3)]

    assert tokens(1) == tokens(1) != tokens(2)
