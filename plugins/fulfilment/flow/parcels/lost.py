"""Parcels that left in a window and that the ledger or plentymarkets does not have."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from fulfilment.flow.parcels.by_order import keep_rows
from fulfilment.flow.parcels.ship import queue_information
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.reading import read_orders
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.states import State
from include.core.orders.wemalo_order import external_id, own_order_id
from include.core.parcels.sent_rows import sent_row
from include.core.systems.values import words
from include.core.systems.window import both_ends
from include.ledger.orders import orders
from include.ledger.parcels import shipping
from include.ledger.replay import replays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.paging import Row
    from include.core.systems.window import Window


def sent_by_order(
    work: Work, window: Window, order_ids: Sequence[int]
) -> Iterator[dict[int, list[Row]]]:
    """Yield wemalo's rows of sent items of a replay, by order, some hundred orders at a time.

    An order whose parcels left at different times may come more than once.
    """
    named: list[list[Row]] = []
    if order_ids:
        each(
            work, "replay", order_ids,
            lambda order_id: named.append(work.wemalo.sent_of(external_id(order_id))),
        )  # fmt: skip
    pages: Iterable[list[Row]] = (
        named if order_ids else work.wemalo.sent_between(*both_ends(window))
    )
    by_order: dict[int, list[Row]] = {}
    for row in chain.from_iterable(pages):
        number = own_order_id(words(row.get("externalGoodsOrderId")))
        if number is None:
            continue
        if len(by_order) >= PAGE_SIZE and number not in by_order:
            yield by_order
            by_order = {}
        by_order.setdefault(number, []).append(row)
    if by_order:
        yield by_order


def repair_parcels(work: Work, sent: Mapping[int, Sequence[Row]]) -> set[int]:
    """Make parcels due again that plentymarkets lacks, and keep those that the ledger lacks.

    :param sent: wemalo's rows of sent items of some of the replay's orders, by order.
    :returns: the orders concerned.
    """
    with work.engine.begin() as connection:
        known = orders.known(connection, work.name, sent)
    if not known:
        return set()
    read = read_orders(work, "packages", known, ["shippingPackages"])
    lacking = set()

    def repair(order_id: int) -> None:
        entry = known[order_id]
        packages = read.found[order_id].get("shippingPackages") or []
        written = {str(package.get("packageNumber") or "") for package in packages}
        found = [sent_row({"packageId": "0", **row}) for row in sent[order_id]]
        left = [row for row in found if row.is_marked(work.merchant.plenty.plenty_id)]
        if not left:
            return
        numbers = {number for row in left for number in row.numbers}
        with work.engine.begin() as connection:
            kept = {p.tracking_number for p in shipping.parcels_of(connection, work.name, order_id)}
        if numbers <= written and numbers <= kept and entry.state is not State.ACCEPTED:
            return
        keep_rows(work, order_id, left)
        lost = numbers - written
        lacking.add(order_id)
        if entry.state is State.SHIPPED and lost:
            _write_again(work, order_id, lost)
        elif lost:
            with work.engine.begin() as connection:
                for number in lost:
                    replays.forget_package(connection, work.name, order_id, number)

    each(work, "replay", sorted(read.found), repair)
    return lacking


def _write_again(work: Work, order_id: int, lost: set[str]) -> None:
    """Let an ended order's packages and shipping information be written once more."""
    with work.engine.begin() as connection:
        for number in sorted(lost):
            replays.forget_package(connection, work.name, order_id, number)
            work.journal.add(connection, order_id, "package_lost", tracking=number)
        parcels = shipping.parcels_of(connection, work.name, order_id)
        key = f"shipping_info:replay:{datetime.now(UTC).isoformat()}"
        queue_information(work, connection, order_id, parcels, key)
