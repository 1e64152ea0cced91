"""The hooks against both sandbox servers: every call has the effect it should, and no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import Filter, PlentyHook

from include.core.orders.plenty_order import parse_order
from include.core.orders.statuses import status
from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    ContractError,
    FulfilmentError,
    OrderRejected,
    RateLimited,
    Unavailable,
)
from include.sandbox.server import Sandbox
from tests.hooks.conftest import Naps
from tests.hooks.sandboxes import USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
from tests.hooks.sandboxes import FIRST, ORDERS, calls

FETCH = [
    Filter("statusId", "eq", Decimal(5)),
    Filter("plentyId", "eq", 4711),
    Filter("orderTypeId", "in", [1, 2, 5]),
    Filter("orderItemWarehouseId", "eq", 3),
    Filter("excludeMainOrders", "eq", True),
]


@pytest.fixture
def plenty(sandbox: Sandbox, engine: Engine, naps: Naps) -> PlentyHook:
    return PlentyHook("alpha", "plenty_alpha", engine, by_hand=True, sleep=naps)


def fetchable(row: dict[str, Any]) -> bool:
    return status(row["statusId"]) == 5 and int(row["plentyId"]) == 4711


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
