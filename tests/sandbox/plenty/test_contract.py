"""Compares what the server serves and answers with the vendor's own description."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.plenty.app import OPEN_ROUTES, all_routes
from tests.sandbox.plenty.conftest import PACKSTATION, order

SPEC_FILE = Path(__file__).parents[4] / "shared" / "contracts" / "plentymarkets-openapi.json"
pytestmark = pytest.mark.skipif(
    not SPEC_FILE.exists(), reason="the vendor's API description (../shared) is not here"
)

# Routes the file does not have, and why they are served all the same.
EXTRA_ROUTES = {
    "POST /rest/batch": "the file says GET with a body; clients use POST (contract 17)",
}
# Parameters the file does not have.
EXTRA_QUERY = {
    ("GET /rest/orders/statuses", "page"): "every enveloped route pages",
}
EXTRA_BODY = {
    "dates": "in use by clients (contract 7.1)",
    "orderId transactionId shippingServiceProvider shippingStatus shippingCosts additionalData"
    " registrationAt shipmentAt": "the file has no body here (contract 10.2)",
    "lockStatus typeId": "of POST /rest/orders",
    "statusId plentyId ownerId orderItems properties addressRelations relations":
        "the file has no body for PUT /rest/returns and /rest/delivery_orders (contract 7.1)",
}  # fmt: skip
EXTRA_BODY_NAMES = {name for names in EXTRA_BODY for name in names.split()}
# Answer fields the file does not have. "*" holds for every definition.
EXTRA_FIELDS = {
    "Order": {
        "properties": "nested parts are missing from the definition (contract 6.5)",
        "dates": "6.5", "relations": "6.5", "addressRelations": "6.5", "amounts": "6.9",
        "orderItems": "6.6", "orderReferences": "6.5", "addresses": "by with (6.4)",
        "comments": "by with", "documents": "by with", "shippingPackages": "by with",
    },
    "OrderItem": {
        "amounts": "6.6", "properties": "6.6", "dates": "6.6", "references": "6.6",
        "variation": "by with", "variationBarcodes": "by with", "comments": "by with",
    },
    "OrderStatus": {"names": "in use by clients; the request body of the route has it"},
    "Address": {"options": "6.10", "pivot": "6.10"},
    "Document": {
        "createdAt": "the route filters by it", "updatedAt": "the route filters by it",
        "references": "seen in clients",
    },
    "Webstore": {"configuration": "in the file's own example"},
    "Barcode": dict.fromkeys(("id", "name", "type", "referrers"), "the definition is empty"),
    "Comment": dict.fromkeys(
        ("id", "referenceType", "referenceValue", "text", "isVisibleForContact", "userId",
         "createdAt", "updatedAt"),
        "the definition is empty; names are those of the request body",
    ),
    "Item": {"texts": "contract 13"},
    "OrderPropertyType": {"names": "in the request body of the same route"},
    "OrderShippingPackage": {"trackingStatusId": "live rows have it (contract 23)"},
    "OrderDate": {"date": "in the file's own example of an order, missing here"},
}  # fmt: skip
# Fields whose type in the file is wrong or too narrow.
TYPE_EXCEPTIONS = {
    ("mixed", "*"): "says nothing",
    ("string", "*"): "a reference in place of a type",
    ("Reservation", "*"): "has none of the fields of a reservation",
    ("OrderShippingPackageItems", "*"): "one object where a package holds many",
    ("WarehouseLocation", "*"): "the stock at a location comes in snake case (contract 12.3)",
    ("AddressOrderRelation", "*"): "the route answers with the address (contract 6.1)",
    ("VariationStockMovement", "quantity"): "an integer in the file, but half a metre is sold",
}


def normal(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return json.loads(SPEC_FILE.read_text())


@pytest.fixture(scope="module")
def operations(spec):
    return {
        (method.upper(), normal(path)): operation
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_is_in_the_description(operations):
    served = [(route.method, route.path) for route in all_routes()]
    served += [(method, path) for method, path, _ in OPEN_ROUTES]
    unknown = {
        f"{method} {path}" for method, path in served if (method, normal(path)) not in operations
    }
    assert unknown == set(EXTRA_ROUTES)


def test_every_query_parameter_is_in_the_description(operations):
    unknown = []
    for route in all_routes():
        operation = operations.get((route.method, normal(route.path)))
        if operation is None:
            continue
        known = {row["name"] for row in operation.get("parameters", ()) if row["in"] == "query"}
        enveloped = "entries" in json.dumps(operation["responses"]["200"].get("schema", {}))
        known |= {"page", "itemsPerPage"} if enveloped else set()
        unknown += [(route.key, name) for name in route.query if name not in known]
    assert unknown == []


def test_every_body_field_is_in_the_description(operations):
    unknown = []
    for route in all_routes():
        operation = operations.get((route.method, normal(route.path)))
        if operation is None:
            continue
        known: set[str] = set()
        for row in operation.get("parameters", ()):
            if row["in"] == "body":
                known |= set(row["schema"].get("properties", {}))
        unknown += [
            (route.key, name)
            for name in route.body
            if name not in known and name not in EXTRA_BODY_NAMES
        ]
    assert unknown == []


JSON_TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict,
}  # fmt: skip


def problems(spec, schema, value, where: str) -> list[str]:
    """What in an answer is not as described. null is allowed everywhere: the file never says."""
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference:
        if (reference, "*") in TYPE_EXCEPTIONS or reference not in spec["definitions"]:
            return []
        return definition_problems(spec, reference, value, where)
    kind = schema.get("type")
    if value is None or kind is None:
        return []
    expected = JSON_TYPES[kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{where} is no {kind}: {value!r}"]
    found = []
    if kind == "array" and schema.get("items"):
        for row in value:
            found += problems(spec, schema["items"], row, f"{where}[]")
    if kind == "object" and schema.get("properties"):
        for key, part in value.items():
            if key not in schema["properties"]:
                found.append(f"{where}.{key} is not described")
            else:
                found += problems(spec, schema["properties"][key], part, f"{where}.{key}")
    return found


def definition_problems(spec, name: str, value, where: str) -> list[str]:
    described = spec["definitions"][name].get("properties", {})
    if value is None or name in ("Collection", "SimpleRestResponse", "JsonResponse", "Response"):
        return []
    if not isinstance(value, dict):
        return [f"{where} is no {name}: {value!r}"]
    found = []
    for key, part in value.items():
        if key in described:
            if (name, key) not in TYPE_EXCEPTIONS:
                found += problems(spec, described[key], part, f"{where}.{key}")
        elif key not in EXTRA_FIELDS.get(name, {}) and name != "Variation":
            # `Variation` is a raw search document in the file: its fields are in the PUT body.
            found.append(f"{where}.{key} is not in {name}")
    return found


def test_every_answer_has_only_described_fields_of_the_described_type(
    spec, operations, api, add, control
):
    add(order(50001, delivery=PACKSTATION), order(50002))
    parts = ["addresses", "comments", "orderItems.variation", "documents", "shippingPackages"]
    api.post("/comments", {"referenceType": "order", "referenceValue": 50001, "text": "x"})
    package = api.post(
        "/orders/50001/shipping/packages", {"packageId": 2, "packageNumber": "N1"}
    ).json()
    api.post(
        "/orders/shipping/shipping_information",
        {"orderId": 50001, "shippingServiceProvider": "wemalo", "shippingStatus": "registered"},
    )
    api.post("/orders/50001/documents/invoice/generate")
    api.post("/sales_orders/50001/book", {})
    made = api.post(
        "/orders/50001/returns",
        {"quantities": [{"orderItemId": item_id(api, 50001), "quantity": 1}]},
    ).json()
    values = {
        "order_id": 50001, "relation_type_id": 2, "type_id": 2, "status_id": 5, "preset_id": 6,
        "warehouse_id": 3, "package_row_id": package["id"], "package_type_id": 2, "comment_id": 1,
        "reference_type": "order", "reference_value": 50001, "item_id": 102044, "id": 102044,
        "variation_id": 2044, "document_id": 1, "type": "invoice", "contact_id": 901,
        "warehouse_location_id": 7, "currency_iso": "EUR", "referrer_id": 1, "address_id": 801,
        "order_item_id": 70001, "storage_location_id": 7,
    }  # fmt: skip
    control.clock(advance=10)
    found, checked = [], 0
    for route in all_routes():
        operation = operations.get((route.method, normal(route.path)))
        if operation is None or route.method != "GET" or route.path == "/rest/batch":
            continue
        path = route.path.removeprefix("/rest").format(**values)
        wanted = parts if "orders/{order_id}" in route.key or "search" in route.key else ["item"]
        ids = {"orderIds[]": [50001, 50002]} if path == "/orders/batch" else {}
        response = api.call("GET", path, params={"with[]": wanted} | ids)
        assert response.status_code == 200, (route.key, response.text)
        checked += 1
        if response.headers["content-type"] == "application/json":
            schema = operation["responses"]["200"].get("schema", {})
            found += problems(spec, schema, response.json(), route.key)
    assert made["typeId"] == 3
    assert checked > 45
    assert not found, "\n".join(sorted(set(found)))


def item_id(api, number: int) -> int:
    return api.get(f"/orders/{number}")["orderItems"][0]["id"]
