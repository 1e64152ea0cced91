"""Whole orders, read chunk by chunk into the ledger, where they are judged."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fulfilment.flow.orders.family import with_family
from fulfilment.flow.systems.each import halved
from fulfilment.flow.systems.work import Work, log
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.plenty_order import parse_order
from include.core.orders.statuses import is_cancelled
from include.core.systems.errors import OrderInvalid
from include.core.systems.slices import slices
from include.ledger.orders import orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.core.orders.models import Order

#: orders a search answers with, so that a chunk costs one read; whole orders are two megabytes
CHUNK = PAGE_SIZE


def take_contents(work: Work, ids: Sequence[int], counts: dict[str, int]) -> None:
    """Read orders and keep those that are to be judged.

    :raises FulfilmentError: plentymarkets cannot be used; what was read is kept.
    """
    for some in slices(ids, CHUNK):
        if not halved(work, "read", some, partial(_take_content, work, counts)):
            work.raise_trouble()


def _take_content(work: Work, counts: dict[str, int], ids: Sequence[int]) -> None:
    contents = work.plenty.order_contents(ids, splits=True)
    countries = work.countries()
    good: list[Order] = []
    bad: list[tuple[int, OrderInvalid]] = []
    foreign = 0
    for order_id, data in sorted(contents.items()):
        try:
            order = parse_order(data, countries)
        except OrderInvalid as problem:
            bad.append((order_id, problem))
            continue
        if not is_ours(work, order):
            foreign += 1
            work.leave(order_id, "FOREIGN_WAREHOUSE")
        elif order.status == work.merchant.statuses.fetch or is_cancelled(order.status):
            # cancelled since the search: it is ours all the same, and is settled before sending
            good.append(order)
        else:
            work.leave(order_id, "NOT_RELEASED")
    good = with_family(work, good)
    with work.engine.begin() as connection:
        orders.put_fetched(
            connection, work.journal, work.batch_id, good, facts=work.facts.now.version
        )
        for order_id, error in bad:
            reason = {"field": error.field, "de": error.operator, "en": error.operator}
            orders.put_unreadable(
                connection, work.journal, work.batch_id, order_id, error.rule, reason
            )
            log.warning("%s order %s: %s", work.name, order_id, error.operator)
    counts["fetched"] += len(good)
    counts["malformed"] += len(bad)
    counts["foreign"] += foreign


def is_ours(work: Work, order: Order) -> bool:
    """Say whether the goods lie in the merchant's warehouse; the item's word wins (6.2)."""
    ours = work.merchant.plenty.warehouse_id
    warehouses = {item.warehouse_id or order.warehouse_id for item in order.items}
    return ours in warehouses if warehouses else order.warehouse_id == ours
