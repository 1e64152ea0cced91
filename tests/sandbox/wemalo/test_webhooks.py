"""Webhooks, delivered to a real receiver (wemalo contract 10 and 15.6)."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from include.sandbox.frame.serving import serve
from include.sandbox.wemalo.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop

PATIENCE = 10.0  # seconds to wait for what a background task does


class Receiver:
    """A merchant's endpoint that keeps what it gets."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answer = 200
        self.delay = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                outer.bodies.append(json.loads(self.rfile.read(length)))
                time.sleep(outer.delay)
                self.send_response(outer.answer)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        while len(self.bodies) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.bodies) >= count, f"{len(self.bodies)} of {count} events came"
        return self.bodies


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def url() -> Iterator[str]:
    """A server of its own: what one test left on its way must not reach the next."""
    with serve(create_app()) as address:
        yield address


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    runner = threading.Thread(target=one.server.serve_forever, daemon=True)
    runner.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    runner.join(timeout=5)


def register(shop: Shop, event: str, receiver: Receiver) -> dict[str, Any]:
    body = {"payload": receiver.url, "token": "secret", "mail": "ops@example.org"}
    return shop.post(f"/webhook/{event}", **body)


def failures(control: ControlClient, event: str) -> int:
    hooks = control.state("alpha")["tenants"]["alpha"]["webhooks"]
    return int(hooks[event]["failures"]) if event in hooks else -1


def test_hooks_are_registered_listed_replaced_and_removed(shop: Shop, receiver: Receiver) -> None:
    answer = register(shop, "status_update", receiver)
    assert (answer["mode"], answer["event"], answer["mail"]) == (
        "create", "status_update", "ops@example.org",
    )  # fmt: skip
    shop.post("/webhook/status_update", payload=receiver.url, token="new", email="x@example.org")
    assert shop.get("/webhook")["hooks"] == [
        {"payload": receiver.url, "token": "new", "event": "status_update"}
    ]
    assert shop.post("/webhook/other", payload=receiver.url)["status"] == 404
    assert shop.post("/webhook/stock_change")["status"] == 400
    assert shop.delete("/webhook/status_update")["Success"] is True
    assert shop.delete("/webhook/status_update")["status"] == 404
    assert shop.get("/webhook")["hooks"] == []


def test_every_change_of_state_is_announced_with_the_token_in_the_body(
    shop: Shop, act: Callable[..., Any], receiver: Receiver
) -> None:
    register(shop, "status_update", receiver)
    number = shop.order("1", orderNumber="A-1")["id"]
    act("ship", order="1")
    bodies = receiver.wait_for(6)
    assert bodies[0] == {
        "token": "secret",
        "eventData": {
            "orderId": number,
            "externalId": "1",
            "orderNumber": "A-1",
            "statusName": "OPEN",
            "reasonPartiallyReserved": "",
            "blockReason": "",
        },
    }
    assert [body["eventData"]["statusName"] for body in bodies] == [
        "OPEN", "INPROCESS", "INPICKING", "READYFORSHIPMENT", "PACKED", "SHIPPED",
    ]  # fmt: skip


def test_each_parcel_and_each_change_of_its_number_is_announced(
    shop: Shop, act: Callable[..., Any], receiver: Receiver
) -> None:
    register(shop, "trackingnumber_added", receiver)
    number = shop.order("1", ("1093", 2))["id"]
    act("pack", order="1", parcels=[{"items": {"1093": 1}}, {"tracking": False}])
    act("change_tracking", order="1", parcel=2, tracking="T2")
    data = [body["eventData"] for body in receiver.wait_for(2)]
    parcels = [one["id"] for one in shop.get("/goodsOrder/packages", orderId=number)["packages"]]
    assert data == [
        {"goodsOrderId": number, "goodsOrderParcelId": one, "goodsOrderExternalId": "1"}
        for one in parcels
    ]


def test_booked_goods_are_announced_once_for_all_rows(
    shop: Shop, act: Callable[..., Any], receiver: Receiver
) -> None:
    register(shop, "stock_change", receiver)
    register(shop, "refurbishment_action", receiver)
    act("receive_goods", items=[{"product": "1093", "quantity": 5}, {"product": "1094"}])
    act("book_return", items=[{"product": "1093", "quantity": 2}])
    act("inventory", product="1093", delta=1)
    row = act("refurbish", product="1093")
    data = [body["eventData"] for body in receiver.wait_for(3)]
    assert [one.get("type") for one in data] == ["INCOMING_STOCK", "RETURNSHIPMENT", None]
    assert data[2] == {"refurbishmentId": row["id"]}


def test_work_of_the_warehouse_is_announced_without_any_call(
    shop: Shop, control: ControlClient, receiver: Receiver
) -> None:
    control.settings(auto=True)
    register(shop, "status_update", receiver)
    shop.order("1")
    control.clock(advance=86_400)
    receiver.wait_for(6)


def test_a_failed_delivery_is_tried_again_minutes_later(
    shop: Shop, control: ControlClient, receiver: Receiver
) -> None:
    receiver.answer = 500
    register(shop, "status_update", receiver)
    shop.order("1")
    until(lambda: failures(control, "status_update") == 1)
    receiver.answer = 200
    control.clock(advance=5 * 60)
    assert receiver.wait_for(2)[0] == receiver.bodies[1]
    until(lambda: failures(control, "status_update") == 0)


@pytest.mark.parametrize("payload", ["http://127.0.0.1:1/", "nowhere", "http://["])
def test_an_address_that_cannot_be_reached_fails_and_others_are_served(
    shop: Shop, control: ControlClient, receiver: Receiver, payload: str
) -> None:
    shop.post("/webhook/status_update", payload=payload, token="x")
    register(shop, "stock_change", receiver)
    shop.order("1")
    until(lambda: failures(control, "status_update") == 1)
    control.act("receive_goods", "alpha", items=[{"product": "1093"}])
    receiver.wait_for(1)


def test_a_slow_receiver_has_failed(shop: Shop, control: ControlClient, receiver: Receiver) -> None:
    control.settings(webhook_timeout=0.1)
    receiver.delay = 0.5
    register(shop, "status_update", receiver)
    shop.order("1")
    until(lambda: failures(control, "status_update") == 1)


def test_after_ten_failures_the_hook_is_gone_and_a_mail_is_out(
    shop: Shop, control: ControlClient, receiver: Receiver
) -> None:
    receiver.answer = 404
    register(shop, "status_update", receiver)
    shop.order("1")
    for number in range(1, 10):
        until(lambda number=number: failures(control, "status_update") == number)
        control.clock(advance=5 * 60)
    until(lambda: failures(control, "status_update") == -1)
    assert len(receiver.bodies) == 10
    assert shop.get("/webhook")["hooks"] == []
    mails = control.state("alpha")["tenants"]["alpha"]["mails"]
    assert [mail["to"] for mail in mails] == ["ops@example.org"]
    assert "404" in mails[0]["text"]


def test_events_can_come_twice_swapped_bare_or_with_a_wrong_token(
    shop: Shop, act: Callable[..., Any], control: ControlClient, receiver: Receiver
) -> None:
    control.settings(
        webhook_duplicate=True, webhook_swapped=True, webhook_bare=True, webhook_wrong_token=True
    )
    register(shop, "status_update", receiver)
    control.settings(auto=True)
    shop.order("1")
    receiver.wait_for(2)
    control.clock(advance=86_400)
    bodies = receiver.wait_for(12)
    names = [body["eventData"]["statusName"] for body in bodies]
    assert names[:4] == ["OPEN", "OPEN", "SHIPPED", "SHIPPED"]
    assert set(bodies[0]["eventData"]) == {"orderId", "externalId", "orderNumber", "statusName"}
    assert {body["token"] for body in bodies} == {"wrong-token"}


def test_an_event_can_come_before_the_answer_of_its_own_call(
    shop: Shop, control: ControlClient, receiver: Receiver
) -> None:
    control.settings(webhook_before_answer=True)
    receiver.delay = 0.2
    register(shop, "status_update", receiver)
    shop.order("1")
    assert [body["eventData"]["statusName"] for body in receiver.bodies] == ["OPEN"]


@pytest.mark.parametrize(("told", "events"), [(True, ["OPEN", "CANCELLED"]), (False, ["OPEN"])])
def test_an_own_cancellation_is_announced_or_not(
    shop: Shop, control: ControlClient, receiver: Receiver, told: bool, events: list[str]
) -> None:
    control.settings(cancel_event=told, webhook_before_answer=True)
    register(shop, "status_update", receiver)
    shop.order("1")
    shop.put("/goodsOrder/cancel/1")
    assert [body["eventData"]["statusName"] for body in receiver.bodies] == events
