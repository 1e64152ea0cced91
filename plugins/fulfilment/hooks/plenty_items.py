"""Variations, items and barcodes in plentymarkets (contract 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.hooks import paging
from fulfilment.hooks.paging import Listing, Row
from fulfilment.hooks.plenty_calls import PlentyCalls
from include.core.products.skus import clean_sku
from include.core.systems.values import identifier, need_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_VARIATIONS = "/rest/items/variations"
#: what wemalo needs of a variation; texts are not among it (contract 13)
PRODUCT_SET = ("variationBarcodes", "variationBundleComponents", "variationWarehouses", "item")
_IDS_PER_CALL = 100


class PlentyItems(PlentyCalls):
    """Calls about product master data."""

    def changed_variations(
        self, since: datetime, until: datetime, *, related: bool = False
    ) -> dict[int, Row]:
        """Return variations that changed in a window (aware), by id.

        :param related: changes of barcodes, warehouses, categories instead, which
            ``updatedBetween`` misses (contract 13).
        """
        name = "relatedUpdatedBetween" if related else "updatedBetween"
        window = f"{int(since.timestamp())},{int(until.timestamp())}"
        return self._variations([(name, window)])

    def variations_by_id(self, ids: Iterable[int]) -> dict[int, Row]:
        """Return variations by id; unknown ids are absent."""
        found: dict[int, Row] = {}
        for chunk in paging.chunks(ids, _IDS_PER_CALL):
            found |= self._variations([("id", ",".join(map(str, chunk)))])
        return {number: row for number, row in found.items() if number in set(ids)}

    def some_variations(self, pages: int) -> list[Row]:
        """Return the variations of the first pages of 250, with their warehouses."""
        rows: dict[int, Row] = {}
        for number in range(1, pages + 1):
            query = [
                ("with", "variationWarehouses"),
                ("page", str(number)),
                ("itemsPerPage", str(paging.PAGE_SIZE)),
            ]
            page = paging.read_page(
                self._get(_VARIATIONS, params=query), f"GET {_VARIATIONS}", self.merchant
            )
            rows |= {one: row for row in page.rows if (one := identifier(row.get("id")))}
            if page.last or len(page.rows) < paging.PAGE_SIZE:
                break
        return list(rows.values())

    def variation_numbers(self) -> dict[str, int]:
        """Return variation number (SKU) -> id of all variations."""
        return {
            sku: number
            for number, row in self._variations([], with_=()).items()
            if (sku := clean_sku(row.get("number")))
        }

    def items_by_id(self, ids: Iterable[int]) -> dict[int, Row]:
        """Return items with their ``texts`` by id (contract 13)."""
        found: dict[int, Row] = {}
        for chunk in paging.chunks(ids, _IDS_PER_CALL):
            rows = self._item_pages("/rest/items", [("id", ",".join(map(str, chunk)))])
            found |= {number: row for number, row in rows.items() if number in set(chunk)}
        return found

    def _variations(
        self, query: list[tuple[str, str]], with_: Sequence[str] = PRODUCT_SET
    ) -> dict[int, Row]:
        if with_:
            query = [*query, ("with", ",".join(with_))]
        return self._item_pages(_VARIATIONS, query)

    def _item_pages(self, route: str, query: list[tuple[str, str]]) -> dict[int, Row]:
        """Return the rows of a list by id; one without a usable id is left out, and noted."""
        listing = Listing(f"GET {route}", self.merchant)
        rows = listing.by_number(
            lambda page: self._get(
                route,
                params=[*query, ("page", str(page)), ("itemsPerPage", str(paging.PAGE_SIZE))],
            ),
            key=lambda row: identifier(row.get("id")),
        )
        self._leave_out(listing.what, listing.nameless)
        return {need_id(row, "id"): row for row in rows}
