"""Searching and reading orders: contract 21, numbers 8 to 16."""

from __future__ import annotations

import time

import pytest

from tests.sandbox.plenty.conftest import ERIKA, PACKSTATION, order


@pytest.fixture
def many(add):
    add(
        order(1, status=3, created="2026-03-01T08:00:00+01:00"),
        order(2, status=5, created="2026-03-02T08:00:00+01:00", plenty_id=99),
        order(3, status="5.10", created="2026-03-03T08:00:00+01:00", warehouse=4),
        order(4, status=5, created="2026-07-01T08:00:00+02:00", delivery=PACKSTATION),
        order(5, status=8, created="2026-07-02T08:00:00+02:00"),
    )


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("5", [4, 2]),
        ("eq:5", [4, 2]),
        ("not:5", [5, 3, 1]),
        ("in:5,5.1", [4, 3, 2]),
        ("in:5,5.10", [4, 3, 2]),
        ("nin:5,5.1", [5, 1]),
        ("gt:5", [5, 3]),
        ("gte:5", [5, 4, 3, 2]),
        ("lt:5", [1]),
        ("lte:5", [4, 2, 1]),
        ("between:5,5.1", [4, 3, 2]),
        ("gt:3 AND lt:8", [4, 3, 2]),
        ("eq:3 OR gte:8", [5, 1]),
        ("gt:3 AND lt:5.1 OR eq:8", [5, 4, 2]),
        ("nn", [5, 4, 3, 2, 1]),
        ("null:", []),
    ],
)
def test_a_query_knows_every_operator_and_and_and_or(api, many, expression, found):
    assert api.ids(statusId=expression) == found


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"orderId": "in:1,4"}, [4, 1]),
        ({"orderId": "gt:3", "statusId": "5"}, [4]),
        ({"plentyId": "99"}, [2]),
        ({"orderItemWarehouseId": "4"}, [3]),
        ({"relationReference_warehouse_sender": "4"}, [3]),
        ({"createdAt": "between:2026-03-02T00:00:00+01:00,2026-03-03T08:00:00+01:00"}, [3, 2]),
        ({"updatedAt": "gte:2026-07-01T06:00:00Z"}, [5, 4]),
        ({"isDeliveryAddressPackingStation": "true"}, [4]),
        ({"ownerId": "null"}, [5, 4, 3, 2, 1]),
        ({"orderProperty_7": "SHOP-2"}, [2]),
        ({"variationNumber": "cup-bl", "statusId": "8"}, [5]),
        ({"noSuchFilter": "1", "statusId": "8"}, [5]),
        ({"statusId": "5", "sortBy": "orderId", "sortOrder": "asc"}, [2, 4]),
        ({"sortBy": "createdAt", "sortOrder": "asc", "statusId": "in:5,3"}, [1, 2, 4]),
    ],
)
def test_a_query_filters_and_sorts(api, many, params, found):
    assert api.ids(**params) == found


def test_an_unencoded_plus_in_a_date_is_refused(api, many):
    response = api.call("GET", "/orders/search?createdAt=gt:2026-03-02T00:00:00+01:00")
    assert response.status_code == 422


def test_a_body_searches_with_nested_groups(api, many):
    body = {
        "conditionType": "and",
        "fields": [{"field": "orderTypeId", "operator": "in", "value": [1, 2]}],
        "groups": [
            {
                "conditionType": "or",
                "fields": [
                    {"field": "statusId", "operator": "eq", "value": 8},
                    {"field": "plentyId", "operator": "eq", "value": 99},
                ],
            }
        ],
    }
    found = api.post("/orders/search", body, sortOrder="asc").json()
    assert [row["id"] for row in found["entries"]] == [2, 5]


def test_a_body_without_condition_type_filters_nothing(api, many):
    body = {"fields": [{"field": "statusId", "operator": "eq", "value": 5}]}
    assert api.post("/orders/search", body).json()["totalsCount"] == 5
    body["conditionType"] = "and"
    assert api.post("/orders/search", body).json()["totalsCount"] == 2


def test_entries_are_lazy_unless_with_or_lazy_loaded_asks_for_more(api, many):
    lazy = api.get("/orders/search", orderId=4)["entries"][0]
    assert "orderItems" not in lazy
    assert "addresses" not in lazy
    params = {"orderId": 4, "with[]": ["addresses", "orderItems.variation", "nonsense"]}
    more = api.get("/orders/search", **params)["entries"][0]
    assert more["orderItems"][0]["variation"]["number"] == "CUP-BL"
    assert {row["pivot"]["typeId"] for row in more["addresses"]} == {1, 2}
    full = api.get("/orders/search", orderId=4, lazyLoaded="false")["entries"][0]
    assert {"orderItems", "properties", "dates", "relations"} <= set(full)


def test_search_can_be_strict_about_with(api, many, control):
    params = {"orderId": 4, "with[]": ["properties", "relations"]}
    assert "properties" in api.get("/orders/search", **params)["entries"][0]
    control.settings(search_with="listed")
    entry = api.get("/orders/search", **params)["entries"][0]
    assert "properties" not in entry
    assert "relations" in entry


def test_a_page_beyond_the_end_is_the_last_page_or_empty(api, many, control):
    page = api.get("/orders/search", itemsPerPage=2, page=99)
    assert (page["page"], page["lastPageNumber"], page["isLastPage"]) == (3, 3, True)
    assert [row["id"] for row in page["entries"]] == [1]
    control.settings(page_beyond_end="empty")
    page = api.get("/orders/search", itemsPerPage=2, page=99)
    assert (page["page"], page["entries"], page["totalsCount"]) == (99, [], 5)


def test_pages_hold_250_at_most_and_say_so(api, many):
    page = api.get("/orders/search", itemsPerPage=9999)
    assert (page["itemsPerPage"], page["firstOnPage"], page["lastOnPage"]) == (250, 1, 5)


def test_rows_that_change_between_two_pages_shift_the_pages(api, add):
    add(*(order(number) for number in range(1, 7)))
    asked = {"statusId": 5, "itemsPerPage": 2, "sortOrder": "asc"}
    assert api.ids(**asked) == [1, 2]
    for number in (1, 2):
        api.put(f"/orders/{number}", {"statusId": 5.1})
    assert api.ids(**asked, page=2) == [5, 6]  # 3 and 4 have slipped to page 1


def test_the_old_list_is_ascending_and_takes_status_bounds(api, many):
    page = api.get("/orders", statusFrom=5, statusTo=5)
    assert [row["id"] for row in page["entries"]] == [2, 4]
    assert "orderItems" in page["entries"][0]
    assert api.get("/orders", paidAtFrom="2026-07-01T00:00:00+02:00")["totalsCount"] == 2


def test_main_orders_can_be_left_out(api, add, control):
    add(order(1), order(2))
    child = control.act("delivery_order", "alpha", order=1)["id"]
    assert api.ids(statusId=5) == [child, 2, 1]
    assert api.ids(statusId=5, excludeMainOrders="true") == [child, 2]


def test_numbers_come_as_text_in_a_share_of_the_replies(api, many, control):
    control.settings(numbers_as_text=1.0)
    page = api.get("/orders/search", orderId=3)
    assert (page["page"], page["entries"][0]["statusId"]) == ("1", "5.1")
    assert page["entries"][0]["locationId"] == "1"


def test_dates_carry_the_german_offset_of_summer_and_winter(api, many):
    assert api.get("/orders/1")["createdAt"] == "2026-03-01T08:00:00+01:00"
    assert api.get("/orders/5")["createdAt"] == "2026-07-02T08:00:00+02:00"


def test_an_empty_date_can_be_the_zero_date(api, add, control):
    control.settings(zero_dates=True)
    add({"id": 9, "statusId": 5, "typeId": 1, "dates": [{"typeId": 5, "date": None}]})
    assert api.get("/orders/9/dates")[0]["date"].startswith("-0001-11-30")


def test_full_json_is_taken_as_it_is(api, add):
    add(
        {
            "id": 50123, "typeId": 1, "plentyId": 4711, "statusId": "5", "referrerId": 2.08,
            "createdAt": "2025-03-01T09:30:00+01:00",
            "properties": [{"orderId": 50123, "typeId": 2, "value": "6"}],
            "addresses": [
                {"id": 802, "name2": "Ren\u00e9e \U0001f600", "name3": "O&amp;N\nB" + "x" * 200,
                 "address1": "PACKSTATION", "address2": "145", "postalCode": "50667",
                 "town": "K", "countryId": 1, "options": [],
                 "pivot": {"orderId": 50123, "typeId": 2, "addressId": 802}}
            ],
            "relations": [{"referenceType": "warehouse", "referenceId": 3, "relation": "sender"}],
            "orderItems": [
                {"id": 70001, "typeId": 1, "itemVariationId": 2044, "quantity": 2,
                 "orderItemName": "Becher", "warehouseId": 3},
                {"id": 0, "typeId": 6, "itemVariationId": 0, "quantity": 1},
            ],
        }
    )  # fmt: skip
    found = api.get("/orders/50123", **{"with[]": "addresses"})
    assert found["referrerId"] == 2.08
    assert found["addresses"][0]["name3"].startswith("O&amp;N\nB")
    assert found["addresses"][0]["address1"] == "PACKSTATION"
    assert found["addresses"][0]["options"] == []
    assert [item["id"] for item in found["orderItems"]] == [70001, 0]
    assert found["warehouseSenderId"] == 3


def test_one_address_can_have_both_roles_and_delivery_can_be_missing(api, add):
    add(order(1), order(2, delivery=None, billing=ERIKA))
    one = api.get("/orders/1")["addressRelations"]
    assert len({row["addressId"] for row in one}) == 1
    assert api.get("/orders/2")["addressRelations"][0]["typeId"] == 1
    assert api.call("GET", "/orders/2/addresses/2").status_code == 404


def test_a_bundle_is_a_head_with_components_that_point_to_it(api, add):
    add(order(1, items=[{"variation": "CUP-SET", "quantity": 2}]))
    items = api.get("/orders/1/items")["entries"]
    assert [(row["typeId"], row["itemVariationId"], row["quantity"]) for row in items] == [
        (2, 2050, 2), (3, 2044, 2), (3, 2045, 4), (6, 0, 1),
    ]  # fmt: skip
    assert items[1]["references"][0]["referenceOrderItemId"] == items[0]["id"]
    assert items[1]["references"][0]["referenceType"] == "bundle"
    assert items[3]["id"] > 0
    assert items[3]["warehouseId"] is None


def test_several_orders_come_in_one_read(api, many):
    rows = api.get("/orders/batch", **{"orderIds[]": [1, 4, 99], "with[]": "addresses"})
    assert [row["id"] for row in rows] == [1, 4]
    assert rows[0]["addresses"][0]["town"] == "Köln"


def test_a_page_of_250_out_of_10_000_orders_is_fast(api, control):
    from tests.sandbox.plenty.conftest import tenant

    orders = [order(number) for number in range(1, 10_001)]
    control.scenario({"tenants": [tenant(orders=orders)]})
    api = type(api)(api.url, "rest-alpha", "pw")
    asked = {"statusId": "in:5,5.1", "itemsPerPage": 250, "excludeMainOrders": "true"}
    times = []
    for _ in range(5):
        started = time.perf_counter()
        page = api.get("/orders/search", **asked)
        times.append(time.perf_counter() - started)
    assert (page["totalsCount"], len(page["entries"])) == (10_000, 250)
    # 50 ms is the aim, met on an idle machine; three times that leaves room for a busy one.
    assert min(times) < 0.15
