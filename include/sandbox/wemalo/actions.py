"""What the warehouse can be told to do through the control API.

An order is named by the merchant's id, a product by external id or SKU. Steps that come before a
step are done as well, so `pack` on an OPEN order makes the picking list and picks first.

============================  =====================================================================
`make_picking_list`           `order`, or all OPEN orders (`limit`)
`start_picking`               `order`
`pick`                        `order`, `short` {"<product>": pieces that are not found}
`pack`                        `order`, `parcels`: a number, or a list of {"items": {"<product>": n},
                              "weight": gram or text, "carrier", "profile",
                              "tracking": text | false}
`label_error`                 `order`, `message`: the label fails, at packing or at once
`release`                     `order`: BLOCKEDPACKED → PACKED
`hand_over`                   `order`, `parcel`: its number from 1; without it all that are left
`ship`                        `order`, or all orders that nothing holds: all the way to SHIPPED
`cancel`                      `order`, `reason`: the warehouse cancels
`change_tracking`             `order`, `parcel` (number from 1), `tracking`; without it: the
                              carrier's
`force_reason`                `order`, `reason` (ADDRESS, UNKNOWN, …; "" ends it), `times`: how
                              many times the order must be sent until the reason is gone
`drop_reservation`            `order`: its goods become free, it is PARTIAL
`set_parcels`                 `order`, `parcels`: how many it will be packed into
`receive_goods`               `receipt` (id or external id), `items` [{"product", "quantity",
                              "unit", "attribute", "serials"}]
`book_return`                 `return` (id or external id), `order`, `items` [{"product" | "name",
                              "quantity", "attribute", "packaging", "reason", "ready", "serials"}]
`inventory`                   `product`, `delta`, `attribute`: a correction with its posting
`set_stock`                   `product`, `quantity`, `attribute`: the same by the result
`block_stock`                 `product`, `quantity`: into blocked stores; below 0: out of them
`refurbish`                   `product`, `serial`, `ready`, …: one history row
`requeue`                     every queue shows again everything that it ever held
============================  =====================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.frame.world import SandboxError
from include.sandbox.wemalo import dates, inbound, orders, products, warehouse
from include.sandbox.wemalo.bookings import requeue
from include.sandbox.wemalo.errors import ApiError
from include.sandbox.wemalo.ground import by_turn
from include.sandbox.wemalo.packing import Wish, tracking_number
from include.sandbox.wemalo.report import order_state, stock_state
from include.sandbox.wemalo.reservation import settle
from include.sandbox.wemalo.webhooks import announce_refurbishment

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.wemalo.ground import Ground
    from include.sandbox.wemalo.model import Announcement, Order, Parcel, Product, Tenant

    Action = Callable[[Ground, Tenant, dict[str, Any]], Any]

WORKABLE = ("OPEN", "INPROCESS", "INPICKING", "READYFORSHIPMENT", "PACKED")


def perform(world: Ground, tenant: Tenant, action: str, args: dict[str, Any]) -> Any:
    """Do an action and return its JSON result; SandboxError if it cannot be done."""
    do = ACTIONS.get(action)
    if do is None:
        msg = f"unknown action {action!r}; there are {sorted(ACTIONS)}"
        raise SandboxError(msg)
    try:
        return do(world, tenant, args)
    except ApiError as error:
        raise SandboxError(error.message) from error
    except (KeyError, TypeError) as error:
        msg = f"action {action!r} lacks or does not understand an argument: {error!r}"
        raise SandboxError(msg) from error


def _order(tenant: Tenant, args: dict[str, Any]) -> Order:
    return orders.find(tenant, str(args["order"]))


def _product(tenant: Tenant, key: Any) -> Product:
    return products.find_any(tenant, str(key))


def _parcel(tenant: Tenant, order: Order, number: Any) -> Parcel:
    if not 1 <= int(number) <= len(order.parcels):
        msg = f"order {order.external_id} has {len(order.parcels)} parcels, not a number {number}"
        raise SandboxError(msg)
    return tenant.parcels[order.parcels[int(number) - 1]]


def _in_turn(tenant: Tenant, states: tuple[str, ...]) -> list[Order]:
    return sorted((one for one in tenant.orders.values() if one.state in states), key=by_turn)


def _make_picking_list(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    if "order" in args:
        chosen = [_order(tenant, args)]
    else:
        chosen = _in_turn(tenant, ("OPEN",))[: args.get("limit")]
    for order in chosen:
        warehouse.make_picking_list(world, tenant, order)
    return {"orders": [order.external_id for order in chosen]}


def _start_picking(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    warehouse.bring_to(world, tenant, order, "INPROCESS")
    warehouse.start_picking(world, tenant, order)
    return order_state(tenant, order)


def _pick(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    warehouse.bring_to(world, tenant, order, "INPROCESS")
    short = {_product(tenant, key).id: int(n) for key, n in args.get("short", {}).items()}
    warehouse.pick(world, tenant, order, short)
    return order_state(tenant, order)


def _pack(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    warehouse.bring_to(world, tenant, order, "READYFORSHIPMENT")
    wanted = args.get("parcels")
    if isinstance(wanted, int):
        wishes: list[Wish] | None = [Wish() for _ in range(wanted)]
    else:
        wishes = [_wish(tenant, one) for one in wanted] if wanted else None
    warehouse.pack(world, tenant, order, wishes)
    return order_state(tenant, order)


def _wish(tenant: Tenant, row: dict[str, Any]) -> Wish:
    tracking = row.get("tracking")
    return Wish(
        items={_product(tenant, key).id: int(n) for key, n in row.get("items", {}).items()},
        weight=row.get("weight"),
        carrier=row.get("carrier", ""),
        profile=row.get("profile", ""),
        tracking=tracking if isinstance(tracking, str) else None,
        wants_label=tracking is not False,
    )


def _label_error(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    warehouse.fail_label(world, tenant, order, args.get("message", ""))
    return order_state(tenant, order)


def _release(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    warehouse.release_blocked(world, tenant, order)
    return order_state(tenant, order)


def _hand_over(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    warehouse.bring_to(world, tenant, order, "PACKED")
    parcel = _parcel(tenant, order, args["parcel"]) if args.get("parcel") is not None else None
    warehouse.hand_over(world, tenant, order, parcel)
    return order_state(tenant, order)


def _ship(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    if "order" in args:
        order = _order(tenant, args)
        warehouse.bring_to(world, tenant, order, "SHIPPED")
        return order_state(tenant, order)
    shipped = []
    for order in _in_turn(tenant, WORKABLE):
        while order.state in WORKABLE:
            warehouse.step(world, tenant, order)
        if order.state == "SHIPPED":
            shipped.append(order.external_id)
    return {"orders": shipped}


def _cancel(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    if order.state in ("SHIPPED", "CANCELLED"):
        msg = f"order {order.external_id} is {order.state}"
        raise SandboxError(msg)
    orders.take_out(world, tenant, order, args.get("reason", "cancelled by the warehouse"))
    return order_state(tenant, order)


def _change_tracking(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    parcel = _parcel(tenant, order, args.get("parcel", 1))
    number = args.get("tracking")
    if number is None:
        number = tracking_number(world, parcel)
    warehouse.change_tracking(world, tenant, parcel, number)
    return order_state(tenant, order)


def _force_reason(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    external_id, reason = str(args["order"]), args["reason"]
    if reason:
        tenant.forced_reasons[external_id] = (reason, int(args.get("times", 1)))
    else:
        tenant.forced_reasons.pop(external_id, None)
    if external_id in tenant.order_ids:
        settle(world, tenant, orders.find(tenant, external_id))
    return {"reason": reason}


def _drop_reservation(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    order = _order(tenant, args)
    if order.state not in ("PARTIAL", "OPEN"):
        msg = f"order {order.external_id} is {order.state}"
        raise SandboxError(msg)
    orders.drop_reservation(world, tenant, order)
    return order_state(tenant, order)


def _set_parcels(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    del world
    tenant.parcels_wanted[str(args["order"])] = int(args["parcels"])
    return {"parcels": args["parcels"]}


def _announced(
    rows: dict[int, Announcement], ids: dict[str, int], key: Any, what: str
) -> Announcement | None:
    if key is None:
        return None
    number = ids.get(str(key), key)
    if number not in rows:
        msg = f"there is no {what} {key!r}"
        raise SandboxError(msg)
    return rows[number]


def _receive_goods(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    receipt = _announced(tenant.receipts, tenant.receipt_ids, args.get("receipt"), "receipt")
    items = []
    for row in args["items"]:
        product = _product(tenant, row["product"])
        pieces = int(row.get("quantity", 1)) * inbound.pieces_per_unit(product, row.get("unit"))
        items.append((product, pieces, row.get("attribute", ""), list(row.get("serials", []))))
    booked = inbound.receive(world, tenant, receipt, items)
    return {"receipt": booked.id, "historyIds": tenant.receipt_bookings.get(booked.id, [])}


def _book_return(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    announcement = _announced(tenant.returns, tenant.return_ids, args.get("return"), "return")
    order = _order(tenant, args) if args.get("order") is not None else None
    items = [
        inbound.ReturnedItem(
            product=_product(tenant, row["product"]) if "product" in row else None,
            name=row.get("name", ""),
            quantity=int(row.get("quantity", 1)),
            attribute=row.get("attribute", ""),
            packaging=row.get("packaging", ""),
            reason=row.get("reason", ""),
            ready=row.get("ready"),
            serials=tuple(row.get("serials", ())),
        )
        for row in args["items"]
    ]
    return {"historyIds": inbound.book_return(world, tenant, announcement, order, items)}


def _inventory(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    product = _product(tenant, args["product"])
    inbound.correct(world, tenant, product, int(args["delta"]), args.get("attribute", ""))
    return stock_state(tenant, product)


def _set_stock(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    product = _product(tenant, args["product"])
    attribute = args.get("attribute") or tenant.default_attribute()
    delta = int(args["quantity"]) - product.shelf.get(attribute, 0)
    inbound.correct(world, tenant, product, delta, attribute)
    return stock_state(tenant, product)


def _block_stock(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    product = _product(tenant, args["product"])
    inbound.block(world, tenant, product, int(args["quantity"]))
    return stock_state(tenant, product)


def _refurbish(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    product = _product(tenant, args["product"])
    row = {
        "id": world.new_id("refurbishment"),
        "date": dates.show(world.now),
        "articleId": world.new_id("article"),
        "readyForShipment": bool(args.get("ready", True)),
        "serialNumber": args.get("serial", ""),
        "cellId": int(args.get("cell_id", 1367)),
        "cell": args.get("cell", "KOM-01-02-02"),
        "product": {
            "productId": product.id,
            "productName": product.name,
            "sku": product.sku,
            "externalId": product.external_id,
        },
        "attributes": args.get("attributes", []),
        "options": args.get("options", []),
    }
    tenant.refurbishments.append(row)
    announce_refurbishment(world, tenant, int(str(row["id"])))
    return row


def _requeue(world: Ground, tenant: Tenant, args: dict[str, Any]) -> Any:
    del world, args
    return {"rows": requeue(tenant)}


ACTIONS: dict[str, Action] = {
    "make_picking_list": _make_picking_list,
    "start_picking": _start_picking,
    "pick": _pick,
    "pack": _pack,
    "label_error": _label_error,
    "release": _release,
    "hand_over": _hand_over,
    "ship": _ship,
    "cancel": _cancel,
    "change_tracking": _change_tracking,
    "force_reason": _force_reason,
    "drop_reservation": _drop_reservation,
    "set_parcels": _set_parcels,
    "receive_goods": _receive_goods,
    "book_return": _book_return,
    "inventory": _inventory,
    "set_stock": _set_stock,
    "block_stock": _block_stock,
    "refurbish": _refurbish,
    "requeue": _requeue,
}
