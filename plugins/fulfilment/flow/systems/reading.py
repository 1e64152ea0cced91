"""Read orders of plentymarkets for a step: what a search leaves out is read by its own id.

A search may omit a row for a moment, and one sick order may spoil the answer for all: only the
order's own route, saying 404, tells that there is no such order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fulfilment.flow.systems.each import by_order, each, halved
from fulfilment.hooks.paging import chunks
from fulfilment.hooks.plenty_parts import is_whole
from include.core.systems.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fulfilment.flow.systems.work import Work


@dataclass(slots=True)
class Read:
    """What some orders looked like; an order that is in neither could not be read, and was noted.

    :param usable: False where plentymarkets cannot be used: the rest was left.
    """

    found: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)  # their own route says 404
    usable: bool = True

    def knows(self, order_id: int) -> bool:
        """Say whether it is known what the order looks like, or that there is none."""
        return order_id in self.found or order_id in self.gone


def read_orders(
    work: Work,
    step: str,
    ids: Iterable[int],
    parts: Sequence[str] = (),
    *,
    subject: Callable[[int], str] = by_order,
) -> Read:
    """Return orders with ``parts`` (contract 6.4); one that cannot be read is noted at ``step``.

    One that the search shows without a part is read by its own route, too.

    :param step: no step at which something else of the same subject may fail: a good reading
        takes back what is noted.
    """
    read = Read()

    def search(some: Sequence[int]) -> None:
        rows = work.plenty.rows_by_id(some, parts)
        read.found |= {order_id: row for order_id, row in rows.items() if is_whole(row)}
        asked.extend(some)

    def by_id(order_id: int) -> None:
        try:
            read.found[order_id] = work.plenty.order(order_id, parts)
        except NotFound:
            read.gone.add(order_id)

    for chunk in chunks(ids):
        asked: list[int] = []
        read.usable = halved(work, step, chunk, search, subject=subject) and each(
            work, step, [n for n in asked if n not in read.found], by_id, subject=subject
        )
        if not read.usable:
            break
    return read
