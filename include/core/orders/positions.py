"""What each position of an order is to the warehouse, by its type (plentymarkets contract 6.6).

A position is sent, or is told to the picker, or is no goods by a rule with a name, or stops the
order: none is dropped without a word. `LEFT_OUT` are the rules' names; the diary counts by them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.core.orders.models import Order, OtherPosition

#: variation, bundle component, unassigned variation, set component: the last but one has no
#: number to pick it by and stops the order
GOODS = frozenset({1, 3, 9, 14})
#: heads carry no goods of their own: sending them beside their components would ship twice
HEADS = {2: ("bundle_head", 3), 13: ("set_head", 14)}
#: money only
MONEY = {4: "coupon", 6: "shipping_costs", 7: "payment_surcharge", 10: "deposit",
         12: "dunning_charge"}  # fmt: skip
#: work for the picker, or goods without a number: what becomes of them is a setting
TOLD = {5: "gift_card", 8: "gift_wrap", 15: "order_property"}
HEAD_ALONE, UNKNOWN = "head_alone", "unknown_type"
LEFT_OUT = frozenset({*MONEY.values(), *(name for name, _ in HEADS.values())})

Handling = Literal["picking_info", "leave_out", "stop"]


class Positions(BaseModel):
    """What becomes of positions that are neither goods nor money, and of the customer's notes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gift_card: Handling = Field(
        "picking_info",
        description="Gift cards (type 5): 'picking_info' tells the picker, 'leave_out' sends the "
        "order without them, 'stop' holds the order (contract 6.6).",
    )
    gift_wrap: Handling = Field("picking_info", description="Gift wraps (type 8): the same.")
    order_property: Handling = Field(
        "picking_info", description="Order properties such as an engraving (type 15): the same."
    )
    customer_notes: Literal["picking_info", "leave_out"] = Field(
        "picking_info",
        description="Notes that the customer left with the order: shown to the picker, or not.",
    )

    def of(self, rule: str) -> Handling | None:
        """Return what becomes of the positions of a rule, None where no setting decides."""
        return getattr(self, rule) if rule in TOLD.values() else None


def rule_of(type_id: int, *, has_components: bool) -> str:
    """Return the name of the rule by which a position is no goods.

    :param has_components: of a head: its components are positions of the same order.
    """
    if type_id in HEADS:
        return HEADS[type_id][0] if has_components else HEAD_ALONE
    return MONEY.get(type_id) or TOLD.get(type_id) or UNKNOWN


def heads_with_components(rows: Sequence[tuple[int, int, Sequence[int]]]) -> set[int]:
    """Return the heads of bundles and sets whose components are there.

    Components that name no head at all stand for every head of their kind: which one they belong
    to cannot be told, and the goods are sent.

    :param rows: id, type and referenced ids of each position.
    """
    found: set[int] = set()
    for head_type, (_, part_type) in HEADS.items():
        heads = {item_id for item_id, type_id, _ in rows if type_id == head_type}
        named: set[int] = set()
        nameless = False
        for _, type_id, references in rows:
            if type_id == part_type:
                own = heads.intersection(references)
                named |= own
                nameless = nameless or not own
        found |= heads if nameless else named
    return found


def counted(order: Order) -> dict[str, Any]:
    """Return how many positions were read, and how many of them are goods, told and left out."""
    rules = Counter(other.rule for other in order.others)
    return {
        "positions": len(order.items) + len(order.others),
        "goods": len(order.items),
        "not_goods": _texts(rules),
    }


def picking_info(order: Order, settings: Positions) -> str:
    """Return what the picker is told: wraps, engravings, gift cards, the customer's notes."""
    lines = [_line(other) for other in order.others if settings.of(other.rule) == "picking_info"]
    lines += [f"{item.sku or item.name}: {item.text}" for item in order.items if item.text]
    if settings.customer_notes == "picking_info":
        lines += order.notes
    return "\n".join(line for line in lines if line)


def _line(other: OtherPosition) -> str:
    amount = f"{other.quantity} x " if other.quantity not in ("", "1") else ""
    return amount + other.text if other.text else ""


def left_out(order: Order, settings: Positions) -> tuple[list[str], list[str]]:
    """Return the rules of the positions that the picker is told of, and of those left out."""
    told = Counter(o.rule for o in order.others if settings.of(o.rule) == "picking_info")
    out = Counter(o.rule for o in order.others if settings.of(o.rule) != "picking_info")
    return _texts(told), _texts(out)


def _texts(rules: Counter[str]) -> list[str]:
    return [f"{rule} {times}" for rule, times in sorted(rules.items())]
