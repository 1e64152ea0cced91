"""Packages, shipping information, booking of outgoing items (contract 10, 11)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.plenty import effects
from include.sandbox.plenty.dates import local_text, to_text, to_timestamp
from include.sandbox.plenty.errors import invalid, not_found
from include.sandbox.plenty.order_scenario import new_package
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.routing import Routes

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Order
    from include.sandbox.plenty.request import Request

routes = Routes()

PACKAGES = "/rest/orders/{order_id}/shipping/packages"
CREATE_BODY = (
    "packageId", "weight", "packageNumber", "packageType", "volume", "labelPath",
    "returnPackageNumber",
)  # fmt: skip
CHANGE_BODY = (
    "packageId", "weight", "extraWeight", "itemsWeight", "packageNumber", "packageType", "volume",
)  # fmt: skip
SHIPPING_STATES = ("open", "prepared", "registered")


@routes.add("GET", PACKAGES, query=("columns", "with"))
def get_packages(request: Request) -> list[JsonObject]:
    """Return the packages as a bare array."""
    wanted = request.query.all("with")
    rows = request.order().packages
    if "labelBase64" in wanted:
        rows = [row | {"labelBase64": ""} for row in rows]
    return rows


@routes.add("GET", PACKAGES + "_paginated", query=("with", "page", "itemsPerPage", "sortBy"))
def get_packages_paginated(request: Request) -> list[JsonObject]:
    """Return packages as a bare array, despite the name (contract 3.2)."""
    envelope = paged(request.order().packages, request.query, request.tenant.switches)
    rows: list[JsonObject] = envelope["entries"]
    return rows


@routes.add("POST", PACKAGES, body=CREATE_BODY)
def create_package(request: Request) -> JsonObject:
    """Add a package: every call adds one. A number fires the event "Package number"."""
    order = request.order()
    body = request.object()
    if body.get("packageId") is None:
        raise invalid("packageId", "The packageId field is required.")
    row = {key: value for key, value in body.items() if key in CREATE_BODY and value is not None}
    package = new_package(request.tenant, order.id, row, request.now)
    order.packages.append(package)
    _saved(request, order, package)
    return package


@routes.add("GET", PACKAGES + "/{package_row_id}", query=("columns",))
def get_package(request: Request) -> JsonObject:
    """Return one package."""
    return _package(request, request.order())


@routes.add("PUT", PACKAGES + "/{package_row_id}", body=CHANGE_BODY)
def put_package(request: Request) -> JsonObject:
    """Change a package; return number and label cannot be changed here (contract 10.1)."""
    order = request.order()
    return _change(request, order, _package(request, order))


@routes.add("PUT", "/rest/orders/shipping/packages/{package_row_id}", body=CHANGE_BODY)
def put_package_by_id(request: Request) -> JsonObject:
    """Change a package without naming its order."""
    order, package = _anywhere(request, "package_row_id")
    return _change(request, order, package)


@routes.add("DELETE", PACKAGES)
def delete_packages(request: Request) -> None:
    """Delete all packages."""
    order = request.order()
    order.packages.clear()
    effects.touch(order, request.now)


@routes.add("DELETE", PACKAGES + "/{package_row_id}")
def delete_package(request: Request) -> None:
    """Delete one package."""
    order = request.order()
    order.packages.remove(_package(request, order))
    effects.touch(order, request.now)


@routes.add("GET", "/rest/orders/{order_id}/packagenumbers")
def get_package_numbers(request: Request) -> list[str]:
    """Return the tracking numbers as a bare array."""
    return [str(row["packageNumber"]) for row in request.order().packages if row["packageNumber"]]


@routes.add("GET", "/rest/orders/shipping/packages/{package_row_id}/items")
def get_package_items(request: Request) -> list[JsonObject]:
    """Return what is in a package."""
    _, package = _anywhere(request, "package_row_id")
    rows: list[JsonObject] = package.get("items", [])
    return rows


@routes.add("POST", "/rest/orders/shipping/packages/{package_row_id}/items")
def add_package_item(request: Request) -> list[JsonObject]:
    """Put goods into a package: {itemId, variationId, itemQuantity}, one or a list."""
    _, package = _anywhere(request, "package_row_id")
    rows = request.body if isinstance(request.body, list) else [request.object()]
    items: list[JsonObject] = package.setdefault("items", [])
    items.extend({"id": len(items) + 1, "packageId": package["id"], **row} for row in rows)
    return items


@routes.add("GET", "/rest/orders/{order_id}/shipping/shipping_information")
def get_shipping_information(request: Request) -> JsonObject:
    """Return the shipping information; 404 if there is none."""
    information = request.order().shipping_information
    if information is None:
        raise not_found()
    return information


@routes.add(
    "POST",
    "/rest/orders/shipping/shipping_information",
    body=(
        "orderId", "transactionId", "shippingServiceProvider", "shippingStatus", "shippingCosts",
        "additionalData", "registrationAt", "shipmentAt",
    ),
)  # fmt: skip
def save_shipping_information(request: Request) -> JsonObject:
    """Set the shipping information of an order; there is one per order."""
    body = request.object()
    try:
        order = request.tenant.orders.get(int(request.required("orderId")))
    except (TypeError, ValueError) as error:
        raise invalid("orderId", "The orderId must be a number.") from error
    if order is None or not request.may_see(order):
        raise not_found()
    _check_state(body.get("shippingStatus", "open"))
    order.shipping_information = {
        "orderId": order.id,
        "shippingServiceProvider": str(body.get("shippingServiceProvider", "")),
        "transactionId": str(body.get("transactionId", "")),
        "shippingStatus": body.get("shippingStatus", "open"),
        "shippingCosts": body.get("shippingCosts", 0),
        "additionalData": body.get("additionalData", ""),
        "registrationAt": _unix(body.get("registrationAt"), request.now),
        "shipmentAt": _unix(body.get("shipmentAt"), request.now),
    }
    effects.touch(order, request.now)
    return order.shipping_information


@routes.add("PUT", "/rest/orders/{order_id}/shipping/shipping_information/status")
def put_shipping_status(request: Request) -> JsonObject:
    """Set `shippingStatus`: open, prepared or registered."""
    order = request.order()
    if order.shipping_information is None:
        raise not_found()
    body = request.object()
    state = body.get("shippingStatus", body.get("status"))
    _check_state(state)
    order.shipping_information["shippingStatus"] = state
    effects.touch(order, request.now)
    return order.shipping_information


@routes.add("PUT", "/rest/orders/{order_id}/shipping/shipping_information/additional_data")
def put_shipping_data(request: Request) -> JsonObject:
    """Set `additionalData`."""
    order = request.order()
    if order.shipping_information is None:
        raise not_found()
    order.shipping_information["additionalData"] = request.object().get("additionalData", "")
    return order.shipping_information


@routes.add("DELETE", "/rest/orders/{order_id}/shipping/shipping_information")
def delete_shipping_information(request: Request) -> JsonObject:
    """Remove the shipping information and return what it was."""
    order = request.order()
    information = order.shipping_information
    if information is None:
        raise not_found()
    order.shipping_information = None
    return information


@routes.add("POST", "/rest/sales_orders/{order_id}/book", body=("message", "bookingDate"))
@routes.add("POST", "/rest/delivery_orders/{order_id}/book", body=("message", "bookingDate"))
@routes.add("POST", "/rest/warranties/{order_id}/book", body=("message", "bookingDate"))
@routes.add("POST", "/rest/repairs/{order_id}/book", body=("message", "bookingDate"))
def book(request: Request) -> bool:
    """Book outgoing items; answers a bare true."""
    body = request.object()
    try:
        at = to_timestamp(body["bookingDate"]) if body.get("bookingDate") else request.now
    except ValueError as error:
        raise invalid("bookingDate", "This is no date.") from error
    effects.book(request.tenant, request.order(), now=request.now, at=at, user=request.user)
    return True


@routes.add("POST", "/rest/orders/{order_id}/outgoing_stocks", query=("date",))
def book_deprecated(request: Request) -> None:
    """Book outgoing items by the deprecated route."""
    now = request.now
    effects.book(request.tenant, request.order(), now=now, at=now, user=request.user)


CANCEL_BODY = ("changeStatus", "quantities")


@routes.add("POST", "/rest/sales_orders/{order_id}/cancel_booking", body=CANCEL_BODY)
@routes.add("POST", "/rest/delivery_orders/{order_id}/cancel_booking", body=CANCEL_BODY)
def cancel_booking(request: Request) -> bool:
    """Take a booking back, whole or in part; the status stays, but may go below 7 again."""
    order, body = request.order(), request.object()
    effects.cancel_booking(
        request.tenant, order, body.get("quantities"), now=request.now, user=request.user
    )
    return True


def _package(request: Request, order: Order) -> JsonObject:
    wanted = request.integer("package_row_id")
    for row in order.packages:
        if row["id"] == wanted:
            return row
    raise not_found()


def _anywhere(request: Request, name: str) -> tuple[Order, JsonObject]:
    wanted = request.integer(name)
    for order in request.tenant.orders.values():
        for row in order.packages:
            if row["id"] == wanted:
                return order, row
    raise not_found()


def _change(request: Request, order: Order, package: JsonObject) -> JsonObject:
    body = request.object()
    numbered = bool(package["packageNumber"])
    package |= {key: body[key] for key in CHANGE_BODY if body.get(key) is not None}
    at = request.now
    package["updatedAt"] = local_text(at) if request.tenant.is_live else to_text(at)
    _saved(request, order, package if not numbered else {})
    return package


def _saved(request: Request, order: Order, package: JsonObject) -> None:
    effects.touch(order, request.now)
    if package.get("packageNumber"):
        effects.fire(request.tenant, order, "package_number", request.now)


def _check_state(state: object) -> None:
    if state not in SHIPPING_STATES:
        raise invalid("shippingStatus", f"Must be one of {', '.join(SHIPPING_STATES)}.")


def _unix(value: object, now: float) -> int:
    """Dates are text in the guide and whole seconds in the model: accept both (contract 10.2)."""
    try:
        return int(to_timestamp(value)) if value else int(now)
    except ValueError as error:
        raise invalid("shipmentAt", "This is no date.") from error
