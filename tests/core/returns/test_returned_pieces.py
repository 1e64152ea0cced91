"""Returned pieces: what a row says, and which position it is counted against."""

from __future__ import annotations

import base64
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from include.config.merchants import find
from include.core.documents import choice
from include.core.documents.settings import Documents
from include.core.orders.plenty_order import parse_order
from include.core.returns import return_orders
from include.core.returns.announcements import announcement
from include.core.returns.returned_pieces import (
    Line,
    Returnable,
    ReturnRow,
    line_from_json,
    mapping_trouble,
    plan,
    return_row,
)
from include.core.returns.settings import Returns
from include.core.systems.errors import ContractError, OrderInvalid
from tests.core.builders import COUNTRIES, order_json

ROW: dict[str, Any] = {
    "id": 8219212, "externalProductId": "1093", "productId": 15897, "productName": "Lamp",
    "bookingDate": "20.06.2025 09:03:11", "serialNumber": "",
    "attributeCode": "2", "attributeDefault": False, "attributePackagingCode": "p2",
    "reasonCode": "damaged", "readyForShipment": False,
    "goodsReceiptExternalId": "R-550", "goodsReceiptDeliveryNumber": "R-550",
    "goodsReceiptOrderNumber": "104711", "goodsOrderExternalId": "104711",
    "goodsOrderNumber": "104711",
}  # fmt: skip


def row(history_id: int, product: str = "2001", **changes: Any) -> ReturnRow:
    data = {
        "id": history_id, "externalProductId": product, "attributeCode": "1",
        "attributeDefault": True, "readyForShipment": True, "goodsOrderExternalId": "1",
    }  # fmt: skip
    return return_row({**data, **changes})


def test_the_vendors_own_example_is_read() -> None:
    found = return_row(ROW)
    assert (found.order_id, found.return_id, found.product) == (104711, None, "1093")
    assert (found.reason, found.quality, found.sellable, found.quantity) == (
        "damaged", "2", False, 1,
    )  # fmt: skip
    assert found.booked_at is not None
    assert found.booked_at.isoformat() == "2025-06-20T07:03:11+00:00"


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"externalProductId": "", "externaProductlId": "77"}, "product", "77"),
        ({"goodsOrderExternalId": None}, "order_id", None),
        ({"goodsOrderExternalId": "SHOP-1"}, "order_id", None),
        ({"goodsReceiptExternalId": "550"}, "return_id", 550),
        ({"count": "3"}, "quantity", 3),
        ({"attributeDefault": "true", "readyForShipment": 1}, "sellable", True),
        ({"bookingDate": ""}, "booked_at", None),
    ],
)
def test_rows_are_read_in_the_forms_that_occur(
    changes: dict[str, Any], name: str, value: object
) -> None:
    assert getattr(return_row({**ROW, **changes}), name) == value


@pytest.mark.parametrize("changes", [{"id": None}, {"id": "x"}, {"count": "0.5"}, {"count": -1}])
def test_a_row_that_cannot_be_acted_upon_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        return_row({**ROW, **changes})


@pytest.mark.parametrize(
    ("given", "read"), [("9.0.1", "9.01"), (9, "9"), ("9.10", "9.1"), (" 9.0.1 ", "9.01")]
)
def test_the_recommended_status_is_read_as_the_decimal_it_is(given: Any, read: str) -> None:
    assert Returns(status=given).status == Decimal(read)


@pytest.mark.parametrize("given", ["9.0.0.1", "nine", "99.0.1", True])
def test_what_is_no_status_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        Returns(status=given)


def test_returns_we_make_cannot_be_set_up_to_be_announced() -> None:
    with pytest.raises(ValidationError, match="already there"):
        Returns.model_validate({"status": "9.0.1", "announce": {"statuses": ["9.01"]}})


@pytest.mark.parametrize("model", [Returns, Documents])
def test_a_misspelt_setting_is_an_error_and_every_setting_is_described(model: Any) -> None:
    with pytest.raises(ValidationError, match="extra"):
        model.model_validate({"reson": {}})
    assert all(field.description for field in model.model_fields.values())


def test_safe_defaults_book_no_stock_announce_nothing_and_send_no_documents() -> None:
    returns, papers = Returns(), Documents()
    assert (returns.status, returns.book_stock, returns.unmapped) == (9, "none", "exception")
    assert returns.announce.statuses == []
    assert (papers.invoice, papers.delivery_note) == ("off", "off")


def test_pieces_are_spread_over_the_positions_of_their_product() -> None:
    positions = [Returnable(1, "2001", 1), Returnable(2, "2001", 2), Returnable(3, "2002", 1)]
    found = plan([row(n) for n in (1, 2)], positions, Returns(), 1)
    assert [(line.item_id, line.quantity) for line in found.lines] == [(1, 1), (2, 1)]
    assert found.troubles == {}


def test_a_product_known_by_sku_is_found_by_its_variation_too() -> None:
    item = {"id": 5, "typeId": 1, "quantity": 1, "itemVariationId": 2001,
            "variation": {"number": "LAMP-1"}}  # fmt: skip
    places = return_orders.positions({"orderItems": [item]}, "sku")
    settings = Returns()
    for product, taken in (("LAMP-1", (1,)), ("2001", (1,)), ("2002", ()), ("", ())):
        assert plan([row(1, product)], places, settings, 7).taken == taken


def test_no_random_batch_takes_back_more_than_is_out_or_loses_a_piece() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        products = ["a", "b", "c"]
        positions = [
            Returnable(n, rng.choice(products), rng.randint(0, 3))
            for n in range(1, rng.randint(2, 6))
        ]
        rows = [
            row(n, rng.choice([*products, "x"]), count=rng.randint(1, 3))
            for n in range(1, rng.randint(2, 9))
        ]
        found = plan(rows, positions, Returns(), 1)
        taken: Counter[int] = Counter()
        for line in found.lines:
            taken[line.item_id] += line.quantity
        assert all(taken[p.item_id] <= p.left for p in positions), seed
        assert {*found.taken, *found.troubles} == {r.history_id for r in rows}, seed
        assert not set(found.taken) & set(found.troubles), seed
        pieces = sum(r.quantity for r in rows if r.history_id in found.taken)
        assert sum(taken.values()) == pieces, seed


def test_sellable_default_goods_need_no_condition_and_others_do() -> None:
    assert mapping_trouble(row(1), Returns(), "alpha") is None
    worse = row(1, attributeDefault=False, attributeCode="2")
    trouble = mapping_trouble(worse, Returns(), "alpha")
    assert trouble is not None
    assert trouble.code == "RETURN_CONDITION_UNMAPPED"
    assert "returns.conditions" in trouble.action_en
    assert mapping_trouble(worse, Returns(unmapped="leave_out"), "alpha") is None


def test_lines_survive_the_ledger() -> None:
    line = Line(70001, 2, 3, None, False)
    assert line_from_json(line.to_json()) == line


def return_order(**changes: Any) -> dict[str, Any]:
    items = [
        {"id": 91, "quantity": 2, "typeId": 1, "properties": [{"typeId": 98, "value": "SKU"}],
         "references": [{"referenceType": "parent", "referenceOrderItemId": 70001}]},
        {"id": 92, "quantity": 1, "typeId": 1, "properties": [],
         "references": [{"referenceType": "parent", "referenceOrderItemId": 70001}]},
    ]  # fmt: skip
    return {"id": 50, "typeId": 3, "orderItems": items, **changes}


def test_lines_find_the_items_that_were_made_of_them() -> None:
    lines = [Line(70001, 1, 4, None, True), Line(70001, 2, 3, None, True)]
    pairs = return_orders.pair_items(return_order(), lines, announced=False)
    assert [(item["id"], line.reason) for item, line in pairs] == [(92, 4), (91, 3)]
    assert return_orders.same_goods(return_order(), lines)
    assert not return_orders.same_goods(return_order(), lines[:1])


def test_an_item_keeps_its_other_properties_when_it_is_described() -> None:
    item = return_order()["orderItems"][0]
    once = return_orders.described(item, Line(70001, 2, 3, 2, False))
    twice = return_orders.described(once, Line(70001, 2, 4, None, False))
    assert [(p["typeId"], p["value"]) for p in once["properties"]] == [
        (98, "SKU"), (35, "3"), (36, "2"),
    ]  # fmt: skip
    assert {p["typeId"]: p["value"] for p in twice["properties"]} == {98: "SKU", 35: "4", 36: "2"}


@pytest.mark.parametrize(
    ("relations", "items", "ours"),
    [
        ([{"referenceType": "warehouse", "relation": "receiver", "referenceId": 3}], [], True),
        ([{"referenceType": "warehouse", "relation": "receiver", "referenceId": 4}],
         [{"warehouseId": 3}], False),
        ([], [{"warehouseId": 3}], True),
        ([], [], False),
    ],
)  # fmt: skip
def test_a_return_is_for_the_warehouse_it_names(
    relations: list[Any], items: list[Any], ours: bool
) -> None:
    data = return_order(relations=relations, orderItems=items)
    assert return_orders.is_for(data, 3) is ours


def test_an_announcement_names_the_sender_in_both_spellings() -> None:
    merchant = find("alpha")
    returned = parse_order(order_json(), COUNTRIES)
    body = announcement(returned, 104711, {}, merchant)
    sender = body["sender"]
    assert sender["house_no"] == sender["streetNumber"]
    assert sender["country"] == sender["countryCode2Letter"] == "DE"
    assert sender["mail"] == sender["email"]
    assert sender["state"] == sender["stateProvinceCountry"]
    assert body["externalId"] == str(returned.order_id)
    assert body["goodsOrderExternalId"] == "104711"


def test_a_return_without_address_cannot_be_announced() -> None:
    with pytest.raises(OrderInvalid, match="address"):
        announcement(parse_order(order_json(addresses=[]), COUNTRIES), 1, {}, find("alpha"))


# -- documents ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], ("missing", 0)),
        ([{"id": 1, "type": "invoice", "status": "done"}], ("ready", 1)),
        ([{"id": 1, "type": "invoice"}], ("ready", 1)),
        ([{"id": 1, "type": "invoice", "status": "deleted"}], ("missing", 0)),
        ([{"id": 1, "type": "delivery_note", "status": "done"}], ("missing", 0)),
        ([{"id": 2, "type": "invoice", "status": "faulty"},
          {"id": 1, "type": "invoice", "status": "done"}], ("faulty", 2)),
        ([{"id": 3, "type": "invoice", "status": "somehow"}], ("pending", 3)),
    ],
)  # fmt: skip
def test_the_newest_document_of_a_kind_counts(rows: list[Any], found: tuple[str, int]) -> None:
    assert choice.newest({"documents": rows}, "invoice") == found


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (encoded(b"%PDF-1.4 x"), None),
        (encoded(b"GIF89a"), "DOCUMENT_NOT_PDF"),
        ("not base64!", "DOCUMENT_UNREADABLE"),
        ("", "DOCUMENT_EMPTY"),
        (None, "DOCUMENT_EMPTY"),
    ],
)
def test_only_a_pdf_can_be_attached(content: object, code: str | None) -> None:
    assert choice.unusable(content) == code


def test_a_document_of_more_than_fifty_megabytes_cannot_be_attached() -> None:
    head = b"%PDF" + bytes(choice.LARGEST - 4)
    assert choice.unusable(encoded(head)) is None
    assert choice.unusable(encoded(head + b"x")) == "DOCUMENT_TOO_LARGE"
