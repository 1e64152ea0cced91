"""What plentymarkets shows of a merchant's orders: the searches that all steps of extract share."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fulfilment.hooks.plenty import Filter
from include.core.orders.plenty_order import row_status
from include.core.systems.errors import OrderInvalid
from include.core.systems.values import need_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from fulfilment.flow.systems.work import Work
    from include.core.merchants.merchant import Merchant
    from include.core.orders.search_results import Sightings

#: of a change whose time cannot be read; the same in every run, so that it is told once
NO_TIME = datetime(1971, 1, 1, tzinfo=UTC)


def order_filters(
    merchant: Merchant, status: Filter, *, main_orders: bool, by_items: bool = True
) -> list[Filter]:
    """Return the conditions of this merchant's orders in some status (contract 6.2).

    :param by_items: their goods lie in our warehouse; else they are sent from it, which is all
        that positions without a warehouse say.
    """
    plenty = merchant.plenty
    filters = [
        status,
        Filter("plentyId", "eq", plenty.plenty_id),
        Filter("orderTypeId", "in", plenty.shippable_types),
        Filter(
            "orderItemWarehouseId" if by_items else "relationReference_warehouse_sender",
            "eq",
            plenty.warehouse_id,
        ),
    ]
    if not main_orders:
        # a main order's delivery orders carry the goods: both would ship twice (contract 9.1)
        filters.append(Filter("excludeMainOrders", "eq", True))
    return filters


def search(
    work: Work,
    merchant: Merchant,
    status: Filter,
    fits: Callable[[Decimal], bool],
    more: Sequence[Filter],
    *,
    full: bool,
    main_orders: bool = False,
) -> tuple[Sightings, bool]:
    """Return this merchant's orders in some status, and whether only a sender shows one as ours.

    :param fits: whether a row's status is one that was asked for.
    :param full: those whose positions name no warehouse, too.
    """
    plenty = merchant.plenty

    def ours(row: Mapping[str, Any]) -> bool:
        return (
            fits(row_status(row))
            and need_id(row, "plentyId") == plenty.plenty_id
            and need_id(row, "typeId") in plenty.shippable_types
            # where a row tells it; where none does, an order is asked for its parts before it goes
            and (main_orders or row.get("hasDeliveryOrders") is not True)
        )

    where = order_filters(merchant, status, main_orders=main_orders)
    found = work.plenty.search_shown([*where, *more], expect=ours)
    by_items = len(found)
    if full:
        where = order_filters(merchant, status, main_orders=main_orders, by_items=False)
        found = work.plenty.search_shown([*where, *more], expect=ours, into=found)
    return found, len(found) > by_items


def statuses_of(rows: Mapping[int, Mapping[str, Any]]) -> dict[int, Decimal]:
    """Return the statuses of rows; of one that cannot be read what was known stands."""
    found = {}
    for order_id, row in rows.items():
        with suppress(OrderInvalid):
            found[order_id] = row_status(row)
    return found
