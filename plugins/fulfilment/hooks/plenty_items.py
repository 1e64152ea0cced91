"""Variations, items and barcodes in plentymarkets (contract 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.hooks import paging
from fulfilment.hooks.answers import whole
from fulfilment.hooks.paging import Listing, Row
from fulfilment.hooks.plenty_calls import PlentyCalls
from include.core.skus import clean_sku

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
            rows |= {int(row["id"]): row for row in page.rows}
            if page.last or len(page.rows) < paging.PAGE_SIZE:
                break
        return list(rows.values())

    def variation_numbers(self) -> dict[str, int]:
        """Return variation number (SKU) -> id of all variations."""
        return {
            clean_sku(row["number"]): number
            for number, row in self._variations([], with_=()).items()
            if row.get("number")
        }

    def items_by_id(self, ids: Iterable[int]) -> dict[int, Row]:
        """Return items with their ``texts`` by id (contract 13)."""
        found: dict[int, Row] = {}
        for chunk in paging.chunks(ids, _IDS_PER_CALL):
            rows = self._item_pages("/rest/items", [("id", ",".join(map(str, chunk)))], "id")
            found |= {int(row["id"]): row for row in rows if whole(row.get("id")) in set(chunk)}
        return found

    def _variations(
        self, query: list[tuple[str, str]], with_: Sequence[str] = PRODUCT_SET
    ) -> dict[int, Row]:
        if with_:
            query = [*query, ("with", ",".join(with_))]
        rows = self._item_pages(_VARIATIONS, query, "id")
        numbered = {whole(row.get("id")): row for row in rows}
        if numbered.pop(None, None) is not None:  # nobody can say of which one it is
            self.log.warning("merchant=%s a variation without an id is left out", self.merchant)
        return {number: row for number, row in numbered.items() if number is not None}

    def _item_pages(self, route: str, query: list[tuple[str, str]], key: str) -> list[Row]:
        return Listing(f"GET {route}", self.merchant).by_number(
            lambda page: self._get(
                route,
                params=[*query, ("page", str(page)), ("itemsPerPage", str(paging.PAGE_SIZE))],
            ),
            key=lambda row: row.get(key),
        )
