"""What tests of an order's exits look at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from include.ledger.exceptions.exceptions import acknowledge, open_exceptions
from include.ledger.orders.journal import Journal
from tests.flow.stage import Stage, good_order

ADD = "POST /v1/goodsOrder/addConditional"


def told(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in open_exceptions(connection, stage.name))


def seen(stage: Stage, code: str) -> None:
    journal = Journal(stage.name, "test", "run", 1)
    with stage.engine.begin() as connection:
        assert acknowledge(connection, journal, "order:1", code, "eva", "")


def by_hand(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})


def handed_over(stage: Stage, **changes: Any) -> None:
    by_hand(stage)
    stage.add(good_order(1, **changes))
    stage.run()
    assert stage.state(1) == "accepted"


def put(stage: Stage, **columns: Any) -> None:
    with stage.engine.begin() as connection:
        for name, value in columns.items():
            connection.execute(text(f"UPDATE orders SET {name} = :v"), {"v": value})  # noqa: S608


def numbers(stage: Stage) -> list[str]:
    rows = stage.plenty_order(1)["shippingPackages"]
    return sorted(p["packageNumber"] for p in rows if p["packageNumber"])


def calls(stage: Stage, route: str) -> int:
    return int(stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"].get(route, 0))
