"""Goods that come in: receipts, returns, corrections (wemalo contract 6, 9 and 15.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo import bookings, products, stock
from include.sandbox.wemalo.errors import ApiError, not_found
from include.sandbox.wemalo.model import Announcement, ReturnRow
from include.sandbox.wemalo.reservation import distribute, fall_back
from include.sandbox.wemalo.webhooks import announce_stock

if TYPE_CHECKING:
    from include.sandbox.wemalo.bodies import AnnouncementBody, ItemBody
    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Product, Tenant


@dataclass(frozen=True, slots=True)
class ReturnedItem:
    """Pieces that came back. `product` None: an item that nobody knows here."""

    product: Product | None
    name: str = ""
    quantity: int = 1
    attribute: str = ""
    packaging: str = ""
    reason: str = ""
    ready: bool | None = None  # None: A goods are ready for shipment, others are not
    serials: tuple[str, ...] = ()


def announce_return(
    world: Ground, tenant: Tenant, body: AnnouncementBody, *, upsert: bool
) -> Announcement:
    """Announce a return. ApiError 404 for an unknown product, 409 if it is there (no `upsert`)."""
    if upsert and body.externalId in tenant.return_ids:
        known = tenant.returns[tenant.return_ids[body.externalId]]
        known.items = _items(tenant, body.items)
        known.times += 1
        return known
    if body.externalId and body.externalId in tenant.return_ids:
        raise ApiError(409, f"return already exists: {body.externalId}")
    announcement = _announcement(world.new_id("return"), world, tenant, body)
    tenant.returns[announcement.id] = announcement
    if announcement.external_id:
        tenant.return_ids[announcement.external_id] = announcement.id
    return announcement


def announce_receipt(world: Ground, tenant: Tenant, body: AnnouncementBody) -> Announcement:
    """Announce a delivery to the warehouse; nothing is booked yet."""
    announcement = _announcement(world.new_id("receipt"), world, tenant, body)
    tenant.receipts[announcement.id] = announcement
    if announcement.external_id:
        tenant.receipt_ids[announcement.external_id] = announcement.id
    return announcement


def receive(
    world: Ground,
    tenant: Tenant,
    receipt: Announcement | None,
    items: list[tuple[Product, int, str, list[str]]],
) -> Announcement:
    """Book incoming goods: product, pieces, attribute code ("": default), serial numbers.

    Without an announcement one is made, as the warehouse does for unannounced goods.
    """
    if receipt is None:
        receipt = Announcement(world.new_id("receipt"), "", "", "", "", [], world.now)
        tenant.receipts[receipt.id] = receipt
    for product, count, attribute, serials in items:
        stock.put_in(world, tenant, product, count, attribute=attribute, serials=serials)
        product.received += count
        posting = bookings.post(
            world, tenant, "INCOMING", product, [*serials, *[""] * (count - len(serials))],
            stock_order_id=receipt.id, attribute=attribute,
        )  # fmt: skip
        tenant.receipt_bookings.setdefault(receipt.id, []).extend(posting.history_ids)
    announce_stock(world, tenant, "INCOMING_STOCK", receipt.id, receipt.external_id)
    distribute(world, tenant, {product.id for product, *_ in items})
    return receipt


def book_return(
    world: Ground,
    tenant: Tenant,
    announcement: Announcement | None,
    order: Order | None,
    items: list[ReturnedItem],
) -> list[int]:
    """Book returned pieces, one row each; return their history ids.

    A goods that are ready go to the sellable stock, A goods that are not are blocked, other
    qualities raise the stock of their attribute only.
    """
    if order is None and announcement is not None:
        order_id = tenant.order_ids.get(announcement.order_external_id)
        order = tenant.orders[order_id] if order_id is not None else None
    rows: list[int] = []
    for item in items:
        rows += _book_item(world, tenant, announcement, order, item)
    announce_stock(
        world, tenant, "RETURNSHIPMENT",
        announcement.id if announcement is not None else 0,
        announcement.external_id if announcement is not None else "",
    )  # fmt: skip
    distribute(world, tenant, {one.product.id for one in items if one.product is not None})
    return rows


def correct(
    world: Ground, tenant: Tenant, product: Product, delta: int, attribute: str = ""
) -> None:
    """Book an inventory difference; orders can lose their reservation by it."""
    count = abs(delta)
    if delta > 0:
        stock.put_in(world, tenant, product, count, attribute=attribute)
        losers: set[int] = set()
    else:
        losers = stock.take_out(world, tenant, product, count, attribute=attribute)
    product.corrected += delta
    reason = "INVENTORY_IN" if delta > 0 else "INVENTORY_OUT"
    if count:
        bookings.post(world, tenant, reason, product, [""] * count, attribute=attribute)
    for order_id in sorted(losers):
        fall_back(world, tenant, tenant.orders[order_id])
    distribute(world, tenant, {product.id})


def block(world: Ground, tenant: Tenant, product: Product, delta: int) -> None:
    """Move pieces of the default quality to blocked stores (`delta` > 0) or back."""
    losers: set[int] = set()
    if delta >= 0:
        losers = stock.take_out(world, tenant, product, delta)
    else:
        if -delta > product.blocked:
            msg = f"only {product.blocked} pieces of {product.external_id} are blocked"
            raise SandboxError(msg)
        stock.put_in(world, tenant, product, -delta)
    product.blocked += delta
    for order_id in sorted(losers):
        fall_back(world, tenant, tenant.orders[order_id])
    distribute(world, tenant, {product.id})


def _book_item(
    world: Ground,
    tenant: Tenant,
    announcement: Announcement | None,
    order: Order | None,
    item: ReturnedItem,
) -> list[int]:
    code = item.attribute or tenant.default_attribute()
    is_default = code == tenant.default_attribute()
    ready = item.ready if item.ready is not None else is_default
    serials = [*item.serials, *[""] * (item.quantity - len(item.serials))]
    stock_order_id = announcement.id if announcement is not None else 0
    if item.product is None:
        history_ids = [world.new_id("history") for _ in serials]
    else:
        if is_default and not ready:
            item.product.blocked += item.quantity
        else:
            stock.put_in(
                world, tenant, item.product, item.quantity, attribute=code, serials=item.serials
            )
        item.product.returned += item.quantity
        history_ids = bookings.post(
            world, tenant, "RETURNSHIPMENT", item.product, serials,
            order=order, stock_order_id=stock_order_id, attribute=code,
        ).history_ids  # fmt: skip
    for history_id, serial in zip(history_ids, serials, strict=True):
        tenant.returned[history_id] = ReturnRow(
            history_id=history_id,
            product_id=item.product.id if item.product is not None else 0,
            name=item.product.name if item.product is not None else item.name,
            at=world.now,
            attribute=code,
            packaging=item.packaging,
            reason=item.reason,
            ready=ready,
            serial=serial,
            announcement_id=stock_order_id,
            order_id=order.id if order is not None else 0,
        )
        tenant.unsynched_returns[history_id] = None
    return list(history_ids)


def _announcement(
    new_id: int, world: Ground, tenant: Tenant, body: AnnouncementBody
) -> Announcement:
    return Announcement(
        id=new_id,
        external_id=body.externalId,
        delivery_number=body.deliveryNumber,
        order_number=body.orderNumberCustomer,
        order_external_id=body.goodsOrderExternalId,
        items=_items(tenant, body.items),
        created=world.now,
    )


def _items(tenant: Tenant, bodies: list[ItemBody]) -> list[tuple[int, int]]:
    if not bodies:
        raise ApiError(400, "missingParameter: items")
    items = []
    for body in bodies:
        if body.id is not None and body.id in tenant.products:
            product = tenant.products[body.id]
        elif body.externalId:
            product = products.find_any(tenant, body.externalId)
        else:
            raise not_found(body.id, "extId")
        quantity = body.quantity if body.quantity is not None else 1
        if quantity < 1:
            raise ApiError(400, f"quantity INVALID: {quantity}")
        items.append((product.id, quantity * pieces_per_unit(product, body.productUnitId)))
    return items


def pieces_per_unit(product: Product, unit_id: Any) -> int:
    """Return how many pieces a container unit holds; 1 without a unit. ApiError 404."""
    if not unit_id:
        return 1
    for unit in product.units:
        if unit.id == int(unit_id):
            return int(unit.data["unitValue"])
    raise not_found(unit_id, "productUnitId")
