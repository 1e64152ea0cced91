"""/v1/goodsOrder: orders (wemalo contract 4)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo import orders, warehouse
from include.sandbox.wemalo.bodies import Meta, OrderBody, PositionsBody, parse
from include.sandbox.wemalo.errors import ApiError, not_found
from include.sandbox.wemalo.model import RANK

if TYPE_CHECKING:
    from include.sandbox.wemalo.api.call import Call
    from include.sandbox.wemalo.model import Order, Tenant


def status_fields(tenant: Tenant, order: Order) -> dict[str, Any]:
    """Return the state of an order as every answer shows it."""
    return {
        "id": order.id,
        "orderNumber": order.number,
        "statusId": getattr(tenant.settings.status_ids, order.state),
        "statusName": order.state,
        "orderStatus": order.state,
        "reasonPartiallyReserved": tenant.shown_reason(order),
        "blockReason": order.block_reason,
        "deliveryDate": order.meta.expectedDeliveryDate,
    }


def add(call: Call) -> dict[str, Any]:
    """POST goodsOrder/add."""
    body = parse(OrderBody, call.body)
    return {"id": orders.submit(call.world, call.tenant, body, upsert=False).id}


def add_conditional(call: Call) -> dict[str, Any]:
    """POST goodsOrder/addConditional: insert or update, with the state in the answer."""
    order = orders.submit(call.world, call.tenant, parse(OrderBody, call.body), upsert=True)
    return status_fields(call.tenant, order)


def get_status(call: Call) -> dict[str, Any]:
    """GET goodsOrder/getStatus."""
    return status_fields(call.tenant, _order(call))


def update_meta(call: Call) -> dict[str, Any]:
    """PUT goodsOrder/updateMeta."""
    order = _order(call)
    orders.update_meta(call.world, call.tenant, order, parse(Meta, call.body.get("meta")))
    return status_fields(call.tenant, order)


def add_position(call: Call) -> dict[str, Any]:
    """POST goodsOrder/addPosition."""
    order, body = _order(call), parse(PositionsBody, call.body)
    by_sku = body.externalIdMatch == "sku"
    positions = orders.resolve(call.world, call.tenant, body.positions, by_sku=by_sku)
    if not positions:
        raise ApiError(400, "missingParameter: positions")
    orders.add_positions(call.world, call.tenant, order, positions)
    fields = status_fields(call.tenant, order)
    if fields["statusId"].isdecimal():
        fields["statusId"] = int(fields["statusId"])  # a number here, a text in getStatus (apidoc)
    return fields


def remove_position(call: Call) -> dict[str, Any]:
    """DELETE goodsOrder/removePosition."""
    order = _order(call)
    orders.remove_position(call.world, call.tenant, order, call.path["external_position_id"])
    return status_fields(call.tenant, order)


def add_document(call: Call) -> dict[str, Any]:
    """POST goodsOrder/addDocument: the content, or a `fileUrl` instead of it."""
    order = _order(call)
    kind, name, size = document_of(call)
    document = orders.add_document(call.world, call.tenant, order, kind, name, size)
    return {"id": document.id}


def document_of(call: Call, *, pdf_only: bool = True) -> tuple[str, str, int]:
    """Return kind, name and size of an uploaded document; ApiError 400."""
    kind, name = str(call.body.get("docType") or ""), str(call.body.get("docName") or "")
    data, url = call.body.get("base64data"), call.body.get("fileUrl")
    if not kind or not name or bool(data) == bool(url):
        raise ApiError(400, "missingParameter: docType, docName, base64data or fileUrl")
    if url:
        return kind, name, 0
    try:
        content = base64.b64decode(str(data), validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "base64data INVALID") from None
    if pdf_only and not content.startswith(b"%PDF"):
        raise ApiError(400, "base64data INVALID: only PDF is supported")
    return kind, name, len(content)


def note(call: Call) -> dict[str, Any]:
    """PUT goodsOrder/note."""
    order = _order(call)
    text = call.body.get("notices")
    if not isinstance(text, str) or not text:
        raise ApiError(400, "missingParameter: notices")
    order.notes.append(text)
    return {}


def change_priority(call: Call) -> dict[str, Any]:
    """PUT goodsOrder/changePriority: 0 (highest) to 5."""
    order = _order(call)
    try:
        priority = int(call.body["priority"])
    except (KeyError, TypeError, ValueError):
        raise ApiError(400, "missingParameter: priority") from None
    orders.change_priority(order, priority)
    return {}


def cancel(call: Call) -> dict[str, Any]:
    """PUT goodsOrder/cancel."""
    order = _order(call)
    orders.cancel(call.world, call.tenant, order, str(call.body.get("reason") or ""))
    return status_fields(call.tenant, order)


def finish(call: Call) -> dict[str, Any]:
    """POST goodsOrder/finish: pick, pack, label and send in one go; by wemalo's own id."""
    order = call.tenant.orders.get(call.id_in_path("order_id"))
    if order is None:
        raise not_found(call.path["order_id"], "order")
    if RANK[order.state] >= RANK["SHIPPED"] or order.state in ("PARTIAL", "BLOCKEDPACKED"):
        raise ApiError(409, f"order is {order.state}")
    warehouse.bring_to(call.world, call.tenant, order, "READYFORSHIPMENT")
    if order.state == "READYFORSHIPMENT":
        parcels = warehouse.pack(call.world, call.tenant, order)
        if call.body.get("totalWeight"):
            parcels[0].weight = round(float(call.body["totalWeight"]))
    if order.state != "PACKED":
        raise ApiError(409, f"order is {order.state}: {order.block_reason}")
    warehouse.hand_over(call.world, call.tenant, order)
    return {}


def delete_reservations(call: Call) -> dict[str, Any]:
    """DELETE goodsOrder/reservations: of all orders that wait or are open."""
    chosen = [one for one in call.tenant.orders.values() if one.state in ("PARTIAL", "OPEN")]
    changed = [one for one in chosen if any(position.reserved for position in one.positions)]
    for order in changed:
        orders.drop_reservation(call.world, call.tenant, order)
    return {"changed": len(changed)}


def _order(call: Call) -> Order:
    return orders.find(call.tenant, call.path["external_id"])
