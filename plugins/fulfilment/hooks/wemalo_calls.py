"""wemalo: transport: token, call limit, paths, lists and queues (wemalo contract 1, 2, 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fulfilment.hooks import settings as connection_settings
from fulfilment.hooks.auth import HeaderAuth, need
from fulfilment.hooks.base import ApiHook
from fulfilment.hooks.paging import MOST_PAGES, Row
from fulfilment.hooks.transport import Request
from include.core.systems.errors import ContractError
from include.core.systems.values import count, identifier
from include.ledger.systems import budget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from requests.auth import AuthBase
    from sqlalchemy import Engine

    from fulfilment.hooks.settings import Settings
    from fulfilment.hooks.transport import Reply

ZONE = ZoneInfo("Europe/Berlin")  # contract 2: the zone of all its times
_CALLS_A_MINUTE = 60  # contract 13: size and window of the limit are not public
_QUEUE_READINGS = 3
_MOST_ROWS = 10_000  # of a page


def between(since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Return the filter of a range, both ends included (contract 2, 5, 6.2)."""
    return [
        (name, moment.astimezone(ZONE).strftime("%d.%m.%Y %H:%M:%S"))
        for name, moment in (("dateFrom", since), ("dateTo", until))
    ]


def more_pages(data: Row) -> bool:
    """Tell whether an answer says that another page follows (contract 2)."""
    return data.get("additionalPage") in (True, "true", 1, "1")


class WemaloCalls(ApiHook):
    """Sends the shop user's token and keeps to the call limit."""

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

    def _rows(self, data: Row, name: str, route: str) -> list[Row]:
        rows = data.get(name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._odd(route, f"has no list '{name}'")
        return rows

    def _odd(self, route: str, wrong: str) -> ContractError:
        text = f"{self.merchant}: wemalo's answer to GET {route} {wrong}. Nothing of it was used."
        return ContractError(text, merchant=self.merchant)

    def _queue(self, route: str, key: str, params: Sequence[tuple[str, str]] = ()) -> list[Row]:
        """Return all rows of a queue or list of bookings, each once, ascending by ``key``."""
        rows = {
            number: row
            for page in self._queue_pages(route, key, params)
            for number, row in page.items()
        }
        return [rows[number] for number in sorted(rows)]

    def _row_pages(
        self, route: str, key: str, params: Sequence[tuple[str, str]] = ()
    ) -> Iterator[list[Row]]:
        """Yield the rows of a queue or list page by page, each once, a page ascending by key."""
        for page in self._queue_pages(route, key, params):
            yield [page[number] for number in sorted(page)]

    def _queue_pages(
        self, route: str, key: str, params: Sequence[tuple[str, str]] = ()
    ) -> Iterator[dict[int, Row]]:
        """Yield the rows of a queue page by page, by ``key``, each once.

        Rows vanish when they are acknowledged, which shifts the pages: acknowledge after reading.
        Rows that another process acknowledged meanwhile cost a second reading (contract 5 to 7).
        """
        told: set[int] = set()
        for _ in range(_QUEUE_READINGS):
            seen: set[int] = set()
            first: dict[int, Row] = {}
            for number in range(MOST_PAGES):
                page, more = self._queue_page(route, key, params, number)
                if number == 0:
                    first = page
                known = len(seen)
                seen.update(page)
                yield {booking: row for booking, row in page.items() if booking not in told}
                told.update(page)
                if not more or len(seen) == known:  # nothing new: the end came as another page
                    break
            else:
                raise self._odd(route, "never ends")
            if len(first) == len(seen) or first == self._queue_page(route, key, params, 0)[0]:
                return

    def _queue_page(
        self, route: str, key: str, params: Sequence[tuple[str, str]], number: int
    ) -> tuple[dict[int, Row], bool]:
        data = self._get(route, params=[*params, ("page", str(number))])
        rows = {}
        for place, row in enumerate(self._rows(data, "bookings", route), 1):
            booking_id = identifier(row.get(key))
            # a row without its key is the reader's to refuse, alone: its place tells it apart
            rows[-place - number * _MOST_ROWS if booking_id is None else booking_id] = row
        return rows, more_pages(data)

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
            limit=count(reply.headers.get("x-wemalo-limit-maxcall"), budget.MOST_CALLS),
            left=count(reply.headers.get("x-wemalo-limit-remainingcall"), budget.MOST_CALLS),
        )
        return {"call": reading}
