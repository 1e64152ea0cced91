"""Master data of products, interfaces, refurbishments (wemalo contract 8, 12 and 1)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop

UNIT = {"unitId": "BOX", "unitValue": 4, "unitHeight": 53.8, "unitWidth": 36.7, "unitDepth": 52.5,
        "unitWeight": 12.6, "unitName": "4er Box"}  # fmt: skip


def test_a_product_is_created_once_and_shown_with_empty_texts(shop: Shop) -> None:
    body = {"externalId": "p", "sku": "P-1", "productGroup": "default", "name": 'Rohr 5"'}
    assert shop.post("/product/add", **body) == {"Success": True, "status": 200}
    assert shop.post("/product/add", **body)["status"] == 409
    shown = shop.get("/product/get/p")
    assert (shown["name"], shown["sku"], shown["ean"], shown["width"]) == ('Rohr 5"', "P-1", "", 0)
    assert (shown["isActive"], shown["hasSerialNumber"]) == (True, False)


def test_missing_fields_and_a_taken_sku_are_refused(shop: Shop) -> None:
    for body in ({"sku": "x", "productGroup": "g"}, {"externalId": "x", "productGroup": "g"},
                 {"externalId": "x", "sku": "x"}):  # fmt: skip
        assert shop.post("/product/add", **body)["status"] == 400
    taken = {"externalId": "x", "sku": "LAMP-1", "productGroup": "g"}
    assert shop.post("/product/add", **taken)["status"] == 409
    assert shop.put("/product/update/1094", sku="LAMP-1")["status"] == 409
    assert shop.put("/product/update/none", name="x")["status"] == 404


def test_an_update_changes_only_what_was_sent(shop: Shop) -> None:
    shop.put("/product/update/1093", name="Leuchte", netWeight="1200,5", sku="LAMP-2")
    shown = shop.get("/product/get/1093")
    assert (shown["name"], shown["netWeight"], shown["sku"]) == ("Leuchte", 1200.5, "LAMP-2")
    shop.put("/product/update/1093", ean="4054503047860")
    assert shop.get("/product/get/1093")["name"] == "Leuchte"
    assert shop.order("1", ("LAMP-2", 1), externalIdMatch="sku")["status"] == 200
    assert shop.put("/product/update/1093", width="broad")["status"] == 400


def test_many_products_are_inserted_or_updated_under_either_spelling_of_the_id(shop: Shop) -> None:
    rows = [{"externalId": "1093", "name": "new name"}, {"extId": "n1", "sku": "n1"}]
    assert shop.post("/product/addMultiple", products=rows)["status"] == 200
    assert shop.get("/product/get/1093")["name"] == "new name"
    assert shop.get("/product/get/n1")["status"] == 200


def test_one_bad_row_refuses_all_of_them(shop: Shop, control: ControlClient) -> None:
    rows = [{"externalId": "n1", "sku": "n1"}, {"externalId": "n2"}]
    assert shop.post("/product/addMultiple", products=rows)["status"] == 400
    assert shop.get("/product/get/n1")["status"] == 404
    assert shop.post("/product/addMultiple", products="all")["status"] == 400
    control.settings(add_multiple_max=1)
    assert shop.post("/product/addMultiple", products=rows[:1] * 2)["status"] == 400


def test_products_changed_since_an_hour(shop: Shop, control: ControlClient) -> None:
    control.clock(advance=2 * 3600)
    shop.put("/product/update/1094", name="new")
    changed = shop.get("/product/getAll", fromDate="0203202611")["products"]
    assert [row["sku"] for row in changed] == ["BULB-1"]
    assert changed[0]["Success"] is True
    assert len(shop.get("/product/getAll", fromDate="0203202609")["products"]) == 2
    assert shop.get("/product/getAll")["status"] == 400


def test_units_are_added_and_updated_but_keep_name_and_value(shop: Shop) -> None:
    number = shop.post("/product/unit/1093", **UNIT)["entityId"]
    changes = {"entityId": number, "unitWeight": 13, "unitName": "other", "unitValue": 9}
    assert shop.post("/product/unit/1093", **changes)["entityId"] == number
    unit = shop.get("/product/unit/1093")["unitList"][0]
    assert (unit["unitWeight"], unit["unitName"], unit["unitValue"]) == (13, "4er Box", 4)
    assert shop.post("/product/unit/1093", entityId=1)["status"] == 404
    assert shop.post("/product/unit/1093", **UNIT | {"unitId": "BAG"})["status"] == 400
    assert shop.post("/product/unit/1093", unitId="BOX")["status"] == 400


def test_images_and_the_active_flag_need_their_fields(shop: Shop) -> None:
    picture = base64.b64encode(b"x").decode()
    image = {"extension": "jpg", "base64data": picture}
    assert shop.put("/product/addImage/1093", **image)["status"] == 200
    assert shop.put("/product/addImage/1093", extension="jpg")["status"] == 400
    assert shop.put("/product/addImage/none", **image)["status"] == 404
    assert shop.put("/product/changeActiveFlag/1093", isActive=False)["status"] == 200
    assert shop.get("/product/get/1093")["isActive"] is False
    assert shop.put("/product/changeActiveFlag/1093")["status"] == 400


def test_interfaces_that_the_vendor_runs_are_shown(shop: Shop, control: ControlClient) -> None:
    assert shop.get("/user/genericInterfaces")["genericInterfaces"] == []
    row = {"_id": "i1", "wemalo": "w1", "syncInterval": 60, "interfaceName": "plenty",
           "systemName": "plentymarkets", "services": [], "attributes": []}  # fmt: skip
    control.merge({"tenants": [{"tenant": "alpha", "interfaces": [row]}]})
    assert shop.get("/user/genericInterfaces")["genericInterfaces"] == [row]


def test_only_the_vendor_makes_clients(shop: Shop) -> None:
    answer = shop.post(
        "/client/new", name="x", mail="x@example.org", companyName="x", wemaloKey="k"
    )
    assert (answer["status"], answer["Success"]) == (403, False)


def test_refurbishments_are_found_by_product_and_serial_number(
    shop: Shop, control: ControlClient
) -> None:
    for serial in ("old=>new", "other"):
        control.act("refurbish", "alpha", product="1093", serial=serial, ready=False)

    def serials(**params: str) -> list[str]:
        return [row["serialNumber"] for row in shop.get("/refurbishment/get", **params)["history"]]

    assert serials(externalId="1093") == ["old=>new", "other"]
    assert serials(sku="LAMP-1", serialNumber="new") == ["old=>new"]
    assert serials(serialNumber="new", explicitSerialNumber="true") == []
    assert serials(externalId="1094") == []
    assert shop.get("/refurbishment/get")["status"] == 400
