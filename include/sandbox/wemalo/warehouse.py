"""The warehouse: picking lists, picking, packing, labels, hand-over (wemalo contract 15.2, 15.3).

Every step can be made by itself; in auto mode the simulated clock makes them (`plan_next`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo import bookings, packing, stock
from include.sandbox.wemalo.model import RANK, Parcel
from include.sandbox.wemalo.reservation import fall_back, settle
from include.sandbox.wemalo.states import change_state
from include.sandbox.wemalo.webhooks import announce_tracking

if TYPE_CHECKING:
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Tenant
    from include.sandbox.wemalo.packing import Wish

LABEL_ERROR = "label could not be created"
LOOK_AGAIN = 600.0  # simulated seconds until a picker looks again for what was not there


def on_timer(world: Ground, tenant: Tenant, order: Order, kind: str, state: str) -> None:
    """Do what a timer was set for, unless the order has moved on meanwhile."""
    if kind == "date":
        settle(world, tenant, order)
    elif tenant.settings.auto and order.state == state:
        step(world, tenant, order)


def step(world: Ground, tenant: Tenant, order: Order) -> None:
    """Do the next step of an order that is not held."""
    match order.state:
        case "OPEN":
            make_picking_list(world, tenant, order)
        case "INPROCESS" if not tenant.settings.skip_inpicking:
            start_picking(world, tenant, order)
        case "INPROCESS" | "INPICKING":
            pick(world, tenant, order)
        case "READYFORSHIPMENT":
            pack(world, tenant, order)
        case "PACKED":
            hand_over(world, tenant, order)
        case _:
            msg = f"order {order.external_id} is {order.state}: nothing to do for the warehouse"
            raise SandboxError(msg)


def bring_to(world: Ground, tenant: Tenant, order: Order, state: str) -> None:
    """Do all steps until an order has reached a state; SandboxError if it is held before."""
    while RANK[order.state] < RANK[state]:
        before = order.state
        step(world, tenant, order)
        if RANK[order.state] <= RANK[before]:
            msg = f"order {order.external_id} is {order.state} and cannot become {state}"
            raise SandboxError(msg)


def make_picking_list(world: Ground, tenant: Tenant, order: Order) -> None:
    """OPEN → INPROCESS."""
    _expect(order, "OPEN")
    change_state(world, tenant, order, "INPROCESS")


def start_picking(world: Ground, tenant: Tenant, order: Order) -> None:
    """INPROCESS → INPICKING."""
    _expect(order, "INPROCESS")
    change_state(world, tenant, order, "INPICKING")


def pick(
    world: Ground, tenant: Tenant, order: Order, missing: dict[int, int] | None = None
) -> None:
    """Pick everything; `missing` (product id: pieces) is what the picker does not find.

    A missing piece is an inventory correction. What happens to the order then is the switch
    `short_pick`: back to PARTIAL, wait in INPICKING, or go out with what there is.
    """
    _expect(order, "INPROCESS", "INPICKING")
    if order.state == "INPROCESS" and not tenant.settings.skip_inpicking:
        change_state(world, tenant, order, "INPICKING")
    for product_id, count in (missing or {}).items():
        _lose(world, tenant, order, product_id, count)
    for position in order.positions:
        if position.reserved:
            stock.take(world, tenant, order, position, position.reserved)
    if any(position.lacking() for position in order.positions):
        rule = tenant.settings.short_pick
        if rule == "back" or not any(position.picked for position in order.positions):
            fall_back(world, tenant, order)
            return
        if rule == "wait":
            world.at(world.now.timestamp() + LOOK_AGAIN, tenant, "work", order)
            return
        stock.give_up_missing(world, tenant, order)
    change_state(world, tenant, order, "READYFORSHIPMENT")


def _lose(world: Ground, tenant: Tenant, order: Order, product_id: int, count: int) -> None:
    product = tenant.products[product_id]
    left = count
    for position in order.positions:
        if position.product_id == product_id:
            cut = min(position.reserved, left)
            stock.unreserve(product, order, position, cut)
            left -= cut
    if left:
        msg = f"order {order.external_id} has not {count} pieces of {product.external_id} reserved"
        raise SandboxError(msg)
    product.corrected -= count
    stock.take_out(world, tenant, product, count)
    bookings.post(world, tenant, "INVENTORY_OUT", product, [""] * count)


def pack(
    world: Ground, tenant: Tenant, order: Order, wishes: list[Wish] | None = None
) -> list[Parcel]:
    """READYFORSHIPMENT → PACKED, or BLOCKEDPACKED if something holds the order."""
    _expect(order, "READYFORSHIPMENT")
    parcels = packing.make_parcels(world, tenant, order, wishes)
    for parcel in parcels:
        tenant.parcels[parcel.id] = parcel
        order.parcels.append(parcel.id)
        for item in parcel.items:
            product = tenant.products[item.product_id]
            position = next(one for one in order.positions if one.id == item.position_id)
            position.packed += item.quantity
            bookings.post(
                world, tenant, "PACK_PARCEL", product, [item.serial] * item.quantity,
                order=order, parcel_id=parcel.id, reference=position.external_position,
            )  # fmt: skip
    order.block_reason = why_blocked(tenant, order)
    if order.block_reason:
        if order.label_error:
            for parcel in parcels:
                parcel.error = order.label_error
        change_state(world, tenant, order, "BLOCKEDPACKED")
    else:
        finish_packing(world, tenant, order)
    return parcels


def why_blocked(tenant: Tenant, order: Order) -> str:
    """Return `blockReason`: blocked by the merchant, label error or a missing document."""
    if order.blocked:
        return "BLOCKED"
    if order.label_error:
        return order.label_error
    kinds = {one.kind for one in order.documents}
    missing = [kind for kind in tenant.settings.documents_required if kind not in kinds]
    return f"document missing: {', '.join(missing)}" if missing else ""


def finish_packing(world: Ground, tenant: Tenant, order: Order) -> None:
    """Label every parcel that shall have a label; the order becomes PACKED."""
    for parcel in unsent(tenant, order):
        parcel.error = ""
        if parcel.wants_label and not parcel.tracking:
            parcel.tracking = packing.tracking_number(world, parcel)
    change_state(world, tenant, order, "PACKED")
    for parcel in unsent(tenant, order):
        if parcel.tracking:
            announce_tracking(world, tenant, order, parcel)


def fail_label(world: Ground, tenant: Tenant, order: Order, text: str) -> None:
    """Let the label fail: at packing, or at once if the order is packed already."""
    order.label_error = text or LABEL_ERROR
    if order.state == "PACKED":
        for parcel in unsent(tenant, order):
            parcel.tracking, parcel.error = "", order.label_error
        order.block_reason = order.label_error
        change_state(world, tenant, order, "BLOCKEDPACKED")


def release_blocked(world: Ground, tenant: Tenant, order: Order) -> None:
    """BLOCKEDPACKED → PACKED; whatever held the order is solved."""
    _expect(order, "BLOCKEDPACKED")
    order.blocked, order.label_error, order.block_reason = False, "", ""
    finish_packing(world, tenant, order)


def change_tracking(world: Ground, tenant: Tenant, parcel: Parcel, tracking: str) -> None:
    """Set or replace a parcel's tracking number, also after hand-over."""
    parcel.tracking, parcel.error = tracking, ""
    announce_tracking(world, tenant, tenant.orders[parcel.order_id], parcel)


def hand_over(world: Ground, tenant: Tenant, order: Order, parcel: Parcel | None = None) -> None:
    """Hand one parcel, or all that are left, over to the carrier.

    The rows of the hand-over that completes the order say 500, earlier ones do not.
    """
    _expect(order, "PACKED")
    leaving = unsent(tenant, order) if parcel is None else [parcel]
    if any(one.handed_over for one in leaving):
        msg = f"parcel {leaving[0].id} has left already"
        raise SandboxError(msg)
    complete = len(leaving) == len(unsent(tenant, order))
    state = "SHIPPED" if complete else order.state
    status_id: str = getattr(tenant.settings.status_ids, state)
    for one in leaving:
        one.handed_over = world.now
        for item in one.items:
            position = next(p for p in order.positions if p.id == item.position_id)
            stock.send(world, tenant, position, item.quantity, item.serial)
            bookings.post_sent(world, tenant, order, one, item, status_id)
    if complete:
        change_state(world, tenant, order, "SHIPPED")


def unsent(tenant: Tenant, order: Order) -> list[Parcel]:
    """Return the parcels that are still in the house."""
    parcels = (tenant.parcels[parcel_id] for parcel_id in order.parcels)
    return [parcel for parcel in parcels if parcel.handed_over is None]


def forget_unsent_parcels(tenant: Tenant, order: Order) -> None:
    """Unpack what has not left."""
    for parcel in unsent(tenant, order):
        order.parcels.remove(parcel.id)
        del tenant.parcels[parcel.id]


def _expect(order: Order, *states: str) -> None:
    if order.state not in states:
        msg = f"order {order.external_id} is {order.state}, not {' or '.join(states)}"
        raise SandboxError(msg)
