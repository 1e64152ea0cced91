"""Stock that waits for a person: exceptions, raised once and cleared when the cause is gone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from include.core.stock.stock_rules import pieces
from include.core.stock.texts import CODES, stock_texts
from include.core.systems.failures import Level, as_own, level_of
from include.ledger.exceptions import exceptions
from include.ledger.stock import stock_sync as ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fulfilment.flow.systems.work import Work
    from include.core.exceptions.exception_texts import ExceptionText

#: told once for the merchant, with the number of products
_TOGETHER = ("STOCK_FIRST_RUN", "STOCK_MASS_ZERO")
STRANGERS = "STOCK_FOREIGN_PRODUCT"
UNREAD = "STOCK_ROW_UNREADABLE"
#: so many unknown products are named
_NAMED = 5

Value = TypeVar("Value")


@dataclass(slots=True)
class Unread:
    """Rows that could not be read at one look: told, and their products left alone until then.

    :param products: variations whose figures are not known.
    :param blind: plentymarkets' journal holds a row of nobody knows which product.
    :param behind: wemalo's list of changes holds one, so that it must be read from there again.
    """

    reasons: dict[str, str] = field(default_factory=dict)  # source -> what is wrong with it
    products: set[int] = field(default_factory=set)
    sources: dict[str, int | None] = field(default_factory=dict)  # source -> variation, if known
    blind: bool = False
    behind: bool = False

    def read(
        self, source: str, do: Callable[[], Value], *, variation: int | None = None
    ) -> Value | None:
        """Return what ``do`` makes of a row, or note that it cannot be read and return None.

        :param source: which row of which list, without its values.
        :param variation: whose row it is.
        """
        try:
            return do()
        except Exception as error:
            if level_of(error) is not Level.ITEM:
                raise
            self.reasons[source] = as_own(error).operator
            self.sources[source] = variation
            if variation is not None:
                self.products.add(variation)
            return None


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
        exceptions.keep(connection, work.journal, CODES - {STRANGERS, UNREAD}, wanted)


def tell_strangers(work: Work, strangers: Collection[str]) -> None:
    """Say which products wemalo posts that the merchant does not have, or take that back."""
    wanted: dict[str, list[ExceptionText]] = {}
    if strangers:
        names = ", ".join([*sorted(strangers)[:_NAMED], *["..."][: len(strangers) - _NAMED]])
        wanted[exceptions.MERCHANT] = [stock_texts(STRANGERS, work.name, len(strangers), names)]
    with work.engine.begin() as connection:
        exceptions.keep(connection, work.journal, {STRANGERS}, wanted)


def tell_unread(work: Work, unread: Unread) -> None:
    """Say which rows could not be read at this look, or take that back."""
    wanted: dict[str, list[ExceptionText]] = defaultdict(list)
    sources: dict[str, list[str]] = defaultdict(list)
    for source, variation in sorted(unread.sources.items()):
        subject = exceptions.MERCHANT
        if variation is not None:
            subject = exceptions.item_subject(variation)
        sources[subject].append(source)
    for subject, some in sources.items():
        names = ", ".join([*some[:_NAMED], *["..."][: len(some) - _NAMED]])
        text = stock_texts(UNREAD, work.name, unread.reasons[some[0]], names)
        wanted[subject].append(text)
    with work.engine.begin() as connection:
        exceptions.keep(connection, work.journal, {UNREAD}, wanted)
