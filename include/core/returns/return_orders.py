"""Return orders as plentymarkets has them: what they hold, and how ours are known again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.products.skus import clean_sku
from include.core.returns.returned_pieces import Returnable
from include.core.systems.values import (
    identifier,
    need_id,
    need_number,
    need_whole,
    own_id,
    whole,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.core.returns.returned_pieces import Line

GOODS_TYPES = frozenset({1, 3, 14})  # plentymarkets contract 6.6: pieces one can send back
PROPERTY_REASON, PROPERTY_CONDITION = 35, 36  # plentymarkets contract 6.7, 9.2
RETURN_TYPE = 3  # plentymarkets contract 9
MARKER = "(fulfilment return "


def positions(
    order: Mapping[str, Any],
    product_id: str,
    gone: Mapping[int, int] | None = None,
    sent: Mapping[str, Decimal] | None = None,
) -> list[Returnable]:
    """Return an order's (or return order's) positions with goods.

    :param order: as plentymarkets sends it, with items and their variation.
    :param product_id: the setting ``wemalo.product_id``.
    :param gone: pieces per order item that have come back before.
    :param sent: pieces that left the warehouse, by product as wemalo names it: no more than those
        can come back. None: nobody knows. Parts of sets are named by other products than the
        order's, so that nobody knows either.
    """
    found = []
    out = dict(sent or {})
    for item in order.get("orderItems") or []:
        item_id, variation = need_whole(item, "id"), item.get("variation") or {}
        if need_whole(item, "typeId") not in GOODS_TYPES or not item_id:
            continue
        number = words(item.get("itemVariationId"))
        product = clean_sku(variation.get("number")) if product_id == "sku" else number
        pieces = int(need_number(item, "quantity"))
        found.append(Returnable(item_id, product, pieces, number))
    if sent is not None and out.keys() <= {row.product for row in found}:
        for place, row in enumerate(found):
            pieces = min(row.left, int(out.get(row.product, 0)))
            out[row.product] = out.get(row.product, Decimal(0)) - pieces
            found[place] = replace(row, left=pieces)
    return [replace(row, left=row.left - (gone or {}).get(row.item_id, 0)) for row in found]


def parent_of(data: Mapping[str, Any]) -> int | None:
    """Return the order that a return order belongs to (plentymarkets contract 9.2)."""
    for row in data.get("orderReferences") or data.get("originOrderReferences") or []:
        if row.get("referenceType") == "parent":
            return identifier(row.get("originOrderId") or row.get("referenceOrderId"))
    return None


def source_item(item: Mapping[str, Any]) -> int | None:
    """Return the original order's item that an item of a return order stands for."""
    for row in item.get("references") or []:
        if row.get("referenceType") == "parent":
            return identifier(row.get("referenceOrderItemId"))
    return None


def came_back(returns: Sequence[Mapping[str, Any]]) -> Counter[int]:
    """Return pieces per item of the original order in its return orders."""
    found: Counter[int] = Counter()
    for data in returns:
        for item in data.get("orderItems") or []:
            source = source_item(item)
            if source is not None:
                found[source] += int(need_number(item, "quantity"))
    return found


def same_goods(data: Mapping[str, Any], lines: Sequence[Line]) -> bool:
    """Say whether a return order holds exactly these pieces."""
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.item_id] += line.quantity
    return came_back([data]) == wanted


def pair_items(
    data: Mapping[str, Any], lines: Sequence[Line], *, announced: bool
) -> list[tuple[dict[str, Any], Line]]:
    """Pair the items of a return order with the lines they were made from.

    :param announced: the lines name items of the return order itself.
    """
    items = [dict(item) for item in data.get("orderItems") or []]
    pairs = []
    for line in lines:
        fitting = [
            item
            for item in items
            if (need_whole(item, "id") if announced else source_item(item)) == line.item_id
        ]
        if not fitting:
            continue
        exact = [i for i in fitting if need_number(i, "quantity") == line.quantity]
        item = (exact or fitting)[0]
        pairs.append((item, line))
        if not announced:
            items.remove(item)
    return pairs


def described(item: Mapping[str, Any], line: Line) -> dict[str, Any]:
    """Return an item of a return order with its reason and condition, whole.

    A list that is sent replaces the one that is there (plentymarkets contract 3.1), so everything
    else of the item is sent along unchanged.
    """
    given = {PROPERTY_REASON: line.reason, PROPERTY_CONDITION: line.condition}
    old = item.get("properties") or []
    kept = [row for row in old if given.get(need_whole(row, "typeId")) is None]
    added = [
        {"typeId": type_id, "value": str(value)}
        for type_id, value in given.items()
        if value is not None
    ]
    return {**item, "properties": [*kept, *added]}


def is_described(item: Mapping[str, Any], line: Line) -> bool:
    """Say whether an item of a return order shows its line's reason and condition."""
    there = {
        need_whole(row, "typeId"): str(row.get("value")) for row in item.get("properties") or []
    }
    given = {PROPERTY_REASON: line.reason, PROPERTY_CONDITION: line.condition}
    return all(value is None or there.get(key) == str(value) for key, value in given.items())


def marker(key: int) -> str:
    """Return the sign by which we know a return order of ours again."""
    return f"{MARKER}{key})"


def key_of(data: Mapping[str, Any]) -> int | None:
    """Return the key of a return order of ours, None for somebody else's; see `marker`."""
    for comment in data.get("comments") or []:
        _, found, rest = words(comment.get("text")).partition(MARKER)
        number = rest.partition(")")[0]
        if found and (key := own_id(number)) is not None:
            return key
    return None


def bare(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item without what was only read along with it."""
    return {key: value for key, value in item.items() if key != "variation"}


def reasons(data: Mapping[str, Any]) -> dict[int, int]:
    """Return the return reason id per item of a return order, where the merchant gave one."""
    found: dict[int, int] = {}
    for item in data.get("orderItems") or []:
        for row in item.get("properties") or []:
            reason = identifier(row.get("value"))
            if need_whole(row, "typeId") == PROPERTY_REASON and reason is not None:
                found[need_id(item, "id")] = reason
    return found


def is_for(data: Mapping[str, Any], warehouse_id: int) -> bool:
    """Say whether a return order's goods go to this warehouse: by its relation, else by its items.

    A return order that names no warehouse at all is for nobody.
    """
    for row in data.get("relations") or []:
        if row.get("referenceType") == "warehouse" and row.get("relation") == "receiver":
            return whole(row.get("referenceId")) == warehouse_id
    return any(
        whole(item.get("warehouseId")) == warehouse_id for item in data.get("orderItems") or []
    )
