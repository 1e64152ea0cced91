"""Goods orders: taking them in, reserving, changing, cancelling (wemalo contract 4 and 15.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.wemalo import stock
from include.sandbox.wemalo.errors import ApiError, not_found
from include.sandbox.wemalo.model import (
    DEFAULT_PRIORITY,
    RANK,
    UNPICKED,
    Document,
    Order,
    Position,
)
from include.sandbox.wemalo.reservation import (
    distribute,
    fall_back_if_lacking,
    settle,
    wait_for_day,
)
from include.sandbox.wemalo.states import change_state
from include.sandbox.wemalo.warehouse import forget_unsent_parcels, release_blocked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sandbox.wemalo.bodies import Meta, OrderBody, PositionBody
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Product, Tenant

DOCUMENT_KINDS = (
    "BILL",
    "GOODSORDERDELIVERYNOTE",
    "RETURNSHIPMENT",
    "GOODSORDERCUSTOMSDOCUMENTS",
    "DOCUMENT",
)
DOCUMENT_LIMIT = 50 * 1024 * 1024  # bytes of one document (wemalo contract 4.5)


def find(tenant: Tenant, external_id: str) -> Order:
    """Return an order by the merchant's id; ApiError 404."""
    order_id = tenant.order_ids.get(external_id)
    if order_id is None:
        raise not_found(external_id, "order")
    return tenant.orders[order_id]


def submit(world: Ground, tenant: Tenant, body: OrderBody, *, upsert: bool) -> Order:
    """Take an order in, or take its new data if it is there and not yet being worked on.

    Unknown products refuse the whole order and nothing is stored. Missing stock and a faulty
    address do not: the order waits as PARTIAL.
    """
    meta = body.meta
    if not meta.externalId:
        raise ApiError(400, "missingParameter: meta.externalId")
    if not meta.receiver:
        raise ApiError(400, "missingParameter: meta.receiver")
    positions = resolve(world, tenant, body.positions, by_sku=meta.externalIdMatch == "sku")
    if not positions:
        raise ApiError(400, "missingParameter: positions")
    known = tenant.order_ids.get(meta.externalId)
    if known is not None:
        order = tenant.orders[known]
        if not upsert and tenant.settings.add_duplicate == "refuse":
            raise ApiError(409, f"order already exists: {meta.externalId}")
        order.submissions += 1
        if order.state == "CANCELLED" and tenant.settings.cancelled_again == "take":
            change_state(world, tenant, order, "PARTIAL", event=False)
        _replace(world, tenant, order, meta, positions)
        return order
    order = Order(
        id=world.new_id("order"),
        external_id=meta.externalId,
        meta=meta,
        positions=positions,
        created=world.now,
        priority=meta.priority if meta.priority is not None else DEFAULT_PRIORITY,
        blocked=meta.blocked,
    )
    tenant.orders[order.id] = order
    tenant.order_ids[order.external_id] = order.id
    stock.want(world, tenant, order)
    stock.reserve(world, tenant, order)
    wait_for_day(world, tenant, order)
    settle(world, tenant, order, sent=True)
    return order


def resolve(
    world: Ground, tenant: Tenant, bodies: Iterable[PositionBody], *, by_sku: bool
) -> list[Position]:
    """Match positions to products; a set becomes its parts. ApiError 404 or 400."""
    ids = tenant.sku_ids if by_sku else tenant.product_ids
    positions = []
    for body in bodies:
        product_id = ids.get(body.externalId)
        if product_id is None:
            raise not_found(body.externalId, "extId")
        quantity = body.quantity if body.quantity is not None else 1
        if quantity < 1 or (body.serialNumber and quantity > 1):
            raise ApiError(400, f"quantity INVALID: {quantity}")
        product = tenant.products[product_id]
        if body.serialNumber and body.serialNumber not in product.serials:
            raise not_found(body.serialNumber, "serialNumber")
        positions += _positions(world, tenant, product, body, quantity)
    return positions


def _positions(
    world: Ground, tenant: Tenant, product: Product, body: PositionBody, quantity: int
) -> list[Position]:
    parts = product.parts or [(product.id, 1)]
    return [
        Position(
            id=world.new_id("position"),
            external_position=body.externalPositionIdentifier,
            product_id=part_id,
            quantity=quantity * count,
            serial=body.serialNumber,
            parent=(product.id, quantity) if product.parts else None,
            ignored=tenant.products[part_id].ignored,
        )
        for part_id, count in parts
    ]


def _replace(
    world: Ground, tenant: Tenant, order: Order, meta: Meta, positions: list[Position]
) -> None:
    if not may_change(tenant, order):
        return
    freed = stock.drop_demand(world, tenant, order)
    order.meta, order.positions, order.blocked = meta, positions, meta.blocked
    if meta.priority is not None:
        order.priority = meta.priority
    stock.want(world, tenant, order)
    stock.reserve(world, tenant, order)
    wait_for_day(world, tenant, order)
    settle(world, tenant, order, sent=True)
    fall_back_if_lacking(world, tenant, order)
    distribute(world, tenant, freed)


def may_change(tenant: Tenant, order: Order) -> bool:
    """Tell whether header and positions can still change; ApiError 409 if that is refused."""
    picked = any(position.picked for position in order.positions)
    early = RANK[order.state] < RANK[tenant.settings.changes_refused_from]
    if early and order.state in UNPICKED and not picked:
        return True
    if tenant.settings.late_change == "refuse":
        raise ApiError(409, f"order is already {order.state}")
    return False


def update_meta(world: Ground, tenant: Tenant, order: Order, meta: Meta) -> None:
    """Take over the fields of the header that were sent; the external id never changes."""
    if not may_change(tenant, order):
        return
    given = {name: getattr(meta, name) for name in meta.model_fields_set if name != "externalId"}
    order.meta = order.meta.model_copy(update=given)
    order.blocked = order.meta.blocked
    if meta.priority is not None:
        order.priority = meta.priority
    wait_for_day(world, tenant, order)
    settle(world, tenant, order)


def add_positions(world: Ground, tenant: Tenant, order: Order, positions: list[Position]) -> None:
    """Add positions and reserve them."""
    if not may_change(tenant, order):
        return
    freed = stock.drop_demand(world, tenant, order)
    order.positions += positions
    stock.want(world, tenant, order)
    stock.reserve(world, tenant, order)
    settle(world, tenant, order)
    fall_back_if_lacking(world, tenant, order)
    distribute(world, tenant, freed)


def remove_position(world: Ground, tenant: Tenant, order: Order, external_position: str) -> None:
    """Remove the position that was sent with this `externalPositionIdentifier`."""
    kept = [one for one in order.positions if one.external_position != external_position]
    if len(kept) == len(order.positions) or not external_position:
        raise not_found(external_position, "position")
    if not may_change(tenant, order):
        return
    freed = stock.drop_demand(world, tenant, order)
    order.positions = kept
    stock.want(world, tenant, order)
    stock.reserve(world, tenant, order)
    settle(world, tenant, order)
    fall_back_if_lacking(world, tenant, order)
    distribute(world, tenant, freed)


def change_priority(order: Order, priority: int) -> None:
    """Set the priority; reservations stay as they are."""
    if not 0 <= priority <= 5:
        raise ApiError(400, f"priority INVALID: {priority}")
    if RANK[order.state] >= RANK["SHIPPED"]:
        raise ApiError(409, f"order is already {order.state}")
    order.priority = priority


def cancel(world: Ground, tenant: Tenant, order: Order, reason: str) -> None:
    """Cancel on the merchant's request; refused once it is too late (wemalo contract 4.8)."""
    if order.state == "CANCELLED":
        return
    settings = tenant.settings
    if RANK[order.state] >= RANK[settings.cancel_refused_from] or order.state == "SHIPPED":
        raise ApiError(settings.cancel_refusal_status, f"order is already {order.state}")
    take_out(world, tenant, order, reason, event=settings.cancel_event)


def take_out(
    world: Ground, tenant: Tenant, order: Order, reason: str, *, event: bool = True
) -> None:
    """Cancel an order in any state before SHIPPED; its unsent pieces go back on the shelf."""
    forget_unsent_parcels(tenant, order)
    freed = stock.put_back(world, tenant, order) | stock.drop_demand(world, tenant, order)
    order.reason, order.block_reason, order.cancel_reason = "", "", reason
    change_state(world, tenant, order, "CANCELLED", event=event)
    distribute(world, tenant, freed)


def add_document(
    world: Ground, tenant: Tenant, order: Order, kind: str, name: str, size: int
) -> Document:
    """Attach a document; a BILL can complete an order, a missing document release it."""
    if kind not in DOCUMENT_KINDS:
        raise ApiError(400, f"docType INVALID: {kind}")
    if size > DOCUMENT_LIMIT:
        raise ApiError(400, "document is larger than 50 MB")
    document = Document(world.new_id("document"), kind, name, size)
    order.documents.append(document)
    settle(world, tenant, order)
    if order.state == "BLOCKEDPACKED" and kind in order.block_reason:
        release_blocked(world, tenant, order)
    return document


def drop_reservation(world: Ground, tenant: Tenant, order: Order) -> None:
    """Take a waiting order's reservations away without giving them to others at once."""
    stock.release(world, tenant, order)
    settle(world, tenant, order)
