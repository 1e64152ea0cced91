"""All routes of the API (wemalo contract 3), in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from include.sandbox.wemalo.api import account, arrivals, catalogue, goods_orders, parcels
from include.sandbox.wemalo.api.call import endpoint

if TYPE_CHECKING:
    from include.sandbox.wemalo.api.call import Handler
    from include.sandbox.wemalo.ground import Ground

BASE = "/v1"

# Routes with a trailing slash are documented so; they answer without it as well.
ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/goodsOrder/add", goods_orders.add),
    ("POST", "/goodsOrder/addConditional", goods_orders.add_conditional),
    ("PUT", "/goodsOrder/updateMeta/{external_id}", goods_orders.update_meta),
    ("POST", "/goodsOrder/addPosition/{external_id}", goods_orders.add_position),
    (
        "DELETE",
        "/goodsOrder/removePosition/{external_id}/{external_position_id}",
        goods_orders.remove_position,
    ),
    ("POST", "/goodsOrder/addDocument/{external_id}", goods_orders.add_document),
    ("PUT", "/goodsOrder/note/{external_id}", goods_orders.note),
    ("PUT", "/goodsOrder/changePriority/{external_id}", goods_orders.change_priority),
    ("PUT", "/goodsOrder/cancel/{external_id}", goods_orders.cancel),
    ("GET", "/goodsOrder/getStatus/{external_id}", goods_orders.get_status),
    ("POST", "/goodsOrder/finish/{order_id}", goods_orders.finish),
    ("DELETE", "/goodsOrder/reservations", goods_orders.delete_reservations),
    ("GET", "/goodsOrder/packages", parcels.packages),
    ("GET", "/goodsOrder/profiles", parcels.profiles),
    ("GET", "/goodsOrder/sentPackages/", parcels.sent_by_range),
    ("GET", "/goodsOrder/packages/sent/", parcels.sent_by_flag),
    ("PUT", "/goodsOrder/packages/sent/{booking_id}", parcels.acknowledge_sent),
    ("GET", "/goodsOrder/package/{parcel_id}/label", parcels.label),
    ("GET", "/goodsOrder/package/{parcel_id}/trackingNumber", parcels.tracking_number),
    ("PUT", "/goodsOrder/trackingNumber/{parcel_id}", parcels.set_tracking_number),
    ("POST", "/goodsOrder/package/{parcel_id}/sent", parcels.send_package),
    ("POST", "/goodsReceipt/add", arrivals.add_receipt),
    ("GET", "/goodsReceipt/get", arrivals.receipts),
    ("POST", "/product/add", catalogue.add),
    ("POST", "/product/addMultiple", catalogue.add_multiple),
    ("PUT", "/product/update/{external_id}", catalogue.update),
    ("PUT", "/product/changeActiveFlag/{external_id}", catalogue.change_active_flag),
    ("PUT", "/product/addImage/{external_id}", catalogue.add_image),
    ("GET", "/product/get/{external_id}", catalogue.get),
    ("GET", "/product/getAll", catalogue.get_all),
    ("POST", "/product/unit/{external_id}", catalogue.add_unit),
    ("GET", "/product/unit/{external_id}", catalogue.get_units),
    ("GET", "/product/shop", catalogue.shop),
    ("GET", "/product/stock/reduced/{external_id}", catalogue.get_stock_reduced),
    ("GET", "/product/stock/{external_id}", catalogue.get_stock),
    ("GET", "/product/availableStock/", catalogue.available_stock),
    ("GET", "/product/bookings/flag", catalogue.unflagged),
    ("PUT", "/product/bookings/flag", catalogue.flag),
    ("POST", "/returns/announce", arrivals.announce),
    ("POST", "/returns/announceConditional", arrivals.announce_conditional),
    ("POST", "/returns/document/{external_id}", arrivals.add_document),
    ("GET", "/returns/booked", arrivals.booked),
    ("PUT", "/returns/booked/{booking_id}", arrivals.acknowledge),
    ("GET", "/returns/getBookings", arrivals.bookings_of),
    ("GET", "/refurbishment/get", account.refurbishments),
    ("GET", "/webhook", account.get_webhooks),
    ("POST", "/webhook/{event}", account.register_webhook),
    ("DELETE", "/webhook/{event}", account.delete_webhook),
    ("GET", "/user/genericInterfaces", account.generic_interfaces),
    ("POST", "/client/new", account.new_client),
]


def build_router(world: Ground) -> APIRouter:
    """Return the router with all routes below /v1."""
    router = APIRouter()
    for method, path, handler in ROUTES:
        serve = endpoint(world, handler)
        router.add_api_route(BASE + path, serve, methods=[method], response_model=None)
        if path.endswith("/"):
            bare = BASE + path.rstrip("/")
            router.add_api_route(bare, serve, methods=[method], response_model=None)
    return router
