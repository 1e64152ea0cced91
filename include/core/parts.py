"""When an order may be sent that carries goods of another one (plentymarkets contract 7.3, 9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

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
