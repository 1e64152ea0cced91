"""Orders from their arrival to CANCELLED or SHIPPED (wemalo contract 4 and 15.2)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.wemalo.conftest import order_body, receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop
from tests.sandbox.wemalo.order_looks import PDF


def reason(shop: Shop, external_id: str) -> str:
    return str(shop.get(f"/goodsOrder/getStatus/{external_id}")["reasonPartiallyReserved"])


def test_a_good_order_is_reserved_inside_the_call(shop: Shop) -> None:
    answer = shop.order("1", ("1093", 2), orderNumber="A-1")
    assert answer | {"id": 0} == {
        "Success": True,
        "status": 200,
        "id": 0,
        "orderNumber": "A-1",
        "orderStatus": "OPEN",
        "statusName": "OPEN",
        "statusId": "200",
        "reasonPartiallyReserved": "",
        "blockReason": "",
        "deliveryDate": "",
    }
    assert shop.get("/product/stock/reduced/1093")["quantityReserved"] == 2


def test_add_answers_with_the_internal_id_only(shop: Shop) -> None:
    answer = shop.post("/goodsOrder/add", **order_body("1"))
    assert set(answer) == {"Success", "status", "id"}
    assert shop.get("/goodsOrder/getStatus/1")["id"] == answer["id"]


@pytest.mark.parametrize(
    "fault",
    [
        {"streetNumber": "", "street": "Musterstraße"},
        {"name1": ""},
        {"zip": ""},
        {"zip": "1011"},
        {"city": " "},
        {"countryCode2Letter": "DEU"},
        {"street": "", "streetNumber": "5"},
        {"countryCode2Letter": "AT", "zip": "10115"},
    ],
)
def test_a_faulty_address_waits_and_a_right_one_is_checked_again(
    shop: Shop, fault: dict[str, str]
) -> None:
    answer = shop.order("1", receiver=[receiver(**fault)])
    assert (answer["orderStatus"], answer["reasonPartiallyReserved"]) == ("PARTIAL", "ADDRESS")
    assert shop.order("1")["orderStatus"] == "OPEN"


@pytest.mark.parametrize(
    "good",
    [
        {"street": "Musterstraße 12 a", "streetNumber": ""},
        {"street": "Packstation", "streetNumber": "101", "addressAddition": "1234567"},
        {"countryCode2Letter": "at", "zip": "1010"},
        {"countryCode2Letter": "FR", "zip": "75001"},
    ],
)
def test_unusual_addresses_are_no_fault(shop: Shop, good: dict[str, str]) -> None:
    assert shop.order("1", receiver=[receiver(**good)])["orderStatus"] == "OPEN"


def test_missing_goods_wait_and_arriving_goods_open_the_order(
    shop: Shop, act: Callable[..., Any]
) -> None:
    answer = shop.order("1", ("1093", 12))
    assert (answer["orderStatus"], answer["reasonPartiallyReserved"]) == ("PARTIAL", "STOCK")
    assert shop.get("/product/stock/reduced/1093")["quantityReserved"] == 10
    act("receive_goods", items=[{"product": "1093", "quantity": 2}])
    assert shop.status("1") == "OPEN"


def test_goods_go_to_the_highest_priority_then_to_the_oldest(
    shop: Shop, act: Callable[..., Any]
) -> None:
    shop.order("0", ("1093", 10))
    for external_id, priority in (("1", 3), ("2", 3), ("3", 0)):
        shop.order(external_id, ("1093", 1), priority=priority)
    for expected in (["3"], ["3", "1"], ["3", "1", "2"]):
        act("receive_goods", items=[{"product": "1093", "quantity": 1}])
        assert [one for one in ("3", "1", "2") if shop.status(one) == "OPEN"] == expected


def test_a_changed_priority_counts_for_the_next_goods(shop: Shop, act: Callable[..., Any]) -> None:
    shop.order("0", ("1093", 10))
    shop.order("1", ("1093", 1))
    shop.order("2", ("1093", 1))
    assert shop.put("/goodsOrder/changePriority/2", priority="0")["status"] == 200
    act("receive_goods", items=[{"product": "1093", "quantity": 1}])
    assert (shop.status("1"), shop.status("2")) == ("PARTIAL", "OPEN")
    assert shop.put("/goodsOrder/changePriority/2", priority=6)["status"] == 400


def test_the_reason_names_the_address_first_then_bill_then_date_then_stock(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(bill_required=True)
    bad = receiver(streetNumber="", street="x")
    late = {"expectedDeliveryDate": "2026-03-05"}
    shop.order("1", ("1093", 99), receiver=[bad], **late)
    reasons = [reason(shop, "1")]
    shop.put("/goodsOrder/updateMeta/1", meta={"receiver": [receiver()]})
    reasons.append(reason(shop, "1"))
    shop.post("/goodsOrder/addDocument/1", docType="BILL", docName="b.pdf", base64data=PDF)
    reasons.append(reason(shop, "1"))
    control.clock(advance=3 * 86_400)
    reasons.append(reason(shop, "1"))
    control.act("set_stock", "alpha", product="1093", quantity=99)
    reasons.append(reason(shop, "1"))
    assert reasons == ["ADDRESS", "BILL", "DATE", "STOCK", ""]


def test_a_delivery_date_holds_the_order_with_its_goods_until_that_day_begins_in_berlin(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1", ("1093", 4), expectedDeliveryDate="2026-03-04")
    assert shop.get("/product/stock/reduced/1093")["quantityReserved"] == 4
    control.clock(now="2026-03-03T22:59:59+00:00")
    assert shop.status("1") == "PARTIAL"
    control.clock(now="2026-03-03T23:00:00+00:00")
    assert shop.status("1") == "OPEN"


def test_an_injected_reason_ends_after_so_many_further_sendings(
    shop: Shop, act: Callable[..., Any]
) -> None:
    act("force_reason", order="1", reason="UNKNOWN", times=2)
    reasons = [shop.order("1")["reasonPartiallyReserved"] for _ in range(3)]
    assert reasons == ["UNKNOWN", "UNKNOWN", ""]


def test_reason_texts_can_be_changed(shop: Shop, control: ControlClient) -> None:
    control.settings(reason_names={"STOCK": "Artikel fehlt"})
    assert shop.order("1", ("1093", 99))["reasonPartiallyReserved"] == "Artikel fehlt"


def test_an_unknown_product_refuses_the_order_and_stores_nothing(
    shop: Shop, control: ControlClient
) -> None:
    for route in ("add", "addConditional"):
        answer = shop.post(f"/goodsOrder/{route}", **order_body("1", ("1093", 1), ("none", 1)))
        assert (answer["status"], answer["Success"]) == (404, False)
    assert shop.get("/goodsOrder/getStatus/1")["status"] == 404
    assert control.state("alpha")["tenants"]["alpha"]["stock"]["1093"]["reserved"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"meta": {"receiver": [{}]}, "positions": [{"externalId": "1093"}]},
        {"meta": {"externalId": "1"}, "positions": [{"externalId": "1093"}]},
        {"meta": {"externalId": "1", "receiver": [{}]}, "positions": []},
        {
            "meta": {"externalId": "1", "receiver": [{}]},
            "positions": [{"externalId": "1093", "quantity": 0}],
        },
        {
            "meta": {"externalId": "1", "receiver": [{}]},
            "positions": [{"externalId": "1093", "quantity": 1.5}],
        },
        {"meta": "text"},
    ],
)  # fmt: skip
def test_incomplete_orders_are_refused_with_400(shop: Shop, body: dict[str, Any]) -> None:
    assert shop.post("/goodsOrder/addConditional", **body)["status"] == 400


def test_positions_can_be_matched_by_sku(shop: Shop) -> None:
    assert shop.order("1", ("LAMP-1", 1), externalIdMatch="sku")["orderStatus"] == "OPEN"
    assert shop.order("2", ("LAMP-1", 1))["status"] == 404


def test_numbers_and_nulls_where_texts_belong_are_taken_as_clients_send_them(shop: Shop) -> None:
    body = order_body("1")
    body["meta"] |= {"externalId": 104711, "pickingInfo": None, "blocked": "0", "b2b": "1"}
    body["meta"]["receiver"] = receiver(zip=10115, name2=None)
    body["positions"][0] |= {"externalId": 1093, "quantity": "2"}
    assert shop.post("/goodsOrder/addConditional", **body)["orderStatus"] == "OPEN"
    assert shop.status("104711") == "OPEN"


def test_sending_an_order_again_replaces_it_until_the_warehouse_works_on_it(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1", ("1093", 12))
    first = shop.get("/goodsOrder/getStatus/1")["id"]
    answer = shop.order("1", ("1094", 3), pickingInfo="gift")
    state = control.state("alpha")["tenants"]["alpha"]
    assert (answer["id"], answer["orderStatus"]) == (first, "OPEN")
    assert [one["externalId"] for one in state["orders"]["1"]["positions"]] == ["1094"]
    assert state["orders"]["1"]["meta"]["pickingInfo"] == "gift"
    assert (state["stock"]["1093"]["reserved"], state["stock"]["1094"]["reserved"]) == (0, 3)


def test_goods_that_a_resent_order_frees_go_to_those_who_wait(shop: Shop) -> None:
    shop.order("1", ("1093", 10))
    shop.order("2", ("1093", 4))
    shop.order("1", ("1093", 6))
    assert (shop.status("1"), shop.status("2")) == ("OPEN", "OPEN")


def test_sending_again_after_the_start_is_refused_or_ignored(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1", ("1093", 1))
    control.act("make_picking_list", "alpha", order="1")
    assert shop.order("1", ("1094", 1))["status"] == 409
    control.settings(late_change="ignore")
    answer = shop.order("1", ("1094", 1))
    assert (answer["status"], answer["orderStatus"]) == (200, "INPROCESS")
    order = control.state("alpha")["tenants"]["alpha"]["orders"]["1"]
    assert [one["externalId"] for one in order["positions"]] == ["1093"]


def test_adding_an_order_twice_is_an_error_or_an_upsert(shop: Shop, control: ControlClient) -> None:
    shop.post("/goodsOrder/add", **order_body("1"))
    assert shop.post("/goodsOrder/add", **order_body("1"))["status"] == 409
    control.settings(add_duplicate="upsert")
    assert shop.post("/goodsOrder/add", **order_body("1", ("1094", 1)))["status"] == 200
    assert len(control.state("alpha")["tenants"]["alpha"]["orders"]) == 1


def test_update_meta_changes_only_what_was_sent(shop: Shop, control: ControlClient) -> None:
    shop.order("1", extraInfo="keep", dispatcherProfile="dhl")
    answer = shop.put(
        "/goodsOrder/updateMeta/1", meta={"externalId": "9", "dispatcherProfile": "dpd"}
    )
    order = control.state("alpha")["tenants"]["alpha"]["orders"]["1"]
    assert answer["status"] == 200
    assert (order["meta"]["extraInfo"], order["meta"]["dispatcherProfile"]) == ("keep", "dpd")
    assert order["meta"]["externalId"] == "1"
    control.act("make_picking_list", "alpha", order="1")
    assert shop.put("/goodsOrder/updateMeta/1", meta={"extraInfo": "late"})["status"] == 409


def test_positions_are_added_and_removed_with_their_reservations(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1", ("1093", 1))
    position = {"externalId": "1094", "quantity": 5, "externalPositionIdentifier": "p2"}
    added = shop.post("/goodsOrder/addPosition/1", positions=[position])
    assert (added["status"], added["statusName"]) == (200, "OPEN")
    assert shop.get("/product/stock/reduced/1094")["quantityReserved"] == 5
    assert shop.delete("/goodsOrder/removePosition/1/p2")["status"] == 200
    assert shop.get("/product/stock/reduced/1094")["quantityReserved"] == 0
    assert shop.delete("/goodsOrder/removePosition/1/p2")["status"] == 404
    control.act("make_picking_list", "alpha", order="1")
    assert shop.post("/goodsOrder/addPosition/1", positions=[position])["status"] == 409
    assert shop.delete("/goodsOrder/removePosition/1/1-1")["status"] == 409


def test_notes_are_kept_and_need_a_text(shop: Shop, control: ControlClient) -> None:
    shop.order("1")
    assert shop.put("/goodsOrder/note/1", notices="Vorsicht: Glas", noticeField=1)["status"] == 200
    assert shop.put("/goodsOrder/note/1")["status"] == 400
    assert control.state("alpha")["tenants"]["alpha"]["orders"]["1"]["notes"] == ["Vorsicht: Glas"]


def test_documents_are_pdf_of_a_known_kind_or_a_url(shop: Shop) -> None:
    shop.order("1")
    path = "/goodsOrder/addDocument/1"
    assert shop.post(path, docType="BILL", docName="b", base64data=PDF)["id"] > 0
    assert shop.post(path, docType="BILL", docName="b", fileUrl="http://x/b.pdf")["status"] == 200
    picture = base64.b64encode(b"\x89PNG").decode()
    for body in (
        {"docType": "OTHER", "docName": "b", "base64data": PDF},
        {"docType": "BILL", "base64data": PDF},
        {"docType": "BILL", "docName": "b", "base64data": picture},
        {"docType": "BILL", "docName": "b", "base64data": "?"},
        {"docType": "BILL", "docName": "b", "base64data": PDF, "fileUrl": "http://x/b.pdf"},
    ):
        assert shop.post(path, **body)["status"] == 400
    assert (
        shop.post("/goodsOrder/addDocument/2", docType="BILL", docName="b", base64data=PDF)[
            "status"
        ]
        == 404
    )
