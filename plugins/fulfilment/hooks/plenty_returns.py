"""plentymarkets: return orders (plentymarkets contract 9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfilment.hooks.plenty_calls import PlentyCalls
from include.core.orders.statuses import wire
from include.core.systems.errors import AmbiguousWrite
from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from fulfilment.hooks.paging import Row


class PlentyReturns(PlentyCalls):
    """Creates return orders, describes their items and books them into stock."""

    def validate_return(self, order_id: int, quantities: Sequence[Row]) -> None:
        """Ask whether a return would be taken; nothing is changed, so it may be repeated.

        :raises OrderRejected: it would not.
        """
        self._post(
            "/rest/orders/{order_id}/returns/validate",
            {"quantities": list(quantities)},
            order_id=order_id,
        )

    def create_return(
        self,
        order_id: int,
        *,
        status: Decimal,
        warehouse_id: int,
        quantities: Sequence[Row],
        comment: str,
    ) -> int:
        """Create a return order linked to ``order_id`` and return its id; look first.

        No stock is booked by it. Whether the comment is taken over REST is not proven.

        :param quantities: ``{"orderItemId", "quantity"}`` of the original order's items.
        :raises AmbiguousWrite: it may have been created.
        """
        body = {
            "statusId": wire(status),
            "warehouseId": warehouse_id,
            "quantities": list(quantities),
            "comments": [{"text": comment, "isVisibleForContact": False}],
        }
        data = self._post("/rest/orders/{order_id}/returns", body, order_id=order_id)
        return_id = whole(data.get("id")) if isinstance(data, dict) else None
        if return_id is None:
            text = (
                f"{self.merchant}: plentymarkets took a return but gave no id for it. It is "
                "looked up before anything is repeated."
            )
            raise AmbiguousWrite(text, code="WRITE_UNREADABLE", merchant=self.merchant)
        return return_id

    def update_return(
        self, return_id: int, *, status: Decimal | None = None, items: Sequence[Row] = ()
    ) -> None:
        """Set a return order's status and items; the items sent replace those there."""
        body: Row = {}
        if status is not None:
            body["statusId"] = wire(status)
        if items:
            body["orderItems"] = list(items)
        self._put("/rest/returns/{return_id}", body, return_id=return_id)

    def validate_return_booking(self, return_id: int, quantities: Sequence[Row]) -> None:
        """Ask whether pieces of a return order could be booked into stock; nothing is changed.

        :raises OrderRejected: they could not, for example because they are booked already.
        """
        self._post(
            "/rest/returns/{return_id}/book/validate",
            {"quantities": list(quantities)},
            return_id=return_id,
        )

    def book_return(self, return_id: int, quantities: Sequence[Row]) -> None:
        """Book pieces of a return order into stock; look first, a second call books them twice.

        :param quantities: ``{"orderItemId", "quantity", "storageLocationId"}`` of its own items.
        """
        self._post(
            "/rest/returns/{return_id}/book",
            {"quantities": list(quantities)},
            return_id=return_id,
        )
