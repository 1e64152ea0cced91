"""Stock that waits for a person: exceptions, raised once and cleared when the cause is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.stock_rules import pieces
from include.core.stock_texts import stock_texts
from include.ledger import exceptions
from include.ledger import stock_sync as ledger

if TYPE_CHECKING:
    from fulfilment.flow.work import Work

#: told once for the merchant, with the number of products
_TOGETHER = ("STOCK_FIRST_RUN", "STOCK_MASS_ZERO")
_SINGLE = ("STOCK_JUMP", "STOCK_REFUSED")


def tell(work: Work) -> None:
    """Raise and clear the exceptions of stock as the ledger stands now."""
    with work.engine.begin() as connection:
        held = [row for row in ledger.levels(connection, work.name).values() if row.held]
        refused = [r for r in ledger.open_bookings(connection, work.name) if r.state == "refused"]
        known = {
            (row.subject, row.code)
            for row in exceptions.open_exceptions(connection, work.name)
            if row.code in (*_TOGETHER, *_SINGLE)
        }
        wanted: dict[tuple[str, str], tuple[object, object]] = {}
        for code in _TOGETHER:
            count = sum(row.held == code for row in held)
            if count:
                wanted[exceptions.MERCHANT, code] = (count, "")
        for row in held:
            if row.held not in _TOGETHER:
                item = f"item:{row.variation_id}"
                wanted[item, row.held] = (pieces(row.held_delta), row.variation_id)
        for row in refused:
            item = f"item:{row.variation_id}"
            wanted[item, "STOCK_REFUSED"] = (pieces(row.quantity), row.variation_id)
        for subject, code in known - wanted.keys():
            exceptions.clear(connection, work.journal, subject=subject, code=code)
        for (subject, code), (count, variation) in sorted(wanted.items()):
            texts = stock_texts(code, work.name, count, variation)
            exceptions.raise_exception(
                connection,
                work.journal,
                subject=subject,
                code=code,
                de=texts.de,
                en=texts.en,
                action_de=texts.action_de,
                action_en=texts.action_en,
            )
