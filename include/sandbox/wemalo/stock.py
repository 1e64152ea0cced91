"""Stock of a tenant: pieces on shelves, reserved, picked, blocked, and who waits for them.

Pieces only move through this module. For every product, at any time::

    physical = initial + received + returned + corrected - shipped
    0 <= reserved <= pieces of the default quality on the shelf
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo.model import UNPICKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Order, Position, Product, Tenant


def on_shelf(tenant: Tenant, product: Product) -> int:
    """Return the pieces that can be sold or are reserved."""
    return product.shelf.get(tenant.default_attribute(), 0)


def free(tenant: Tenant, product: Product) -> int:
    """Return the pieces that nobody has reserved."""
    return on_shelf(tenant, product) - product.reserved


def available(tenant: Tenant, product: Product) -> int:
    """Return what `availableStock` shows; below 0 if waiting orders need more than there is."""
    settings = tenant.settings
    quantity = on_shelf(tenant, product)
    if not settings.available_includes_reserved:
        quantity -= product.reserved
    if settings.negative_stock:
        quantity -= product.missing
    return quantity


def sets_available(tenant: Tenant, product: Product) -> int:
    """Return how many sets the free parts make (`virtualQuantity`); 0 for an ordinary product."""
    if not product.parts:
        return 0
    return max(0, min(free(tenant, tenant.products[part]) // n for part, n in product.parts))


def reserve(world: Ground, tenant: Tenant, order: Order) -> None:
    """Reserve what can be had for each position; the order keeps what it gets."""
    for position in order.positions:
        product = tenant.products[position.product_id]
        quantity = min(position.lacking(), max(0, free(tenant, product)))
        if not product.active or (position.serial and not _serial_free(tenant, product, position)):
            quantity = 0
        if quantity > 0:
            position.reserved += quantity
            product.reserved += quantity
            product.missing -= quantity
            product.holders.add(order.id)
            if position.serial:
                product.reserved_serials.add(position.serial)
            world.touch_stock(tenant, product.id)
        _mark_waiting(product, order)


def want(world: Ground, tenant: Tenant, order: Order) -> None:
    """Enter the demand of an order that has just come, before it reserves."""
    for position in order.positions:
        product = tenant.products[position.product_id]
        product.missing += position.lacking()
        if position.lacking():
            world.touch_stock(tenant, product.id)


def release(world: Ground, tenant: Tenant, order: Order) -> set[int]:
    """Give up all reservations but not the demand; return the products that became free."""
    freed = set()
    for position in order.positions:
        if position.reserved:
            product = tenant.products[position.product_id]
            unreserve(product, order, position, position.reserved)
            freed.add(product.id)
            world.touch_stock(tenant, product.id)
    return freed


def unreserve(product: Product, order: Order, position: Position, count: int) -> None:
    """Take reserved pieces away from a position, which then lacks them."""
    position.reserved -= count
    product.reserved -= count
    product.missing += count
    product.reserved_serials.discard(position.serial)
    if not any(one.reserved for one in order.positions if one.product_id == product.id):
        product.holders.discard(order.id)
    _mark_waiting(product, order)


def drop_demand(world: Ground, tenant: Tenant, order: Order) -> set[int]:
    """Forget an order that is cancelled, replaced or shipped short; return what became free."""
    freed = release(world, tenant, order)
    for position in order.positions:
        product = tenant.products[position.product_id]
        lacking = position.lacking()
        product.missing -= lacking
        product.waiting.discard(order.id)
        if lacking:
            world.touch_stock(tenant, product.id)
    return freed


def give_up_missing(world: Ground, tenant: Tenant, order: Order) -> None:
    """Accept that an order goes out without the pieces it lacks."""
    for position in order.positions:
        product = tenant.products[position.product_id]
        lacking = position.lacking()
        if lacking:
            position.given_up += lacking
            product.missing -= lacking
            world.touch_stock(tenant, product.id)
        product.waiting.discard(order.id)


def take(world: Ground, tenant: Tenant, order: Order, position: Position, count: int) -> None:
    """Pick reserved pieces from the shelf."""
    product = tenant.products[position.product_id]
    code = tenant.default_attribute()
    for _ in range(count):
        serial = position.serial or _any_serial(product, code)
        if serial and product.serials.pop(serial, None) is not None:
            position.serials.append(serial)
            product.reserved_serials.discard(serial)
    position.reserved -= count
    position.picked += count
    product.reserved -= count
    product.shelf[code] -= count
    product.picked += count
    if not any(p.reserved for p in order.positions if p.product_id == product.id):
        product.holders.discard(order.id)
    world.touch_stock(tenant, product.id)


def put_back(world: Ground, tenant: Tenant, order: Order) -> set[int]:
    """Return picked, unsent pieces to the shelf as open demand; return what became free."""
    code = tenant.default_attribute()
    freed = set()
    for position in order.positions:
        count = position.picked - position.shipped
        if not count:
            continue
        product = tenant.products[position.product_id]
        product.shelf[code] = product.shelf.get(code, 0) + count
        product.picked -= count
        product.missing += count
        position.picked -= count
        position.packed = position.shipped
        product.serials.update(dict.fromkeys(position.serials, code))
        position.serials.clear()
        freed.add(product.id)
        world.touch_stock(tenant, product.id)
        _mark_waiting(product, order)
    return freed


def send(world: Ground, tenant: Tenant, position: Position, count: int, serial: str) -> None:
    """Let picked pieces leave the house."""
    product = tenant.products[position.product_id]
    position.shipped += count
    product.picked -= count
    product.shipped += count
    if serial in position.serials:
        position.serials.remove(serial)
    world.touch_stock(tenant, product.id)


def put_in(
    world: Ground,
    tenant: Tenant,
    product: Product,
    count: int,
    *,
    attribute: str = "",
    serials: Sequence[str] = (),
) -> None:
    """Put pieces that came into the house on a shelf. The caller counts where they came from."""
    code = attribute or tenant.default_attribute()
    known = {one.code for one in tenant.attributes}
    if code not in known:
        msg = f"attribute {code!r} is not one of {sorted(known)}"
        raise SandboxError(msg)
    taken = [serial for serial in serials if serial in product.serials]
    if count < 0 or len(serials) > count or taken:
        msg = f"{count} pieces with serial numbers {list(serials)} cannot be put in"
        raise SandboxError(msg)
    product.shelf[code] = product.shelf.get(code, 0) + count
    product.serials.update(dict.fromkeys(serials, code))
    world.touch_stock(tenant, product.id)


def take_out(
    world: Ground, tenant: Tenant, product: Product, count: int, *, attribute: str = ""
) -> set[int]:
    """Take pieces off a shelf; return the orders that lost a reservation by it.

    Orders of the lowest priority and least age lose theirs first.
    """
    code = attribute or tenant.default_attribute()
    if count < 0 or count > product.shelf.get(code, 0):
        msg = f"{count} pieces of {product.external_id} are not on the shelf of {code!r}"
        raise SandboxError(msg)
    product.shelf[code] -= count
    losers: set[int] = set()
    while free(tenant, product) < 0:
        losers.add(_lose_one(tenant, product))
    _forget_serials(product, code)  # after that enough of them are reserved by nobody
    world.touch_stock(tenant, product.id)
    return losers


def _lose_one(tenant: Tenant, product: Product) -> int:
    """Take one reserved piece away from the order that comes last; return its id."""
    holders = [tenant.orders[order_id] for order_id in product.holders]
    order = max(holders, key=lambda one: (one.priority, one.id))
    positions = [p for p in order.positions if p.product_id == product.id and p.reserved]
    unreserve(product, order, positions[-1], 1)
    return order.id


def _forget_serials(product: Product, code: str) -> None:
    """Forget serial numbers of pieces that are gone, unreserved ones first."""
    known = sorted(s for s, attribute in product.serials.items() if attribute == code)
    known.sort(key=lambda serial: serial in product.reserved_serials)
    for serial in known[: max(0, len(known) - product.shelf[code])]:
        del product.serials[serial]


def _mark_waiting(product: Product, order: Order) -> None:
    lacking = any(p.lacking() > 0 for p in order.positions if p.product_id == product.id)
    if lacking and order.state in (*UNPICKED, ""):
        product.waiting.add(order.id)
    else:
        product.waiting.discard(order.id)


def _serial_free(tenant: Tenant, product: Product, position: Position) -> bool:
    return (
        product.serials.get(position.serial) == tenant.default_attribute()
        and position.serial not in product.reserved_serials
    )


def _any_serial(product: Product, code: str) -> str:
    """Return a serial number that nobody has asked for, "" if the pieces carry none."""
    pieces = (
        serial
        for serial, attribute in product.serials.items()
        if attribute == code and serial not in product.reserved_serials
    )
    return next(pieces, "")
