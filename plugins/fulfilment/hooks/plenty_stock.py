"""Stock in plentymarkets: levels, the journal of movements, bookings (contract 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.hooks import paging
from fulfilment.hooks.paging import Listing, Row
from fulfilment.hooks.plenty_calls import PlentyCalls
from fulfilment.hooks.transport import Request
from include.core.systems.values import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

#: contract 12.2: so many rows per call are in use elsewhere; no limit is documented
STOCK_ROWS = 20
_WAREHOUSE = "/rest/stockmanagement/warehouses/{warehouse_id}"
_FEW = 5  # up to so many products are asked for one by one


class PlentyStock(PlentyCalls):
    """Calls about stock of one warehouse."""

    def stock(
        self,
        warehouse_id: int,
        *,
        variation_ids: Collection[int] | None = None,
        since: datetime | None = None,
    ) -> dict[int, Row]:
        """Return stock rows by variation id (contract 12.1); products never stocked are absent.

        A row of nobody knows which product is left out; products asked for are then asked for
        one by one, so that none is taken for absent because of it.

        :param variation_ids: only these.
        :param since: only what changed since, aware.
        """
        query = [] if since is None else [("updatedAtFrom", since.isoformat(timespec="seconds"))]
        rows = self._by_variation(f"{_WAREHOUSE}/stock", warehouse_id, query, variation_ids)
        numbered = ((identifier(row.get("variationId")), row) for row in rows)
        return {number: row for number, row in numbered if number is not None}

    def stock_at_locations(self, warehouse_id: int, variation_ids: Collection[int]) -> list[Row]:
        """Return stock per storage location; only locations with positive stock (contract 12.1)."""
        route = f"{_WAREHOUSE}/stock/storageLocations"
        return self._by_variation(route, warehouse_id, [], variation_ids)

    def movements(self, warehouse_id: int, since: datetime) -> list[Row]:
        """Return the journal of a warehouse since a moment, aware (contract 12.1)."""
        query = [("createdAtFrom", since.isoformat(timespec="seconds"))]
        return self._stock_pages(f"{_WAREHOUSE}/stock/movements", warehouse_id, query, _id)

    def book_incoming(self, warehouse_id: int, rows: Sequence[Row]) -> None:
        """Add to the stock: ``variationId quantity storageLocationId reasonId`` (contract 12.2).

        No reply proves a row: read the journal afterwards.

        :param rows: at most `STOCK_ROWS`, quantities above zero.
        """
        self._put_stock("bookIncomingItems", "incomingItems", warehouse_id, rows)

    def book_outgoing(self, warehouse_id: int, rows: Sequence[Row]) -> None:
        """Take from the stock: as `book_incoming`, quantities below zero (contract 12.2)."""
        self._put_stock("bookOutgoingItems", "outgoingItems", warehouse_id, rows)

    def correct_stock(self, warehouse_id: int, rows: Sequence[Row]) -> None:
        """Set the absolute stock of storage locations (contract 12.2)."""
        self._put_stock("correction", "corrections", warehouse_id, rows)

    def _put_stock(self, verb: str, name: str, warehouse_id: int, rows: Sequence[Row]) -> None:
        route = f"{_WAREHOUSE}/stock/{verb}"
        path = route.format(warehouse_id=warehouse_id)
        body = {name: list(rows)}
        self._call(Request("PUT", route, path, body=body, kind="write", empty_ok=True))

    def _by_variation(
        self,
        route: str,
        warehouse_id: int,
        query: list[tuple[str, str]],
        variation_ids: Collection[int] | None,
    ) -> list[Row]:
        def key(row: Row) -> Any:
            return str(row.get("variationId")), str(row.get("storageLocationId"))

        left: Collection[int] = variation_ids or ()
        found: list[Row] = []
        if variation_ids is None or len(variation_ids) > _FEW:
            pages = self._stock_pages(route, warehouse_id, query, key)
            rows = [(identifier(row.get("variationId")), row) for row in pages]
            found = [
                row
                for number, row in rows
                if number is not None and (variation_ids is None or number in variation_ids)
            ]
            there = {number for number, _ in rows}
            left = set(left) - there if None in there else ()
        for number in sorted(left):
            only = [*query, ("variationId", str(number))]
            found += [
                row
                for row in self._stock_pages(route, warehouse_id, only, key)
                if identifier(row.get("variationId")) == number
            ]
        return found

    def _stock_pages(
        self, route: str, warehouse_id: int, query: list[tuple[str, str]], key: Callable[[Row], Any]
    ) -> list[Row]:
        listing = Listing(f"GET {route}", self.merchant)
        rows = listing.by_number(
            lambda page: self._get(
                route,
                params=[*query, ("page", str(page)), ("itemsPerPage", str(paging.PAGE_SIZE))],
                warehouse_id=warehouse_id,
            ),
            key=key,
        )
        self._leave_out(listing.what, listing.nameless)
        return rows


def _id(row: Row) -> str:
    return str(row.get("id"))  # the reader judges a row without one
