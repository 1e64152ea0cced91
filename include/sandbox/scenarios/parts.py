"""What a scenario is made of: orders, what merchant and warehouse do between runs, the end.

Numbers of orders and goods are small (1, 2, ...) and a scenario's own; `Numbers` makes them real
when it is played, so that many scenarios, and the same one many times, live side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]
Who = Literal["merchant", "warehouse", "operator"]

#: fields of actions and rows that hold a scenario's own numbers
_ORDER_FIELDS = ("order", "return_of")
_GOODS_FIELDS = ("variation", "product")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that merchant or warehouse do; see the sandbox's actions.

    With ``route`` or ``match`` it happens exactly ``when`` the pipeline makes that call to the same
    system: a race that is forced. ``own`` keeps that to calls that name the act's order.
    """

    who: Who
    action: str
    args: JsonObject
    route: str = ""
    match: str = ""
    when: Literal["before", "after"] = "before"
    skip: int = 0
    own: bool = True

    def at(
        self,
        route: str = "",
        when: Literal["before", "after"] = "before",
        *,
        match: str = "",
        skip: int = 0,
        own: bool = True,
    ) -> Act:
        """Return the same act as a race with one of the pipeline's calls."""
        return Act(self.who, self.action, self.args, route, match, when, skip, own)

    @property
    def is_race(self) -> bool:
        """Whether it happens during a run."""
        return bool(self.route or self.match)

    def words(self) -> str:
        """Return what happens, for somebody who watches."""
        told = ", ".join(f"{key} {value}" for key, value in self.args.items())
        text = f"{self.who}: {self.action.replace('_', ' ')} ({told})"
        call = self.route or self.match
        return f"{text}, {self.when} our call {call}" if self.is_race else text


def merchant(action: str, **args: Any) -> Act:
    """Return an act of the merchant in plentymarkets."""
    return Act("merchant", action, args)


def warehouse(action: str, **args: Any) -> Act:
    """Return an act of the warehouse in wemalo."""
    return Act("warehouse", action, args)


def operator(action: str) -> Act:
    """Return an act of the operator: ``approve stock``, or ``let an hour pass``.

    The hour is that until the next look for shipments that were booked twice.
    """
    return Act("operator", action, {})


@dataclass(frozen=True, slots=True)
class End:
    """How one order must stand at the end, in all three places.

    :param status: in plentymarkets.
    :param at_wemalo: its status there, None if it must never have been sent.
    :param ledger: its state there, None if the ledger does not know it.
    :param numbers: packages with a tracking number in plentymarkets.
    :param notes: order notes in plentymarkets.
    :param returns: pieces of each of its return orders.
    :param documents: what wemalo has of it.
    :param cases: codes of its open exceptions.
    :param delivery: it speaks of the delivery order that was made of this order.
    """

    order: int
    status: str
    at_wemalo: str | None
    ledger: str | None
    numbers: int = 0
    notes: int = 0
    returns: tuple[int, ...] = ()
    documents: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    delivery: bool = False


@dataclass(frozen=True, slots=True)
class Goods:
    """How much of a scenario's product both systems must hold at the end.

    :param pieces: sellable, in plentymarkets and in wemalo; None if wemalo must not know it.
    """

    product: int
    pieces: int | None
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the status contract, played with merchant alpha of the demo.

    :param row: what it shows.
    :param steps: what happens before each run of the pipeline; the orders are there from the start.
    :param stock: pieces of the scenario's goods in the warehouse at the start.
    :param variations: fields of the sandbox's variation; goods that ``stock`` does not name are
        unknown to wemalo at the start.
    """

    name: str
    row: str
    orders: tuple[JsonObject, ...]
    steps: tuple[tuple[Act, ...], ...]
    ends: tuple[End, ...]
    goods: tuple[Goods, ...] = ()
    stock: dict[int, int] = field(default_factory=lambda: {1: 20})
    variations: dict[int, JsonObject] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A scenario's own numbers as real ids: ``first`` and the number."""

    first: int

    def of(self, number: int) -> int:
        """Return the id of the scenario's order or product of this number."""
        return self.first + number

    def act(self, act: Act) -> JsonObject:
        """Return an act as the body of the control API's action, without the tenant."""
        return {"action": act.action, **self.real(act.args)}

    def real(self, value: Any) -> Any:
        """Return a row or list of rows with real ids."""
        if isinstance(value, (list, tuple)):
            return [self.real(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            key: self._field(key, one) if isinstance(one, int) else self.real(one)
            for key, one in value.items()
        }

    def _field(self, key: str, number: int) -> int:
        return self.of(number) if key in (*_ORDER_FIELDS, *_GOODS_FIELDS) else number


def order(number: int = 1, **changes: Any) -> JsonObject:
    """Return an order that can be sent as it is: two pieces of product 1.

    A key that ends in ``_`` changes a field of the delivery address.
    """
    address = {key.removesuffix("_"): changes.pop(key) for key in list(changes) if key[-1] == "_"}
    return {
        "number": number,
        "items": [{"variation": 1, "quantity": 2}],
        "delivery": {
            "name2": "Erika",
            "name3": "Musterfrau",
            "address1": "Hauptstraße",
            "address2": "12",
            "postalCode": "10115",
            "town": "Berlin",
            "country": "DE",
            **address,
        },
        **changes,
    }
