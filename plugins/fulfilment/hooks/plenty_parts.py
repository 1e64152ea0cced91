"""What an order of a search must hold, and what is derived where a live system leaves it out.

Live search rows lack flat fields that the description has, `hasDeliveryOrders` among them
(contract 23). Absent is unknown, never "no" and never "empty".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.hooks.paging import Filter
from include.core.systems.errors import ContractError
from include.core.systems.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fulfilment.hooks.paging import Row

SPLIT = "hasDeliveryOrders"
#: contract 23: what `lazyLoaded=false` brings beside what `with` names
FULL = ("relations", "properties", "dates", "amounts", "orderReferences", "orderItems")
_DELIVERY_ORDER = 2  # contract 9


class AskedRow(dict[str, Any]):
    """An order that lacks parts which were asked for: reading one of them is an error of its own.

    So it can be no order without goods or without packages, and the others of its answer go on.
    """

    def __init__(self, row: Row, lacks: Iterable[str], merchant: str) -> None:
        """Take over ``row``.

        :param lacks: parts that were asked for and are not there.
        """
        super().__init__(row)
        self.lacks = frozenset(lacks)
        self._merchant = merchant

    def _check(self, name: str) -> None:
        if name in self.lacks:
            what = f"order {whole(super().get('id'))}"
            raise lacking(what, [name], self._merchant)

    def __getitem__(self, name: str) -> Any:
        """Return a field.

        :raises ContractError: it was asked for and is not there.
        """
        self._check(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or ``default`` where nobody asked for it.

        :raises ContractError: it was asked for and is not there.
        """
        self._check(name)
        return super().get(name, default)


def is_whole(row: Row) -> bool:
    """Say whether a row of `checked` holds all that was asked for."""
    return not (isinstance(row, AskedRow) and row.lacks)


def lacking(what: str, parts: Iterable[str], merchant: str) -> ContractError:
    """Return the error of an answer that lacks what was asked for."""
    text = (
        f"{merchant}: plentymarkets' answer to {what} lacks what was asked for: "
        f"{', '.join(sorted(parts))}. Nothing is concluded from it; it is read again in the next "
        "run. If it stays so, ask plentymarkets' support."
    )
    return ContractError(text, merchant=merchant)


def checked(rows: list[Row], with_: Sequence[str], what: str, merchant: str) -> list[Row]:
    """Return ``rows``; one that lacks a part that was asked for says so when it is read.

    :param with_: what was asked for beside `FULL`; empty where base rows were asked for.
    :raises ContractError: all rows lack the same part: it is the answer that lacks it.
    """
    if not with_ or not rows:
        return rows
    lacks = [_lacks(row, with_) for row in rows]
    if in_all := frozenset.intersection(*lacks):
        raise lacking(what, in_all, merchant)
    return [
        AskedRow(row, missing, merchant) if missing else row
        for row, missing in zip(rows, lacks, strict=True)
    ]


def _lacks(row: Row, with_: Sequence[str]) -> frozenset[str]:
    asked = {*FULL, *(name.partition(".")[0] for name in with_)}
    missing = {name for name in asked if row.get(name) is None}
    items = row.get("orderItems")
    for name in with_:
        whole_name, _, part = name.partition(".")
        if whole_name == "orderItems" and part and isinstance(items, list):
            # a line without a variation, as shipping costs, has none to show
            goods = [i for i in items if isinstance(i, dict) and whole(i.get("itemVariationId"))]
            if goods and not any(part in item for item in goods):
                missing.add("orderItems")
    return frozenset(missing)


def says_split(row: Row) -> bool:
    """Say whether a row tells if it has delivery orders."""
    return isinstance(row.get(SPLIT), bool)


def delivery_orders_of(ids: Iterable[int]) -> list[Filter]:
    """Return the conditions of the delivery orders of some orders (contract 6.2, 9.1)."""
    return [
        Filter("orderTypeId", "eq", _DELIVERY_ORDER),
        Filter("orderReference_parent", "in", sorted(ids)),
    ]


def is_delivery_order(row: Row) -> bool:
    """Say whether an order is a part of another one that carries its goods."""
    return whole(row.get("typeId")) == _DELIVERY_ORDER


def parents(row: Row) -> Iterator[int]:
    """Yield the ids of the orders that an order is a part of."""
    for reference in row.get("orderReferences") or []:
        if isinstance(reference, dict) and reference.get("referenceType") == "parent":
            for key in ("originOrderId", "referenceOrderId"):
                if (number := whole(reference.get(key))) is not None:
                    yield number
