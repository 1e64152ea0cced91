"""Read which return orders plentymarkets has of some orders."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from fulfilment.hooks.paging import Filter, chunks
from include.core import return_orders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fulfilment.flow.work import Work

PARTS = ("orderItems.variation", "originOrderReferences", "comments")


def existing_returns(work: Work, order_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the return orders of orders, by original order, in one search per 250 orders."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for chunk in chunks(order_ids):
        asked = set(chunk)

        def expected(row: dict[str, Any], asked: set[int] = asked) -> bool:
            parent = return_orders.parent_of(row)
            return int(row["typeId"]) == return_orders.RETURN_TYPE and parent in asked

        conditions = [
            Filter("orderTypeId", "eq", return_orders.RETURN_TYPE),
            Filter("orderReference_parent", "in", chunk),
        ]
        for row in work.plenty.search_rows(conditions, expect=expected, with_=PARTS):
            parent = return_orders.parent_of(row)
            if parent is not None:
                found[parent].append(row)
    return found
