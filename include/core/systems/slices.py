"""Many things, some at a time, so that memory does not grow with their number."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")


@overload
def slices(values: array[int], size: int) -> Iterator[array[int]]: ...
@overload
def slices(values: Sequence[T], size: int) -> Iterator[Sequence[T]]: ...
def slices(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield ``values`` in their order, at most ``size`` of them each time."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def packed(ids: Iterable[int]) -> array[int]:
    """Return ids in the order given, in eight bytes each: an object per id takes ten times that."""
    return array("q", ids)


def place_of(ascending: array[int], order_id: int) -> int | None:
    """Return where an id stands; None if it is not there."""
    place = bisect_left(ascending, order_id)
    return place if place < len(ascending) and ascending[place] == order_id else None


class IdSet:
    """A set of ids that is asked and never changed: eight bytes each."""

    __slots__ = ("_ids",)

    def __init__(self, ascending: Iterable[int] = ()) -> None:
        """Keep ids that come in ascending order, each once."""
        self._ids = packed(ascending)

    def __contains__(self, order_id: object) -> bool:
        """Say whether it is one of them."""
        return isinstance(order_id, int) and place_of(self._ids, order_id) is not None

    def __iter__(self) -> Iterator[int]:
        """Yield the ids, ascending."""
        return iter(self._ids)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ids)
