"""Tell wemalo of the return orders that the merchant entered, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.flow.exceptions.open_cases import clear_case, raise_case
from fulfilment.flow.systems.each import each
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.paging import Filter
from include.core.orders.plenty_order import parse_order
from include.core.orders.statuses import status
from include.core.returns import return_orders
from include.core.returns.announcements import announcement
from include.core.returns.returned_pieces import Trouble
from include.core.systems.errors import OrderInvalid, OrderRejected
from include.core.systems.values import need_id
from include.ledger.returns import announcements
from include.ledger.returns import returns as ledger

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

NOT_ANNOUNCED = "RETURN_NOT_ANNOUNCED"
REFUSED_RETRY_S = 900
PARTS = ("addresses", "relations", "orderItems.variation", "originOrderReferences")


def announce_returns(work: Work, counts: dict[str, int]) -> None:
    """Announce return orders in the merchant's statuses that wemalo does not know yet.

    One search per run, and one more for the contents of new ones.
    """
    wish = work.merchant.returns.announce
    if not wish.statuses:
        _withdraw(work, ())
        return
    found = announced_in_plenty(work)
    _withdraw(work, found)
    with work.engine.begin() as connection:
        known = announcements.known(connection, work.name, found)
        made_by_us = ledger.ours(connection, work.name, set(found) - set(known))
    due = [
        return_id
        for return_id in found
        if return_id not in made_by_us
        and (
            return_id not in known
            or (known[return_id].state != "announced" and known[return_id].due)
        )
    ]
    if not due:
        return
    read = read_orders(work, "read", due, PARTS, subject=_subject)
    if read.usable:
        each(
            work,
            "announcement",
            sorted(read.found),
            lambda n: _announce(work, n, read.found[n], known.get(n), counts),
            subject=_subject,
        )


def announced_in_plenty(work: Work) -> list[int]:
    """Return the return orders that plentymarkets shows in the statuses to be announced."""
    wish = work.merchant.returns.announce
    statuses, types = set(wish.statuses), set(wish.types)

    def expected(row: dict[str, Any]) -> bool:
        return status(row["statusId"]) in statuses and need_id(row, "typeId") in types

    return work.plenty.search_ids(
        [
            Filter("statusId", "in", sorted(statuses)),
            Filter("orderTypeId", "in", sorted(types)),
            Filter("plentyId", "eq", work.merchant.plenty.plenty_id),
        ],
        expect=expected,
    )


def _subject(return_id: int) -> str:
    return f"announcement:{return_id}"


def _withdraw(work: Work, wanted: Collection[int]) -> None:
    """Take back what is said of refused announcements that nobody wants any more."""
    with work.engine.begin() as connection:
        for row in announcements.withdraw_announcements(connection, work.name, wanted):
            subject = _subject(row.return_id)
            clear_case(work, connection, row.order_id, subject, NOT_ANNOUNCED)
            work.journal.add(
                connection, row.order_id or 0, "return_withdrawn", return_order=row.return_id
            )


def _announce(
    work: Work,
    return_id: int,
    data: Mapping[str, Any],
    before: Row[Any] | None,
    counts: dict[str, int],
) -> None:
    """Announce one return order."""
    order_id = return_orders.parent_of(data)
    try:
        order = parse_order(data, work.countries())
        if not return_orders.is_for(data, work.merchant.plenty.warehouse_id):
            return
        body = announcement(order, order_id, return_orders.reasons(data), work.merchant)
    except OrderInvalid as error:
        _refused(work, return_id, order_id, before, error, counts)
        return

    def end(connection: Connection, wemalo_id: int | None, _adopted: bool) -> None:
        announcements.set_announced(
            connection, work.name, return_id,
            state="announced", wemalo_id=wemalo_id, announced_at=ledger.wait(0), error_code=None,
        )  # fmt: skip
        if before is not None and before.state == "refused":
            clear_case(work, connection, order_id, _subject(return_id), NOT_ANNOUNCED)
        work.journal.add(
            connection, order_id or return_id, "return_announced", return_order=return_id
        )

    about = Write("announcement", (_subject(return_id),), f"the announcement of return {return_id}")
    try:
        # sent again under the same external id it only updates (wemalo contract 6.1)
        write(
            work, work.wemalo, about, lambda: work.wemalo.announce_return(body), end=end,
            begin=lambda connection: announcements.begin_announcing(
                connection, work.name, return_id, order_id
            ),
        )  # fmt: skip
    except OrderRejected as error:
        _refused(work, return_id, order_id, before, error, counts)
        return
    counts["returns_announced"] += 1


def _refused(
    work: Work,
    return_id: int,
    order_id: int | None,
    before: Row[Any] | None,
    error: OrderInvalid | OrderRejected,
    counts: dict[str, int],
) -> None:
    log.warning("%s return %s: %s", work.name, return_id, error.log)
    trouble = Trouble(
        NOT_ANNOUNCED,
        f"Die Retoure {return_id} konnte wemalo nicht angekündigt werden: {error.operator}",
        f"Return {return_id} could not be announced to wemalo: {error.operator}",
        "Den Retourenauftrag oder den Artikel in wemalo berichtigen; es wird neu versucht.",
        "Correct the return order in plentymarkets, or the product in wemalo; it is tried again.",
    )
    with work.engine.begin() as connection:
        if not announcements.begin_announcing(
            connection, work.name, return_id, order_id, REFUSED_RETRY_S
        ):
            return  # another run has told wemalo meanwhile
        announcements.set_announced(
            connection, work.name, return_id, state="refused", error_code=error.code
        )
        if before is None or before.state != "refused":
            counts["return_exceptions"] += 1
            raise_case(work, connection, order_id, _subject(return_id), trouble)
