"""The sandbox has the routes and the answer fields of the vendor's own API description.

The description is reference material that is not part of this project; without it these tests are
skipped. Where it contradicts itself or is silent, `EXCEPTIONS` says what and why.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.sandbox.wemalo.api.table import BASE, ROUTES
from tests.sandbox.wemalo.conftest import order_body
from tests.sandbox.wemalo.test_products import UNIT
from tests.sandbox.wemalo.test_returns_and_receipts import announcement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop

APIDOC = Path(__file__).parents[4] / "shared" / "contracts" / "wemalo-apidoc.json"
pytestmark = pytest.mark.skipif(
    not APIDOC.exists(), reason="the vendor's API description (../shared/contracts) is not here"
)

# Routes beyond the description, and where they are known from (wemalo contract 3).
UNDESCRIBED = {
    ("POST", "/goodsOrder/addConditional"): "the official plugin's way to send an order",
    ("POST", "/returns/announceConditional"): "the official plugin's way to announce a return",
    ("GET", "/product/shop"): "how the official plugin learns the shop's name",
}
# (route, field): (type here or None for "is not answered", why).
EXCEPTIONS: dict[tuple[str, str], tuple[str | None, str]] = {
    ("getOrderPackages", "packages.errorMessage"): ("String", "a text in the example"),
    ("getOrderPackages", "packages.units"): ("Object[]", "no units are packed here: always empty"),
    ("availableStock", "articles.externalId"): ("String", "a text in the example"),
    ("availableStock", "articles.virtualQuantity"): ("Number", "a number in the example"),
    ("getStockReduced", "articles"): (None, "copied from getStock; not in the example"),
    ("getStockReduced", "details.isDefault"): ("Boolean", "true and false in the example"),
    ("getRefurbishment", "history.serialNumber"): ("String", "a text in the example"),
    ("getRefurbishment", "history.cellName"): (None, "is called `cell` in the example"),
    ("getGenericInterfaces", "services"): ("Object[]", "one level deeper in the example"),
    ("createNewClient", "clientId"): (None, "for the vendor's own users only"),
    ("createNewClient", "password"): (None, "for the vendor's own users only"),
    **{
        (route, f"bookings.orderInfo.{name}"): ("String", "typed as Object, is a text when sent")
        for route in ("getSentPackages", "getSentPackagesByFlag")
        for name in ("departmentNumber", "extraInfo", "extraInfo2", "extraInfo3", "extraInfo4")
    },
    **{
        (route, f"bookings.recipient.{name}"): ("String", "typed as Object, is a text in orders")
        for route in ("getSentPackages", "getSentPackagesByFlag")
        for name in (
            "name1", "name2", "name3", "street", "houseNumber", "addressAddition", "zip", "city",
            "stateProvinceCountry", "countryCode", "email", "phone", "customerNumber",
        )
    },
}  # fmt: skip
# The table of a list wraps each row once more under the row's own name; the examples do not.
WRAPPERS = {
    "availableStock": (("articles.article", "articles"), ("attributes.attribute", "attributes")),
    "getStock": (("articles.article", "articles"),),
    "getStockReduced": (("product.details", "details"), ("product.", "")),
    "getUnits": (("unitList.unit", "unitList"),),
    "getRefurbishment": (
        ("bookings.attributes.externalId", "history.attributes.externalCode"),
        ("bookings.", "history."),
    ),
    "getGenericInterfaces": (("", "genericInterfaces."),),
}
WRAPPER_ROWS = (
    "articles.article", "articles.article.attributes.attribute", "unitList.unit", "product",
)  # fmt: skip
MISSPELT = {("getOrderPackages", "packages.units.quantiy")}
CHECKS: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "Object": lambda value: isinstance(value, dict),
    "Object[]": lambda value: isinstance(value, list),
    "Number[]": lambda value: isinstance(value, list),
}


def described() -> list[dict[str, Any]]:
    rows = json.loads(APIDOC.read_text(encoding="utf-8"))["api"] if APIDOC.exists() else []
    return [row for row in rows if row.get("type")]


def normal(method: str, path: str) -> tuple[str, str]:
    return method.upper(), re.sub(r":\w+|\{\w+\}", "*", path).rstrip("/")


def test_every_described_route_is_served_and_no_other_but_the_known_ones() -> None:
    vendor = {normal(row["type"], row["url"]) for row in described()}
    ours = {normal(method, path) for method, path, _ in ROUTES}
    assert len(vendor) == 47
    assert vendor <= ours
    assert ours - vendor == {normal(*route) for route in UNDESCRIBED}


def test_every_described_route_answers_over_http(shop: Shop) -> None:
    for row in described():
        path = re.sub(r":\w+", "77", row["url"])
        answer = shop.call(row["type"].upper(), path, json={})
        assert answer.headers["content-type"].startswith("application/json"), row["url"]
        assert answer.json()["status"] == (answer.status_code), row["url"]
        assert answer.url.startswith(shop.url + BASE)


@pytest.fixture
def answers(shop: Shop, control: ControlClient) -> dict[str, Any]:
    """One good answer of every described route, under the tables' spellings."""
    control.settings(
        ids_as="string", stock_reserved_field="quantityReserved", flagged_field="historyIds",
        max_results_field="maxResult", package_quantity_field="quantity",
        webhook_mail_field="email", negative_stock=False,
    )  # fmt: skip
    control.merge({"tenants": [{
        "tenant": "alpha",
        "products": [{"externalId": "set", "sku": "set", "set": {"1093": 1, "1094": 1}}],
        "stock": {"1093": {"B": 2}},
        "interfaces": [{
            "_id": "i", "wemalo": "w", "syncInterval": 10, "interfaceName": "n",
            "systemName": "plentymarkets", "services": [{"notice": "", "service": "getOrders"}],
            "attributes": [{"label": "host", "value": "http://127.0.0.1"}],
        }],
    }]})  # fmt: skip
    return dict(_orders(shop, control)) | dict(_goods(shop, control)) | dict(_rest(shop, control))


def _orders(shop: Shop, control: ControlClient) -> Iterator[tuple[str, Any]]:
    pdf = base64.b64encode(b"%PDF").decode()
    yield "addGoodsOrder", shop.post("/goodsOrder/add", **order_body("1", ("set", 1), ("1093", 1)))
    position = {"externalId": "1094", "externalPositionIdentifier": "x"}
    yield "addGoodsOrderPosition", shop.post("/goodsOrder/addPosition/1", positions=[position])
    yield "removeGoodsOrderPosition", shop.delete("/goodsOrder/removePosition/1/x")
    yield (
        "addGoodsOrderdocument",
        shop.post("/goodsOrder/addDocument/1", docType="BILL", docName="b", base64data=pdf),
    )
    yield "addOrderNote", shop.put("/goodsOrder/note/1", notices="n", noticeField=1)
    yield "changeGoodsOrderPriority", shop.put("/goodsOrder/changePriority/1", priority=1)
    yield "updateGoodsOrderMeta", shop.put("/goodsOrder/updateMeta/1", meta={"extraInfo": "x"})
    yield "getGoodsOrderStatus", shop.get("/goodsOrder/getStatus/1")
    control.act("pack", "alpha", order="1")
    packages = shop.get("/goodsOrder/packages", externalOrderId="1")
    yield "getOrderPackages", packages
    number = packages["packages"][0]["id"]
    yield "addTrackingNumber", shop.put(f"/goodsOrder/trackingNumber/{number}", trackingNumber="T")
    yield "getShippingLabel", shop.get(f"/goodsOrder/package/{number}/label")
    yield "getTrackingNumber", shop.get(f"/goodsOrder/package/{number}/trackingNumber")
    yield "sentPackage", shop.post(f"/goodsOrder/package/{number}/sent")
    yield "getProfiles", shop.get("/goodsOrder/profiles")
    yield "getSentPackages", shop.get("/goodsOrder/sentPackages/", addRecipient="true")
    queue = shop.get("/goodsOrder/packages/sent/", addRecipient="true")
    yield "getSentPackagesByFlag", queue
    yield (
        "putSentPackagesFlag",
        shop.put(f"/goodsOrder/packages/sent/{queue['bookings'][0]['historyId']}"),
    )
    second = shop.post("/goodsOrder/add", **order_body("2"))["id"]
    yield "finishOrder", shop.post(f"/goodsOrder/finish/{second}", totalWeight=1000.0)
    shop.post("/goodsOrder/add", **order_body("3"))
    yield "deleteReservations", shop.delete("/goodsOrder/reservations")
    yield "cancelGoodsOrder", shop.put("/goodsOrder/cancel/3", reason="r")


def _goods(shop: Shop, control: ControlClient) -> Iterator[tuple[str, Any]]:
    picture = {"extension": "jpg", "base64data": "eA=="}
    yield "addImage", shop.put("/product/addImage/1093", **picture)
    yield "addMultiple", shop.post("/product/addMultiple", products=[{"extId": "n", "sku": "n"}])
    yield "addProduct", shop.post("/product/add", externalId="m", sku="m", productGroup="g")
    yield "updateProduct", shop.put("/product/update/m", name="x")
    yield "changeActiveFlag", shop.put("/product/changeActiveFlag/m", isActive=True)
    yield "addUnit", shop.post("/product/unit/1093", **UNIT)
    yield "getUnits", shop.get("/product/unit/1093")
    yield "availableStock", shop.get("/product/availableStock/", fromDate="0101202000")
    yield "getAllProducts", shop.get("/product/getAll", fromDate="0101202000")
    yield "getProduct", shop.get("/product/get/1093")
    yield "getStock", shop.get("/product/stock/1093")
    yield "getStockReduced", shop.get("/product/stock/reduced/1093", hideDetails="false")
    bookings = shop.get("/product/bookings/flag", reason="SENT", page=0)
    yield "getNotFlaggedBookings", bookings
    first = bookings["entries"][0]["bookingHistoryEntries"][0]["historyId"]
    yield "setFlaggedBookings", shop.put("/product/bookings/flag", historyIds=[first])
    receipt = {"externalId": "G", "items": [{"externalId": "1093", "quantity": 1}]}
    yield "addGoodsReceipt", shop.post("/goodsReceipt/add", **receipt)
    control.act("receive_goods", "alpha", receipt="G", items=[{"product": "1093"}])
    yield "getIncomingBookings", shop.get("/goodsReceipt/get")


def _rest(shop: Shop, control: ControlClient) -> Iterator[tuple[str, Any]]:
    yield "announceReturn", shop.post("/returns/announce", **announcement("R"))
    document = {"docType": "DOCUMENT", "docName": "t.png", "base64data": "eA=="}
    yield "addReturnsDocument", shop.post("/returns/document/R", **document)
    control.act("book_return", "alpha", **{"return": "R"}, items=[{"product": "1093"}])
    booked = shop.get("/returns/booked")
    yield "getBookedReturns", booked
    yield "getReturnBookings", shop.get("/returns/getBookings")
    yield "putSynchedReturnsFlag", shop.put(f"/returns/booked/{booked['bookings'][0]['id']}")
    attributes = [{"id": 91, "externalCode": "1", "group": "", "notice": ""}]
    options = [{"id": "o", "label": "l", "value": "v"}]
    control.act(
        "refurbish", "alpha", product="1093", attributes=attributes, options=options, serial="s"
    )
    yield "getRefurbishment", shop.get("/refurbishment/get", externalId="1093")
    yield "getGenericInterfaces", shop.get("/user/genericInterfaces")
    hook = {"payload": "http://127.0.0.1:9/", "token": "t", "email": "ops@example.org"}
    yield "registerWebHook", shop.post("/webhook/status_update", **hook)
    yield "getWebhooks", shop.get("/webhook")
    yield "deleteWebHook", shop.delete("/webhook/status_update")
    yield "createNewClient", shop.post("/client/new", name="n")


def test_all_answer_fields_have_the_described_names_and_types(answers: dict[str, Any]) -> None:
    problems = []
    names = {row["name"] for row in described()}
    assert names == set(answers)
    for row in described():
        answer = answers[row["name"]]
        if row["name"] != "createNewClient":
            assert answer["status"] == 200, (row["name"], answer)
        for group in (row.get("success", {}).get("fields") or {}).values():
            problems += [problem for field in group if (problem := _problem(row, field, answer))]
    assert problems == []


def test_all_fields_of_the_examples_are_answered(answers: dict[str, Any]) -> None:
    """Examples that are valid JSON: every key they show is in our answer, or spelt otherwise."""
    respelt = {"notReservedQuantity", "quantitySum", "maxResults", "updated", "mail"}
    missing = []
    for row in described():
        for example in row.get("success", {}).get("examples") or []:
            try:
                shown = json.loads(example["content"])
            except ValueError:
                continue  # many examples are not valid JSON (wemalo contract 2)
            found = set(_keys(answers[row["name"]]))
            missing += [
                (row["name"], key)
                for key in _keys(shown)
                if key not in found and key.split(".")[-1] not in respelt
            ]
    known = {("createNewClient", "clientId"), ("createNewClient", "password")}
    assert {one for one in missing if not _of_a_part(one[1])} - known == set()


def _of_a_part(key: str) -> bool:
    """Tell whether the key is inside a list that is filled by what a test puts in."""
    return key.startswith(("packages.units", "history.", "genericInterfaces."))


def _keys(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield prefix + key
            yield from _keys(inner, f"{prefix}{key}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner, prefix)


def _problem(row: dict[str, Any], field: dict[str, Any], answer: Any) -> str | None:
    name, path, kind = row["name"], field["field"], field.get("type", "String")
    if (name, path) in MISSPELT:
        return None
    for wrapped, bare in WRAPPERS.get(name, ()):
        path = bare + path if not wrapped else path.replace(wrapped, bare)
    path = path.replace("..", ".").strip(".")
    exception = EXCEPTIONS.get((name, path)) or EXCEPTIONS.get((name, path.split(".")[-1]))
    if exception is not None and exception[0] is None:
        return None
    kind = exception[0] if exception is not None and exception[0] else kind
    if field["field"] in WRAPPER_ROWS:
        return None
    values = _values(answer, path.split("."))
    if not values and path.startswith("packages.units."):
        return None
    if not values:
        return f"{name}: {path} is not answered"
    wrong = [value for value in values if not CHECKS[kind](value)]
    return f"{name}: {path} is not {kind}: {wrong[0]!r}" if wrong else None


def _values(value: Any, path: list[str]) -> list[Any]:
    if not path:
        return [value]
    if isinstance(value, list):
        return [found for inner in value for found in _values(inner, path)]
    if isinstance(value, dict) and path[0] in value:
        return _values(value[path[0]], path[1:])
    return []
