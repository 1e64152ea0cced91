"""Products: variations, barcodes, item texts (contract 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.plenty.dates import to_timestamp
from include.sandbox.plenty.errors import invalid, not_found, refused
from include.sandbox.plenty.paging import paged
from include.sandbox.plenty.routing import Routes
from include.sandbox.plenty.stock import stock_row
from include.sandbox.plenty.values import is_true

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.plenty.model import JsonObject
    from include.sandbox.plenty.request import Request

routes = Routes()

LISTS = (
    "variationBarcodes", "variationBundleComponents", "variationClients", "variationSalesPrices",
    "variationMarkets", "variationCategories", "variationDefaultCategory", "variationSuppliers",
    "variationWarehouses", "variationSkus", "variationAdditionalSkus", "variationAttributeValues",
    "variationComponentBundles", "properties", "images",
)  # fmt: skip
PAGING = frozenset({"page", "itemsPerPage", "with", "lang"})
VARIATION_QUERY = (
    "with", "lang", "page", "itemsPerPage", "id", "itemId", "isMain", "isActive", "barcode",
    "numberExact", "numberFuzzy", "isBundle", "plentyId", "sku", "updatedBetween",
    "createdBetween", "relatedUpdatedBetween", "itemName", "stockWarehouseId",
)  # fmt: skip
PIM_PER_PAGE = 250


@routes.add("GET", "/rest/items/variations", query=VARIATION_QUERY)
def get_variations(request: Request) -> JsonObject:
    """Return variations; an unknown filter is a 422 here, unlike elsewhere (contract 3.3)."""
    return _page(request, list(request.tenant.variations.values()))


@routes.add(
    "GET",
    "/rest/items/{item_id}/variations",
    query=("with", "page", "itemsPerPage", "isActive", "numberExact", "updatedBetween"),
)
def get_item_variations(request: Request) -> JsonObject:
    """Return the variations of one item."""
    wanted = _item(request, "item_id")["id"]
    rows = [row for row in request.tenant.variations.values() if row["itemId"] == wanted]
    return _page(request, rows)


@routes.add("GET", "/rest/pim/variations", query=("with", "ids", "page", "itemsPerPage"))
def get_pim_variations(request: Request) -> JsonObject:
    """Return variations in the nested form of the newer route; with `ids` nothing else filters."""
    ids = {int(number) for number in request.query.all("ids") if number.isdigit()}
    rows = [row for row in request.tenant.variations.values() if not ids or row["id"] in ids]
    return paged(rows, request.query, request.tenant.switches, _pim_row, highest=PIM_PER_PAGE)


@routes.add("GET", "/rest/items", query=("with", "lang", "page", "itemsPerPage", "id", "name"))
def get_items(request: Request) -> JsonObject:
    """Return items with their texts; unknown filters are ignored."""
    ids = {int(number) for number in request.query.all("id") if number.isdigit()}
    rows = [row for row in request.tenant.items.values() if not ids or row["id"] in ids]
    return paged(rows, request.query, request.tenant.switches)


@routes.add("GET", "/rest/items/{item_id}", query=("lang",))
def get_item(request: Request) -> JsonObject:
    """Return one item; the product name is `texts[].name1`."""
    return _item(request, "item_id")


@routes.add("GET", "/rest/items/{id}/variations/{variation_id}/descriptions")
def get_descriptions(request: Request) -> list[JsonObject]:
    """Return the texts of a variation's item."""
    item = _item(request, "id")
    return [
        {
            "id": item["id"],
            "itemId": item["id"],
            "lang": text["lang"],
            "name": text["name1"],
            "name2": text["name2"],
            "name3": text["name3"],
            "description": text["description"],
        }
        for text in item["texts"]
    ]


@routes.add("GET", "/rest/items/{id}/variations/{variation_id}/variation_barcodes", query=("with",))
def get_variation_barcodes(request: Request) -> list[JsonObject]:
    """Return the codes of a variation."""
    row = request.tenant.variations.get(request.integer("variation_id"))
    if row is None:
        raise not_found()
    codes: list[JsonObject] = row["variationBarcodes"]
    return codes


@routes.add("GET", "/rest/items/barcodes", query=("updatedAt",))
def get_barcodes(request: Request) -> JsonObject:
    """Return the kinds of barcode: the type of a code sits here."""
    return paged(list(request.tenant.barcodes.values()), request.query, request.tenant.switches)


def _page(request: Request, rows: list[JsonObject]) -> JsonObject:
    wanted = set(request.query.all("with"))
    for name, value in request.query.pairs:
        if name.partition("[")[0] in PAGING:
            continue
        build = _FILTERS.get(name)
        if build is None:
            text = f"The following filter do not exist: {name}"
            raise refused(text)
        try:
            test = build(value)
        except ValueError as error:
            raise invalid(name, "The value does not fit the filter.") from error
        rows = [row for row in rows if test(row)]
    return paged(
        rows, request.query, request.tenant.switches, lambda row: _render(request, row, wanted)
    )


def _render(request: Request, row: JsonObject, wanted: set[str]) -> JsonObject:
    tenant = request.tenant
    result = {key: value for key, value in row.items() if key not in LISTS or key in wanted}
    for name in wanted & set(LISTS):
        result.setdefault(name, [])
    if "item" in wanted:  # without texts, as live systems send it (contract 13)
        item = tenant.items[row["itemId"]]
        result["item"] = {key: value for key, value in item.items() if key != "texts"}
    if "stock" in wanted:
        keys = [key for key in sorted(tenant.stock) if key[0] == row["id"]]
        result["stock"] = [stock_row(tenant, key) for key in keys]
    return result


def _pim_row(row: JsonObject) -> JsonObject:
    base = {key: value for key, value in row.items() if key not in LISTS}
    return {
        "id": row["id"],
        "base": base,
        "barcodes": row["variationBarcodes"],
        "bundleComponents": row["variationBundleComponents"],
        "clients": row["variationClients"],
    }


def _item(request: Request, name: str) -> JsonObject:
    item = request.tenant.items.get(request.integer(name))
    if item is None:
        raise not_found()
    return item


def _between(key: str) -> Callable[[str], Callable[[JsonObject], bool]]:
    """Bounds are Unix seconds or ISO text (contract 3.1), both inclusive."""

    def build(value: str) -> Callable[[JsonObject], bool]:
        start, _, end = value.partition(",")
        low = to_timestamp(start)
        high = to_timestamp(end) if end else float("inf")
        return lambda row: low <= to_timestamp(row[key]) <= high

    return build


def _equals(key: str) -> Callable[[str], Callable[[JsonObject], bool]]:
    return lambda value: lambda row: str(row[key]) in value.split(",")


def _flagged(key: str) -> Callable[[str], Callable[[JsonObject], bool]]:
    return lambda value: lambda row: bool(row[key]) == is_true(value)


def _coded(value: str) -> Callable[[JsonObject], bool]:
    return lambda row: any(code["code"] == value for code in row["variationBarcodes"])


def _visible(value: str) -> Callable[[JsonObject], bool]:
    return lambda row: any(str(c["plentyId"]) == value for c in row["variationClients"])


def _everything(_: Any) -> Callable[[JsonObject], bool]:
    return lambda row: True


_FILTERS: dict[str, Callable[[str], Callable[[JsonObject], bool]]] = {
    "id": _equals("id"),
    "itemId": _equals("itemId"),
    "numberExact": lambda value: lambda row: row["number"] == value,
    "numberFuzzy": lambda value: lambda row: value.lower() in row["number"].lower(),
    "barcode": _coded,
    "plentyId": _visible,
    "isActive": _flagged("isActive"),
    "isMain": _flagged("isMain"),
    "isBundle": lambda value: lambda row: (row["bundleType"] == "bundle") == is_true(value),
    "updatedBetween": _between("updatedAt"),
    "createdBetween": _between("createdAt"),
    "relatedUpdatedBetween": _between("relatedUpdatedAt"),
    **dict.fromkeys(
        ("sku", "itemName", "categoryId", "manufacturerId", "supplierId", "variationTagId",
         "storeSpecial", "flagOne", "flagTwo", "supplierNumber", "referrerId",
         "stockWarehouseId"),
        _everything,
    ),
}  # fmt: skip
