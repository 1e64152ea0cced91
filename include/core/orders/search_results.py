"""What a search of plentymarkets showed of many orders, in some thirty bytes each.

A hundred thousand orders may be released at once, and a replay may look at as many. Whole search
rows of them take hundreds of megabytes; what is decided from them is a status, a time and a flag.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.core.orders.plenty_order import row_status, row_time
from include.core.systems.errors import OrderInvalid
from include.core.systems.slices import place_of, slices
from include.core.systems.values import need_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """One order as a search showed it.

    :param changed_at: aware UTC.
    :param split: it has delivery orders, which carry its goods (contract 9.1).
    """

    status: Decimal
    changed_at: datetime
    split: bool


class Sightings:
    """Orders by id, ascending, as they were shown last."""

    __slots__ = ("_flags", "_ids", "_statuses", "_times", "unreadable")

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        """Begin with the orders of search rows."""
        self._ids = array("q")
        self._times = array("q")
        self._flags = array("H")  # place of the status in `_statuses`, and whether it is split
        self._statuses: list[Decimal] = []
        #: orders whose row cannot be read: each is to be read by its id
        self.unreadable: set[int] = set()
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one search row; a later one of the same order replaces it.

        :raises Malformed: it has no id; any other field that cannot be read makes the order one of
            the unreadable.
        """
        order_id = need_id(row, "id")
        try:
            time = (row_time(row) - _EPOCH) // _STEP
            kind = self._kind(row_status(row))
        except OrderInvalid:
            self.unreadable.add(order_id)
            return
        flags = kind * 2 + bool(row.get("hasDeliveryOrders"))
        if not self._ids or order_id > self._ids[-1]:  # as searches give them
            place = len(self._ids)
        else:
            place = bisect_left(self._ids, order_id)
            if self._ids[place] == order_id:
                self._times[place], self._flags[place] = time, flags
                return
        self._ids.insert(place, order_id)
        self._times.insert(place, time)
        self._flags.insert(place, flags)

    def _kind(self, status: Decimal) -> int:
        if status not in self._statuses:
            self._statuses.append(status)
        return self._statuses.index(status)

    def __len__(self) -> int:
        """Return how many orders were shown."""
        return len(self._ids)

    def __contains__(self, order_id: int) -> bool:
        """Say whether an order was shown."""
        return place_of(self._ids, order_id) is not None

    def __getitem__(self, order_id: int) -> Shown:
        """Return one order that was shown."""
        place = place_of(self._ids, order_id)
        if place is None:
            raise KeyError(order_id)
        return self._at(place)

    def parts(self, size: int) -> Iterator[dict[int, Shown]]:
        """Yield all orders by id, at most ``size`` at a time."""
        for places in slices(range(len(self._ids)), size):
            yield {self._ids[place]: self._at(place) for place in places}

    def _at(self, place: int) -> Shown:
        kind, split = divmod(self._flags[place], 2)
        at = _EPOCH + self._times[place] * _STEP
        return Shown(self._statuses[kind], at, bool(split))
