"""What plentymarkets shows of orders now. Absence in a search is no fact: it is asked for by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from fulfilment.flow.work import Work


def rows_now(
    work: Work, ids: Collection[int], *, splits: bool = False
) -> dict[int, dict[str, Any]]:
    """Return orders by id in one search; only deleted ones are absent.

    What the search omits is read by its own route (plentymarkets contract 6.1): its index may be
    behind.

    :param splits: each row's ``hasDeliveryOrders`` is true or false.
    :raises FulfilmentError: an order could not be read: nothing is known of it.
    """
    rows = work.plenty.rows_by_id(ids, splits=splits)
    for order_id in ids:
        row = rows.get(order_id) or work.plenty.order_by_id(order_id, splits=splits)
        if row is not None:
            rows[order_id] = row
    return rows
