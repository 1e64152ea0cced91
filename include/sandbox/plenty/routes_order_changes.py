"""Changing orders: status, cancel, items, delete; statuses and their history (contract 7, 8)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty import effects
from include.sandbox.plenty.dates import to_text, to_timestamp
from include.sandbox.plenty.errors import invalid, not_found, refused
from include.sandbox.plenty.order_scenario import add_order, complete_item
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.routes_orders import full_order
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.values import decimal_of, number, status_of

if TYPE_CHECKING:
    from decimal import Decimal

    from include.sandbox.plenty.model import JsonObject, Order, Tenant
    from include.sandbox.plenty.request import Request

routes = Routes()

ORDER_BODY = (
    "plentyId", "statusId", "ownerId", "orderItems", "properties", "addressRelations", "relations",
    "dates",
)  # fmt: skip


@routes.add("PUT", "/rest/orders/{order_id}", body=ORDER_BODY)
@routes.add("PUT", "/rest/sales_orders/{order_id}", body=ORDER_BODY)
@routes.add("PUT", "/rest/delivery_orders/{order_id}", body=ORDER_BODY)
@routes.add("PUT", "/rest/returns/{order_id}", body=ORDER_BODY)
def put_order(request: Request) -> JsonObject:
    """Change status and more. There is no conditional write: the last one wins (fact 6)."""
    order, body = request.order(), request.object()
    if "orderItems" in body and order.lock_status != "unlocked":
        raise refused("The order is locked: its items cannot be changed.")
    if order.lock_status != "unlocked" and request.tenant.switches.locked_orders == "everything":
        raise refused("The order is locked.")
    if "statusId" in body:
        effects.set_status(
            request.tenant, order, body["statusId"], now=request.now, user=request.user
        )
    _apply(request, order, body)
    effects.touch(order, request.now)
    return full_order(request, order)


@routes.add("PUT", "/rest/orders/{order_id}/cancel", body=("statusId", "message"))
def cancel_order(request: Request) -> None:
    """Cancel: the merchant's default status unless one is given; the message is in the history."""
    order, body = request.order(), request.object()
    status = body.get("statusId")
    effects.set_status(
        request.tenant,
        order,
        status if status is not None else request.tenant.cancel_status,
        now=request.now,
        user=request.user,
        text=str(body.get("message") or "Storniert"),
    )
    effects.fire(request.tenant, order, "order_cancelled", request.now)


@routes.add("POST", "/rest/orders", body=("typeId", "lockStatus", *ORDER_BODY))
def create_order(request: Request) -> JsonObject:
    """Create an order. Keys in another spelling are ignored without error (contract 3.1)."""
    body = request.object()
    for key in ("typeId", "plentyId"):
        if body.get(key) is None:
            raise invalid(key, f"The {key} field is required.")
    source = {"statusId": body.get("statusId") or 1} | body
    source.pop("id", None)
    order = add_order(request.tenant, source, now=request.now)
    return full_order(request, order)


@routes.add("DELETE", "/rest/orders/{order_id}")
def delete_order(request: Request) -> None:
    """Delete an order; refused once there is a tax document."""
    remove(request.tenant, request.order())


@routes.add("GET", "/rest/orders/{order_id}/status-history")
def order_history(request: Request) -> list[JsonObject]:
    """Return the status history of one order as a bare array, oldest first."""
    return [_history_row(row) for row in request.tenant.history_of[request.order().id]]


@routes.add(
    "GET",
    "/rest/orders/status-history",
    query=("orderId", "statusId", "createdAtFrom", "createdAtTo", "userId"),
)
def all_history(request: Request) -> JsonObject:
    """Return status changes of all orders, paged, by id."""
    query, rows = request.query, request.tenant.history
    order_ids = {int(value) for value in query.all("orderId") if value.isdigit()}
    if order_ids:
        rows = [r for number in sorted(order_ids) for r in request.tenant.history_of[number]]
        rows.sort(key=lambda row: int(row["id"]))
    statuses = {_decimal("statusId", value) for value in query.all("statusId")}
    if statuses:
        rows = [row for row in rows if decimal_of(row["statusId"]) in statuses]
    bounds = {name: query.get(name) for name in ("createdAtFrom", "createdAtTo")}
    if bounds["createdAtFrom"]:
        start = _time("createdAtFrom", bounds["createdAtFrom"])
        rows = [row for row in rows if row["createdAt"] >= start]
    if bounds["createdAtTo"]:
        end = _time("createdAtTo", bounds["createdAtTo"])
        rows = [row for row in rows if row["createdAt"] <= end]
    user = query.get("userId")
    if user is not None:
        rows = [row for row in rows if str(row["userId"]) == user]
    return paged(rows, query, request.tenant.switches, _history_row)


@routes.add("GET", "/rest/orders/statuses", query=("statusIdFrom", "statusIdTo", "language"))
def get_statuses(request: Request) -> JsonObject:
    """Return the statuses that the user has a right for, paged."""
    rows = sorted(_visible(request))
    low, high = request.query.get("statusIdFrom"), request.query.get("statusIdTo")
    if low is not None:
        rows = [status for status in rows if status >= _decimal("statusIdFrom", low)]
    if high is not None:
        rows = [status for status in rows if status <= _decimal("statusIdTo", high)]
    return paged(
        rows, request.query, request.tenant.switches, lambda s: _status_row(request.tenant, s)
    )


@routes.add("GET", "/rest/orders/statuses/all")
def all_statuses(request: Request) -> list[JsonObject]:
    """Return all statuses as a bare array."""
    return [_status_row(request.tenant, status) for status in sorted(_visible(request))]


@routes.add("GET", "/rest/orders/statuses/{status_id}")
def get_status(request: Request) -> JsonObject:
    """Return one status."""
    status = _decimal("statusId", request.params["status_id"])
    if status not in _visible(request):
        raise not_found()
    return _status_row(request.tenant, status)


@routes.add("POST", "/rest/orders/statuses", body=("statusId", "names"))
def create_status(request: Request) -> JsonObject:
    """Create a status, as a merchant does for 6.2, 6.3 and 8.8."""
    try:
        status = status_of(request.required("statusId"))
    except ValueError as error:
        raise invalid("statusId", str(error)) from error
    request.tenant.statuses[status] = _german(request.object().get("names"))
    return _status_row(request.tenant, status)


@routes.add("PUT", "/rest/orders/statuses/{status_id}", body=("names",))
def rename_status(request: Request) -> JsonObject:
    """Rename a status: names are for people and never a key (contract 6.5)."""
    status = _decimal("statusId", request.params["status_id"])
    if status not in _visible(request):
        raise not_found()
    request.tenant.statuses[status] = _german(request.object().get("names"))
    return _status_row(request.tenant, status)


@routes.add("DELETE", "/rest/orders/statuses/{status_id}")
def delete_status(request: Request) -> None:
    """Delete a status."""
    status = _decimal("statusId", request.params["status_id"])
    if request.tenant.statuses.pop(status, None) is None:
        raise not_found()


def remove(tenant: Tenant, order: Order) -> None:
    """Delete an order and free its reservation; ApiError 422 if it has an invoice."""
    if any(row["type"] == "invoice" for row in order.documents):
        raise refused("The order has tax documents and cannot be deleted.")
    for key, quantity in order.reserved.items():
        tenant.reserved[key] -= quantity
    order.reserved = {}
    tenant.remove_order(order)


def replace_items(tenant: Tenant, order: Order, rows: list[JsonObject]) -> None:
    """Set new items; a row with a known id keeps what it does not name."""
    known = {int(item["id"]): item for item in order.items}
    order.items = []
    for row in rows:
        old = known.get(int(row.get("id") or 0), {}) if row.get("id") else {}
        order.items.append(complete_item(tenant, order, old | row))
    effects.reserve(tenant, order)


def _apply(request: Request, order: Order, body: JsonObject) -> None:
    tenant = request.tenant
    merge = tenant.switches.nested_lists == "merge"
    if "ownerId" in body:
        order.owner_id = body["ownerId"]
    if "plentyId" in body:
        order.plenty_id = int(body["plentyId"])
    if "properties" in body:
        rows = [{**row, "orderId": order.id} for row in body["properties"]]
        if merge:
            given = {int(row["typeId"]) for row in rows}
            rows = [row for row in order.properties if int(row["typeId"]) not in given] + rows
        order.properties = rows
    if "relations" in body:
        order.relations = [{**row, "orderId": order.id} for row in body["relations"]]
    if "addressRelations" in body:
        for row in body["addressRelations"]:
            order.addresses[int(row["typeId"])] = int(row["addressId"])
        effects.fire(tenant, order, "address_changed", request.now)
    for row in body.get("dates", []):
        order.dates[int(row["typeId"])] = _time("dates", row.get("date"))
    if "orderItems" in body:
        rows = body["orderItems"]
        if merge:
            given = {int(row.get("id") or 0) for row in rows}
            rows = [item for item in order.items if int(item["id"]) not in given] + rows
        replace_items(tenant, order, rows)


def _visible(request: Request) -> set[Decimal]:
    known = set(request.tenant.statuses)
    return known if request.user.statuses is None else known & request.user.statuses


def _status_row(tenant: Tenant, status: Decimal) -> JsonObject:
    name = tenant.statuses[status]
    return {
        "statusId": number(status),
        "isErasable": False,
        "color": "#ffffff",
        "isFrontendVisible": True,
        "isReorderVisible": False,
        "isRedistributionVisible": False,
        "names": {"de": name, "en": name},
        "createdAt": to_text(0),
        "updatedAt": to_text(0),
    }


def _german(names: Any) -> str:
    """Read {"de": "..."} or [{"lang": "de", "name": "..."}]."""
    if isinstance(names, dict):
        return str(names.get("de", ""))
    rows = [row for row in names or [] if isinstance(row, dict)]
    return next((str(row.get("name", "")) for row in rows if row.get("lang") == "de"), "")


def _history_row(row: JsonObject) -> JsonObject:
    return row | {"createdAt": to_text(row["createdAt"])}


def _decimal(name: str, value: Any) -> Decimal:
    try:
        return decimal_of(value)
    except ValueError as error:
        raise invalid(name, str(error)) from error


def _time(name: str, value: Any) -> float:
    try:
        return to_timestamp(value)
    except ValueError as error:
        raise invalid(name, "This is no date.") from error
