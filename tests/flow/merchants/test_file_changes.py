"""A merchant file or a connection that changes while orders are in flight."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.systems.opening import DryRun, open_work
from fulfilment.hooks.rehearsal import Rehearsal

from include.core.systems.errors import ConfigError
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.orders.journal import Journal
from include.sandbox.scenarios.demo_orders import ALPHA, BETA, wemalo_scenario
from tests.flow.stage import (
    PASSWORD,
    TOKEN,
    Stage,
    a_second_later,
    drop_connection,
    good_order,
    set_connection,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_STATUSES = {
    "fetch": "5.5", "handed_over": "5.65", "address_error": "6.25", "no_stock": "6.35",
    "cancel_requested": "8.1", "cancel_done": "8.7", "cancel_too_late": "8.6", "shipped": "7.1",
}  # fmt: skip
#: what a merchant may change in its file, and what of it is told
CHANGES: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "warehouse": ({"plenty": {"warehouse_id": 4}}, "plenty.warehouse_id 3 -> 4"),
    "plentyID": ({"plenty": {"plenty_id": 1002}}, "plenty.plenty_id 1001 -> 1002"),
    "types": ({"plenty": {"shippable_types": [2]}}, "plenty.shippable_types 1, 2, 5 -> 2"),
    "location": ({"plenty": {"storage_location_id": 8}}, "plenty.storage_location_id 7 -> 8"),
    "product": ({"wemalo": {"product_id": "sku"}}, "wemalo.product_id variation_id -> sku"),
    "connection": ({"plenty": {"connection": "plenty_2"}}, "plenty_alpha -> plenty_2"),
    "client": ({"wemalo": {"connection": "wemalo_2"}}, "wemalo_alpha -> wemalo_2"),
    "statuses": ({"statuses": OWN_STATUSES}, "statuses.cancel_requested 8 -> 8.1"),
}


@pytest.fixture(autouse=True)
def other_connections(stage: Stage) -> Iterator[None]:
    """The same systems under other names, and plentymarkets under another address."""
    plenty, wemalo = stage.sandbox.plenty_url, stage.sandbox.wemalo_url
    set_connection("plenty_2", "plenty", plenty, ALPHA.username, PASSWORD)
    set_connection("wemalo_2", "wemalo", wemalo, "", TOKEN)
    set_connection("plenty_moved", "plenty", moved(stage), ALPHA.username, PASSWORD)
    yield
    for name in ("plenty_2", "wemalo_2", "plenty_moved", "wemalo_other"):
        drop_connection(name)


def moved(stage: Stage) -> str:
    """Return another address that leads to the same plentymarkets."""
    return stage.sandbox.plenty_url.replace("127.0.0.1", "localhost")


def change(stage: Stage, **sections: dict[str, Any]) -> None:
    """Change the merchant's file."""
    now = stage.merchant.model_dump()
    settings(stage, **{name: {**now[name], **values} for name, values in sections.items()})


def told(stage: Stage) -> dict[str, str]:
    with stage.engine.begin() as connection:
        return {row.code: row.en for row in open_exceptions(connection, stage.name)}


def run(stage: Stage) -> None:
    a_second_later()
    stage.run()
    assert not stage.errors


def by_hand(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})


def warehouse(stage: Stage, order_id: int = 1) -> str:
    return str(stage.wemalo_orders()[str(order_id)]["status"])


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_an_order_at_the_warehouse_is_cancelled_by_the_facts_it_was_fetched_under(
    stage: Stage, name: str
) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    run(stage)
    assert told(stage) == {}
    sections, what = CHANGES[name]
    change(stage, **sections)
    run(stage)
    text = told(stage)["MERCHANT_FILE_CHANGED"]
    assert what in text
    assert "1 orders that were under way" in text
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    run(stage)
    assert (stage.state(1), stage.plenty_status(1)) == ("cancelled", Decimal("8.8"))
    assert warehouse(stage) == "CANCELLED"
    run(stage)
    assert "MERCHANT_FILE_CHANGED" not in told(stage)


def test_statuses_are_written_as_they_were_when_the_order_was_fetched(stage: Stage) -> None:
    settings(stage, goods_issue="status", statuses={"shipped": "7"})
    by_hand(stage)
    short = [{"variation": ALPHA.first_variation + 5, "quantity": 50}]
    stage.add(*[good_order(n) for n in (1, 2, 3)], good_order(4, items=short))
    stage.step("extract_plenty_orders")
    change(stage, statuses=OWN_STATUSES)
    run(stage)  # judged and handed over after the change
    assert [stage.plenty_status(n) for n in (1, 2, 3)] == [Decimal("5.1")] * 3
    assert stage.plenty_status(4) == Decimal("6.3")
    # too late to cancel, and shipped
    stage.sandbox.wemalo.act("start_picking", "alpha", order="2")
    stage.sandbox.plenty.act("set_status", "alpha", order=2, status=8)
    stage.sandbox.wemalo.act("pack", "alpha", order="3", parcels=1)
    stage.sandbox.wemalo.act("hand_over", "alpha", order="3", parcel=1)
    run(stage)
    run(stage)  # what the end of a run queues is written by the next one
    assert stage.plenty_status(2) == Decimal("8.8")
    assert (stage.state(3), stage.plenty_status(3)) == ("shipped", Decimal(7))


def test_what_is_released_after_the_change_goes_by_the_new_facts(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    run(stage)
    change(stage, plenty={"warehouse_id": 4}, statuses=OWN_STATUSES)
    names = list(OWN_STATUSES.values())
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": names}]})
    stage.add(good_order(2, warehouse=4, status="5.5"))
    run(stage)
    assert stage.plenty_status(1) == Decimal("5.1")
    assert stage.plenty_status(2) == Decimal("5.65")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.sandbox.plenty.act("set_status", "alpha", order=2, status="8.1")
    run(stage)
    assert [stage.plenty_status(n) for n in (1, 2)] == [Decimal("8.8"), Decimal("8.7")]


def test_orders_that_stand_in_a_status_that_became_the_fetch_status_are_not_released(
    stage: Stage,
) -> None:
    stage.add(good_order(1))
    run(stage)
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    run(stage)
    assert stage.state(1) == "shipped"
    change(stage, statuses={"fetch": "5.1", "handed_over": "5.2"})
    run(stage)
    assert told(stage) == {}
    assert stage.plenty_status(1) == Decimal("5.1")


def test_a_change_of_an_order_is_judged_and_sent_by_the_old_facts(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    run(stage)
    change(stage, plenty={"warehouse_id": 4, "plenty_id": 1002}, wemalo={"product_id": "sku"})
    a_second_later()
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"address2": "99"})
    run(stage)
    meta = stage.wemalo_orders()["1"]["meta"]
    assert "99" in str(meta["receiver"])
    assert meta["externalIdMatch"] == "externalId"
    assert told(stage).keys() == {"MERCHANT_FILE_CHANGED"}


def test_orders_of_another_plentymarkets_system_are_told_and_left_alone(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    run(stage)
    change(stage, plenty={"connection": "plenty_moved"})
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.add(good_order(2))
    run(stage)
    assert "1 orders are in a system" in told(stage)["MERCHANT_SYSTEM_CHANGED"]
    assert "MERCHANT_FILE_CHANGED" not in told(stage)
    # its number is another order's there: that one is neither sent nor written to
    assert (stage.plenty_status(1), warehouse(stage)) == (Decimal(8), "OPEN")
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    run(stage)
    assert stage.plenty_status(1) == Decimal(5)
    assert "number is that of an order of the plentymarkets system" in told(stage)["ORDER_ID_TAKEN"]
    # an order of its own travels
    assert stage.plenty_status(2) == Decimal("5.1")
    # and with the old connection the old order goes on
    change(stage, plenty={"connection": "plenty_alpha"})
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    run(stage)
    assert (stage.plenty_status(1), warehouse(stage)) == (Decimal("8.8"), "CANCELLED")


def test_a_system_that_only_moved_is_named_and_its_orders_go_on(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    run(stage)
    change(stage, plenty={"connection": "plenty_moved", "former_urls": [stage.sandbox.plenty_url]})
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    run(stage)
    assert (stage.plenty_status(1), warehouse(stage)) == (Decimal("8.8"), "CANCELLED")
    assert "MERCHANT_SYSTEM_CHANGED" not in told(stage)


def test_orders_in_another_wemalo_client_are_told_and_left_alone(stage: Stage) -> None:
    by_hand(stage)
    stage.add(good_order(1))
    run(stage)
    scenario = wemalo_scenario(BETA, [], "token-2")
    scenario["tenants"][0] |= {"settings": {"auto": False}}
    stage.sandbox.wemalo.merge(scenario)
    set_connection("wemalo_other", "wemalo", stage.sandbox.wemalo_url, "", "token-2")
    change(stage, wemalo={"connection": "wemalo_other"})
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert "wemalo_alpha -> wemalo_other" in told(stage)["MERCHANT_SYSTEM_CHANGED"]
    # the other client knows nothing of it, which is no word about it
    assert (stage.plenty_status(1), stage.state(1)) == (Decimal(8), "accepted")
    change(stage, wemalo={"connection": "wemalo_alpha"})
    run(stage)
    assert (stage.plenty_status(1), warehouse(stage)) == (Decimal("8.8"), "CANCELLED")


def opened(stage: Stage, merchant: Any, dry: DryRun | None = None) -> None:
    journal = Journal(merchant.merchant, "load_to_wemalo", "run", 1)
    open_work(merchant, stage.engine, journal, 0, priority="orders", dry=dry)


@pytest.mark.parametrize("dry", [False, True])
def test_a_task_of_a_second_system_in_one_wemalo_client_ends_before_it_calls_anybody(
    stage: Stage, dry: bool
) -> None:
    stage.add(good_order(1))
    run(stage)
    data = stage.merchant.model_dump()
    data |= {"merchant": "gamma", "plenty": {**data["plenty"], "connection": "plenty_moved"}}
    gamma = type(stage.merchant).model_validate(
        {**data, "wemalo": {**data["wemalo"], "connection": "wemalo_2"}}
    )
    before = [system.calls() for system in (stage.sandbox.plenty, stage.sandbox.wemalo)]
    with pytest.raises(ConfigError) as caught:
        opened(stage, gamma, DryRun(stage.engine, Rehearsal()) if dry else None)
    assert caught.value.code == "SAME_CLIENT"
    assert "The merchants gamma and alpha work with the same wemalo client" in str(caught.value)
    assert TOKEN not in str(caught.value)
    after = [system.calls() for system in (stage.sandbox.plenty, stage.sandbox.wemalo)]
    assert before == after
    opened(stage, stage.merchant)  # who was there first goes on


def test_a_renamed_merchant_of_the_same_system_goes_on(stage: Stage) -> None:
    run(stage)
    opened(stage, stage.merchant.model_copy(update={"merchant": "alpha_2"}))


def test_no_digest_tells_a_secret(stage: Stage) -> None:
    run(stage)
    with stage.engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT merchant_facts::text FROM merchant_facts")
        shown = "".join(rows.scalars())
    assert "warehouse_id" in shown
    assert TOKEN not in shown
    assert "127.0.0.1" not in shown
    assert os.environ["FULFILMENT_TOKEN_KEY"] not in shown
