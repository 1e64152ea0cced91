"""Read which return orders plentymarkets has."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

from fulfilment.flow.systems.each import halved
from fulfilment.hooks.paging import Filter, chunks
from include.core.returns import return_orders
from include.core.systems.values import need_id, need_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from fulfilment.flow.systems.work import Work

_RETURNS = Filter("orderTypeId", "eq", return_orders.RETURN_TYPE)
PARTS = ("orderItems.variation", "originOrderReferences", "comments")


def existing_returns(work: Work, order_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the return orders of orders, by original order, in one search per 250 orders.

    An order that is absent could not be read and was noted: nothing is known of it.
    """
    found: dict[int, list[dict[str, Any]]] = {}

    def read(some: Sequence[int]) -> None:
        made = _linked(work, some)
        found.update({order_id: made.get(order_id, []) for order_id in some})

    for chunk in chunks(order_ids):
        if not halved(work, "returns_read", chunk, read):
            break
    return found


def returns_of(work: Work, order_id: int, since: datetime) -> list[dict[str, Any]]:
    """Return the return orders of one order that any search shows, for a look.

    Where a duplicate is at stake, it must not rest on one filter whose meaning was never seen on a
    live system: the second search uses none but type and date (plentymarkets contract 6.2).

    :param since: those of the second search were made after it; aware.
    :raises FulfilmentError: a search failed; nothing is known.
    """
    found = [*_linked(work, [order_id])[order_id], *_since(work, since)[order_id]]
    return list({need_id(data, "id"): data for data in found}.values())


def _linked(work: Work, order_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    asked = set(order_ids)

    def expected(row: dict[str, Any]) -> bool:
        parent = return_orders.parent_of(row)
        return need_id(row, "typeId") == return_orders.RETURN_TYPE and parent in asked

    return _search(work, Filter("orderReference_parent", "in", list(order_ids)), expected)


def _since(work: Work, since: datetime) -> dict[int, list[dict[str, Any]]]:
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
