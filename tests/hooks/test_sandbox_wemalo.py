"""The wemalo hook against the sandbox, as it would be used."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook

from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    ContractError,
    NotFound,
    OrderRejected,
    RateLimited,
)
from include.ledger.engine import ledger_engine
from include.sandbox.server import Sandbox
from tests.hooks.conftest import Naps

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


@pytest.fixture
def wemalo(sandbox: Sandbox, engine: Engine, naps: Naps) -> WemaloHook:
    return WemaloHook("alpha", "wemalo_alpha", engine, shop="alpha-shop", by_hand=True, sleep=naps)


def body(external_id: str, product: str = "2044", **receiver: Any) -> dict[str, Any]:
    return {
        "meta": {
            "externalId": external_id,
            "orderNumber": external_id,
            "receiver": [
                {
                    "primary": True,
                    "name1": "Erika Beispiel",
                    "street": "Musterstraße",
                    "streetNumber": "12a",
                    "zip": "10115",
                    "city": "Berlin",
                    "countryCode2Letter": "DE",
                    **receiver,
                }
            ],
        },
        "positions": [{"externalId": product, "quantity": 2, "externalPositionIdentifier": "1"}],
    }


def test_an_order_is_created_and_its_status_comes_with_the_answer(wemalo: WemaloHook) -> None:
    answer = wemalo.add_conditional(body("1001"))

    assert answer.status is not None
    assert answer.status.name == "OPEN"
    assert answer.wemalo_id is not None
    found = wemalo.status("1001")
    assert found is not None
    assert (found.name, found.wemalo_id) == ("OPEN", answer.wemalo_id)


def test_a_faulty_address_is_partial_with_its_reason(wemalo: WemaloHook) -> None:
    answer = wemalo.add_conditional(body("1001", streetNumber="", street="Musterstraße"))

    assert answer.status is not None
    assert (answer.status.name, answer.status.reason) == ("PARTIAL", "ADDRESS")


def test_an_unknown_product_is_a_rejection_of_its_own(wemalo: WemaloHook) -> None:
    with pytest.raises(OrderRejected) as caught:
        wemalo.add_conditional(body("1001", "no-such-product"))

    assert caught.value.code == "UNKNOWN_PRODUCT"
    assert wemalo.status("1001") is None


def test_an_unknown_order_has_no_status(wemalo: WemaloHook) -> None:
    assert wemalo.status("4711") is None


def test_http_200_for_everything_changes_nothing(wemalo: WemaloHook, sandbox: Sandbox) -> None:
    sandbox.wemalo.settings(http_mirrors_body=False)
    try:
        assert wemalo.status("4711") is None
        with pytest.raises(OrderRejected, match="does not know a product"):
            wemalo.add_conditional(body("1001", "no-such-product"))
    finally:
        sandbox.wemalo.settings(http_mirrors_body=True)


def test_an_order_is_cancelled_until_the_warehouse_has_started(
    wemalo: WemaloHook, sandbox: Sandbox
) -> None:
    wemalo.add_conditional(body("1001"))
    wemalo.cancel("1001", "cancelled by the merchant")
    found = wemalo.status("1001")
    assert found is not None
    assert found.name == "CANCELLED"

    wemalo.add_conditional(body("1002"))
    sandbox.wemalo.act("ship", "alpha", order="1002")
    with pytest.raises(OrderRejected):
        wemalo.cancel("1002", "too late")
    with pytest.raises((OrderRejected, NotFound)):
        wemalo.cancel("4711", "unknown")


def test_header_and_notes_can_be_changed(wemalo: WemaloHook) -> None:
    wemalo.add_conditional(body("1001"))

    wemalo.update_meta("1001", body("1001", city="Hamburg")["meta"])
    wemalo.note("1001", "handle with care", for_picking=True)


def test_shipped_parcels_come_through_the_queue_until_acknowledged(
    wemalo: WemaloHook, sandbox: Sandbox
) -> None:
    wemalo.add_conditional(body("1001"))
    sandbox.wemalo.act("ship", "alpha", order="1001")

    rows = [*chain(*wemalo.sent_queue())]
    assert {row["externalGoodsOrderId"] for row in rows} == {"1001"}
    assert all(row["trackingNumber"] for row in rows)
    assert wemalo.packages("1001")[0]["trackingNumber"] == rows[0]["trackingNumber"]

    for row in rows:
        wemalo.acknowledge_sent(int(row["historyId"]))
        wemalo.acknowledge_sent(int(row["historyId"]))
    assert [*chain(*wemalo.sent_queue())] == []


def test_stock_and_products_are_read_and_written(wemalo: WemaloHook) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    wemalo.add_products([{"externalId": "2045", "sku": "CUP-RD", "productGroup": "default"}])

    assert {row["externalId"] for row in wemalo.available_stock(since)} == {"2044"}
    assert {row["externalId"] for row in wemalo.changed_products(since)} >= {"2045"}
    wemalo.add_conditional(body("1001"))
    stock = wemalo.stock_reduced("2044")
    assert (stock["quantity"], stock["quantityReserved"]) == (20, 2)
    with pytest.raises((NotFound, ContractError)):
        wemalo.stock_reduced("no-such-product")


def test_the_facts_of_the_client_are_there(wemalo: WemaloHook) -> None:
    assert wemalo.shop_name() == "alpha-shop"
    assert wemalo.profiles()[0]["profiles"]
    assert wemalo.generic_interfaces() == []
    assert wemalo.test_connection()[0] is True


def test_a_wrong_token_is_named(
    sandbox: Sandbox, connect: Callable[..., None], engine: Engine
) -> None:
    connect("wemalo_alpha", sandbox.wemalo_url, password="wrong-token")

    with pytest.raises(AuthError, match=r"alpha: wemalo refused .*wemalo_alpha"):
        WemaloHook("alpha", "wemalo_alpha", engine).shop_name()


def test_wemalos_limit_is_never_run_into(wemalo: WemaloHook, sandbox: Sandbox) -> None:
    hook = WemaloHook("alpha", "wemalo_alpha", wemalo._engine, priority="cancel", max_wait_s=0)

    def call_until_told_to_wait() -> None:
        for _ in range(200):
            hook.shop_name()

    with pytest.raises(RateLimited) as caught:
        call_until_told_to_wait()

    assert caught.value.code == "BUDGET"
    assert {call["status"] for call in sandbox.wemalo.calls()["last"]} == {200}


def test_wemalos_limit_answer_is_told_as_such(wemalo: WemaloHook, sandbox: Sandbox) -> None:
    sandbox.wemalo.fault(route="POST /v1/goodsOrder/addConditional", kind="limit", times=1)

    with pytest.raises(RateLimited):
        wemalo.add_conditional(body("1001"))


def test_a_lost_reply_of_an_order_is_ambiguous_and_the_order_is_there(
    wemalo: WemaloHook, sandbox: Sandbox
) -> None:
    route = "POST /v1/goodsOrder/addConditional"
    sandbox.wemalo.fault(route=route, kind="lost_reply", times=1)

    with pytest.raises(AmbiguousWrite):
        wemalo.add_conditional(body("1001"))

    assert wemalo.status("1001") is not None
    assert sandbox.wemalo.calls()["counts"]["alpha"][route] == 1


def _read_many(url: str, calls: int, done: multiprocessing.Queue[int]) -> None:
    engine = ledger_engine(url)
    hook = PlentyHook("alpha", "plenty_alpha", engine)
    made = 0
    for _ in range(calls):
        hook.who_am_i()
        made += 1
    done.put(made)
    engine.dispose()


@pytest.mark.timeout(600)
def test_four_processes_at_the_plans_limit_cause_no_429_over_several_windows(
    sandbox: Sandbox, ledger_url: str
) -> None:
    sandbox.plenty.clock(factor=30)  # a minute of the plan takes 2 s
    context = multiprocessing.get_context("spawn")
    done: multiprocessing.Queue[int] = context.Queue()
    workers = [context.Process(target=_read_many, args=(ledger_url, 110, done)) for _ in range(4)]
    for worker in workers:
        worker.start()
    made = sum(done.get(timeout=400) for _ in workers)
    for worker in workers:
        worker.join(60)

    assert made == 440
    assert sandbox.plenty.calls()["counts"]["alpha"]["GET /rest/users/me"] == 440
    assert {call["status"] for call in sandbox.plenty.calls()["last"]} == {200}
