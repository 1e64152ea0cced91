"""Orders that were set aside or withdrawn: what the merchant has done with them since."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fulfilment.flow.orders.as_shown_now import rows_now
from fulfilment.flow.orders.cancellation import settle_unsent
from fulfilment.flow.orders.search import statuses_of
from fulfilment.flow.systems.each import halved
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.moved_by_hand import asks_to_cancel
from include.core.orders.plenty_order import row_status
from include.core.orders.states import State
from include.core.orders.statuses import is_cancelled
from include.core.systems.errors import OrderInvalid
from include.core.systems.slices import packed, slices
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders, to_look_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work
    from include.core.orders.search_results import Sightings

#: so long an order that was withdrawn is looked at: somebody may take it for handed over
WITHDRAWN_LATELY = timedelta(days=14)


def let_go(work: Work, released: Sightings, *, full: bool) -> None:
    """Withdraw orders that were set aside and that the merchant deleted or moved elsewhere.

    Those in a fault status of ours as well: nothing else would ever end them.

    :param full: those as well that were split: their delivery orders carry the goods.
    """
    aside = (State.QUARANTINED, State.INVALID, State.NO_STOCK)
    with work.engine.begin() as connection:
        known = to_look_at.ids_in(connection, work.name, aside)
    known = packed(n for n in known if n not in work.facts.strangers)

    def look(ids: Sequence[int]) -> None:
        shown = rows_now(work, ids, splits=full)
        with work.engine.begin() as connection:
            for row in to_look_at.brief(connection, work.name, aside, ids):
                _let_one_go(work, connection, row, shown.get(row.order_id) or {})

    shown = released.unreadable
    for some in slices(packed(n for n in known if n not in released and n not in shown), PAGE_SIZE):
        if not halved(work, "read", some, look):
            return


def look_at_withdrawn(work: Work) -> None:
    """Keep the status of orders that were withdrawn lately: 5.1 set by hand hands nothing over.

    `fulfilment.flow.exceptions.from_ledger` tells of it.
    """
    with work.engine.begin() as connection:
        lately = to_look_at.changed_within(WITHDRAWN_LATELY)
        known = to_look_at.ids_in(connection, work.name, [State.WITHDRAWN], lately)
        told = exceptions.order_ids(connection, work.name, ["NOT_HANDED_OVER"])

    def look(ids: Sequence[int]) -> None:
        shown = work.plenty.rows_by_id(ids)
        with work.engine.begin() as connection:
            orders.set_statuses(connection, work.name, statuses_of(shown))

    for some in slices(packed(sorted({*known, *told})), PAGE_SIZE):
        if not halved(work, "read", some, look):
            return


def _let_one_go(work: Work, connection: Connection, row: Row[Any], now: Mapping[str, Any]) -> None:
    try:
        current = row_status(now) if now else None
    except OrderInvalid:
        return  # set aside for what cannot be read, and still so
    # one in a fault status of ours goes on from there
    statuses = work.merchant_by(row.facts).statuses
    ours = {statuses.fetch, statuses.address_error, statuses.no_stock, work.merchant.statuses.fetch}
    stays = current is not None and (
        current in ours or current == row.plenty_status or is_cancelled(current)
    )
    if current is not None:
        orders.set_statuses(connection, work.name, {row.order_id: current})
        if asks_to_cancel(current, work.merchant_by(row.facts)):
            # the search for cancelled ones knows one status and one warehouse
            settle_unsent(work, connection, row.order_id, f"unsent:{row.episode}")
            return
    if not stays or now.get("hasDeliveryOrders"):
        orders.move(
            connection, work.journal, row.order_id, State.WITHDRAWN,
            only_from=[State.QUARANTINED, State.INVALID, State.NO_STOCK],
            plenty_status="deleted" if current is None else str(current),
        )  # fmt: skip
