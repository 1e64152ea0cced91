"""Reading orders: search, old list, single order, its parts (contract 6)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.addresses import render_address
from include.sandbox.plenty.errors import invalid, not_found
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.render import FULL, LISTED_WITH, render_items, render_order
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.search import old_list, search

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Order
    from include.sandbox.plenty.request import Request

routes = Routes()

SEARCH_QUERY = (
    "orderId", "plentyId", "orderTypeId", "statusId", "referrerId", "ownerId", "locationId",
    "updatedAt", "createdAt", "lockStatus", "orderItemTypeId", "itemId", "itemVariationId",
    "variationNumber", "orderItemName", "documentNumber", "hasValidInvoice", "packageNumber",
    "orderItemWarehouseId", "isDeliveryAddressPackingStation", "orderItemReferrerId",
    "excludeMainOrders", "orderProperty_{typeId}", "orderDate_{typeId}",
    "orderReference_{referenceType}", "relationReference_{referenceType}_{relationType}",
    "orderBillingAddressCountryId", "orderDeliveryAddressCountryId",
    "documentNumber_{documentType}", "orderItemProperty_{typeId}", "addressRelation_{typeId}",
    "shippingServiceProviderType", "shippingStatus", "shippingShipmentDate", "sortBy", "sortOrder",
    "page", "itemsPerPage", "with", "lazyLoaded", "withDeleted",
)  # fmt: skip
LIST_QUERY = (
    "orderType", "contactId", "referrerId", "shippingProfileId", "warehouseId", "orderIds",
    "packageNumber", "sender.contact", "sender.warehouse", "receiver.contact",
    "receiver.warehouse", "externalOrderId", "clientId", "paymentStatus", "updatedAtFrom",
    "updatedAtTo", "createdAtFrom", "createdAtTo", "paidAtFrom", "paidAtTo",
    "outgoingItemsBookedAtFrom", "outgoingItemsBookedAtTo", "statusFrom", "statusTo",
    "parentOrderId", "addOrderItems", "page", "itemsPerPage", "with", "sortBy", "sortOrder",
)  # fmt: skip
ORDER_QUERY = ("with", "addOrderItems")


@routes.add("GET", "/rest/orders/search", query=SEARCH_QUERY)
def get_search(request: Request) -> JsonObject:
    """Search by query; entries are lazy unless `lazyLoaded=false` or `with` asks for more."""
    return _found(request, search(request, body=None))


@routes.add("POST", "/rest/orders/search", query=SEARCH_QUERY)
def post_search(request: Request) -> JsonObject:
    """Search by body; sorting, paging and `with` stay in the query."""
    return _found(request, search(request, body=request.object()))


@routes.add("GET", "/rest/orders", query=LIST_QUERY)
def get_orders(request: Request) -> JsonObject:
    """Return the deprecated list: full orders, ascending."""
    return paged(
        old_list(request),
        request.query,
        request.tenant.switches,
        lambda order: full_order(request, order),
    )


@routes.add("GET", "/rest/orders/batch", query=("orderIds", "with", "addOrderItems"))
def get_batch(request: Request) -> list[JsonObject]:
    """Return several orders in one read, as a bare array; unknown ids are left out."""
    ids = request.query.all("orderIds")
    if not ids:
        raise invalid("orderIds", "The orderIds field is required.")
    orders = (request.tenant.orders.get(int(number)) for number in ids if number.isdigit())
    return [full_order(request, order) for order in orders if order and request.may_see(order)]


@routes.add("GET", "/rest/orders/{order_id}", query=ORDER_QUERY)
def get_order(request: Request) -> JsonObject:
    """Return one order with its items and what `with` names."""
    return full_order(request, request.order())


@routes.add(
    "GET",
    "/rest/orders/{order_id}/items",
    query=("page", "itemsPerPage", "sortBy", "sortOrder", "with"),
)
def get_items(request: Request) -> JsonObject:
    """Return the items of an order, paged."""
    wanted = [f"orderItems.{name}" for name in request.query.all("with")]
    rows = render_items(request.tenant, request.order(), wanted)
    return paged(rows, request.query, request.tenant.switches)


@routes.add("GET", "/rest/orders/{order_id}/family")
def get_family(request: Request) -> JsonObject:
    """Return where the order comes from."""
    order = request.order()
    parents = [int(row["originOrderId"]) for row in order.references]
    origin = parents[0] if parents else order.id
    return {"originOrderId": origin, "mainSalesOrderId": origin}


@routes.add("GET", "/rest/orders/{order_id}/addresses/{relation_type_id}")
def get_address(request: Request) -> JsonObject:
    """Return the address of one role."""
    order, role = request.order(), request.integer("relation_type_id")
    number = order.addresses.get(role)
    if number is None:
        raise not_found()
    pivot = {"orderId": order.id, "typeId": role, "addressId": number}
    return render_address(request.tenant.addresses[number], pivot, live=request.tenant.is_live)


@routes.add("GET", "/rest/orders/{order_id}/dates")
def get_dates(request: Request) -> Any:
    """Return the dates of an order as a bare array."""
    return render_order(request.tenant, request.order(), ["dates"], request.now)["dates"]


@routes.add("GET", "/rest/orders/{order_id}/properties/{type_id}")
def get_properties(request: Request) -> list[JsonObject]:
    """Return the properties of one type."""
    wanted = request.integer("type_id")
    return [row for row in request.order().properties if int(row["typeId"]) == wanted]


def full_order(request: Request, order: Order) -> JsonObject:
    """Return the order with everything that needs no `with`, plus what `with` names."""
    wanted = set(request.query.all("with")) | FULL
    if not request.query.flag("addOrderItems", default=True):
        wanted = {name for name in wanted if not name.startswith("orderItems")}
    return render_order(request.tenant, order, wanted, request.now)


def _found(request: Request, orders: list[Order]) -> JsonObject:
    wanted = set(request.query.all("with"))
    if request.tenant.switches.search_with == "listed":
        wanted &= LISTED_WITH
    if not request.query.flag("lazyLoaded", default=True):
        wanted |= FULL
    tenant, now = request.tenant, request.now
    return paged(
        orders,
        request.query,
        tenant.switches,
        lambda order: render_order(tenant, order, wanted, now, searched=True),
    )
