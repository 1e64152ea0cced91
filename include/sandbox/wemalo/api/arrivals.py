"""/v1/returns and /v1/goodsReceipt (wemalo contract 6 and 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo import bookings, dates, inbound
from include.sandbox.wemalo.api.goods_orders import document_of
from include.sandbox.wemalo.bodies import AnnouncementBody, parse
from include.sandbox.wemalo.errors import ApiError, not_found
from include.sandbox.wemalo.model import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sandbox.wemalo.api.call import Call
    from include.sandbox.wemalo.model import Announcement, ReturnRow


def announce(call: Call) -> dict[str, Any]:
    """POST returns/announce."""
    return _announce(call, upsert=False)


def announce_conditional(call: Call) -> dict[str, Any]:
    """POST returns/announceConditional: the same return again updates it."""
    return _announce(call, upsert=True)


def _announce(call: Call, *, upsert: bool) -> dict[str, Any]:
    body = parse(AnnouncementBody, call.body)
    if not body.deliveryNumber and not body.externalId and not body.orderNumberCustomer:
        raise ApiError(400, "missingParameter: deliveryNumber")
    if not body.sender:
        raise ApiError(400, "missingParameter: sender")
    return {"id": inbound.announce_return(call.world, call.tenant, body, upsert=upsert).id}


def add_document(call: Call) -> dict[str, Any]:
    """POST returns/document; pictures are allowed."""
    number = call.tenant.return_ids.get(call.path["external_id"])
    if number is None:
        raise not_found(call.path["external_id"], "return")
    kind, name, size = document_of(call, pdf_only=False)
    if kind != "DOCUMENT":
        raise ApiError(400, f"docType INVALID: {kind}")
    document = Document(call.world.new_id("document"), kind, name, size)
    call.tenant.returns[number].documents.append(document)
    return {"id": document.id}


def booked(call: Call) -> dict[str, Any]:
    """GET returns/booked: the queue of rows nobody has acknowledged."""
    return _return_page(call, call.tenant.unsynched_returns)


def bookings_of(call: Call) -> dict[str, Any]:
    """GET returns/getBookings: acknowledged or not."""
    return _return_page(call, call.tenant.returned)


def acknowledge(call: Call) -> dict[str, Any]:
    """PUT returns/booked."""
    bookings.synch_return(call.tenant, call.id_in_path("booking_id"))
    return {}


def add_receipt(call: Call) -> dict[str, Any]:
    """POST goodsReceipt/add."""
    body = parse(AnnouncementBody, call.body)
    return {"id": inbound.announce_receipt(call.world, call.tenant, body).id}


def receipts(call: Call) -> dict[str, Any]:
    """GET goodsReceipt/get: booked goods, grouped by receipt, one item per piece."""
    tenant = call.tenant
    note, number = call.text("deliveryNote"), call.text("orderId")
    found = []
    for receipt_id in tenant.receipt_bookings:
        receipt = tenant.receipts[receipt_id]
        if number and str(receipt_id) != number:
            continue
        if note and receipt.delivery_number != note:
            continue
        row = _receipt(call, receipt)
        if row["items"]:
            found.append(row)
    size = tenant.settings.page_size
    page = found[call.page() * size : (call.page() + 1) * size]
    more = len(found) > (call.page() + 1) * size
    return {"page": call.page(), "additionalPage": more, "bookings": page}


def _receipt(call: Call, receipt: Announcement) -> dict[str, Any]:
    tenant = call.tenant
    since, until = call.moment("dateFrom"), call.moment("dateTo")
    items = []
    for history_id in tenant.receipt_bookings[receipt.id]:
        posting = tenant.history[history_id]
        if since is not None and posting.at < since:
            continue
        if until is not None and posting.at > dates.end_of_second(until):
            continue
        product = tenant.products[posting.product_id]
        serials = dict(zip(posting.history_ids, posting.serials, strict=True))
        items.append(
            {
                "historyId": call.shown_id(history_id),
                "externalProductId": product.external_id,
                "productId": call.shown_id(product.id),
                "productName": product.name,
                "sku": product.sku,
                "reason": posting.reason,
                "bookingDate": dates.show(posting.at),
                "count": 1,
                "serialNumber": serials[history_id],
            }
        )
    return {
        "goodsReceiptId": receipt.id,
        "externalId": receipt.external_id,
        "orderNumberCustomer": receipt.order_number,
        "deliveryNote": receipt.delivery_number,
        "total": len(items),
        "items": items,
    }


def _return_page(call: Call, rows: Iterable[int]) -> dict[str, Any]:
    tenant = call.tenant
    since, until = call.moment("dateFrom"), call.moment("dateTo")
    matching = (
        history_id
        for history_id in rows
        if _wanted(call, tenant.returned[history_id])
        and (since is None or tenant.returned[history_id].at >= since)
        and (until is None or tenant.returned[history_id].at <= dates.end_of_second(until))
    )
    page, more = bookings.page_of(matching, call.page(), tenant.settings.page_size)
    shown = [_return_row(call, tenant.returned[one]) for one in page]
    return {"page": call.page(), "additionalPage": more, "bookings": shown}


def _wanted(call: Call, row: ReturnRow) -> bool:
    order_id, return_id = call.text("externalGoodsOrderId"), call.text("externalReturnsId")
    number = call.text("returnsId")
    tenant = call.tenant
    return (
        (not order_id or row.order_id == tenant.order_ids.get(order_id, -1))
        and (not return_id or row.announcement_id == tenant.return_ids.get(return_id, -1))
        and (not number or str(row.announcement_id) == number)
    )


def _return_row(call: Call, row: ReturnRow) -> dict[str, Any]:
    tenant = call.tenant
    product, order = tenant.products.get(row.product_id), tenant.orders.get(row.order_id)
    announced = tenant.returns.get(row.announcement_id)
    return {
        "id": call.shown_id(row.history_id),
        "externalProductId": product.external_id if product is not None else "",
        "productId": call.shown_id(row.product_id),
        "productName": row.name,
        "bookingDate": dates.show(row.at),
        "serialNumber": row.serial,
        "attributeCode": row.attribute,
        "attributeDefault": row.attribute == tenant.default_attribute(),
        "attributePackagingCode": row.packaging,
        "reasonCode": row.reason,
        "readyForShipment": row.ready,
        "goodsReceiptExternalId": announced.external_id if announced is not None else "",
        "goodsReceiptDeliveryNumber": announced.delivery_number if announced is not None else "",
        "goodsReceiptOrderNumber": announced.order_number if announced is not None else "",
        "goodsOrderExternalId": order.external_id if order is not None else "",
        "goodsOrderNumber": order.number if order is not None else "",
    }
