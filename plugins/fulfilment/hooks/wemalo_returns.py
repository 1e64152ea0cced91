"""wemalo: returned pieces, announcements of returns, documents (wemalo contract 4.5, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.hooks.wemalo_calls import WemaloCalls, between
from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fulfilment.hooks.paging import Row


class WemaloReturns(WemaloCalls):
    """Reads and acknowledges booked returns, announces returns, attaches documents."""

    def booked_returns(self) -> list[Row]:
        """Return all returned pieces not yet acknowledged, ascending by ``id`` (contract 6.2).

        Acknowledge after reading.
        """
        return self._queue("/returns/booked", "id")

    def returns_between(self, since: datetime, until: datetime) -> Iterator[list[Row]]:
        """Yield returned pieces by time of booking, acknowledged or not (contract 6.2)."""
        return self._row_pages("/returns/getBookings", "id", between(since, until))

    def returns_of(self, external_id: str) -> list[Row]:
        """Return the returned pieces of one order, acknowledged or not (contract 6.2)."""
        return self._queue("/returns/getBookings", "id", [("externalGoodsOrderId", external_id)])

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
