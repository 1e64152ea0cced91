"""What merchant and warehouse do on a day, each by its own system.

No plan draws ``merchant changes a quantity`` and ``merchant deletes`` by itself: where both meet
one order and the change's answer was lost, its product's stock may differ in a way nobody names.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.chaos.oracle import RETURN
from include.sandbox.scenarios.demo_orders import ALPHA, PLACES, released_order

if TYPE_CHECKING:
    from include.chaos.plan import Act
    from include.sandbox.client import ControlClient

RELEASED = Decimal(5)
BAD = Decimal("6.2")  # status of a faulty address
GOODS = [str(ALPHA.first_variation + number) for number in range(5)]
STATUS_CALL = "PUT /rest/orders/{order_id}"
#: acts about goods in the warehouse: they concern no order
ABOUT_GOODS = ("goods come", "goods are found", "goods are lost")
#: acts about orders whose goods are still there
BEFORE_LEAVING = (
    "merchant changes the address", "merchant changes a quantity", "merchant deletes",
)  # fmt: skip


class Acts:
    """Does what a plan says.

    :param name: the merchant's, on both sides.
    """

    def __init__(self, name: str, plenty: ControlClient, wemalo: ControlClient) -> None:
        """Do nothing yet."""
        self._name, self._plenty, self._wemalo = name, plenty, wemalo
        self.done: Counter[str] = Counter()
        self.edits: Counter[int] = Counter()
        self.deleted: set[int] = set()
        self._requantified: set[str] = set()
        self._back: set[str] = set()

    def release(self, numbers: tuple[int, ...], seed: int) -> None:
        """Let new orders come."""
        rows = [_order(number, seed) for number in numbers]
        parcels = {str(row["id"]): 1 + (row["items"][0]["quantity"] > 2) for row in rows}
        self._wemalo.merge({"tenants": [{"tenant": self._name, "parcels": parcels}]})
        self._plenty.merge({"tenants": [{"tenant": self._name, "orders": rows}]})
        self.done["orders"] += len(rows)

    def act(self, act: Act) -> str:
        """Do it now, or at one of the flow's next calls; "" where nobody is there for it."""
        chosen = _pick(act.pick, self._candidates(act))
        if act.kind in ABOUT_GOODS:
            self._stock(act)
        elif chosen is None:
            return ""
        elif act.kind == "goods come back":
            self._send_back(chosen)
        else:
            self._merchant(act, int(chosen))
        self.done[act.kind] += 1
        when = " as its status is written" if act.race else ""
        return f"{act.kind} {chosen or ''}{when}"

    def _candidates(self, act: Act) -> list[str]:
        if act.kind in ABOUT_GOODS:
            return []
        there = self.at_wemalo()["orders"]
        gone = {key for key, row in there.items() if row["status"] == "SHIPPED"}
        if act.kind == "goods come back":
            # of a changed quantity more may come back than the order has: no matter of this day
            deleted = set(map(str, self.deleted))
            return sorted(gone - self._back - self._requantified - deleted)
        shown = {
            key: Decimal(str(row["statusId"]))
            for key, row in self.at_plenty()["orders"].items()
            if row["typeId"] != RETURN
        }
        if act.race:  # the newest are those whose status is written next
            new = sorted(int(key) for key, status in shown.items() if status == RELEASED)
            return [str(number) for number in new[-4:]]
        if act.kind == "merchant corrects the address":
            return sorted(key for key, status in shown.items() if status == BAD)
        left = gone if act.kind in BEFORE_LEAVING else set()
        return sorted(key for key, status in shown.items() if status < BAD and key not in left)

    def _merchant(self, act: Act, order: int) -> None:
        doing = self._doing(act, order)
        if not act.race:
            self._plenty.act(tenant=self._name, **doing)
        else:
            self._plenty.hook(
                route=STATUS_CALL, match=f"/rest/orders/{order}?",
                action={"tenant": self._name, **doing}, may_not_fire=act.kind,
            )  # fmt: skip
        if act.kind == "merchant corrects the address":
            self._plenty.act("release", self._name, order=order)

    def _doing(self, act: Act, order: int) -> dict[str, Any]:
        if act.kind == "merchant cancels":
            return {"action": "cancel", "order": order}
        if act.kind == "merchant deletes":
            self.deleted.add(order)
            return {"action": "delete", "order": order}
        self.edits[order] += 1
        if act.kind == "merchant changes a quantity":
            self._requantified.add(str(order))
            rows = self.at_plenty()["orders"][str(order)]["orderItems"]
            items = [{"id": row["id"], "quantity": row["quantity"]} for row in rows]
            goods = next(n for n, row in enumerate(rows) if row["itemVariationId"])
            items[goods]["quantity"] = 1 + (int(items[goods]["quantity"]) + int(act.share * 2)) % 3
            return {"action": "edit_items", "order": order, "items": items}
        street = PLACES[int(act.share * len(PLACES))][0]
        changes = {"address1": street, "address2": str(1 + int(act.share * 90))}
        return {"action": "edit_address", "order": order, "changes": changes}

    def _stock(self, act: Act) -> None:
        product = GOODS[int(act.pick * len(GOODS))]
        pieces = 1 + int(act.share * 5)
        if act.kind == "goods come":
            item = {"product": product, "quantity": pieces}
            self._wemalo.act("receive_goods", self._name, items=[item])
        else:
            delta = pieces if act.kind == "goods are found" else -pieces
            self._wemalo.act("inventory", self._name, product=product, delta=delta)

    def _send_back(self, key: str) -> None:
        rows = self.at_wemalo()["orders"][key]["positions"]
        items = [{"product": r["externalId"], "quantity": int(r["quantity"])} for r in rows]
        self._wemalo.act("book_return", self._name, order=key, items=items)
        self._back.add(key)

    def at_plenty(self) -> dict[str, Any]:
        """Return the merchant's tenant in plentymarkets as it is now."""
        return dict(self._plenty.state(self._name)["tenants"][self._name])

    def at_wemalo(self) -> dict[str, Any]:
        """Return the merchant's tenant in wemalo as it is now."""
        return dict(self._wemalo.state(self._name)["tenants"][self._name])


def _pick(place: float, some: list[str]) -> str | None:
    return some[int(place * len(some))] if some else None


def _order(number: int, seed: int) -> dict[str, Any]:
    """Return a released order; every ninth has a faulty address."""
    faulty = (number + seed) % 9 == 0
    goods = [GOODS[(number + seed) % 5], GOODS[(number * 3 + seed + 1) % 5]]
    address = {"address1": "Weg", "address2": ""} if faulty else {"address2": str(number % 90 + 1)}
    return released_order(
        ALPHA,
        number,
        place=PLACES[(number + seed) % 4],
        items=[
            {"variation": int(product), "quantity": 1 + (number + seed) % 3}
            for product in sorted(set(goods[: 1 + number % 2]))
        ],
        address=address,
    )
