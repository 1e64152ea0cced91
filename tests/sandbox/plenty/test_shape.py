"""The two shapes of an order: as live systems answer, and as it was described before."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.sandbox.plenty.conftest import order

FLAT = {
    "hasDeliveryOrders", "isLocked", "warehouseSenderId", "warehouseReceiverId", "contactSenderId",
    "contactReceiverId", "hasTaxRelevantDocuments", "legacyOrderType",
}  # fmt: skip
ALIASES = {
    "companyName", "firstName", "lastName", "careOf", "street", "houseNumber", "additional",
    "phone", "email", "postident", "isPackstation", "isPostfiliale", "packstationNo",
}  # fmt: skip
ASKED = {"lazyLoaded": "false", "with[]": ["addresses", "shippingPackages", "orderItems.variation"]}


@pytest.fixture
def described(control):
    control.settings(order_shape="described")
    yield
    control.settings(order_shape="live")


def found(api, **params):
    (row,) = api.get("/orders/search", **params)["entries"]
    return row


def test_a_live_search_row_has_no_flat_fields_whether_lazy_or_not(api, add):
    add(order(1))
    assert not FLAT & found(api).keys()
    assert not FLAT & found(api, **ASKED).keys()
    assert api.get("/orders/1").keys() >= FLAT


def test_a_live_order_has_all_parts_with_ids_and_dates_of_their_own(api, add):
    add(order(1))
    row = found(api, **ASKED)
    parts = ("relations", "properties", "dates", "amounts", "orderItems", "addressRelations")
    rows = [one for part in parts for one in row[part]]
    rows += [one for item in row["orderItems"] for one in item["amounts"] + item["properties"]]
    assert all(one["id"] for one in rows)
    assert all(datetime.fromisoformat(one["updatedAt"]).tzinfo for one in rows)
    kinds = {one["typeId"] for one in row["orderItems"][0]["properties"]}
    assert kinds == {1, 2, 11, 21, 26, 30}


def test_a_live_address_has_no_aliases_and_its_dates_are_dates(api, add):
    add(order(1))
    address = found(api, **ASKED)["addresses"][0]
    assert not ALIASES & address.keys()
    assert (address["name4"], address["address2"]) == (None, "1")
    assert datetime.fromisoformat(address["createdAt"]).tzinfo
    assert all(datetime.fromisoformat(row["createdAt"]).tzinfo for row in address["options"])


def test_a_live_order_has_an_empty_package_from_its_shipping_rule(api, add):
    add(order(1))
    (package,) = api.get("/orders/1/shipping/packages")
    assert (package["packageNumber"], package["isClosed"]) == ("", None)
    assert "trackingStatusId" in package
    assert datetime.strptime(package["createdAt"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007


def test_the_described_shape_is_a_switch(api, described, add):
    add(order(1))
    row = found(api, **ASKED)
    assert row.keys() >= FLAT
    assert row["addresses"][0].keys() >= ALIASES
    assert row["addresses"][0]["createdAt"].isdigit()
    assert row["shippingPackages"] == []
    assert row["orderItems"][-1]["id"] == 0


def test_a_main_order_is_found_by_the_reference_of_its_part(api, add, control):
    add(order(1), order(2))
    part = control.act("delivery_order", "alpha", order=1)["id"]
    api.post("/orders/2/returns", {"quantities": []})
    rows = api.ids(orderReference_parent="in:1,2", orderTypeId=2)
    assert rows == [part]
    references = found(api, orderId=1, **{"with[]": "originOrderReferences"})
    assert [one["orderId"] for one in references["originOrderReferences"]] == [part]


def test_each_contact_that_an_order_names_is_listed_and_no_other(api, add):
    add(order(1, contact=77), order(2, contact=78))
    assert [row["id"] for row in api.get("/accounts/contacts")["entries"]] == [77, 78]
    assert api.get("/accounts/contacts/77")["id"] == 77
    missing = api.call("GET", "/accounts/contacts/99")
    assert (missing.status_code, "[Contact]" in missing.text) == (404, True)


def test_a_wrong_method_carries_its_own_code(api):
    refused = api.call("DELETE", "/users/me")
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, 405)


def test_presets_name_their_parcel_service_where_asked(api):
    asked = api.get("/orders/shipping/presets", **{"with[]": "parcelServiceNames"})
    assert all(row["parcelServiceNames"][0]["name"] for row in asked)
    assert "parcelServiceNames" not in api.get("/orders/shipping/presets")[0]


def test_falling_stock_takes_an_order_out_of_release_again(api, add, control):
    control.merge({"tenants": [{"tenant": "alpha", "stock_limitation": True}]})
    add(order(1))
    control.act("set_stock", "alpha", variation=2044, warehouse=3, quantity=1)
    assert api.get("/orders/1")["statusId"] == 4
    control.act("set_stock", "alpha", variation=2044, warehouse=3, quantity=5)
    assert api.get("/orders/1")["statusId"] == 5


@pytest.mark.parametrize(
    ("by", "allowed"), [("either", True), ("bearer", True), ("refresh_token", False)]
)
def test_a_token_is_refreshed_by_itself_without_a_body(api, control, by, allowed):
    control.settings(tenant="alpha", refresh_by=by)
    answer = api.post("/login/refresh")
    assert answer.status_code == (200 if allowed else 401)
    if allowed:
        assert api.call("GET", "/users/me").status_code == 401, "the old token has ended"
        api.session.headers["Authorization"] = f"Bearer {answer.json()['accessToken']}"
    assert api.call("GET", "/users/me").status_code == 200
