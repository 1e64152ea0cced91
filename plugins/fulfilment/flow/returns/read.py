"""Read which return orders plentymarkets has."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import halved
from fulfilment.hooks.paging import Filter, chunks
from include.core import return_orders
from include.core.values import need_id, need_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from fulfilment.flow.work import Work

_RETURNS = Filter("orderTypeId", "eq", return_orders.RETURN_TYPE)
PARTS = ("orderItems.variation", "originOrderReferences", "comments")


def existing_returns(work: Work, order_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the return orders of orders, by original order, in one search per 250 orders.

    An order that is absent could not be read and was noted: nothing is known of it.
    """
    found: dict[int, list[dict[str, Any]]] = {}

    def read(some: Sequence[int]) -> None:
        asked = set(some)

        def expected(row: dict[str, Any]) -> bool:
            parent = return_orders.parent_of(row)
            return need_id(row, "typeId") == return_orders.RETURN_TYPE and parent in asked

        made = _search(work, Filter("orderReference_parent", "in", list(some)), expected)
        found.update({order_id: made.get(order_id, []) for order_id in some})

    for chunk in chunks(order_ids):
        if not halved(work, "returns_read", chunk, read):
            break
    return found


def returns_since(work: Work, since: datetime) -> dict[int, list[dict[str, Any]]]:
    """Return all return orders made since a moment, by original order.

    Where a duplicate is at stake, the search must not rest on one filter whose meaning was never
    seen on a live system: this one uses none but type and date (plentymarkets contract 6.2).
    """
    start = since.replace(microsecond=0)

    def expected(row: dict[str, Any]) -> bool:
        made = need_moment(row, "createdAt", UTC)
        return need_id(row, "typeId") == return_orders.RETURN_TYPE and made >= start

    return _search(work, Filter("createdAt", "gte", start), expected)


def _search(
    work: Work, condition: Filter, expected: Callable[[dict[str, Any]], bool]
) -> dict[int, list[dict[str, Any]]]:
    """Return the return orders of a search, by original order."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in work.plenty.search_rows([_RETURNS, condition], expect=expected, with_=PARTS):
        parent = return_orders.parent_of(row)
        if parent is not None:
            found[parent].append(row)
    return found
