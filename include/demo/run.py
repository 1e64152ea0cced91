"""Tell the story on the running stack: orders in, runs, a cancellation, the warehouse, runs."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.cli.ledger import connect
from include.core.systems.errors import FulfilmentError, Unavailable
from include.ledger.stock import stock_sync
from include.sandbox.scenarios.demo_orders import (
    CANCELLED,
    CHANGED,
    DOCUMENTED,
    ENTERED,
    MERCHANTS,
    NEW_HOUSE,
    NO_NUMBER,
    RECEIVED,
    RETURNED,
    TOO_LATE,
    StoryMerchant,
    StoryOrder,
    new_product,
    orders,
    plenty_scenario,
    wemalo_scenario,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from include.sandbox.client import ControlClient
    from include.stack.api import AirflowApi

FIRST_ID = 100_000
PER_DEMO = 1_000
RUN_LIMIT_S = 600  # on a machine that is busy with other things
WAREHOUSE_DAY_S = 6 * 3600  # simulated: enough to pick, pack and hand over everything


@dataclass(frozen=True, slots=True)
class Stage:
    """The running stack and sandbox."""

    api: AirflowApi
    plenty: ControlClient
    wemalo: ControlClient
    plenty_url: str
    wemalo_url: str


def prepare(stage: Stage) -> dict[str, list[StoryOrder]]:
    """Put the next 45 orders of each merchant into the sandbox; return them by merchant."""
    tenants = stage.plenty.state()["tenants"]
    stories: dict[str, list[StoryOrder]] = {}
    for merchant in MERCHANTS:
        story = orders(merchant, next_id(stage, merchant))
        stories[merchant.name] = story
        if merchant.name not in tenants:
            _open_tenant(stage, merchant, story)
        else:
            _add_orders(stage, merchant, story)
        fresh = {"tenant": merchant.name, "variations": [new_product(merchant, story)]}
        stage.plenty.merge({"tenants": [fresh]})
    return stories


def next_id(stage: Stage, merchant: StoryMerchant) -> int:
    """Return the first order id of the next thousand that is free."""
    there = stage.plenty.state()["tenants"].get(merchant.name, {"orders": {}})
    taken = [int(row["id"]) for row in there["orders"].values()]
    return (max(taken) // PER_DEMO + 1) * PER_DEMO if taken else FIRST_ID


def unpause(stage: Stage, merchants: Iterable[str]) -> None:
    """Let the merchants' DAGs run."""
    for merchant in merchants:
        stage.api.call("PATCH", f"dags/{dag_id(merchant)}", json={"is_paused": False})


def _open_tenant(stage: Stage, merchant: StoryMerchant, story: list[StoryOrder]) -> None:
    password, token = secrets.token_urlsafe(18), secrets.token_urlsafe(24)
    stage.wemalo.merge(wemalo_scenario(merchant, story, token))
    stage.plenty.merge(plenty_scenario(merchant, story, password))
    stage.api.set_connections(
        {
            f"plenty_{merchant.name}": {
                "conn_type": "plenty",
                "host": stage.plenty_url,
                "login": merchant.username,
                "password": password,
            },
            f"wemalo_{merchant.name}": {
                "conn_type": "wemalo",
                "host": stage.wemalo_url,
                "password": token,
            },
        }
    )


def _add_orders(stage: Stage, merchant: StoryMerchant, story: list[StoryOrder]) -> None:
    """Add orders to systems that an earlier demo opened, and the goods that it used up."""
    fresh = wemalo_scenario(merchant, story, "")["tenants"][0]
    goods = {product: 200 for product, count in fresh["stock"].items() if count > 100}
    more = {"tenant": merchant.name, "parcels": fresh["parcels"], "stock": goods}
    stage.wemalo.merge({"tenants": [more]})
    data = [order.data for order in story]
    stage.plenty.merge({"tenants": [{"tenant": merchant.name, "orders": data}]})


def tell(stage: Stage, stories: dict[str, list[StoryOrder]], say: Callable[[str], None]) -> None:
    """Let the pipeline and the warehouse work until every order has ended."""
    unpause(stage, stories)
    say("Orders are released. First runs: products, fetch, check, hand over, write back.")
    run_all(stage, stories)
    _confirm_stock(stories, say)
    say("Each merchant cancels an order, cancels one that is being picked, moves a third one.")
    for name, story in stories.items():
        for order in story:
            _between(stage, name, order)
    run_all(stage, stories)
    _confirm_stock(stories, say)
    say("The warehouse picks, packs, hands over and receives goods (six hours in a moment).")
    for merchant in MERCHANTS:
        if merchant.name in stories:
            _work_in_the_warehouse(stage, merchant, stories[merchant.name])
    stage.wemalo.clock(advance=WAREHOUSE_DAY_S)
    say("Next runs: tracking numbers and carriers go back, stock follows.")
    run_all(stage, stories)
    say("Customers send two orders back; a parcel gets the number it lacked. Last runs: returns.")
    for name, story in stories.items():
        for order in story:
            if order.end == NO_NUMBER:
                stage.wemalo.act("change_tracking", name, order=str(order.order_id))
            elif order.end == RETURNED:
                stage.wemalo.act(
                    "book_return", name, order=str(order.order_id), items=_goods_of(order)
                )
    run_all(stage, stories)


def _between(stage: Stage, name: str, order: StoryOrder) -> None:
    """Let happen what happens to an order between hand-over and shipping."""
    number = order.order_id
    if order.end == TOO_LATE:
        stage.wemalo.act("start_picking", name, order=str(number))
    if order.end in (CANCELLED, TOO_LATE):
        stage.plenty.act("cancel", name, order=number)
    elif order.end == CHANGED:
        stage.plenty.act("edit_address", name, order=number, changes={"address2": NEW_HOUSE})
    elif order.end == DOCUMENTED:
        for kind in ("invoice", "delivery_note"):
            stage.plenty.act("make_document", name, order=number, kind=kind)


def _work_in_the_warehouse(stage: Stage, merchant: StoryMerchant, story: list[StoryOrder]) -> None:
    """Pack odd parcels, receive the new product, and find one piece of another one missing."""
    for order in story:
        if order.end in ENTERED:
            number = str(order.order_id)
            stage.wemalo.act("pack", merchant.name, order=number, parcels=[ENTERED[order.end]])
    product = str(new_product(merchant, story)["id"])
    items = [{"product": product, "quantity": RECEIVED}]
    stage.wemalo.act("receive_goods", merchant.name, items=items)
    counted = str(merchant.first_variation + 4)
    stage.wemalo.act("inventory", merchant.name, product=counted, delta=-1)


def _goods_of(order: StoryOrder) -> list[dict[str, object]]:
    return [
        {"product": str(item["variation"]), "quantity": item["quantity"], "reason": "damaged"}
        for item in order.data["items"]
    ]


def _confirm_stock(merchants: Iterable[str], say: Callable[[str], None]) -> None:
    """Confirm the first comparison of stock, as `fulfil stock approve` does."""
    with connect() as connection:
        count = sum(stock_sync.approve(connection, name) for name in merchants)
    if count:
        say(f"The first comparison of stock waits: {count} products are confirmed.")


def dag_id(merchant: str) -> str:
    """Return the DAG of a merchant."""
    return f"fulfilment__{merchant}"


def run_all(stage: Stage, merchants: Iterable[str]) -> None:
    """Trigger one run of each merchant and wait until all have ended.

    :raises FulfilmentError: a run failed, or took too long.
    """
    runs = {}
    for merchant in merchants:
        answer = stage.api.call(
            "POST", f"dags/{dag_id(merchant)}/dagRuns", json={"logical_date": None}
        )
        runs[merchant] = answer["dag_run_id"]
    deadline = time.monotonic() + RUN_LIMIT_S
    while runs:
        for merchant, run_id in list(runs.items()):
            run = stage.api.call("GET", f"dags/{dag_id(merchant)}/dagRuns/{run_id}")
            if run["state"] == "success":
                del runs[merchant]
            elif run["state"] == "failed":
                text = f"Run {run_id} of {dag_id(merchant)} failed; its log says why."
                raise FulfilmentError(text)
        if runs and time.monotonic() > deadline:
            text = f"Runs of {', '.join(runs)} did not end within {RUN_LIMIT_S} seconds."
            raise Unavailable(text)
        time.sleep(0.5)


def calls_per_order(stage: Stage, merchant: str, handed_over: int) -> dict[str, float]:
    """Return the demo's plentymarkets calls of a merchant, as plentymarkets counted them."""
    calls = stage.plenty.calls(merchant)
    reads, writes = (int(calls[kind].get(merchant, 0)) for kind in ("reads", "writes"))
    return {"reads": reads, "writes": writes, "reads_per_order": reads / max(handed_over, 1)}
