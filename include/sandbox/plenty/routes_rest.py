"""Routes around our flow that other clients read: they answer plausibly, most of them with nothing.

A route that is described by the vendor and not served here at all answers 404.
"""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty import effects
from include.sandbox.plenty.addresses import edit_address, render_address
from include.sandbox.plenty.contacts import contacts
from include.sandbox.plenty.errors import not_found, refused
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.render import FULL, render_order
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.stock import location_name

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.request import Request

routes = Routes()

DATE_TYPES = (
    "deletedOn", "createdOn", "paidOn", "lastUpdated", "completedOn", "returnedOn", "paymentDueOn",
    "estimatedShippingOn", "startsOn", "endsOn", "deliveryDate", "marketTransferDate",
    "subscriptionCancelledOn", "subscriptionLastRun", "subscriptionNextRun", "purchasedOn",
    "finishedOn", "latestShippingOn", "confirmationUrlValidUntil", "offerValidUntil",
)  # fmt: skip
PROPERTY_TYPES = {
    1: "WAREHOUSE", 2: "SHIPPING_PROFILE", 3: "PAYMENT_METHOD", 4: "PAYMENT_STATUS",
    6: "DOCUMENT_LANGUAGE", 7: "EXTERNAL_ORDER_ID", 8: "CUSTOMER_SIGN", 35: "RETURN_REASON",
    36: "RETURN_ITEM_STATUS",
}  # fmt: skip
CURRENCY: dict[str, Any] = {
    "currency": "EUR",
    "htmlCode": "&euro;",
    "unicodeSign": "€",
    "isActive": True,
    "isErasable": False,
    "exchangeRate": 1,
}
EMPTY_LISTS = (
    "/rest/orders/{order_id}/items/serialNumbers",
    "/rest/orders/items/{order_item_id}/transactions",
    "/rest/orders/shipping/pallets",
    "/rest/payments/methods",
)
EMPTY_PAGES = (
    "/rest/orders/items/transactions",
    "/rest/orders/coupons/campaigns",
    "/rest/orders/shipping/list_shipping_information",
    "/rest/items/manufacturers",
    "/rest/items/attributes",
    "/rest/items/sales_prices",
    "/rest/vat",
)


def _empty_list(_: Request) -> list[JsonObject]:
    return []


def _empty_page(request: Request) -> JsonObject:
    return paged([], request.query, request.tenant.switches)


for _path in EMPTY_LISTS:
    routes.add("GET", _path)(_empty_list)
for _path in EMPTY_PAGES:
    routes.add("GET", _path)(_empty_page)


@routes.add("GET", "/rest/orders/currencies", query=("columns", "with"))
def get_currencies(_: Request) -> list[JsonObject]:
    """Return the currencies: the euro."""
    return [CURRENCY]


@routes.add("GET", "/rest/orders/currencies/{currency_iso}", query=("columns", "with"))
def get_currency(request: Request) -> JsonObject:
    """Return one currency."""
    if request.params["currency_iso"] != CURRENCY["currency"]:
        raise not_found()
    return CURRENCY


@routes.add("GET", "/rest/orders/dates/types")
def get_date_types(_: Request) -> list[JsonObject]:
    """Return the order date types (contract 6.8)."""
    return [
        {"id": number, "isErasable": False, "position": number}
        for number, _ in enumerate(DATE_TYPES, 1)
    ]


@routes.add("GET", "/rest/orders/properties/types", query=("lang",))
def get_property_types(_: Request) -> list[JsonObject]:
    """Return the order property types (contract 6.7)."""
    return [_property_type(number) for number in PROPERTY_TYPES]


@routes.add("GET", "/rest/orders/properties/types/{type_id}", query=("lang",))
def get_property_type(request: Request) -> JsonObject:
    """Return one order property type."""
    number = request.integer("type_id")
    if number not in PROPERTY_TYPES:
        raise not_found()
    return _property_type(number)


@routes.add("GET", "/rest/orders/{order_id}/dates/{type_id}")
def get_date(request: Request) -> JsonObject:
    """Return one date of an order."""
    rows = render_order(request.tenant, request.order(), ["dates"], request.now)["dates"]
    wanted = request.integer("type_id")
    found: JsonObject | None = next((row for row in rows if row["typeId"] == wanted), None)
    if found is None:
        raise not_found()
    return found


@routes.add("GET", "/rest/orders/contacts/{contact_id}", query=("page", "itemsPerPage", "with"))
def get_contact_orders(request: Request) -> JsonObject:
    """Return the orders of a contact, newest first."""
    wanted, tenant = request.integer("contact_id"), request.tenant
    rows = [
        order
        for order in sorted(tenant.orders.values(), key=lambda order: -order.id)
        if order.relation("contact", "receiver") == wanted and request.may_see(order)
    ]
    parts = set(request.query.all("with")) | FULL
    return paged(
        rows,
        request.query,
        tenant.switches,
        lambda order: render_order(tenant, order, parts, request.now),
    )


@routes.add("GET", "/rest/orders/{order_id}/contactWish")
def get_contact_wish(request: Request) -> JsonObject:
    """Return the customer's note of an order."""
    return {"text": str(request.order().extra.get("contactWish", ""))}


@routes.add("GET", "/rest/accounts/contacts", query=("page", "itemsPerPage", "with", "contactId"))
def get_contacts(request: Request) -> JsonObject:
    """Return the contacts of the scenario and those that orders name."""
    wanted = request.query.get("contactId")
    rows = [
        row for number, row in contacts(request.tenant).items() if wanted in (None, str(number))
    ]
    return paged(rows, request.query, request.tenant.switches)


@routes.add("GET", "/rest/accounts/addresses/{address_id}", query=("with",))
def get_address(request: Request) -> JsonObject:
    """Return an address without a role."""
    return render_address(_address(request), live=request.tenant.is_live)


@routes.add("PUT", "/rest/accounts/addresses/{address_id}", body=("name1", "address1", "options"))
def put_address(request: Request) -> JsonObject:
    """Change an address for every order that uses it.

    Once an order is locked by its invoice, the country stays as it is (contract 7.4).
    """
    address, body = _address(request), request.object()
    users = [o for o in request.tenant.orders.values() if address["id"] in o.addresses.values()]
    locked = any(order.lock_status != "unlocked" for order in users)
    if locked and body.get("countryId", address["countryId"]) != address["countryId"]:
        raise refused("The order is locked: the country cannot be changed.")
    edit_address(address, body, request.now)
    for order in users:
        effects.touch(order, request.now)
        effects.fire(request.tenant, order, "address_changed", request.now)
    return render_address(address, live=request.tenant.is_live)


@routes.add("GET", "/rest/warehouses", query=("with", "id", "name"))
def get_warehouses_paged(request: Request) -> JsonObject:
    """Return the warehouses in an envelope, unlike the other route."""
    rows = list(request.tenant.warehouses.values())
    return paged(rows, request.query, request.tenant.switches)


@routes.add(
    "GET",
    "/rest/stockmanagement/warehouses/{warehouse_id}/management/storageLocations/"
    "{storage_location_id}",
    query=("columns", "with"),
)
def get_storage_location(request: Request) -> JsonObject:
    """Return one storage location."""
    number, warehouse = request.integer("storage_location_id"), request.integer("warehouse_id")
    row = request.tenant.locations.get(number)
    if row is None or row["warehouseId"] != warehouse:
        raise not_found()
    return {"id": number, "warehouseId": warehouse, "name": location_name(request.tenant, number)}


def _address(request: Request) -> JsonObject:
    address = request.tenant.addresses.get(request.integer("address_id"))
    if address is None:
        raise not_found()
    return address


def _property_type(number: int) -> JsonObject:
    return {
        "id": number,
        "isErasable": False,
        "position": number,
        "cast": "string",
        "names": [{"typeId": number, "lang": "en", "name": PROPERTY_TYPES[number]}],
    }
