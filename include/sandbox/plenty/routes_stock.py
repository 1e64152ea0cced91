"""Reading and booking stock (contract 12)."""

# ruff: noqa: EM101 - the factories of `errors` take their texts as arguments
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.dates import to_text, to_timestamp
from include.sandbox.plenty.errors import ApiError, invalid, not_found
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.release import after_stock
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.stock import add_stock, item_of, location_name, stock_row
from include.sandbox.plenty.values import decimal_of, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.request import Request

routes = Routes()

WAREHOUSE = "/rest/stockmanagement/warehouses/{warehouse_id}"
VARIATION = "/rest/items/{id}/variations/{variation_id}"  # names the warehouse in the body
STOCK_QUERY = (
    "updatedAtFrom", "updatedAtTo", "variationId", "page", "itemsPerPage", "columns",
)  # fmt: skip
ROW_BODY = (
    "variationId", "quantity", "storageLocationId", "reasonId", "batch", "bestBeforeDate",
)  # fmt: skip
BOOK_BODY = (*ROW_BODY, "deliveredAt", "orderNumber", "currency", "supplierId", "exchangeRate")
VARIATION_CORRECTION = ("warehouseId", *(name for name in ROW_BODY if name != "variationId"))
VARIATION_BODY = ("warehouseId", *(name for name in BOOK_BODY if name != "variationId"))
MOVEMENTS_PER_PAGE = 1000
CORRECTION, INCOMING, OUTGOING, STOCKTAKING = 301, 101, 201, 302


@dataclass(frozen=True, slots=True)
class Posting:
    """One checked row of a booking: a change of stock at one location."""

    variation_id: int
    location_id: int
    change: Decimal
    reason: int
    batch: str
    best_before: str | None


@routes.add("GET", "/rest/stockmanagement/stock", query=STOCK_QUERY)
def get_stock(request: Request) -> JsonObject:
    """Return the stock of all warehouses; `warehouseId` filters too, as live systems do."""
    wanted = request.query.get("warehouseId")
    return _stock_page(request, int(wanted) if wanted and wanted.isdigit() else None)


@routes.add("GET", WAREHOUSE + "/stock", query=STOCK_QUERY)
def get_warehouse_stock(request: Request) -> JsonObject:
    """Return the stock of one warehouse."""
    return _stock_page(request, _warehouse(request))


@routes.add(
    "GET", WAREHOUSE + "/stock/storageLocationsPim", query=(*STOCK_QUERY, "storageLocationId")
)
@routes.add("GET", WAREHOUSE + "/stock/storageLocations", query=(*STOCK_QUERY, "storageLocationId"))
def get_location_stock(request: Request) -> JsonObject:
    """Return stock per storage location: only positive stock."""
    warehouse, query, tenant = _warehouse(request), request.query, request.tenant
    location = query.get("storageLocationId")
    rows = [
        {
            "itemId": item_of(tenant, key[0]),
            "variationId": key[0],
            "warehouseId": warehouse,
            "storageLocationId": place,
            "quantity": number(quantity),
            "batch": "",
            "bestBeforeDate": None,
            "updatedAt": to_text(tenant.stock_updated[key]),
        }
        for key in _stock_keys(request, warehouse)
        for place, quantity in sorted(tenant.stock[key].items())
        if quantity > 0 and location in (None, str(place))
    ]
    return paged(rows, query, tenant.switches)


@routes.add(
    "GET",
    WAREHOUSE + "/stock/movements",
    query=(
        "variationId", "itemId", "createdAtFrom", "createdAtTo", "page", "itemsPerPage",
        "processRowType", "orderId", "columns",
    ),
)  # fmt: skip
def get_movements(request: Request) -> JsonObject:
    """Return the journal of a warehouse, newest first."""
    warehouse, query = _warehouse(request), request.query
    start, end = _time(request, "createdAtFrom"), _time(request, "createdAtTo")
    equal = {key: query.get(key) for key in ("variationId", "itemId", "processRowType")}
    if query.get("orderId") is not None:
        equal |= {"processRowType": "2", "processRowId": query.get("orderId")}
    rows = [
        row
        for row in reversed(request.tenant.movements)
        if row["warehouseId"] == warehouse
        and (start is None or row["_at"] >= start)
        and (end is None or row["_at"] <= end)
        and all(value is None or str(row[key]) == value for key, value in equal.items())
    ]
    return paged(rows, query, request.tenant.switches, _without_private, highest=MOVEMENTS_PER_PAGE)


@routes.add("GET", VARIATION + "/stock", query=("columns",))
def stock_of_variation(request: Request) -> list[JsonObject]:
    """Return the stock of a variation in every warehouse, under its other names."""
    variation, tenant = request.integer("variation_id"), request.tenant
    rows = []
    for key in sorted(tenant.stock):
        if key[0] == variation:
            row = stock_row(tenant, key)
            rows.append(
                {
                    "itemId": row["itemId"],
                    "variationId": variation,
                    "warehouseId": key[1],
                    "physicalStock": row["stockPhysical"],
                    "reservedStock": row["reservedStock"],
                    "netStock": row["stockNet"],
                    "reservedListing": 0,
                    "reservedBundles": 0,
                }
            )
    return rows


@routes.add("GET", "/rest/stock/reservations")
def get_reservations(request: Request) -> JsonObject:
    """Return what is reserved for which order."""
    rows = [
        {
            "orderId": order.id,
            "variationId": variation,
            "warehouseId": warehouse,
            "quantity": number(quantity),
        }
        for order in request.tenant.orders.values()
        for (variation, warehouse), quantity in order.reserved.items()
    ]
    return paged(rows, request.query, request.tenant.switches)


@routes.add("PUT", WAREHOUSE + "/stock/correction", body=("corrections", *ROW_BODY))
def correct(request: Request) -> None:
    """Set absolute stock per location; the reply is empty."""
    _post(request, _rows(request, "corrections"), "absolute", CORRECTION)


@routes.add("PUT", WAREHOUSE + "/stock/bookIncomingItems", body=("incomingItems", *BOOK_BODY))
def book_incoming(request: Request) -> Any:
    """Add to the stock: quantities above 0."""
    posted = _post(request, _rows(request, "incomingItems"), "incoming", INCOMING)
    if request.tenant.switches.book_incoming_reply == "empty":
        return None
    return [{"id": row["id"], "orderNo": str(row["id"])} for row in posted]


@routes.add("PUT", WAREHOUSE + "/stock/bookOutgoingItems", body=("outgoingItems", *BOOK_BODY))
def book_outgoing(request: Request) -> None:
    """Take from the stock: quantities below 0; the reply is empty."""
    _post(request, _rows(request, "outgoingItems"), "outgoing", OUTGOING)


@routes.add(
    "PUT", WAREHOUSE + "/{warehouse_location_id}/stock/bookStocktaking", body=("corrections",)
)
def book_stocktaking(request: Request) -> None:
    """Count a location: variations there that are left out are set to zero."""
    location, warehouse = request.integer("warehouse_location_id"), _warehouse(request)
    rows = [{**row, "storageLocationId": location} for row in _rows(request, "corrections")]
    counted = {int(row.get("variationId") or 0) for row in rows}
    for variation, place in sorted(request.tenant.stock):
        shelf = request.tenant.stock[variation, place]
        if place == warehouse and shelf.get(location) and variation not in counted:
            rows.append({"variationId": variation, "quantity": 0, "storageLocationId": location})
    _post(request, rows, "absolute", STOCKTAKING)


@routes.add("PUT", "/rest/stockmanagement/stock/redistribute", body=("redistributions",))
def redistribute(request: Request) -> None:
    """Move stock between locations or warehouses; the reply is empty."""
    rows = _rows(request, "redistributions")
    for row in rows:
        for key in ("variationId", "quantity", "currentWarehouseId", "newWarehouseId"):
            if row.get(key) is None:
                raise invalid(key, f"The {key} field is required.")
    for row in rows:
        quantity = decimal_of(row["quantity"])
        for side, change in (("current", -quantity), ("new", quantity)):
            add_stock(
                request.tenant,
                int(row["variationId"]),
                int(row[f"{side}WarehouseId"]),
                int(row.get(f"{side}StorageLocationId") or 0),
                change,
                now=request.now,
                reason=int(row.get("reasonId") or 401),
                user_id=request.user.id,
            )


@routes.add("PUT", VARIATION + "/stock/correction", body=VARIATION_CORRECTION)
def correct_variation(request: Request) -> list[JsonObject]:
    """Set absolute stock of one variation; answers with its stock."""
    _post(request, _rows(request, "corrections"), "absolute", CORRECTION)
    return stock_of_variation(request)


@routes.add("PUT", VARIATION + "/stock/bookIncomingItems", body=VARIATION_BODY)
def book_incoming_variation(request: Request) -> list[JsonObject]:
    """Add to the stock of one variation; answers with its stock."""
    _post(request, _rows(request, "incomingItems"), "incoming", INCOMING)
    return stock_of_variation(request)


@routes.add("PUT", VARIATION + "/stock/bookOutgoingItems", body=VARIATION_BODY)
def book_outgoing_variation(request: Request) -> list[JsonObject]:
    """Take from the stock of one variation; answers with its stock."""
    _post(request, _rows(request, "outgoingItems"), "outgoing", OUTGOING)
    return stock_of_variation(request)


@routes.add("GET", "/rest/stockmanagement/stock/types/{type}", query=STOCK_QUERY)
def get_stock_of_type(request: Request) -> JsonObject:
    """Return the stock of all warehouses: the sandbox has sales warehouses only."""
    return _stock_page(request, None)


@routes.add("GET", "/rest/warehouses/locations/stock/{warehouse_location_id}")
def get_stock_of_location(request: Request) -> JsonObject:
    """Return the stock at one location, in snake case (contract 12.3)."""
    location = request.integer("warehouse_location_id")
    rows = [
        {
            "variation_id": variation,
            "warehouse_id": warehouse,
            "storage_location_id": location,
            "storage_location_name": location_name(request.tenant, location),
            "quantity": number(shelf[location]),
        }
        for (variation, warehouse), shelf in sorted(request.tenant.stock.items())
        if shelf.get(location)
    ]
    return paged(rows, request.query, request.tenant.switches)


def _post(request: Request, rows: list[JsonObject], kind: str, reason: int) -> list[JsonObject]:
    """Check all rows, then book the good ones; what a bad row does is a switch."""
    warehouse, postings = _warehouse(request), []
    for row in rows:
        try:
            postings.append(_checked(request, row, warehouse, kind, reason))
        except ApiError:
            if request.tenant.switches.bad_stock_row == "all_or_nothing":
                raise
    movements = [
        add_stock(
            request.tenant,
            posting.variation_id,
            warehouse,
            posting.location_id,
            posting.change,
            now=request.now,
            reason=posting.reason,
            user_id=request.user.id,
            batch=posting.batch,
            best_before=posting.best_before,
        )
        for posting in postings
    ]
    after_stock(request.tenant, request.now)
    return movements


def _checked(request: Request, row: JsonObject, warehouse: int, kind: str, reason: int) -> Posting:
    tenant = request.tenant
    try:
        variation, quantity = int(row["variationId"]), decimal_of(row["quantity"])
        location = int(row.get("storageLocationId") or 0) or tenant.default_location(warehouse)
    except (KeyError, TypeError, ValueError) as error:
        raise invalid("quantity", "variationId and quantity are required numbers.") from error
    if variation not in tenant.variations:
        raise invalid("variationId", "The selected variationId does not exist.")
    if location and tenant.locations.get(location, {}).get("warehouseId") != warehouse:
        raise invalid("storageLocationId", "The storage location is not in this warehouse.")
    if kind == "incoming" and quantity <= 0:
        raise invalid("quantity", "The quantity must be greater than 0.")
    if kind == "outgoing" and quantity >= 0 and tenant.switches.outgoing_sign == "negative":
        raise invalid("quantity", "The quantity must be less than 0.")
    change = -abs(quantity) if kind == "outgoing" else quantity
    if kind == "absolute":
        shelf = tenant.stock.get((variation, warehouse), {})
        change = quantity - shelf.get(location, Decimal(0))
    return Posting(
        variation,
        location,
        change,
        int(row.get("reasonId") or reason),
        str(row.get("batch") or ""),
        row.get("bestBeforeDate"),
    )


def _rows(request: Request, key: str) -> list[JsonObject]:
    rows = request.rows(key)
    if "variation_id" in request.params:
        return [{**row, "variationId": request.integer("variation_id")} for row in rows]
    return rows


def _warehouse(request: Request) -> int:
    if "warehouse_id" in request.params:
        warehouse = request.integer("warehouse_id")
    else:
        warehouse = int(request.object().get("warehouseId") or 0)
    if warehouse not in request.tenant.warehouses:
        raise not_found()
    return warehouse


def _stock_page(request: Request, warehouse: int | None) -> JsonObject:
    tenant = request.tenant
    keys = list(_stock_keys(request, warehouse))
    return paged(keys, request.query, tenant.switches, lambda key: stock_row(tenant, key))


def _stock_keys(request: Request, warehouse: int | None) -> Iterable[tuple[int, int]]:
    tenant, variation = request.tenant, request.query.get("variationId")
    start, end = _time(request, "updatedAtFrom"), _time(request, "updatedAtTo")
    for key in sorted(tenant.stock):
        at = tenant.stock_updated[key]
        if (
            warehouse in (None, key[1])
            and variation in (None, str(key[0]))
            and (start is None or at >= start)
            and (end is None or at <= end)
        ):
            yield key


def _time(request: Request, name: str) -> float | None:
    value = request.query.get(name)
    if not value:
        return None
    try:
        return to_timestamp(value)
    except ValueError as error:
        raise invalid(name, "This is no date.") from error


def _without_private(row: JsonObject) -> JsonObject:
    return {key: value for key, value in row.items() if not key.startswith("_")}
