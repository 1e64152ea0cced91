"""When an order may be sent that carries goods of another one (plentymarkets contract 7.3, 9.1)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.core.orders.models import Order

Kind = Literal["parent", "split", "grouped"]


@dataclass(frozen=True, slots=True)
class Source:
    """An order whose goods, all or some, an order carries."""

    kind: Kind
    order_id: int


class Hold(Enum):
    """Whether an order may be sent beside the one its goods come from."""

    NO = auto()
    WAIT = auto()  # the first order shrinks at the warehouse any moment
    KEEP = auto()  # the warehouse ships the goods with the first order: sending doubles them


def on_source(kind: Kind, *, sent: bool, shrunk: bool, hopeless: bool) -> Hold:
    """Decide for an order and one of its sources that is not cancelled.

    A main order and the orders of a group keep all their goods, so only their cancellation frees
    the other one. An order that was split keeps the rest, once the warehouse knows of it.

    :param sent: the warehouse has the source, or may have it.
    :param shrunk: the warehouse has the source as it is since the split.
    :param hopeless: the warehouse will not take the source's change any more.
    """
    if not sent or (kind == "split" and shrunk):
        return Hold.NO
    return Hold.WAIT if kind == "split" and not hopeless else Hold.KEEP


def in_no_delivery_order(
    main: Order, parts: Iterable[Order], warehouse_id: int
) -> dict[str, Decimal]:
    """Return the pieces per SKU of a main order that none of its delivery orders carries.

    All goods must be moved into delivery orders (plentymarkets contract 9.1): what is left in the
    main order is sent by nobody, because main orders are not sent beside their delivery orders.

    :param warehouse_id: ours; goods of other warehouses are somebody else's.
    """
    left: defaultdict[int, Decimal] = defaultdict(Decimal)
    names: dict[int, str] = {}
    for item in main.items:
        if (item.warehouse_id or main.warehouse_id) == warehouse_id:
            left[item.variation_id] += item.quantity
            names[item.variation_id] = item.sku or str(item.variation_id)
    for part in parts:
        for item in part.items:
            left[item.variation_id] -= item.quantity
    return {names[key]: count for key, count in left.items() if key in names and count > 0}
