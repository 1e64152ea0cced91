"""What plentymarkets shows of orders now. Absence in a search is no fact: it is asked for by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.systems.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from fulfilment.flow.systems.work import Work


def rows_now(
    work: Work, ids: Collection[int], *, splits: bool = False
) -> dict[int, dict[str, Any]]:
    """Return orders by id in one search; only deleted ones are absent.

    :param splits: each row's ``hasDeliveryOrders`` is true or false.
    :raises FulfilmentError: an order could not be read: nothing is known of it.
    """
    rows = work.plenty.rows_by_id(ids, splits=splits)
    for order_id in ids:
        row = rows.get(order_id) or row_now(work, order_id, splits=splits)
        if row is not None:
            rows[order_id] = row
    return rows


def row_now(work: Work, order_id: int, *, splits: bool = False) -> dict[str, Any] | None:
    """Return an order that a search omitted, by its own route; None if it was deleted.

    A search's index may be behind; the order's own route (plentymarkets contract 6.1) is not.
    """
    try:
        row = work.plenty.order(order_id)
    except NotFound:
        return None
    if splits and not isinstance(row.get("hasDeliveryOrders"), bool):
        row["hasDeliveryOrders"] = order_id in work.plenty.split_orders([order_id])
    return row
