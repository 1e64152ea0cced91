"""Returns and delivery orders (contract 9)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.plenty import effects
from include.sandbox.plenty.contacts import contacts
from include.sandbox.plenty.delivery import make_delivery_order
from include.sandbox.plenty.errors import invalid, no_row, refused
from include.sandbox.plenty.model import DATE_CREATED, RETURN, Order
from include.sandbox.plenty.order_scenario import (
    FIRST_ORDER,
    complete_item,
    new_package,
    parent_reference,
)
from include.sandbox.plenty.routes_master import add_comment
from include.sandbox.plenty.routes_orders import full_order
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.stock import MOVEMENT_INTAKE, add_stock
from include.sandbox.plenty.values import decimal_of, is_true, number, status_of

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.request import Request

routes = Routes()

REASON_RETURN = 150
DATE_RETURN = 6
RETURN_BODY = (
    "statusId", "ownerId", "returnPackageNumber", "warehouseId", "quantities",
    "includeCouponsIntoOrderItemPrice",
)  # fmt: skip


@routes.add("POST", "/rest/orders/{order_id}/returns", body=RETURN_BODY)
def create_return(request: Request) -> JsonObject:
    """Create a return: linked to the order, status 9, without any stock until it is booked."""
    order, wanted = request.order(), _wanted(request)
    body, tenant, now = request.object(), request.tenant, request.now
    try:
        status = status_of(body.get("statusId") or tenant.return_status)
    except ValueError as error:
        raise invalid("statusId", str(error)) from error
    if status not in tenant.statuses and tenant.switches.unknown_status == "422":
        raise invalid("statusId", "The selected statusId does not exist.")
    warehouse = int(body.get("warehouseId") or order.relation("warehouse", "sender") or 0)
    result = Order(
        id=tenant.next_id("order", FIRST_ORDER),
        type_id=RETURN,
        status=status,
        plenty_id=order.plenty_id,
        created=now,
        updated=now,
        referrer=order.referrer,
        owner_id=body.get("ownerId"),
        addresses=dict(order.addresses),
        dates={DATE_CREATED: now, DATE_RETURN: now},
    )
    sources = {int(item["id"]): item for item in order.items}
    for row, quantity in wanted:
        source = sources[int(row["orderItemId"])]
        copied = {key: value for key, value in source.items() if key != "id"}
        given = {key: row[key] for key in ("properties",) if key in row}
        item = complete_item(
            tenant,
            result,
            copied | given | {"id": None, "quantity": number(quantity), "warehouseId": warehouse},
        )
        item["references"] = [
            {
                "orderItemId": item["id"],
                "referenceOrderItemId": source["id"],
                "referenceType": "parent",
            }
        ]
        result.items.append(item)
    result.properties = [dict(row, orderId=result.id) for row in order.properties]
    result.relations = [
        {"orderId": result.id, "referenceType": "warehouse", "referenceId": warehouse,
         "relation": "receiver"},
        *(dict(r, orderId=result.id) for r in order.relations if r["referenceType"] == "contact"),
    ]  # fmt: skip
    result.references = [parent_reference(tenant, result.id, order.id)]
    if body.get("returnPackageNumber"):
        package = {"returnPackageNumber": str(body["returnPackageNumber"])}
        result.packages.append(new_package(tenant, result.id, package, now))
    tenant.add_order(result)
    effects.add_history(tenant, result, now=now, user=request.user, text="")
    for row in body.get("comments") or []:
        visible = is_true(row.get("isVisibleForContact", True))
        text = str(row.get("text", ""))
        add_comment(request, "order", result.id, text, visible=visible, user_id=request.user.id)
    effects.fire(tenant, order, "new_return", now)
    return full_order(request, result)


@routes.add("POST", "/rest/orders/{order_id}/returns/validate")
def validate_return(request: Request) -> list[JsonObject]:
    """Check a return without creating it: what may still be returned per item."""
    order = request.order()
    if request.object().get("quantities"):
        _wanted(request)
    left = _returnable(request, order)
    return [{"orderItemId": item, "quantity": number(rest)} for item, rest in left.items()]


@routes.add("POST", "/rest/returns/{order_id}/book", body=("quantities",))
def book_return(request: Request) -> bool:
    """Book the goods of a return into stock, all or the given quantities."""
    order, bookings = _bookings(request)
    for item, quantity, location in bookings:
        add_stock(
            request.tenant,
            int(item["itemVariationId"]),
            int(item["warehouseId"] or 0),
            location,
            quantity,
            now=request.now,
            reason=REASON_RETURN,
            row_type=MOVEMENT_INTAKE,
            row_id=order.id,
            user_id=request.user.id,
        )
        key = int(item["id"])
        order.booked[key] = order.booked.get(key, Decimal(0)) + quantity
    order.dates[5] = request.now
    effects.touch(order, request.now)
    return True


@routes.add("POST", "/rest/returns/{order_id}/book/validate")
def validate_return_booking(request: Request) -> list[JsonObject]:
    """Check a booking without doing it."""
    _, bookings = _bookings(request)
    return [{"orderItemId": row["id"], "quantity": number(count)} for row, count, _ in bookings]


@routes.add("GET", "/rest/returns/reasons")
def get_reasons(request: Request) -> list[JsonObject]:
    """Return the return reasons (item property 35)."""
    return request.tenant.return_reasons


@routes.add("GET", "/rest/returns/status")
def get_conditions(request: Request) -> list[JsonObject]:
    """Return the item conditions (item property 36)."""
    return request.tenant.return_states


@routes.add("POST", "/rest/orders/{order_id}/delivery_orders", body=("quantities",))
@routes.add("POST", "/rest/orders/{order_id}/delivery_orders/automatic")
def create_delivery_order(request: Request) -> JsonObject:
    """Move goods to a delivery order: the given quantities, or everything that is left."""
    rows = request.object().get("quantities")
    wanted = None
    if rows:
        wanted = {int(row["orderItemId"]): decimal_of(row["quantity"]) for row in rows}
    made = make_delivery_order(request.tenant, request.order(), wanted, now=request.now)
    return full_order(request, made)


@routes.add("GET", "/rest/accounts/contacts/{contact_id}", query=("with",))
def get_contact(request: Request) -> JsonObject:
    """Return a contact: one of the scenario, or a bare one for every id an order names."""
    known = contacts(request.tenant).get(request.integer("contact_id"))
    if known is None:
        raise no_row("Contact")
    return known


def _wanted(request: Request) -> list[tuple[JsonObject, Decimal]]:
    """Return the checked quantities; above what was ordered and not yet returned is a 422."""
    left = _returnable(request, request.order())
    rows = request.required("quantities")
    if not isinstance(rows, list) or not rows:
        raise invalid("quantities", "The quantities field must be a list.")
    wanted = []
    for row in rows:
        try:
            item, quantity = int(row["orderItemId"]), decimal_of(row["quantity"])
        except (KeyError, TypeError, ValueError) as error:
            raise invalid("quantities", "Each needs orderItemId and quantity.") from error
        if item not in left or quantity <= 0:
            raise invalid("quantities", "The order item does not exist or nothing is returned.")
        refuse = request.tenant.switches.return_above_shipped == "refuse"
        if refuse and quantity > left[item]:
            raise invalid("quantities", "The quantity is higher than what was shipped.")
        left[item] -= quantity
        wanted.append((row, quantity))
    return wanted


def _returnable(request: Request, order: Order) -> dict[int, Decimal]:
    left = {int(item["id"]): decimal_of(item["quantity"]) for item in order.goods()}
    for other in request.tenant.orders.values():
        if other.type_id != RETURN or not any(
            int(row["originOrderId"]) == order.id for row in other.references
        ):
            continue
        for item in other.items:
            for row in item["references"]:
                left[int(row["referenceOrderItemId"])] -= decimal_of(item["quantity"])
    return left


def _bookings(request: Request) -> tuple[Order, list[tuple[JsonObject, Decimal, int]]]:
    order = request.order()
    if order.type_id != RETURN:
        raise no_row("Order")
    items = {int(item["id"]): item for item in order.items}
    rows = request.object().get("quantities") or [
        {"orderItemId": number, "quantity": item["quantity"]} for number, item in items.items()
    ]
    result = []
    for row in rows:
        item = items.get(int(row.get("orderItemId") or 0))
        if item is None:
            raise invalid("quantities", "The order item does not exist.")
        quantity = decimal_of(row["quantity"])
        if order.booked.get(int(item["id"]), Decimal(0)) + quantity > decimal_of(item["quantity"]):
            raise refused("The items of the return have already been booked.")
        result.append((item, quantity, int(row.get("storageLocationId") or 0)))
    return order, result
