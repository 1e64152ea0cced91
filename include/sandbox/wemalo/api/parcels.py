"""/v1/goodsOrder: parcels, tracking numbers and the queue of sent items (wemalo contract 5)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo import addresses, bookings, dates, orders, packing, warehouse
from include.sandbox.wemalo.errors import ApiError, not_found

if TYPE_CHECKING:
    from include.sandbox.wemalo.api.call import Call
    from include.sandbox.wemalo.model import Order, Parcel, SentRow

PROFILE_TEXTS = ("name", "product", "services", "field2", "field3", "matchId")


def packages(call: Call) -> dict[str, Any]:
    """GET goodsOrder/packages, by wemalo's or by the merchant's order id."""
    tenant = call.tenant
    number, external_id = call.text("orderId"), call.text("externalOrderId")
    if not number and not external_id:
        raise ApiError(400, "missingParameter: orderId or externalOrderId")
    if number:
        order = tenant.orders.get(int(number)) if number.isdecimal() else None
    else:
        order = orders.find(tenant, external_id)
    if order is None:
        raise not_found(number, "order")
    return {"packages": [_package(call, tenant.parcels[one]) for one in order.parcels]}


def _package(call: Call, parcel: Parcel) -> dict[str, Any]:
    quantity = sum(item.quantity for item in parcel.items)
    names = {"both": ("quantity", "quantitySum")}
    chosen = call.tenant.settings.package_quantity_field
    return {
        "id": parcel.id,
        "barcode": parcel.barcode,
        "profileName": parcel.profile,
        "trackingNumber": parcel.tracking,
        "errorMessage": parcel.error,
        "weightTotal": parcel.weight,
        "isHandedOver": parcel.handed_over is not None,
        "storageCell": "" if parcel.handed_over else "WA-01-01-01",
        "items": [
            {
                "sku": call.tenant.products[item.product_id].sku,
                "name": call.tenant.products[item.product_id].name,
                "quantity": item.quantity,
                "serialNumber": item.serial,
            }
            for item in parcel.items
        ],
        "units": [],
    } | dict.fromkeys(names.get(chosen, (chosen,)), quantity)


def profiles(call: Call) -> dict[str, Any]:
    """GET goodsOrder/profiles."""
    return {
        "dispatcher": [
            {
                "name": dispatcher["name"],
                "profiles": [
                    {name: str(profile.get(name, "")) for name in PROFILE_TEXTS}
                    for profile in dispatcher.get("profiles", [])
                ],
            }
            for dispatcher in call.tenant.profiles
        ]
    }


def sent_by_flag(call: Call) -> dict[str, Any]:
    """GET goodsOrder/packages/sent: the queue of rows nobody has acknowledged."""
    tenant = call.tenant
    external_id = call.text("externalId")
    if external_id:
        rows = [one for one in _rows_of_order(call, external_id) if one in tenant.unsynched_sent]
    else:
        rows = list(tenant.unsynched_sent)
    return _sent_page(call, rows, queue=True)


def sent_by_range(call: Call) -> dict[str, Any]:
    """GET goodsOrder/sentPackages: by time of hand-over or by order, acknowledged or not."""
    tenant = call.tenant
    since, until = call.moment("dateFrom"), call.moment("dateTo")
    external_id = call.text("externalId")
    rows = _rows_of_order(call, external_id) if external_id else reversed(tenant.sent)
    found = []
    for history_id in rows:
        handed_over = tenant.sent[history_id].handed_over
        if until is not None and handed_over > dates.end_of_second(until):
            continue
        if since is not None and handed_over < since:
            if external_id:
                continue
            break  # rows are in time order: all others are older
        found.append(history_id)
    return _sent_page(call, found if external_id else found[::-1], queue=False)


def acknowledge_sent(call: Call) -> dict[str, Any]:
    """PUT goodsOrder/packages/sent."""
    bookings.synch_sent(call.tenant, call.id_in_path("booking_id"))
    return {}


def label(call: Call) -> dict[str, Any]:
    """GET goodsOrder/package/label."""
    parcel = _parcel(call)
    if not parcel.tracking:
        return {"files": []}
    text = f"%PDF-1.4\n% label of parcel {parcel.id}\n%%EOF\n"
    content = base64.b64encode(text.encode()).decode()
    return {"files": [{"id": parcel.id, "filename": "shipping-label.pdf", "base64": content}]}


def tracking_number(call: Call) -> dict[str, Any]:
    """GET goodsOrder/package/trackingNumber."""
    parcel = _parcel(call)
    return {
        "trackingNumber": parcel.tracking,
        "profileName": parcel.profile,
        "carrier": parcel.carrier,
    }


def set_tracking_number(call: Call) -> dict[str, Any]:
    """PUT goodsOrder/trackingNumber."""
    parcel = _parcel(call)
    tracking = str(call.body.get("trackingNumber") or "")
    if not tracking:
        raise ApiError(400, "missingParameter: trackingNumber")
    warehouse.change_tracking(call.world, call.tenant, parcel, tracking)
    return {"trackingNumber": tracking}


def send_package(call: Call) -> dict[str, Any]:
    """POST goodsOrder/package/sent: hand over from outside."""
    parcel = _parcel(call)
    order = call.tenant.orders[parcel.order_id]
    if order.state != "PACKED" or parcel.handed_over:
        raise ApiError(409, f"order is {order.state}")
    wanted, tracking = call.body.get("dispatcherProfile"), call.body.get("trackingNumber")
    if wanted and tracking:
        matched = packing.match_profile(call.tenant, str(wanted))
        parcel.carrier, parcel.profile, parcel.product = matched
        warehouse.change_tracking(call.world, call.tenant, parcel, str(tracking))
    warehouse.hand_over(call.world, call.tenant, order, parcel)
    return {}


def _parcel(call: Call) -> Parcel:
    parcel = call.tenant.parcels.get(call.id_in_path("parcel_id"))
    if parcel is None:
        raise not_found(call.path["parcel_id"], "parcel")
    return parcel


def _rows_of_order(call: Call, external_id: str) -> list[int]:
    order_id = call.tenant.order_ids.get(external_id, 0)
    return call.tenant.sent_by_order.get(order_id, [])


def _sent_page(call: Call, rows: list[int], *, queue: bool) -> dict[str, Any]:
    size = call.tenant.settings.page_size
    page, more = bookings.page_of(rows, call.page(), size)
    shown = [_sent_row(call, call.tenant.sent[one], queue=queue) for one in page]
    return {"page": call.page(), "additionalPage": more, "bookings": shown}


def _sent_row(call: Call, row: SentRow, *, queue: bool) -> dict[str, Any]:
    tenant = call.tenant
    order, parcel = tenant.orders[row.order_id], tenant.parcels[row.parcel_id]
    product, meta = tenant.products[row.product_id], order.meta
    shown: dict[str, Any] = {
        "historyId": call.shown_id(row.history_id),
        "externalProductId": product.external_id,
        "productId": call.shown_id(product.id),
        "productName": product.name,
        "sku": product.sku,
        "serialNumber": row.serial,
        "count": row.count,
        "goodsOrderId": order.id,
        "externalGoodsOrderId": order.external_id,
        "orderNumberCustomer": order.number,
        "trackingNumber": parcel.tracking,
        "dispatcherName": parcel.carrier,
        "dispatcherProduct": parcel.product,
        "handoverDate": dates.show(row.handed_over),
        "bookingDate": dates.show(row.booked),
        "orderInfo": {
            "departmentNumber": meta.departmentNumber,
            "extraInfo": meta.extraInfo,
            "extraInfo2": meta.extraInfo2,
            "extraInfo3": meta.extraInfo3,
            "extraInfo4": meta.extraInfo4,
        },
    }
    if queue:
        shown["packageId"] = call.shown_id(parcel.id)
        shown["orderStatusId"] = row.status_id
    position = next((one for one in order.positions if one.id == row.position_id), None)
    if position is not None and position.parent is not None:
        shown["parent"] = _parent(call, *position.parent)
    if call.flag("addRecipient"):
        shown["recipient"] = _recipient(order)
    return shown


def _parent(call: Call, product_id: int, quantity: int) -> dict[str, Any]:
    product = call.tenant.products[product_id]
    return {
        "externalProductId": product.external_id,
        "productId": call.shown_id(product.id),
        "productName": product.name,
        "sku": product.sku,
        "count": call.shown_id(quantity),
    }


def _recipient(order: Order) -> dict[str, str]:
    receiver = addresses.primary(order.meta.receiver)
    if receiver is None:
        return {}
    return {
        "name1": receiver.name1,
        "name2": receiver.name2,
        "name3": receiver.name3,
        "street": receiver.street,
        "houseNumber": addresses.house_number(receiver),
        "addressAddition": receiver.addressAddition,
        "stateProvinceCountry": receiver.stateProvinceCountry,
        "zip": receiver.zip,
        "city": receiver.city,
        "countryCode": receiver.countryCode2Letter,
        "email": receiver.email,
        "phone": receiver.phoneNumber,
        "customerNumber": receiver.customerNumber,
    }
