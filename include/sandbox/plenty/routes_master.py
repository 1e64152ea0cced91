"""What the merchant has set up: profiles, providers, countries, warehouses, webstores, notes."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.plenty import effects
from include.sandbox.plenty.dates import to_text
from include.sandbox.plenty.defaults import COUNTRIES
from include.sandbox.plenty.errors import invalid, not_found
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.request import Query
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.values import is_true

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.request import Request

routes = Routes()

COMMENT_TYPES = (
    "order", "order_item", "contact", "category", "item_variation", "register_incoming_items",
)  # fmt: skip
REFERRERS: dict[float, str] = {0: "Manual entry", 1: "Shop", 2: "eBay", 4.01: "Amazon DE"}
LOCATIONS_PER_PAGE = 100  # whatever is asked for (contract 3.2)


@routes.add("GET", "/rest/users/me")
def get_me(request: Request) -> JsonObject:
    """Return the current user."""
    user = request.user
    return {
        "id": user.id,
        "username": user.name,
        "realName": "REST",
        "email": "",
        "lang": "de",
        "userRoles": [],
        "permissions": [],
    }


@routes.add("GET", "/rest/webstores")
def get_webstores(request: Request) -> list[JsonObject]:
    """Return the clients (plentyIDs) as a bare array."""
    return list(request.tenant.webstores.values())


@routes.add("GET", "/rest/orders/referrers", query=("columns",))
def get_referrers(_: Request) -> list[JsonObject]:
    """Return the sales channels as a bare array."""
    return [_referrer(number) for number in REFERRERS]


@routes.add("GET", "/rest/orders/referrers/search", query=("page", "itemsPerPage"))
def search_referrers(request: Request) -> JsonObject:
    """Return the sales channels, paged."""
    return paged(list(REFERRERS), request.query, request.tenant.switches, _referrer)


@routes.add("GET", "/rest/orders/referrers/{referrer_id}")
def get_referrer(request: Request) -> JsonObject:
    """Return one sales channel."""
    try:
        return _referrer(float(request.params["referrer_id"]))
    except (KeyError, ValueError) as error:
        raise not_found() from error


@routes.add("GET", "/rest/orders/shipping/package_types")
def get_package_types(request: Request) -> list[JsonObject]:
    """Return the package types as a bare array."""
    return list(request.tenant.package_types.values())


@routes.add("GET", "/rest/orders/shipping/package_types/{package_type_id}")
def get_package_type(request: Request) -> JsonObject:
    """Return one package type."""
    return _row(request.tenant.package_types, request.integer("package_type_id"))


@routes.add("GET", "/rest/orders/shipping/presets", query=("columns", "with", "updatedAtAfter"))
def get_presets(request: Request) -> list[JsonObject]:
    """Return the shipping profiles as a bare array."""
    rows = list(request.tenant.profiles.values())
    if "parcelServicePresetNames" in request.query.all("with"):
        rows = [
            row | {"parcelServicePresetNames": [{"lang": "de", "name": row["backendName"]}]}
            for row in rows
        ]
    if "parcelServiceNames" in request.query.all("with"):
        providers = request.tenant.providers
        rows = [row | {"parcelServiceNames": _service_names(providers, row)} for row in rows]
    return rows


def _service_names(providers: dict[int, JsonObject], preset: JsonObject) -> list[JsonObject]:
    number = int(preset.get("parcelServiceId") or 0)
    name = str(providers.get(number, {}).get("name") or preset["backendName"])
    return [{"parcelServiceId": number, "lang": "de", "name": name}]


@routes.add("GET", "/rest/orders/shipping/presets/{preset_id}", query=("columns",))
def get_preset(request: Request) -> JsonObject:
    """Return one shipping profile."""
    return _row(request.tenant.profiles, request.integer("preset_id"))


@routes.add("GET", "/rest/orders/shipping/shipping_service_providers", query=("updatedAtAfter",))
def get_providers(request: Request) -> JsonObject:
    """Return the shipping providers, paged."""
    rows = list(request.tenant.providers.values())
    return paged(rows, request.query, request.tenant.switches)


@routes.add("GET", "/rest/orders/shipping/active_shipping_service_providers")
def get_active_providers(request: Request) -> list[JsonObject]:
    """Return the providers in use, as a bare array."""
    return list(request.tenant.providers.values())


@routes.add("GET", "/rest/orders/shipping/countries", query=("active", "with", "onlyEUCountries"))
def get_countries(request: Request) -> list[JsonObject]:
    """Return the countries as a bare array; several ids share one ISO code (contract 16)."""
    wanted = request.query.all("with")
    rows = []
    for number, (name, two, three, in_eu) in COUNTRIES.items():
        if request.query.integer("onlyEUCountries", 0) and not in_eu:
            continue
        row: JsonObject = {
            "id": number,
            "name": name,
            "shippingDestinationId": 1,
            "active": 1,
            "storehouseId": 0,
            "isoCode2": two,
            "isoCode3": three,
            "lang": "de",
            "isCountryStateMandatory": False,
            "vatCodes": [],
        }
        if "names" in wanted:
            row["names"] = [{"countryId": number, "language": "en", "name": name}]
        if "states" in wanted:
            row["states"] = []
        rows.append(row)
    return rows


@routes.add("GET", "/rest/stockmanagement/warehouses", query=("with",))
def get_warehouses(request: Request) -> list[JsonObject]:
    """Return the warehouses as a bare array, as live systems do."""
    return list(request.tenant.warehouses.values())


@routes.add("GET", "/rest/stockmanagement/warehouses/{warehouse_id}", query=("with",))
def get_warehouse(request: Request) -> JsonObject:
    """Return one warehouse."""
    return _row(request.tenant.warehouses, request.integer("warehouse_id"))


@routes.add("GET", "/rest/warehouses/{warehouse_id}/locations")
def get_locations(request: Request) -> JsonObject:
    """Return the storage locations of a warehouse, 100 per page whatever is asked for."""
    _row(request.tenant.warehouses, request.integer("warehouse_id"))
    rows = [
        {key: value for key, value in row.items() if key != "warehouseId"}
        for row in request.tenant.locations.values()
        if row["warehouseId"] == request.integer("warehouse_id")
    ]
    page = Query(f"page={request.query.integer('page', 1)}")
    return paged(rows, page, request.tenant.switches, default=LOCATIONS_PER_PAGE)


@routes.add(
    "POST",
    "/rest/comments",
    body=("referenceType", "referenceValue", "userId", "text", "isVisibleForContact"),
)
def create_comment(request: Request) -> JsonObject:
    """Add a note: every call adds one. On an order it fires the event "Order note"."""
    kind, text = request.required("referenceType"), request.required("text")
    if kind not in COMMENT_TYPES:
        raise invalid("referenceType", "The selected referenceType is invalid.")
    try:
        reference = int(request.required("referenceValue"))
    except (TypeError, ValueError) as error:
        raise invalid("referenceValue", "The referenceValue must be a number.") from error
    order = request.tenant.orders.get(reference) if kind == "order" else None
    if kind == "order" and order is None:
        raise not_found()
    body = request.object()
    comment = add_comment(
        request,
        str(kind),
        reference,
        str(text),
        visible=is_true(body.get("isVisibleForContact", True)),
        user_id=body.get("userId") or request.user.id,
    )
    if order is not None:
        effects.touch(order, request.now)
        effects.fire(request.tenant, order, "order_note", request.now)
    return comment


@routes.add("GET", "/rest/comments/{comment_id}")
def get_comment(request: Request) -> JsonObject:
    """Return one note."""
    return _row(request.tenant.comments, request.integer("comment_id"))


@routes.add("GET", "/rest/comments/{reference_type}/{reference_value}", query=("userId",))
def get_comments(request: Request) -> list[JsonObject]:
    """Return the notes of an object as a bare array, oldest first."""
    key = (request.params["reference_type"], request.integer("reference_value"))
    return [request.tenant.comments[number] for number in request.tenant.comments_of.get(key, ())]


@routes.add("PUT", "/rest/comments/{comment_id}", query=("isVisibleForContact", "userId"))
def put_comment(request: Request) -> JsonObject:
    """Change text or visibility, from the query (as described) or the body."""
    comment = _row(request.tenant.comments, request.integer("comment_id"))
    body = request.object()
    visible = body.get("isVisibleForContact", request.query.get("isVisibleForContact"))
    if visible is not None:
        comment["isVisibleForContact"] = is_true(visible)
    if body.get("text") is not None:
        comment["text"] = str(body["text"])
    comment["updatedAt"] = to_text(request.now)
    return comment


@routes.add("DELETE", "/rest/comments/{comment_id}")
def delete_comment(request: Request) -> None:
    """Delete a note."""
    comment = _row(request.tenant.comments, request.integer("comment_id"))
    del request.tenant.comments[comment["id"]]
    key = (comment["referenceType"], comment["referenceValue"])
    request.tenant.comments_of[key].remove(comment["id"])


def add_comment(
    request: Request, kind: str, reference: int, text: str, *, visible: bool, user_id: int
) -> JsonObject:
    """Store a note and return it."""
    tenant = request.tenant
    comment: JsonObject = {
        "id": tenant.next_id("comment", 1),
        "referenceType": kind,
        "referenceValue": reference,
        "text": text,
        "isVisibleForContact": visible,
        "userId": user_id,
        "createdAt": to_text(request.now),
        "updatedAt": to_text(request.now),
    }
    tenant.comments[comment["id"]] = comment
    tenant.comments_of[kind, reference].append(comment["id"])
    return comment


def _referrer(number: float) -> JsonObject:
    return {
        "id": number,
        "isEditable": False,
        "backendName": REFERRERS[number],
        "name": REFERRERS[number],
        "orderOwnerId": 0,
        "isFilterable": True,
        "origin": "plentymarkets",
    }


def _row(rows: dict[int, JsonObject], number: int) -> JsonObject:
    if number not in rows:
        raise not_found()
    return rows[number]
