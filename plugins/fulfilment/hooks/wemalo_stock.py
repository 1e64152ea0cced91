"""wemalo's queue of stock postings (wemalo contract 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.hooks.paging import MOST_PAGES, Row
from fulfilment.hooks.wemalo_calls import WemaloCalls, more_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGGED = 50  # history ids per acknowledging call
_FLAG = "/product/bookings/flag"


class WemaloStock(WemaloCalls):
    """The queue of postings: goods receipts, inventory corrections, returns."""

    def stock_postings(self, reason: str) -> list[Row]:
        """Return all entries of one reason not yet acknowledged.

        An entry may come back with other history ids on another page; take each id once.

        :param reason: ``INCOMING RETURNSHIPMENT PACK_PARCEL SENT INVENTORY_IN INVENTORY_OUT``.
        """
        found: list[Row] = []
        seen: set[str] = set()
        for number in range(MOST_PAGES):
            data = self._get(_FLAG, params=[("reason", reason), ("page", str(number))])
            page = self._rows(data, "entries", _FLAG)
            ids = {str(r.get("historyId")) for row in page
                   for r in row.get("bookingHistoryEntries") or []}  # fmt: skip
            if ids and ids <= seen:  # the end came back as another page
                return found
            seen |= ids
            found += page
            if not more_pages(data):
                return found
        raise self._odd(_FLAG, "never ends")

    def acknowledge_postings(self, history_ids: Sequence[int]) -> None:
        """Take postings off the queue, at most `FLAGGED`; twice is harmless (contract 7)."""
        self._write("PUT", _FLAG, {"historyIds": list(history_ids)}, shop=False)
