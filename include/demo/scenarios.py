"""Play scenarios of the sandbox's catalogue with merchant alpha, and check their ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.orders.statuses import status
from include.ledger.exceptions import exceptions
from include.ledger.orders import timeline
from include.ledger.stock import stock_sync as stock_ledger
from include.ledger.systems import sync_state
from include.sandbox.scenarios.demo_orders import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Engine

    from include.sandbox.client import ControlClient
    from include.sandbox.scenarios.parts import Act, End, Goods, JsonObject, Numbers, Scenario

RETURN, DELIVERY = 3, 2  # order types (plentymarkets contract 9)
#: what wemalo calls the quality that can be sold
FIRST_QUALITY = "1"


@dataclass(frozen=True, slots=True)
class Stagehand:
    """Plays scenarios of one merchant on both sandbox servers."""

    plenty: ControlClient
    wemalo: ControlClient
    engine: Engine
    tenant: str = ALPHA.name

    def put(self, scenario: Scenario, numbers: Numbers) -> None:
        """Add a scenario's goods and orders to both systems."""
        goods = sorted({*scenario.stock, *scenario.variations})
        skus = {
            n: scenario.variations.get(n, {}).get("number", f"S-{numbers.of(n)}") for n in goods
        }
        self.wemalo.merge(
            {
                "tenants": [
                    {
                        "tenant": self.tenant,
                        "products": [
                            {"externalId": str(numbers.of(n)), "sku": skus[n], "name": f"Goods {n}"}
                            for n in scenario.stock
                        ],
                        "stock": {str(numbers.of(n)): c for n, c in scenario.stock.items()},
                    }
                ]
            }
        )
        self.plenty.merge(
            {
                "tenants": [
                    {
                        "tenant": self.tenant,
                        "variations": [
                            {
                                "name": f"Goods {n}",
                                "weight_g": 300,
                                **numbers.real(scenario.variations.get(n, {})),
                                "id": numbers.of(n),
                                "number": skus[n],
                            }
                            for n in goods
                        ],
                        "orders": [_order(row, numbers) for row in scenario.orders],
                    }
                ]
            }
        )

    def do(self, act: Act, numbers: Numbers) -> None:
        """Let somebody act now, or at one of the pipeline's next calls."""
        if act.who == "operator":
            with self.engine.begin() as connection:
                if act.action == "approve stock":
                    stock_ledger.approve(connection, self.tenant)
                else:
                    sync_state.forget(connection, self.tenant, "stock_doubles")
            return
        system = self.plenty if act.who == "merchant" else self.wemalo
        body = numbers.act(act)
        if act.is_race:
            match = act.match or (str(numbers.of(act.args["order"])) if act.own else None)
            body = {"tenant": self.tenant, **body}
            route = act.route or "*"
            system.hook(route=route, match=match, when=act.when, skip=act.skip, action=body)
        else:
            system.act(body.pop("action"), self.tenant, **body)

    def faults(self, scenario: Scenario, numbers: Numbers) -> Iterator[str]:
        """Yield everything that is not as the scenario says."""
        plenty = self.plenty.state(self.tenant)["tenants"][self.tenant]
        wemalo = self.wemalo.state(self.tenant)["tenants"][self.tenant]
        for end in scenario.ends:
            for what, wanted, found in self._of_order(end, numbers, plenty, wemalo):
                if wanted != found:
                    yield f"order {end.order}: {what} is {found}, not {wanted}"
        for goods in scenario.goods:
            for what, wanted, found in self._of_goods(goods, numbers, plenty, wemalo):
                if wanted != found:
                    yield f"product {goods.product}: {what} is {found}, not {wanted}"

    def _of_order(
        self, end: End, numbers: Numbers, plenty: Mapping[str, Any], wemalo: Mapping[str, Any]
    ) -> list[tuple[str, Any, Any]]:
        orders = {int(row["id"]): row for row in plenty["orders"].values()}
        order_id = numbers.of(end.order)
        if end.delivery:
            order_id = _children(orders, order_id, DELIVERY)[0]["id"]
        there, sent = orders[order_id], wemalo["orders"].get(str(order_id), {})
        packages = [row for row in there["shippingPackages"] if row["packageNumber"]]
        pieces = [
            sum(int(Decimal(str(item["quantity"]))) for item in row["orderItems"])
            for row in _children(orders, order_id, RETURN)
        ]
        with self.engine.begin() as connection:
            known = timeline.read(connection, self.tenant, order_id)
            cases = exceptions.of_order(
                connection,
                self.tenant,
                order_id,
                [int(i["itemVariationId"]) for i in there["orderItems"]],
            )
        return [
            ("status in plentymarkets", status(end.status), status(there["statusId"])),
            ("status in wemalo", end.at_wemalo, sent.get("status")),
            ("times sent", int(end.at_wemalo is not None), min(sent.get("submissions", 0), 1)),
            ("state in the ledger", end.ledger, known and str(known.order.state)),
            ("packages with a number", end.numbers, len(packages)),
            ("tracking numbers twice", 0, _twice(row["packageNumber"] for row in packages)),
            ("order notes", end.notes, len(there["comments"])),
            ("pieces of returns", sorted(end.returns), sorted(pieces)),
            (
                "documents",
                sorted(end.documents),
                sorted(d["docType"] for d in sent.get("documents", [])),
            ),
            ("exceptions", sorted(end.cases), sorted({row.code for row in cases})),
        ]

    def _of_goods(
        self, goods: Goods, numbers: Numbers, plenty: Mapping[str, Any], wemalo: Mapping[str, Any]
    ) -> list[tuple[str, Any, Any]]:
        number = numbers.of(goods.product)
        with self.engine.begin() as connection:
            subject = exceptions.item_subject(number)
            cases = [
                r
                for r in exceptions.open_exceptions(connection, self.tenant)
                if r.subject == subject
            ]
        codes = ("exceptions", sorted(goods.cases), sorted(row.code for row in cases))
        if goods.pieces is None:
            return [("known to wemalo", False, str(number) in wemalo["products"]), codes]
        return [
            ("stock in plentymarkets", goods.pieces, plenty_stock(plenty).get(number, 0)),
            ("stock in wemalo", goods.pieces, wemalo_stock(wemalo)[str(number)]),
            codes,
        ]


def plenty_stock(tenant: Mapping[str, Any]) -> dict[int, int]:
    """Return plentymarkets' physical stock by variation, of a tenant's sandbox state."""
    return {
        int(row["variationId"]): int(Decimal(str(row["stockPhysical"]))) for row in tenant["stock"]
    }


def wemalo_stock(tenant: Mapping[str, Any]) -> dict[str, int]:
    """Return wemalo's sellable pieces in the house by external id: on the shelf, and picked."""
    return {
        key: int(row["shelf"].get(FIRST_QUALITY, 0)) + int(row["picked"])
        for key, row in tenant["stock"].items()
    }


def _order(row: JsonObject, numbers: Numbers) -> JsonObject:
    data = {
        "status": ALPHA.fetch,
        "plenty_id": ALPHA.plenty_id,
        "warehouse": ALPHA.warehouse_id,
        "profile": ALPHA.profiles[0][0],
        "type": 1,
        **numbers.real(row),
    }
    return {**data, "id": numbers.of(data.pop("number"))}


def _children(
    orders: Mapping[int, Mapping[str, Any]], order_id: int, kind: int
) -> list[Mapping[str, Any]]:
    return [
        row
        for row in orders.values()
        if row["typeId"] == kind
        and any(int(ref["originOrderId"]) == order_id for ref in row["orderReferences"])
    ]


def _twice(numbers: Iterator[str] | Sequence[str]) -> int:
    return sum(count > 1 for count in Counter(numbers).values())
