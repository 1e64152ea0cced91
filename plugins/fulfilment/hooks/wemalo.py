"""wemalo: orders, their state, parcels, stock, products (wemalo contract)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fulfilment.hooks.paging import Row
from fulfilment.hooks.wemalo_calls import ZONE, between
from fulfilment.hooks.wemalo_returns import WemaloReturns
from fulfilment.hooks.wemalo_stock import WemaloStock
from include.core.orders.warehouse_texts import shown
from include.core.orders.wemalo_order import WarehouseStatus
from include.core.systems.errors import AmbiguousWrite, NotFound
from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


__all__ = ["Row", "WemaloAnswer", "WemaloHook", "WemaloStatus"]


@dataclass(frozen=True, slots=True)
class WemaloStatus:
    """Where an order stands at wemalo (contract 4.6).

    :param name: ``PARTIAL``, ``OPEN``, ... ``SHIPPED``, ``CANCELLED``; work with names only.
    :param reason: why PARTIAL: ``ADDRESS``, ``UNKNOWN`` or anything else; "" otherwise.
    :param block_reason: why BLOCKEDPACKED.
    :param wemalo_id: wemalo's own order id, where it was told.
    """

    name: str
    reason: str = ""
    block_reason: str = ""
    wemalo_id: int | None = None


@dataclass(frozen=True, slots=True)
class WemaloAnswer:
    """A clear yes to an order that was sent (contract 4.1, 4.3).

    :param status: where the order stands now; None if the answer does not say (route ``add``).
    """

    wemalo_id: int | None
    status: WemaloStatus | None
    raw: Row = field(default_factory=dict, repr=False)


class WemaloHook(WemaloReturns, WemaloStock):
    """Calls one merchant's client in wemalo.

    Connection type ``wemalo``: host = the API's address (`default_url` if empty), password = the
    token of the shop user.

    :param shop: name of the shop; sent along with writes when known (contract 1).
    """

    # -- orders ---------------------------------------------------------------------------

    def add_conditional(self, body: Row) -> WemaloAnswer:
        """Create an order, or send it again (contract 4.3).

        :param body: ``{"meta": {...}, "positions": [...]}`` as in contract 4.1.
        :raises OrderRejected: ``UNKNOWN_PRODUCT``, or ``CONFLICT``: too late for a change.
        :raises AmbiguousWrite: ask for the status before anything else.
        """
        return self._create("/goodsOrder/addConditional", body)

    def add(self, body: Row) -> WemaloAnswer:
        """Create an order wemalo does not have yet: ask for its status first (contract 4.9)."""
        return self._create("/goodsOrder/add", body)

    def status(self, external_id: str) -> WemaloStatus | None:
        """Return where an order stands; None = wemalo clearly does not know it (contract 4.6)."""
        if self._rehearsal is not None and external_id in self._rehearsal.cancelled:
            return WemaloStatus(WarehouseStatus.CANCELLED)
        route = "/goodsOrder/getStatus/{id}"
        try:
            data = self._get(route, external_id)
        except NotFound:
            return None
        status = _status(data)
        if status is None:
            raise self._odd(route, "names no status")
        return status

    def cancel(self, external_id: str, reason: str) -> None:
        """Cancel an order (contract 4.8).

        :raises OrderRejected: refused, for whatever reason: read the status to know why.
        """
        self._write("PUT", "/goodsOrder/cancel/{id}", {"reason": reason}, external_id)

    def update_meta(self, external_id: str, meta: Row) -> None:
        """Change an order's header or address (contract 4.4)."""
        self._write("PUT", "/goodsOrder/updateMeta/{id}", {"meta": meta}, external_id)

    def note(self, external_id: str, text: str, *, for_picking: bool = False) -> None:
        """Add a note to an order (contract 4.4)."""
        body: Row = {"notices": text}
        if for_picking:
            body["noticeField"] = 1
        self._write("PUT", "/goodsOrder/note/{id}", body, external_id)

    # -- parcels --------------------------------------------------------------------------

    def packages(self, external_id: str) -> list[Row]:
        """Return an order's packed parcels, also before hand-over (contract 5)."""
        data = self._get("/goodsOrder/packages", params=[("externalOrderId", external_id)])
        return self._rows(data, "packages", "/goodsOrder/packages")

    def sent_queue(self) -> Iterator[list[Row]]:
        """Yield all rows of sent items not yet acknowledged, page by page (contract 5).

        Acknowledge after reading.
        """
        return self._row_pages("/goodsOrder/packages/sent/", "historyId")

    def sent_queue_of(self, external_id: str) -> set[int]:
        """Return the history ids of one order's rows in the queue (contract 5)."""
        rows = self._queue("/goodsOrder/packages/sent/", "historyId", [("externalId", external_id)])
        return {number for row in rows if (number := whole(row.get("historyId"))) is not None}

    def sent_between(self, since: datetime, until: datetime) -> Iterator[list[Row]]:
        """Yield rows of sent items by time of hand-over, acknowledged or not (contract 5).

        They name no parcel and do not say whether the order is complete.

        :param since: aware; ``until`` is included, too.
        """
        return self._row_pages("/goodsOrder/sentPackages/", "historyId", between(since, until))

    def sent_of(self, external_id: str) -> list[Row]:
        """Return the rows of sent items of one order, acknowledged or not (contract 5)."""
        return self._queue("/goodsOrder/sentPackages/", "historyId", [("externalId", external_id)])

    def acknowledge_sent(self, history_id: int) -> None:
        """Take one row off the queue of sent items; twice is harmless (contract 15.3)."""
        self._write("PUT", "/goodsOrder/packages/sent/{id}", {}, str(history_id), shop=False)

    # -- products and stock ---------------------------------------------------------------

    def stock_reduced(self, external_id: str) -> Row:
        """Return a product's stock: ``quantity`` and ``quantityReserved`` (contract 7).

        :raises NotFound: wemalo does not know the product.
        """
        data: Row = self._get(
            "/product/stock/reduced/{id}", external_id, params=[("hideDetails", "true")]
        )
        if "quantityReserved" not in data and "notReservedQuantity" in data:
            # The second spelling counts the other part (contract 2, contradictions).
            total, free = whole(data.get("quantity")), whole(data["notReservedQuantity"])
            if total is not None and free is not None:
                data = {**data, "quantityReserved": total - free}
        return data

    def available_stock(self, since: datetime) -> list[Row]:
        """Return all products whose stock changed since the hour of ``since`` (contract 7).

        :param since: aware; wemalo knows whole hours only, so ask for the last success again.
        """
        hour = since.astimezone(ZONE).strftime("%d%m%Y%H")
        data = self._get("/product/availableStock/", params=[("fromDate", hour)])
        return self._rows(data, "articles", "/product/availableStock/")

    def changed_products(self, since: datetime) -> list[Row]:
        """Return all products changed since the hour of ``since``, aware (contract 3, 8)."""
        hour = since.astimezone(ZONE).strftime("%d%m%Y%H")
        data = self._get("/product/getAll", params=[("fromDate", hour)])
        return self._rows(data, "products", "/product/getAll")

    def add_products(self, products: Sequence[Row]) -> None:
        """Create or update products (contract 8)."""
        self._write("POST", "/product/addMultiple", {"products": list(products)})

    # -- facts of the client --------------------------------------------------------------

    def shop_name(self) -> str:
        """Return the shop's name as set up in wemalo-connect (contract 1)."""
        return str(self._get("/product/shop").get("shop") or "")

    def profiles(self) -> list[Row]:
        """Return the carriers with their ``profiles`` and ``matchId`` (contract 5)."""
        data = self._get("/goodsOrder/profiles")
        return self._rows(data, "dispatcher", "/goodsOrder/profiles")

    def generic_interfaces(self) -> list[Row]:
        """Return the interfaces wemalo runs itself for this user (contract 3, 16.15).

        Their ``attributes`` hold credentials of other systems and are left out.
        """
        route = "/user/genericInterfaces"
        rows = self._rows(self._get(route), "genericInterfaces", route)
        return [{name: row[name] for name in row if name != "attributes"} for row in rows]

    def _create(self, route: str, body: Row) -> WemaloAnswer:
        data = self._write("POST", route, body)
        if data.get("Success") is not True and whole(data.get("status")) != 200:
            text = (
                f"{self.merchant}: wemalo answered POST {route} neither yes nor no. The order is "
                "looked up before anything is repeated."
            )
            raise AmbiguousWrite(text, code="WRITE_UNREADABLE", merchant=self.merchant)
        return WemaloAnswer(whole(data.get("id")), _status(data), data)

    def _ping(self) -> str:
        return f"Connected to {self._settings.host}, shop '{self.shop_name()}'."


def _status(data: Row) -> WemaloStatus | None:
    name = data.get("statusName") or data.get("orderStatus")
    if not isinstance(name, str) or not name:
        return None
    return WemaloStatus(
        name=shown(name),
        reason=shown(data.get("reasonPartiallyReserved")),
        block_reason=shown(data.get("blockReason")),
        wemalo_id=whole(data.get("id")),
    )
