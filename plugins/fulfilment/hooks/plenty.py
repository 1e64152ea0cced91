"""plentymarkets: orders, statuses, notes, packages, goods issue (plentymarkets contract)."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.hooks import paging, plenty_parts
from fulfilment.hooks.paging import Filter, Listing, Row
from fulfilment.hooks.plenty_documents import PlentyDocuments
from fulfilment.hooks.plenty_facts import PlentyFacts
from fulfilment.hooks.plenty_items import PlentyItems
from fulfilment.hooks.plenty_returns import PlentyReturns
from fulfilment.hooks.plenty_stock import PlentyStock
from include.core.orders.search_results import Sightings
from include.core.orders.statuses import wire
from include.core.systems.errors import AmbiguousWrite, ConfigError, NotFound
from include.core.systems.values import moment, need_id, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence
    from decimal import Decimal

__all__ = ["FULFILMENT_SET", "Filter", "PlentyHook", "Row"]

_SEARCH = "/rest/orders/search"
#: contract 6.4, what fulfilment needs of an order; documents are read when needed
FULFILMENT_SET = ("addresses", "relations", "comments", "orderItems.variation", "shippingPackages")
# contract 11: the booking route of each order type (contract 9)
_BOOKING = {1: "sales_orders", 2: "delivery_orders", 5: "warranties", 6: "repairs"}
_CARTON = 24  # contract 10.1, packageType "cardboard box"


class PlentyHook(PlentyReturns, PlentyDocuments, PlentyItems, PlentyStock, PlentyFacts):
    """Calls one merchant's plentymarkets system.

    Connection type ``plenty``: host = the system's final https address, login and password = a
    REST user of its own. Searches use GET: it surely counts as a read (contract 22, question 10)
    and knows no body that could be ignored (contract 1, fact 2).

    :param plan: the system's plan; sets the call limits until headers say otherwise (contract 4).
    """

    # -- reading orders -------------------------------------------------------------------

    def search_ids(
        self, filters: Sequence[Filter], *, expect: Callable[[Row], bool] | None = None
    ) -> list[int]:
        """Return the ids of all orders that pass ``filters``, ascending (contract 6.2).

        :param expect: checks a base row (``id typeId statusId plentyId updatedAt lockStatus``...)
            against the same conditions; rows that fail are left out.
        :raises ContractError: the filter is ignored (code ``FILTER_IGNORED``).
        """
        return [need_id(row, "id") for row in self.search_rows(filters, expect=expect)]

    def search_rows(
        self,
        filters: Sequence[Filter],
        *,
        expect: Callable[[Row], bool] | None = None,
        with_: Sequence[str] = (),
        splits: bool = False,
    ) -> list[Row]:
        """Return all orders that pass ``filters``, ascending by id, each once.

        Rows that leave the result while it is read shift nothing: reading goes on from the last id.

        :param with_: parts to bring beside those of contract 23; none: base rows only.
        :param splits: each row's ``hasDeliveryOrders`` is true or false, whatever the system shows.
        :raises ContractError: the filter is ignored, or what was asked for is in no row.
        """
        listing = Listing(f"GET {_SEARCH}", self.merchant, expect)
        found = listing.by_id(lambda after: self._search(filters, after, with_))
        self._tell_odd(listing, len(found))
        rows = plenty_parts.checked(list(found.values()), with_, f"GET {_SEARCH}", self.merchant)
        if splits:
            self._tell_splits(rows)
        return rows

    def split_orders(self, ids: Iterable[int]) -> set[int]:
        """Return which of some orders have delivery orders: a read per 250 (contract 9.1)."""
        found: set[int] = set()
        for chunk in paging.chunks(ids):
            parts = self.search_rows(
                plenty_parts.delivery_orders_of(chunk),
                expect=plenty_parts.is_delivery_order,
                with_=("relations",),
            )
            found |= {parent for part in parts for parent in plenty_parts.parents(part)} & {*chunk}
        return found

    def _tell_splits(self, rows: list[Row]) -> None:
        """Put ``hasDeliveryOrders`` into rows that lack it, as live ones do (contract 23)."""
        silent = {need_id(row, "id"): row for row in rows if not plenty_parts.says_split(row)}
        split = self.split_orders(silent)
        for order_id, row in silent.items():
            row[plenty_parts.SPLIT] = order_id in split

    def search_shown(
        self,
        filters: Sequence[Filter],
        *,
        expect: Callable[[Row], bool] | None = None,
        into: Sightings | None = None,
        splits: bool = False,
    ) -> Sightings:
        """Return what `search_rows` shows of any number of orders, packed page by page.

        Orders whose row cannot be read are named there, too: they are to be read by their ids.

        :param into: what was shown before, to be added to.
        :param splits: tell of each whether it is split, as `search_rows` does.
        """
        listing = Listing(f"GET {_SEARCH}", self.merchant, expect)
        found = Sightings() if into is None else into
        for page in listing.pages(lambda after: self._search(filters, after, ())):
            if splits:
                self._tell_splits(page)
            for row in page:
                found.add(row)
        found.unreadable |= listing.unreadable
        self._tell_odd(listing, len(found))
        return found

    def _tell_odd(self, listing: Listing, rows: int) -> None:
        self._leave_out(listing.what, listing.nameless)
        if listing.dropped or listing.missing or listing.unreadable:
            self.log.warning(
                "search merchant=%s rows=%d dropped=%d missing=%d unreadable=%d",
                self.merchant,
                rows,
                listing.dropped,
                listing.missing,
                len(listing.unreadable),
            )

    def newest_rows(self, filters: Sequence[Filter], *, expect: Callable[[Row], bool]) -> list[Row]:
        """Return at most one page of the orders that pass ``filters``, the highest ids first.

        One read, whatever there is: for asking whether anything is there, not for all of it.
        """
        data = self._get(
            _SEARCH,
            params=[
                *paging.params(filters),
                ("sortBy", "orderId"),
                ("sortOrder", "desc"),
                ("page", "1"),
                ("itemsPerPage", str(paging.PAGE_SIZE)),
                ("lazyLoaded", "true"),
            ],
        )
        page = paging.read_page(data, f"GET {_SEARCH}", self.merchant)
        return [row for row in page.rows if paging.passes(row, expect)]

    def rows_by_id(
        self, ids: Iterable[int], with_: Sequence[str] = (), *, splits: bool = False
    ) -> dict[int, Row]:
        """Return orders by id with one search per 250 ids; unknown ids are simply absent."""
        rows: dict[int, Row] = {}
        for chunk in paging.chunks(ids):
            asked = set(chunk)
            condition = [Filter("orderId", "in", chunk)]
            expect = partial(_is_one_of, asked)
            for row in self.search_rows(condition, expect=expect, with_=with_, splits=splits):
                rows[need_id(row, "id")] = row
        return rows

    def order_contents(self, ids: Iterable[int], *, splits: bool = False) -> dict[int, Row]:
        """Return orders with all that fulfilment needs (contract 6.4); unknown ids are absent."""
        return self.rows_by_id(ids, FULFILMENT_SET, splits=splits)

    def order(self, order_id: int, with_: Sequence[str] = ()) -> Row:
        """Return one order by its own route, which no search's index stands before (contract 6.1).

        :raises NotFound: there is no such order.
        :raises ContractError: it lacks a part that was asked for.
        """
        route = "/rest/orders/{order_id}"
        params = [("with[]", name) for name in with_]
        data = self._get(route, params=params, order_id=order_id)
        if not isinstance(data, dict) or whole(data.get("id")) != order_id:
            what = f"GET {route}"
            raise self._odd(what)
        return plenty_parts.checked([data], with_, f"order {order_id}", self.merchant)[0]

    def _search(self, filters: Sequence[Filter], after: int, with_: Sequence[str]) -> Any:
        conditions = list(filters)
        if after:
            conditions.append(Filter("orderId", "gt", after))
        query = [
            *paging.params(conditions),
            ("sortBy", "orderId"),
            ("sortOrder", "asc"),
            ("page", "1"),
            ("itemsPerPage", str(paging.PAGE_SIZE)),
            # Base rows are enough to choose; contents need properties and amounts, too.
            ("lazyLoaded", "false" if with_ else "true"),
            *(("with[]", name) for name in with_),
        ]
        return self._get(_SEARCH, params=query)

    def status_history(
        self,
        since: datetime,
        *,
        until: datetime | None = None,
        order_id: int | None = None,
        only: Container[int] | None = None,
    ) -> list[Row]:
        """Return status changes, sorted by id, not by time (contract 18).

        :param since: aware; changes at this very second are included.
        :param until: aware; up to now if left out.
        :param only: keep those of these orders; a busy merchant has thousands of others.
        """
        query = [("createdAtFrom", since.isoformat(timespec="seconds"))]
        if until is not None:
            query.append(("createdAtTo", until.isoformat(timespec="seconds")))
        if order_id is not None:
            query.append(("orderId", str(order_id)))
        oldest = since.replace(microsecond=0)

        def expect(row: Row) -> bool:
            if order_id is not None and whole(row.get("orderId")) != order_id:
                return False
            at = moment(row.get("createdAt"), UTC)
            return at is None or (at >= oldest and (until is None or at <= until))

        route = "/rest/orders/status-history"
        listing = Listing(f"GET {route}", self.merchant, expect)
        rows = listing.by_number(
            lambda page: self._get(
                route,
                params=[*query, ("page", str(page)), ("itemsPerPage", str(paging.PAGE_SIZE))],
            ),
            key=lambda row: (row.get("id"), row.get("orderId"), row.get("createdAt")),
            keep=None if only is None else lambda row: whole(row.get("orderId")) in only,
        )
        self._leave_out(listing.what, listing.nameless)
        return sorted(rows, key=lambda row: whole(row.get("id")) or 0)

    # -- writing orders -------------------------------------------------------------------

    def set_status(self, order_id: int, status: Decimal) -> None:
        """Set an order's status (contract 7.1). There is no conditional write: re-read before."""
        self._put("/rest/orders/{order_id}", {"statusId": wire(status)}, order_id=order_id)

    def comments(self, order_id: int) -> list[Row]:
        """Return an order's notes (contract 14)."""
        return self._list("/rest/comments/order/{order_id}", order_id=order_id)

    def add_comment(self, order_id: int, text: str) -> None:
        """Add a note that only the merchant sees; look for its marker first (contract 14)."""
        body = {
            "referenceType": "order",
            "referenceValue": order_id,
            "text": html.escape(text, quote=False),
            "isVisibleForContact": False,
        }
        self._post("/rest/comments", body)

    def packages(self, order_id: int) -> list[Row]:
        """Return an order's packages (contract 10.1)."""
        return self._list("/rest/orders/{order_id}/shipping/packages", order_id=order_id)

    def create_package(
        self, order_id: int, *, package_type_id: int, number: str, weight_g: int | None
    ) -> int:
        """Add a package with its tracking number and return its id; look first (contract 10.1).

        :param package_type_id: a row of `package_types`.
        """
        body = {
            **_package(number, weight_g),
            "packageId": package_type_id,
            "packageType": _CARTON,
            "returnPackageNumber": "",
        }
        data = self._post("/rest/orders/{order_id}/shipping/packages", body, order_id=order_id)
        package_id = whole(data.get("id")) if isinstance(data, dict) else None
        if package_id is None:
            text = (
                f"{self.merchant}: plentymarkets took a package but gave no id for it. Whether it "
                "took effect is looked up before anything is repeated."
            )
            raise AmbiguousWrite(text, code="WRITE_UNREADABLE", merchant=self.merchant)
        return package_id

    def update_package(
        self,
        order_id: int,
        package_id: int,
        *,
        number: str,
        weight_g: int | None = None,
        package_type_id: int | None = None,
    ) -> None:
        """Give a package its tracking number (contract 10.1)."""
        body: dict[str, Any] = _package(number, weight_g)
        if package_type_id is not None:
            body["packageId"] = package_type_id
        self._put(
            "/rest/orders/{order_id}/shipping/packages/{package_id}",
            body,
            order_id=order_id,
            package_id=package_id,
        )

    def shipping_information(self, order_id: int) -> Row | None:
        """Return an order's shipping information, None if there is none (contract 10.2)."""
        try:
            data = self._get(
                "/rest/orders/{order_id}/shipping/shipping_information", order_id=order_id
            )
        except NotFound:
            return None
        return data if isinstance(data, dict) and data else None

    def set_shipping_information(
        self,
        order_id: int,
        *,
        number: str,
        provider: str,
        shipped_at: datetime,
        additional: str = "",
    ) -> None:
        """Write tracking number and shipping provider (contract 10.2).

        :param shipped_at: aware.
        :param additional: free text, for example the address of the tracking page.
        """
        at = shipped_at.isoformat(timespec="seconds")
        body = {
            "orderId": order_id,
            "transactionId": number,
            "shippingServiceProvider": provider,
            "shippingStatus": "registered",
            "shippingCosts": 0,
            "additionalData": additional,
            "registrationAt": at,
            "shipmentAt": at,
        }
        self._post("/rest/orders/shipping/shipping_information", body)

    def book_goods_issue(self, order_id: int, type_id: int, at: datetime) -> None:
        """Book the outgoing items: stock goes down, the status becomes 7 (contract 11).

        :param type_id: the order's type; sales, delivery, warranty and repair orders can be booked.
        :param at: aware.
        """
        kind = _BOOKING.get(type_id)
        if kind is None:
            text = f"{self.merchant}: orders of type {type_id} have no goods issue."
            raise ConfigError(text, code="NOT_BOOKABLE", merchant=self.merchant)
        body = {"message": "", "bookingDate": at.isoformat(timespec="seconds")}
        self._post(f"/rest/{kind}/{{order_id}}/book", body, order_id=order_id)


def _is_one_of(asked: set[int], row: Row) -> bool:
    return whole(row.get("id")) in asked


def _package(number: str, weight_g: int | None) -> Row:
    return {"packageNumber": number, **({} if weight_g is None else {"weight": weight_g})}
