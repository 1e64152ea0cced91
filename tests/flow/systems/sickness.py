"""Every way to fail, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import Stage

FAULTS: dict[str, dict[str, Any]] = {
    "403 page": {"kind": "html", "status": 403},
    "404": {"kind": "status", "status": 404},
    "422": {"kind": "status", "status": 422},
    "500": {"kind": "status", "status": 500},
    "cut": {"kind": "cut"},
    "half a JSON": {"kind": "malformed"},
}


SEARCH = "GET /rest/orders/search"


STATUS = "GET /v1/goodsOrder/getStatus/{external_id}"


SET_STATUS = "PUT /rest/orders/{order_id}"


@dataclass(frozen=True)
class Step:
    """One step: which call of which system fails, and what in it names the item.

    :param match: parts of the call, with ``{n}`` for the item's number there.
    :param when: what has to happen before its fault is set: "" nothing, "shipped", "returned".
    :param skip: calls about the item that are made for something else before.
    """

    system: str
    route: str
    match: tuple[str, ...]
    when: str = ""
    skip: int = 0


#: steps about an order -> their call
ORDER_STEPS = {
    "read": Step("plenty", SEARCH, ("{n}",)),
    "hand_over": Step("wemalo", "POST /v1/goodsOrder/addConditional", ('"externalId": "{n}"',)),
    "status": Step("plenty", SET_STATUS, ("/orders/{n}?",)),
    "put_back": Step("plenty", SET_STATUS, ("/orders/{n}?",), skip=1),
    "note": Step("plenty", "POST /rest/comments", ('"referenceValue": {n}',)),
    "look": Step("wemalo", STATUS, ("/getStatus/{n}?",)),
    "cancel": Step("wemalo", "PUT /v1/goodsOrder/cancel/{external_id}", ("/cancel/{n}?",)),
    "change": Step("wemalo", "POST /v1/goodsOrder/addConditional", ("Changed street {n}",)),
    "document": Step("wemalo", "POST /v1/goodsOrder/addDocument/{external_id}", ("/{n}?",)),
    "packages": Step("plenty", SEARCH, ("shippingPackages", "{n}"), "shipped"),
    "package": Step(
        "plenty",
        "POST /rest/orders/{order_id}/shipping/packages",
        ("/orders/{n}/",),
        "shipped",
    ),
    "shipping_info": Step(
        "plenty", "POST /rest/orders/shipping/shipping_information", ('"orderId": {n}',), "shipped"
    ),
    "dates": Step("plenty", SEARCH, ("orderItems.variation", "{n}"), "shipped"),
    "goods_issue": Step(
        "plenty", "POST /rest/sales_orders/{order_id}/book", ("/sales_orders/{n}/",), "shipped"
    ),
    "acknowledge": Step(
        "wemalo", "PUT /v1/goodsOrder/packages/sent/{booking_id}", ("/sent/{n}?",), "shipped"
    ),
    "number": Step("wemalo", "GET /v1/goodsOrder/packages", ("externalOrderId={n}",), "shipped"),
    "returns_read": Step("plenty", SEARCH, ("orderReference_parent", "{n}"), "returned"),
    "return": Step("plenty", "POST /rest/orders/{order_id}/returns", ("/orders/{n}/",), "returned"),
    "return_end": Step("plenty", "PUT /rest/returns/{order_id}", ("/returns/{n}?",), "created"),
    "announcement": Step(
        "wemalo", "POST /v1/returns/announceConditional", ('"externalId": "{n}"',), "created"
    ),
}


#: steps whose runs are no ordinary ones, each with a test of its own below
OTHER_RUNS = {
    "compare": Step("plenty", SEARCH, ("{n}",)),
    "replay": Step("wemalo", STATUS, ("/getStatus/{n}?",)),
}


HEALTHY = (500, 99_000_000)  # before and behind all sick ones


def fault(stage: Stage, step: Step, kind: str, number: int) -> None:
    """Let one step's call about one item fail, each time.

    :param number: the item's in that call: of a row or a return it is not the order's.
    """
    match = [part.format(n=number) for part in step.match]
    getattr(stage.sandbox, step.system).fault(
        route=step.route, match=match, skip=step.skip, **FAULTS[kind]
    )


def told(stage: Stage) -> dict[str, set[str]]:
    """Return subject -> codes of the open exceptions."""
    with stage.engine.begin() as connection:
        rows = open_exceptions(connection, "alpha")
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.subject, set()).add(row.code)
    return found


def failed_at(stage: Stage) -> set[tuple[str, str]]:
    """Return (step, subject) of what is noted as failing."""
    with stage.engine.begin() as connection:
        rows = connection.execute(text("SELECT step, subject FROM failures"))
        return {(row.step, row.subject) for row in rows}
