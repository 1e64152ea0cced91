"""What a change sets off: history, reservation, event procedures, booking (contract 8, 9, 11)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.errors import forbidden, invalid, refused
from include.sandbox.plenty.model import BOOKED, DATE_BOOKED, DATE_UPDATED, DELIVERY_ORDER, RETURN
from include.sandbox.plenty.stock import MOVEMENT_ORDER, take_goods
from include.sandbox.plenty.values import decimal_of, number, status_of

if TYPE_CHECKING:
    from include.sandbox.plenty.model import JsonObject, Order, Tenant, User

REASON_OUTGOING, REASON_OUTGOING_CANCELLED = 201, 113


def touch(order: Order, now: float) -> None:
    """Note that the order has changed. Our own writes raise `updatedAt` too (contract 19.16)."""
    order.updated = now
    order.dates[DATE_UPDATED] = now


def set_status(
    tenant: Tenant, order: Order, wanted: Any, *, now: float, user: User | None, text: str = ""
) -> None:
    """Change the status with every side effect, or raise ApiError and change nothing.

    Refused: no status, an unknown one, one the user has no right for, below 7 once booked.
    """
    try:
        status = status_of(wanted)
    except ValueError as error:
        raise invalid("statusId", str(error)) from error
    if status not in tenant.statuses and tenant.switches.unknown_status == "422":
        raise invalid("statusId", "The selected statusId does not exist.")
    if user is not None and user.statuses is not None and status not in user.statuses:
        raise forbidden("order.status.write")
    if order.is_booked and status < BOOKED and order.type_id != RETURN:
        raise refused("The outgoing items are booked: a status below 7 is not possible.")
    _enter_status(tenant, order, status, now=now, user=user, text=text)


def _enter_status(
    tenant: Tenant, order: Order, status: Decimal, *, now: float, user: User | None, text: str
) -> None:
    same = status == order.status
    tenant.move_order(order, status)
    touch(order, now)
    if not same or tenant.switches.same_status_history:
        add_history(tenant, order, now=now, user=user, text=text)
    reserve(tenant, order)
    if order.type_id == DELIVERY_ORDER:
        _follow_lowest(tenant, order, now)
    if not same:
        fire(tenant, order, "status_change", now)


def _follow_lowest(tenant: Tenant, delivery: Order, now: float) -> None:
    """Give the main order the lowest status of its delivery orders (contract 9.1)."""
    for row in delivery.references:
        main = tenant.orders.get(int(row["originOrderId"]))
        if main is None or delivery.id not in main.children:
            continue
        lowest = min(tenant.orders[n].status for n in main.children if n in tenant.orders)
        if lowest != main.status:
            _enter_status(tenant, main, lowest, now=now, user=None, text="Lieferauftrag")


def add_history(tenant: Tenant, order: Order, *, now: float, user: User | None, text: str) -> None:
    """Add a row to the status history."""
    row = {
        "id": tenant.next_id("history", 1),
        "orderId": order.id,
        "statusId": number(order.status),
        "createdAt": now,
        "userId": user.id if user is not None else 0,
        "procedureText": text,
    }
    tenant.history.append(row)
    tenant.history_of[order.id].append(row)


def reserve(tenant: Tenant, order: Order) -> None:
    """Hold or free stock as status, booking and items of the order say."""
    for key, quantity in order.reserved.items():
        tenant.reserved[key] -= quantity
    order.reserved = {}
    low, high = tenant.reservation_range
    if order.is_booked or order.children or order.type_id == RETURN:
        return
    if not low <= order.status <= high:
        return
    for item in order.goods():
        key = (int(item["itemVariationId"]), int(item.get("warehouseId") or 0))
        quantity = decimal_of(item["quantity"])
        order.reserved[key] = order.reserved.get(key, Decimal(0)) + quantity
        tenant.reserved[key] += quantity


def book(tenant: Tenant, order: Order, *, now: float, at: float, user: User | None) -> None:
    """Book outgoing items: physical stock down, reservation gone, status 7, date 5, event.

    A second booking is refused, ignored or done again (switch). ApiError 422 if refused.
    """
    switches = tenant.switches
    if order.is_booked:
        if switches.second_book == "refuse":
            raise refused("The outgoing items have already been booked.")
        if switches.second_book == "ignore":
            return
    goods = order.goods()
    if switches.book_without_stock == "refuse":
        for item in goods:
            key = (int(item["itemVariationId"]), int(item.get("warehouseId") or 0))
            if tenant.physical(key) < decimal_of(item["quantity"]):
                raise refused("There is not enough stock to book the outgoing items.")
    for item in goods:
        quantity = decimal_of(item["quantity"])
        take_goods(
            tenant,
            int(item["itemVariationId"]),
            int(item.get("warehouseId") or 0),
            quantity,
            now=now,
            reason=REASON_OUTGOING,
            row_type=MOVEMENT_ORDER,
            row_id=order.id,
            user_id=user.id if user else 0,
        )
        order.booked[int(item["id"])] = order.booked.get(int(item["id"]), Decimal(0)) + quantity
    order.dates[DATE_BOOKED] = at
    _enter_status(tenant, order, BOOKED, now=now, user=user, text="Warenausgang gebucht")
    fire(tenant, order, "outgoing_items_booked", now)


def cancel_booking(
    tenant: Tenant, order: Order, quantities: list[JsonObject] | None, *, now: float, user: User
) -> None:
    """Take goods back in. Without quantities all of them, and the booking date is cleared."""
    if not order.is_booked:
        raise refused("The outgoing items are not booked.")
    items = {int(item["id"]): item for item in order.items}
    wanted = dict(order.booked)
    if quantities:
        wanted = {int(r["orderItemId"]): decimal_of(r["quantity"]) for r in quantities}
    for item_id, quantity in wanted.items():
        if quantity > order.booked.get(item_id, Decimal(0)):
            raise invalid("quantities", "The quantity is higher than the booked one.")
    for item_id, quantity in wanted.items():
        item = items[item_id]
        take_goods(
            tenant,
            int(item["itemVariationId"]),
            int(item.get("warehouseId") or 0),
            -quantity,
            now=now,
            reason=REASON_OUTGOING_CANCELLED,
            row_type=MOVEMENT_ORDER,
            row_id=order.id,
            user_id=user.id,
        )
        order.booked[item_id] -= quantity
    if not quantities:
        order.booked = {}
        order.dates.pop(DATE_BOOKED, None)
    touch(order, now)


def fire(tenant: Tenant, order: Order, event: str, now: float) -> None:
    """Run the merchant's event procedures, each once per order (contract 11).

    A procedure is {"event", "procedure", "status"?, "to"?}: `status` narrows a status change, `to`
    is the target of "change_status".
    """
    for place, rule in enumerate(tenant.procedures):
        if rule["event"] != event or place in order.procedures_done:
            continue
        if "status" in rule and decimal_of(rule["status"]) != order.status:
            continue
        order.procedures_done.add(place)
        match rule["procedure"]:
            case "book":
                if not order.is_booked:
                    book(tenant, order, now=now, at=now, user=None)
            case "change_status":
                if not (order.is_booked and decimal_of(rule["to"]) < BOOKED):
                    set_status(tenant, order, rule["to"], now=now, user=None, text="Ereignisaktion")
            case "lock":
                order.lock_status = "reversibleLocked"
            case _:
                continue  # mails and opened addresses have no effect that we can see
