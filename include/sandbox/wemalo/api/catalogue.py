"""/v1/product: master data, stock and the queue of stock postings (wemalo contract 7 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.wemalo import bookings, products, stock
from include.sandbox.wemalo.errors import ApiError

if TYPE_CHECKING:
    from include.sandbox.wemalo.api.call import Call
    from include.sandbox.wemalo.model import Posting, Product


def add(call: Call) -> dict[str, Any]:
    """POST product/add."""
    products.add(call.world, call.tenant, call.body)
    return {}


def add_multiple(call: Call) -> dict[str, Any]:
    """POST product/addMultiple."""
    rows = call.body.get("products")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(400, "missingParameter: products")
    products.add_multiple(call.world, call.tenant, rows)
    return {}


def update(call: Call) -> dict[str, Any]:
    """PUT product/update."""
    products.update(call.world, call.tenant, _product(call), call.body)
    return {}


def change_active_flag(call: Call) -> dict[str, Any]:
    """PUT product/changeActiveFlag."""
    product = _product(call)
    if call.body.get("isActive") is None:
        raise ApiError(400, "missingParameter: isActive")
    products.update(call.world, call.tenant, product, {"isActive": call.body["isActive"]})
    return {}


def add_image(call: Call) -> dict[str, Any]:
    """PUT product/addImage; the picture itself is not kept."""
    product = _product(call)
    if not call.body.get("extension") or not call.body.get("base64data"):
        raise ApiError(400, "missingParameter: extension, base64data")
    product.image = str(call.body["extension"])
    return {}


def get(call: Call) -> dict[str, Any]:
    """GET product/get."""
    return products.shown(_product(call))


def get_all(call: Call) -> dict[str, Any]:
    """GET product/getAll: changed since that hour; each row with its own `Success`."""
    newest = (call.tenant.products[one] for one in reversed(call.tenant.changed_products))
    found = products.changed_since(newest, "changed", call.hour("fromDate"))
    rows = [{"Success": True, "status": 200} | products.shown(one) for one in reversed(found)]
    return {"products": rows}


def add_unit(call: Call) -> dict[str, Any]:
    """POST product/unit."""
    return {"entityId": products.add_unit(call.world, _product(call), call.body).id}


def get_units(call: Call) -> dict[str, Any]:
    """GET product/unit."""
    return {"unitList": [{"entityId": one.id} | one.data for one in _product(call).units]}


def shop(call: Call) -> dict[str, Any]:
    """GET product/shop."""
    return {"shop": call.tenant.shop}


def get_stock(call: Call) -> dict[str, Any]:
    """GET product/stock: a row per attribute and per serial number; unknown id is a 400."""
    tenant, product = call.tenant, _stocked(call)
    rows = []
    for attribute in tenant.attributes:
        for serial, quantity in _pieces(product, attribute.code):
            rows.append(
                {
                    "productId": product.id,
                    "productName": product.name,
                    "sku": product.sku,
                    "ean": product.data.get("ean", ""),
                    "barcode": product.data.get("ean", ""),
                    "attributeId": attribute.id,
                    "attributeGerman": attribute.german,
                    "attributeEnglish": attribute.english,
                    "serialnumber": serial,
                    "quantity": quantity,
                    "clientId": tenant.client_id,
                    "clientName": tenant.client_name,
                }
            )
    return {"articles": rows}


def get_stock_reduced(call: Call) -> dict[str, Any]:
    """GET product/stock/reduced: all pieces and how many of them are reserved."""
    product, settings = _stocked(call), call.tenant.settings
    quantity = sum(product.shelf.values())
    if settings.stock_includes_picked:
        quantity += product.picked
    reserved = product.reserved
    if settings.reserved_counts_missing:
        reserved += product.missing
    answer: dict[str, Any] = {"quantity": quantity, "lotStartPosition": 0, "lotEndPosition": 0}
    if settings.stock_reserved_field in ("quantityReserved", "both"):
        answer["quantityReserved"] = reserved
    if settings.stock_reserved_field in ("notReservedQuantity", "both"):
        answer["notReservedQuantity"] = quantity - reserved
    if not call.flag("hideDetails"):
        answer["details"] = _details(call, product)
    return answer


def available_stock(call: Call) -> dict[str, Any]:
    """GET product/availableStock: all products with a stock change since that hour."""
    tenant = call.tenant
    newest = (tenant.products[one] for one in reversed(tenant.changed_stock))
    found = products.changed_since(newest, "stock_changed", call.hour("fromDate"))
    return {"articles": [_article(call, product) for product in reversed(found)]}


def unflagged(call: Call) -> dict[str, Any]:
    """GET product/bookings/flag: the queue of postings of one reason, 50 pieces per page."""
    tenant, reason = call.tenant, call.text("reason")
    if reason not in bookings.REASONS:
        raise ApiError(400, f"reason INVALID: {reason}")
    size = tenant.settings.page_size
    ids, more = bookings.page_of(tenant.unflagged.get(reason, ()), call.page(), size)
    entries: dict[int, tuple[Posting, list[int]]] = {}
    for history_id in ids:
        posting = tenant.history[history_id]
        entries.setdefault(posting.history_ids[0], (posting, []))[1].append(history_id)
    chosen = tenant.settings.max_results_field
    names = ("maxResult", "maxResults") if chosen == "both" else (chosen,)
    return {
        "page": call.page(),
        "additionalPage": more,
        "numberOfBookings": len(ids),
        "entries": [_entry(call, *entry) for entry in entries.values()],
    } | dict.fromkeys(names, size)


def flag(call: Call) -> dict[str, Any]:
    """PUT product/bookings/flag: acknowledge up to 50 pieces."""
    ids = call.body.get("historyIds")
    if not isinstance(ids, list):
        raise ApiError(400, "missingParameter: historyIds")
    if len(ids) > bookings.MAX_FLAGGED:
        raise ApiError(400, f"more than {bookings.MAX_FLAGGED} historyIds")
    numbers = [int(one) for one in ids if str(one).isdecimal()]
    done = bookings.flag(call.tenant, numbers)
    chosen = call.tenant.settings.flagged_field
    names = ("historyIds", "updated") if chosen == "both" else (chosen,)
    return {"allUpdated": len(done) == len(ids)} | dict.fromkeys(names, done)


def _product(call: Call) -> Product:
    return products.find(call.tenant, call.path["external_id"])


def _stocked(call: Call) -> Product:
    """Return the product; the stock routes answer an unknown id with 400 (apidoc)."""
    external_id = call.path["external_id"]
    if external_id not in call.tenant.product_ids:
        raise ApiError(400, f"externalId not found: {external_id}")
    return products.find(call.tenant, external_id)


def _pieces(product: Product, code: str) -> list[tuple[str, int]]:
    """Return the rows of one attribute: each serial number, then the pieces without one."""
    serials = sorted(one for one, attribute in product.serials.items() if attribute == code)
    rest = product.shelf.get(code, 0) - len(serials)
    return [(serial, 1) for serial in serials] + ([("", rest)] if rest else [])


def _details(call: Call, product: Product) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for attribute in call.tenant.attributes:
        left = product.reserved if attribute.default else 0
        left -= len(product.reserved_serials) if attribute.default else 0
        for serial, quantity in _pieces(product, attribute.code):
            asked_for = serial in product.reserved_serials and bool(serial)
            reserved = 1 if asked_for else min(left, quantity)
            left -= 0 if asked_for else reserved
            rows.append(
                {
                    "id": call.shown_id(product.id * 1000 + len(rows) + 1),
                    "attributeId": attribute.id,
                    "attributeGerman": attribute.german,
                    "attributeEnglish": attribute.english,
                    "isDefault": attribute.default,
                    "serialNumber": serial,
                    "quantity": quantity,
                    "reserved": reserved,
                }
            )
    return rows


def _article(call: Call, product: Product) -> dict[str, Any]:
    attributes = [
        {
            "id": attribute.id,
            "external": attribute.code,
            "isDefault": attribute.default,
            "quantity": (
                stock.available(call.tenant, product)
                if attribute.default
                else product.shelf.get(attribute.code, 0)
            ),
        }
        for attribute in call.tenant.attributes
        if attribute.default or product.shelf.get(attribute.code)
    ]
    return {
        "id": product.id,
        "sku": product.sku,
        "ean": product.data.get("ean", ""),
        "externalId": product.external_id,
        "virtualQuantity": stock.sets_available(call.tenant, product),
        "quantity": sum(int(str(row["quantity"])) for row in attributes),
        "attributes": attributes,
    }


def _entry(call: Call, posting: Posting, history_ids: list[int]) -> dict[str, Any]:
    tenant = call.tenant
    product = tenant.products[posting.product_id]
    order = tenant.orders.get(posting.order_id)
    announced = tenant.receipts if posting.reason == "INCOMING" else tenant.returns
    stock_order = announced.get(posting.stock_order_id)
    references = dict(zip(posting.history_ids, posting.references, strict=True))
    return {
        "quantity": len(history_ids),
        "shop": "",
        "productId": product.id,
        "sku": product.sku,
        "externalIds": [{"value": tenant.shop, "key": product.external_id}],
        "parcelId": posting.parcel_id,
        "goodsOrderId": posting.order_id,
        "extGoodsOrderId": order.external_id if order is not None else "",
        "stockOrderId": posting.stock_order_id,
        "extStockOrderId": stock_order.external_id if stock_order is not None else "",
        "transmitData": True,
        "additionalInfo": "",
        "position": 0,
        "bookingHistoryEntries": [
            {"historyId": one, "extPositionReference": references[one]} for one in history_ids
        ],
    }
