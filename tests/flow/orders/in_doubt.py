"""Calls about order 1 whose outcome is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import Stage, a_second_later, good_order

if TYPE_CHECKING:
    from collections.abc import Callable


ADD = "POST /v1/goodsOrder/addConditional"


PLAIN = "POST /v1/goodsOrder/add"


CANCEL = "PUT /v1/goodsOrder/cancel/{external_id}"


def codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in open_exceptions(connection, stage.name))


def comments(stage: Stage) -> list[str]:
    return [one["text"] for one in stage.plenty_order(1)["comments"]]


def street(stage: Stage) -> str:
    return str(stage.wemalo_orders()["1"]["meta"]["receiver"][0]["street"])


def by_hand(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})


def steps(stage: Stage, *tasks: str) -> None:
    for task in tasks:
        stage.step(task)


def load(stage: Stage, times: int = 1) -> None:
    steps(stage, *["load_to_wemalo"] * times)


def edit(stage: Stage, **changes: str) -> None:
    a_second_later()
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes=changes)


def set_status(stage: Stage, status: str) -> None:
    a_second_later()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=status)


def new(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    steps(stage, "extract_plenty_orders", "validate")


def new_by_the_plain_route(stage: Stage) -> None:
    wemalo = stage.merchant.wemalo.model_copy(update={"create_route": "add"})
    stage.merchant = stage.merchant.model_copy(update={"wemalo": wemalo})
    new(stage)


def handed_over(stage: Stage) -> None:
    new(stage)
    steps(stage, "load_to_wemalo", "writeback_status")
    assert stage.plenty_status(1) == Decimal("5.1")


def cancelled(stage: Stage) -> None:
    handed_over(stage)
    set_status(stage, "8")
    stage.step("extract_plenty_orders")


def changed(stage: Stage) -> None:
    handed_over(stage)
    edit(stage, address1="Lindenallee")
    steps(stage, "extract_plenty_orders", "validate")


def is_handed_over(stage: Stage) -> None:
    assert (stage.state(1), stage.wemalo_orders()["1"]["status"]) == ("accepted", "OPEN")


def is_cancelled(stage: Stage) -> None:
    assert (stage.state(1), stage.wemalo_orders()["1"]["status"]) == ("cancelled", "CANCELLED")
    assert comments(stage) == [], "nothing was told while it was not known"


def is_changed(stage: Stage) -> None:
    assert (stage.state(1), street(stage)) == ("accepted", "Lindenallee")
    assert stage.timeline(1).order.change_state is None


@dataclass(frozen=True)
class Call:
    """One call about an order at wemalo.

    :param more: repeated so often at most: it changes nothing then.
    """

    route: str
    method: str
    prepare: Callable[[Stage], None]
    check: Callable[[Stage], None]
    more: int = 0

    def __str__(self) -> str:
        return f"{self.prepare.__name__}".replace("_", " ")


CALLS = [
    Call(ADD, "add_conditional", new, is_handed_over),
    Call(PLAIN, "add", new_by_the_plain_route, is_handed_over),
    Call(CANCEL, "cancel", cancelled, is_cancelled),
    Call(ADD, "add_conditional", changed, is_changed, more=1),
]


def made(stage: Stage, call: Call) -> int:
    return int(stage.sandbox.wemalo.calls("alpha")["counts"]["alpha"].get(call.route, 0))
