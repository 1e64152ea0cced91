"""wemalo: orders, their state, parcels, stock, products (wemalo contract)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fulfilment.hooks import settings as connection_settings
from fulfilment.hooks.answers import whole
from fulfilment.hooks.base import ApiHook, HeaderAuth, need
from fulfilment.hooks.paging import MOST_PAGES, Row
from fulfilment.hooks.transport import Request
from fulfilment.hooks.wemalo_returns import WemaloReturns
from fulfilment.hooks.wemalo_stock import WemaloStock
from include.core.errors import AmbiguousWrite, ContractError, NotFound
from include.ledger import budget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from requests.auth import AuthBase
    from sqlalchemy import Engine

    from fulfilment.hooks.settings import Settings
    from fulfilment.hooks.transport import Reply

__all__ = ["Row", "WemaloAnswer", "WemaloHook", "WemaloStatus"]

ZONE = ZoneInfo("Europe/Berlin")  # contract 2: the zone of all its times
_CALLS_A_MINUTE = 60  # contract 13: size and window of the limit are not public
_QUEUE = "/goodsOrder/packages/sent/"
_QUEUE_READINGS = 3


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


class WemaloHook(WemaloReturns, WemaloStock, ApiHook):
    """Calls one merchant's client in wemalo.

    Connection type ``wemalo``: host = the API's address (`default_url` if empty), password = the
    token of the shop user.

    :param shop: name of the shop; sent along with writes when known (contract 1).
    """

    conn_type = "wemalo"
    hook_name = "wemalo"
    default_conn_name = "wemalo_default"
    system: ClassVar[str] = "wemalo"
    default_url: ClassVar[str] = "https://connect.wemalo.com/v1"

    def __init__(
        self,
        merchant: str = "",
        conn_id: str = default_conn_name,
        ledger_engine: Engine | None = None,
        *,
        shop: str = "",
        priority: str = "orders",
        **options: Any,
    ) -> None:
        super().__init__(merchant, conn_id, ledger_engine, priority=priority, **options)
        self._shop = shop

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

    def sent_queue(self) -> list[Row]:
        """Return all rows of sent items not yet acknowledged, ascending by ``historyId``.

        Rows vanish when they are acknowledged, which shifts the pages: acknowledge after reading.
        Rows that another process acknowledged meanwhile cost a second reading (contract 5, 7).
        """
        for _ in range(_QUEUE_READINGS):
            rows, first = self._read_queue()
            if len(first) == len(rows) or first == self._queue_page(0)[0]:
                break
        return [rows[number] for number in sorted(rows)]

    def _read_queue(self) -> tuple[dict[int, Row], dict[int, Row]]:
        rows: dict[int, Row] = {}
        first: dict[int, Row] = {}
        for number in range(MOST_PAGES):
            page, more = self._queue_page(number)
            if number == 0:
                first = page
            known = len(rows)
            rows.update(page)
            if not more or len(rows) == known:  # nothing new: the end came back as another page
                return rows, first
        raise self._odd(_QUEUE, "never ends")

    def _queue_page(self, number: int) -> tuple[dict[int, Row], bool]:
        data = self._get(_QUEUE, params=[("page", str(number))])
        rows = {}
        for row in self._rows(data, "bookings", _QUEUE):
            history_id = whole(row.get("historyId"))
            if history_id is None:
                raise self._odd(_QUEUE, "holds a row without historyId")
            rows[history_id] = row
        return rows, data.get("additionalPage") in (True, "true", 1, "1")

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

    # -- calls ----------------------------------------------------------------------------

    def _get(
        self, route: str, external_id: str = "", *, params: Sequence[tuple[str, str]] = ()
    ) -> Row:
        path = route.format(id=quote(external_id, safe=""))
        data: Row = self._call(Request("GET", route, path, params=params))
        return data

    def _write(
        self, method: str, route: str, body: Row, external_id: str = "", *, shop: bool = True
    ) -> Row:
        path = route.format(id=quote(external_id, safe=""))
        if shop and self._shop:
            body = {"shop": self._shop, **body}
        data: Row | None = self._call(Request(method, route, path, body=body, kind="write"))
        return data or {}

    def _create(self, route: str, body: Row) -> WemaloAnswer:
        data = self._write("POST", route, body)
        if data.get("Success") is not True and whole(data.get("status")) != 200:
            text = (
                f"{self.merchant}: wemalo answered POST {route} neither yes nor no. The order is "
                "looked up before anything is repeated."
            )
            raise AmbiguousWrite(text, code="WRITE_UNREADABLE", merchant=self.merchant)
        return WemaloAnswer(whole(data.get("id")), _status(data), data)

    def _rows(self, data: Row, name: str, route: str) -> list[Row]:
        rows = data.get(name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._odd(route, f"has no list '{name}'")
        return rows

    def _odd(self, route: str, wrong: str) -> ContractError:
        text = f"{self.merchant}: wemalo's answer to GET {route} {wrong}. Nothing of it was used."
        return ContractError(text, merchant=self.merchant)

    def _ping(self) -> str:
        return f"Connected to {self._settings.host}, shop '{self.shop_name()}'."

    # -- what the base asks for -----------------------------------------------------------

    @property
    def _settings(self) -> Settings:
        if self._settings_ is None:
            found = connection_settings.load(
                self.conn_id, self.get_connection, self.merchant, default_url=self.default_url
            )
            if not urlsplit(found.base_url).path:  # every route is below /v1 (contract 1)
                found = found.with_path("/v1")
            self._settings_ = found
        return self._settings_

    def _auth(self, stale: AuthBase | None = None) -> AuthBase | None:
        if stale is not None:  # there is no login: somebody has to enter a new token
            return None
        token = need(self._settings.password, "token (Password)", self._settings, self.merchant)
        return HeaderAuth(f"JWT {token}")

    def _limits(self, request: Request) -> Mapping[str, budget.Limit]:
        return {"call": budget.Limit(_CALLS_A_MINUTE, 60)}

    def _readings(
        self, request: Request, reply: Reply, refused_s: float | None
    ) -> Mapping[str, budget.Reading]:
        if refused_s is not None:
            return {"call": budget.Reading(left=0, reset_s=refused_s)}
        reading = budget.Reading(
            limit=whole(reply.headers.get("x-wemalo-limit-maxcall")),
            left=whole(reply.headers.get("x-wemalo-limit-remainingcall")),
        )
        return {"call": reading}


def _status(data: Row) -> WemaloStatus | None:
    name = data.get("statusName") or data.get("orderStatus")
    if not isinstance(name, str) or not name:
        return None
    return WemaloStatus(
        name=name,
        reason=str(data.get("reasonPartiallyReserved") or ""),
        block_reason=str(data.get("blockReason") or ""),
        wemalo_id=whole(data.get("id")),
    )
