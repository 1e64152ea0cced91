"""wemalo: returned pieces, announcements of returns, documents (wemalo contract 4.5, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.hooks.answers import whole
from fulfilment.hooks.base import ApiHook
from fulfilment.hooks.paging import MOST_PAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fulfilment.hooks.paging import Row
    from include.core.errors import ContractError

_QUEUE = "/returns/booked"
_READINGS = 3


class WemaloReturns(ApiHook):
    """Reads and acknowledges booked returns, announces returns, attaches documents."""

    if TYPE_CHECKING:  # what `WemaloHook` brings along

        def _get(
            self, route: str, external_id: str = "", *, params: Sequence[tuple[str, str]] = ()
        ) -> Row: ...
        def _write(
            self, method: str, route: str, body: Row, external_id: str = "", *, shop: bool = True
        ) -> Row: ...
        def _rows(self, data: Row, name: str, route: str) -> list[Row]: ...
        def _odd(self, route: str, wrong: str) -> ContractError: ...

    def booked_returns(self) -> list[Row]:
        """Return all returned pieces not yet acknowledged, ascending by ``id`` (contract 6.2).

        Rows vanish when they are acknowledged, which shifts the pages: acknowledge after reading.
        """
        for _ in range(_READINGS):
            rows, first = self._read_returns()
            if len(first) == len(rows) or first == self._returns_page(0)[0]:
                break
        return [rows[number] for number in sorted(rows)]

    def _read_returns(self) -> tuple[dict[int, Row], dict[int, Row]]:
        rows: dict[int, Row] = {}
        first: dict[int, Row] = {}
        for number in range(MOST_PAGES):
            page, more = self._returns_page(number)
            if number == 0:
                first = page
            known = len(rows)
            rows.update(page)
            if not more or len(rows) == known:  # nothing new: the end came back as another page
                return rows, first
        raise self._odd(_QUEUE, "never ends")

    def _returns_page(self, number: int) -> tuple[dict[int, Row], bool]:
        data = self._get(_QUEUE, params=[("page", str(number))])
        rows: dict[int, Row] = {}
        for row in self._rows(data, "bookings", _QUEUE):
            history_id = whole(row.get("id"))
            if history_id is None:
                raise self._odd(_QUEUE, "holds a row without id")
            rows[history_id] = row
        return rows, data.get("additionalPage") in (True, "true", 1, "1")

    def acknowledge_return(self, history_id: int) -> None:
        """Take one row off the queue of booked returns; twice is harmless (contract 6.2)."""
        self._write("PUT", "/returns/booked/{id}", {}, str(history_id), shop=False)

    def announce_return(self, body: Row) -> int | None:
        """Announce a return, or send it again under the same external id (contract 6.1).

        :returns: wemalo's own id, where it was told.
        """
        return whole(self._write("POST", "/returns/announceConditional", body).get("id"))

    def add_document(self, external_id: str, kind: str, name: str, content: str) -> int | None:
        """Attach a PDF to an order (contract 4.5); wemalo cannot be asked for it afterwards.

        :param kind: ``BILL`` or ``GOODSORDERDELIVERYNOTE``.
        :param content: base64.
        :returns: wemalo's id of the document, where it was told.
        :raises AmbiguousWrite: it may have been attached.
        """
        body: dict[str, Any] = {"docType": kind, "docName": name, "base64data": content}
        data = self._write("POST", "/goodsOrder/addDocument/{id}", body, external_id, shop=False)
        return whole(data.get("id"))
