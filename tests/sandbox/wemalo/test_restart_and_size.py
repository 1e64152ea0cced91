"""A restart forgets nothing, and a large tenant stays fast."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from include.sandbox.client import ControlClient
from include.sandbox.frame.serving import serve
from include.sandbox.wemalo.app import create_app
from tests.sandbox.wemalo.conftest import Shop, order_body

if TYPE_CHECKING:
    from pathlib import Path

TENANT = {"tenant": "alpha", "token": "t", "stock": {"p": 1_000_000, "q": 5}}
ORDERS = 10_000


def test_a_restarted_server_knows_orders_queues_settings_and_goes_on_working(
    tmp_path: Path,
) -> None:
    file = tmp_path / "wemalo.snapshot"
    with serve(create_app(state_file=file)) as url:
        control = ControlClient(url)
        control.clock(factor=0)
        control.settings(limit_calls=1000, delays={"packed": 60})
        control.scenario({"tenants": [TENANT]})
        shop = Shop(url, "t")
        shop.post("/webhook/stock_change", payload="http://127.0.0.1:9/", token="x")
        shop.order("1", ("p", 2))
        control.act("ship", "alpha", order="1")
        shop.order("2", ("p", 1))
        before = control.state()
    with serve(create_app(state_file=file)) as url:
        control, shop = ControlClient(url), Shop(url, "t")
        assert control.state() == before
        assert [row["externalGoodsOrderId"] for row in shop.sent()] == ["1"]
        control.clock(advance=86_400)
        assert shop.status("2") == "SHIPPED"
        assert shop.order("3", ("p", 1))["id"] > before["tenants"]["alpha"]["orders"]["2"]["id"]


def test_ten_thousand_orders_leave_every_call_fast() -> None:
    with serve(create_app()) as url:
        control = ControlClient(url, timeout=120)
        control.clock(factor=0)
        control.settings(limit_calls=1_000_000)
        orders = [order_body(f"o{number}", ("p", 1), ("q", 1)) for number in range(ORDERS)]
        control.scenario({"tenants": [TENANT | {"settings": {"auto": True}, "orders": orders}]})
        shop = Shop(url, "t")
        assert _median(lambda n: shop.order(f"new{n}", ("p", 1))) < 0.05
        control.clock(advance=86_400)
        assert shop.status("o0") == "SHIPPED"
        assert shop.status(f"o{ORDERS - 1}") == "PARTIAL"
        for path in ("/goodsOrder/packages/sent/", "/goodsOrder/getStatus/o77",
                     "/product/stock/reduced/p?hideDetails=true",
                     "/product/availableStock/?fromDate=0101202000"):  # fmt: skip
            assert _median(lambda _, path=path: shop.get(path)) < 0.05, path


def _median(call: object, times: int = 21) -> float:
    """Return the middle of the call's durations in seconds, the round trip included.

    The bound of the tests is ten times what a call takes, so that a busy machine does not matter;
    a scan over all orders would take longer than the bound.
    """
    durations = []
    for number in range(times):
        started = time.perf_counter()
        call(number)  # type: ignore[operator]
        durations.append(time.perf_counter() - started)
    return sorted(durations)[times // 2]
