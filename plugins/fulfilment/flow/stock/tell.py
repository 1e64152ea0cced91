"""Stock that waits for a person: exceptions, raised once and cleared when the cause is gone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from include.core.stock_rules import pieces
from include.core.stock_texts import CODES, stock_texts
from include.ledger import exceptions
from include.ledger import stock_sync as ledger

if TYPE_CHECKING:
    from collections.abc import Collection

    from fulfilment.flow.work import Work
    from include.core.exception_texts import ExceptionText

#: told once for the merchant, with the number of products
_TOGETHER = ("STOCK_FIRST_RUN", "STOCK_MASS_ZERO")
STRANGERS = "STOCK_FOREIGN_PRODUCT"
#: so many unknown products are named
_NAMED = 5


def tell(work: Work) -> None:
    """Raise and clear the exceptions of stock as the ledger stands now."""
    wanted: dict[str, list[ExceptionText]] = defaultdict(list)
    with work.engine.begin() as connection:
        held = [row for row in ledger.levels(connection, work.name).values() if row.held]
        refused = [r for r in ledger.open_bookings(connection, work.name) if r.state == "refused"]
        for code in _TOGETHER:
            count = sum(row.held == code for row in held)
            if count:
                wanted[exceptions.MERCHANT].append(stock_texts(code, work.name, count))
        waits = [(r.variation_id, r.held, r.held_delta) for r in held if r.held not in _TOGETHER]
        waits += [(row.variation_id, "STOCK_REFUSED", row.quantity) for row in refused]
        for number, code, quantity in waits:
            text = stock_texts(code, work.name, pieces(quantity), number)
            wanted[exceptions.item_subject(number)].append(text)
        exceptions.keep(connection, work.journal, CODES - {STRANGERS}, wanted)


def tell_strangers(work: Work, strangers: Collection[str]) -> None:
    """Say which products wemalo posts that the merchant does not have, or take that back."""
    wanted: dict[str, list[ExceptionText]] = {}
    if strangers:
        names = ", ".join([*sorted(strangers)[:_NAMED], *["..."][: len(strangers) - _NAMED]])
        wanted[exceptions.MERCHANT] = [stock_texts(STRANGERS, work.name, len(strangers), names)]
    with work.engine.begin() as connection:
        exceptions.keep(connection, work.journal, {STRANGERS}, wanted)
