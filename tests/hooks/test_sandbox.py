"""The hooks against both sandbox servers: every call has the effect it should, and no more."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import Filter, PlentyHook
from fulfilment.hooks.wemalo import WemaloHook

from include.core.orders.plenty_order import parse_order
from include.core.orders.statuses import status
from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    ContractError,
    FulfilmentError,
    NotFound,
    OrderRejected,
    RateLimited,
    Unavailable,
)
from include.ledger.engine import ledger_engine
from include.sandbox.server import Sandbox, run_sandbox
from tests.hooks.conftest import PASSWORD, TOKEN, USER, Naps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

ADDRESS = {
    "name2": "Erika", "name3": "Beispiel", "address1": "Hauptstr.", "address2": "1",
    "postalCode": "50667", "town": "Köln", "country": "DE", "email": "erika@example.com",
}  # fmt: skip
FIRST, ORDERS = 1001, 12
FETCH = [
    Filter("statusId", "eq", Decimal(5)),
    Filter("plentyId", "eq", 4711),
    Filter("orderTypeId", "in", [1, 2, 5]),
    Filter("orderItemWarehouseId", "eq", 3),
    Filter("excludeMainOrders", "eq", True),
]


def plenty_tenant(name: str = "alpha") -> dict[str, Any]:
    return {
        "tenant": name,
        "username": USER,
        "password": PASSWORD,
        "plenty_id": 4711,
        "warehouses": [{"id": 3, "name": "Fulfilment"}, {"id": 4, "name": "Other"}],
        "statuses": [6.2, 6.3, 8.8],
        "variations": [{"id": 2044, "number": "CUP-BL", "stock": 500}],
        "orders": [
            {
                "id": FIRST + number,
                "status": 5,
                "items": [{"variation": 2044, "quantity": 2}],
                "delivery": ADDRESS,
            }
            for number in range(ORDERS)
        ],
    }


def wemalo_tenant() -> dict[str, Any]:
    return {
        "tenant": "alpha",
        "token": TOKEN,
        "shop": "alpha-shop",
        "products": [{"externalId": "2044", "sku": "CUP-BL", "name": "Cup"}],
        "stock": {"2044": 20},
    }


@pytest.fixture(scope="module")
def servers() -> Iterator[Sandbox]:
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(servers: Sandbox, connect: Callable[..., None]) -> Iterator[Sandbox]:
    servers.plenty.scenario({"tenants": [plenty_tenant()]})
    servers.wemalo.scenario({"tenants": [wemalo_tenant()]})
    for control in (servers.plenty, servers.wemalo):
        control.clear_faults()
        control.clear_hooks()
        control.reset_calls()
    connect("plenty_alpha", servers.plenty_url, login=USER, password=PASSWORD)
    connect("wemalo_alpha", servers.wemalo_url, password=TOKEN)
    yield servers
    servers.plenty.clock(factor=1)


@pytest.fixture
def plenty(sandbox: Sandbox, engine: Engine, naps: Naps) -> PlentyHook:
    return PlentyHook("alpha", "plenty_alpha", engine, by_hand=True, sleep=naps)


@pytest.fixture
def wemalo(sandbox: Sandbox, engine: Engine, naps: Naps) -> WemaloHook:
    return WemaloHook("alpha", "wemalo_alpha", engine, shop="alpha-shop", by_hand=True, sleep=naps)


def fetchable(row: dict[str, Any]) -> bool:
    return status(row["statusId"]) == 5 and int(row["plentyId"]) == 4711


def calls(sandbox: Sandbox) -> dict[str, int]:
    counts: dict[str, int] = sandbox.plenty.calls()["counts"].get("alpha", {})
    return {route: number for route, number in counts.items() if "login" not in route}


# -- plentymarkets ----------------------------------------------------------------------------


def test_orders_are_found_and_read_with_one_call_each(plenty: PlentyHook, sandbox: Sandbox) -> None:
    ids = plenty.search_ids(FETCH, expect=fetchable)
    contents = plenty.order_contents(ids)

    assert ids == list(range(FIRST, FIRST + ORDERS))
    order = parse_order(contents[FIRST], {1: "DE"})
    assert (order.order_id, order.items[0].sku, order.warehouse_id) == (FIRST, "CUP-BL", 3)
    assert order.delivery is not None
    assert order.delivery.town == "Köln"
    assert order.delivery.email == "erika@example.com"
    assert calls(sandbox) == {"GET /rest/orders/search": 2}


def test_filters_on_time_are_understood(plenty: PlentyHook) -> None:
    now = datetime.now(UTC)
    recent = Filter("updatedAt", "between", [now - timedelta(hours=1), now + timedelta(hours=1)])
    old = Filter("updatedAt", "lt", now - timedelta(hours=1))

    assert len(plenty.search_ids([*FETCH, recent], expect=fetchable)) == ORDERS
    assert plenty.search_ids([*FETCH, old], expect=fetchable) == []


@pytest.mark.parametrize(
    "switches", [{"numbers_as_text": 1.0}, {"max_items_per_page": 5}, {"search_with": "listed"}]
)
def test_orders_are_read_however_the_system_likes_to_answer(
    plenty: PlentyHook, sandbox: Sandbox, switches: dict[str, Any]
) -> None:
    before = {name: sandbox.plenty.settings()[name] for name in switches}
    sandbox.plenty.settings(**switches)
    try:
        ids = plenty.search_ids(FETCH, expect=fetchable)
        found = plenty.rows_by_id([*ids, 999])
        contents = plenty.order_contents(ids)
    finally:
        sandbox.plenty.settings(**before)

    assert ids == list(range(FIRST, FIRST + ORDERS))
    assert sorted(found) == sorted(contents) == ids
    assert all(parse_order(row, {1: "DE"}).items for row in contents.values())


def test_rows_that_leave_between_two_pages_lose_nothing(
    plenty: PlentyHook, sandbox: Sandbox
) -> None:
    before = sandbox.plenty.settings()["max_items_per_page"]
    sandbox.plenty.settings(max_items_per_page=4)
    for number in range(4):
        sandbox.plenty.hook(
            route="GET /rest/orders/search",
            when="after",
            skip=0,
            times=1,
            action={"action": "set_status", "tenant": "alpha", "order": FIRST + number,
                    "status": 5.1},
        )  # fmt: skip
    try:
        found = plenty.search_ids(FETCH, expect=fetchable)
    finally:
        sandbox.plenty.settings(max_items_per_page=before)

    assert set(range(FIRST + 4, FIRST + ORDERS)) <= set(found)


def test_a_status_is_set_and_shows_in_the_history(plenty: PlentyHook) -> None:
    began = datetime.now(UTC) - timedelta(seconds=2)

    plenty.set_status(FIRST, Decimal("5.1"))

    assert status(plenty.rows_by_id([FIRST])[FIRST]["statusId"]) == Decimal("5.1")
    history = plenty.status_history(began, order_id=FIRST)
    assert status(history[-1]["statusId"]) == Decimal("5.1")
    assert {row["orderId"] for row in history} == {FIRST}
    assert len(plenty.status_history(began)) >= len(history)


def test_a_status_that_does_not_exist_is_a_rejection(plenty: PlentyHook) -> None:
    with pytest.raises(OrderRejected):
        plenty.set_status(FIRST, Decimal("5.9999"))


def test_an_order_that_does_not_exist_is_a_rejection(plenty: PlentyHook) -> None:
    with pytest.raises(OrderRejected) as caught:
        plenty.set_status(999, Decimal("5.1"))

    assert caught.value.code == "NOT_FOUND"


def test_notes_are_for_the_merchant_only_and_cannot_be_html(plenty: PlentyHook) -> None:
    plenty.add_comment(FIRST, "house number missing <b>now</b>")

    (note,) = plenty.comments(FIRST)
    assert note["text"] == "house number missing &lt;b&gt;now&lt;/b&gt;"
    assert note["isVisibleForContact"] is False


def test_packages_are_created_filled_and_read(plenty: PlentyHook) -> None:
    kind = int(plenty.package_types()[0]["id"])

    first = plenty.create_package(FIRST, package_type_id=kind, number="T1", weight_g=900)
    second = plenty.create_package(FIRST, package_type_id=kind, number="", weight_g=None)
    plenty.update_package(FIRST, second, number="T2", weight_g=700)

    packages = {row["id"]: row["packageNumber"] for row in plenty.packages(FIRST)}
    assert [packages.pop(number) for number in (first, second)] == ["T1", "T2"]
    assert list(packages.values()) == [""], "the one of its shipping rule"
    row = plenty.rows_by_id([FIRST], ["shippingPackages"])[FIRST]
    assert {p["packageNumber"] for p in row["shippingPackages"]} == {"", "T1", "T2"}


def test_shipping_information_is_written_and_read(plenty: PlentyHook) -> None:
    assert plenty.shipping_information(FIRST) is None

    plenty.set_shipping_information(
        FIRST, number="T1", provider="DHL", shipped_at=datetime.now(UTC)
    )

    found = plenty.shipping_information(FIRST)
    assert found is not None
    assert (found["transactionId"], found["shippingServiceProvider"]) == ("T1", "DHL")


def test_the_goods_issue_makes_status_7(plenty: PlentyHook) -> None:
    plenty.book_goods_issue(FIRST, 1, datetime.now(UTC))

    assert status(plenty.rows_by_id([FIRST])[FIRST]["statusId"]) == 7
    with pytest.raises(OrderRejected):
        plenty.book_goods_issue(FIRST, 1, datetime.now(UTC))


def test_the_facts_for_set_up_are_there(plenty: PlentyHook) -> None:
    assert plenty.countries()[1] == "DE"
    assert Decimal("6.2") in {status(row["statusId"]) for row in plenty.statuses()}
    assert {int(row["id"]) for row in plenty.warehouses()} >= {3, 4}
    assert plenty.shipping_profiles()
    assert plenty.providers()
    assert plenty.who_am_i()
    assert plenty.test_connection()[0] is True


def test_a_token_that_runs_out_is_renewed_once(plenty: PlentyHook, sandbox: Sandbox) -> None:
    plenty.who_am_i()
    sandbox.plenty.clock(advance=90_000)

    plenty.who_am_i()

    assert sandbox.plenty.calls()["counts"]["alpha"]["GET /rest/users/me"] == 3


def test_a_wrong_password_is_named(
    sandbox: Sandbox, connect: Callable[..., None], engine: Engine
) -> None:
    connect("plenty_alpha", sandbox.plenty_url, login=USER, password="wrong")

    with pytest.raises(AuthError, match=r"alpha: .*plenty_alpha"):
        PlentyHook("alpha", "plenty_alpha", engine).who_am_i()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_reply", "status": 504},
        {"kind": "lost_reply", "cut": True},
        {"kind": "cut"},
        {"kind": "status", "status": 500},
        {"kind": "malformed"},
        {"kind": "empty"},
        {"kind": "html"},
    ],
)
def test_an_unclear_write_is_ambiguous_and_sent_once(
    plenty: PlentyHook, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    route = "PUT /rest/orders/{order_id}"
    sandbox.plenty.fault(route=route, times=1, **fault)

    with pytest.raises(AmbiguousWrite):
        plenty.set_status(FIRST, Decimal("5.1"))

    assert calls(sandbox)[route] == 1
    done = status(plenty.rows_by_id([FIRST])[FIRST]["statusId"]) == Decimal("5.1")
    assert done == (fault["kind"] == "lost_reply")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "error_in_200"}, FulfilmentError),
        ({"kind": "html"}, ContractError),
        ({"kind": "malformed"}, ContractError),
        ({"kind": "status", "status": 503}, Unavailable),
        ({"kind": "limit"}, RateLimited),
    ],
)
def test_a_read_that_fails_has_an_error_of_its_kind(
    plenty: PlentyHook, sandbox: Sandbox, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.plenty.fault(route="GET /rest/orders/search", **fault)

    with pytest.raises(error):
        plenty.search_ids(FETCH, expect=fetchable)


def test_a_read_survives_a_short_trouble(plenty: PlentyHook, sandbox: Sandbox) -> None:
    sandbox.plenty.fault(route="GET /rest/orders/search", kind="cut", times=2)

    assert len(plenty.search_ids(FETCH, expect=fetchable)) == ORDERS


# -- wemalo -----------------------------------------------------------------------------------


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


# -- limits -----------------------------------------------------------------------------------


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
