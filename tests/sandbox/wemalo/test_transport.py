"""Login, limits, the body's status, tenants (wemalo contract 15.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from include.sandbox.client import ControlClient
    from tests.sandbox.wemalo.conftest import Shop


@pytest.mark.parametrize(
    "header", [None, "Bearer alpha-token", "JWT wrong", "JWT", "alpha-token", "jwt alpha-token"]
)
def test_a_wrong_login_gets_401_in_plain_text(shop: Shop, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{shop.url}/v1/webhook", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")


def test_every_answer_has_success_and_status_and_the_limit_headers(shop: Shop) -> None:
    good = shop.call("GET", "/product/shop")
    bad = shop.call("GET", "/goodsOrder/getStatus/unknown")
    assert good.json() == {"Success": True, "status": 200, "shop": "alpha-shop"}
    assert (bad.status_code, bad.json()["status"], bad.json()["Success"]) == (404, 404, False)
    for answer in (good, bad):
        assert answer.headers["x-wemalo-limit-maxcall"] == "100000"
        assert int(answer.headers["x-wemalo-limit-remainingcall"]) < 100_000


def test_the_http_code_can_stay_200_while_the_body_says_404(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(httpMirrorsBody=False)
    answer = shop.call("GET", "/goodsOrder/getStatus/unknown")
    assert (answer.status_code, answer.json()["status"]) == (200, 404)


def test_calls_over_the_limit_get_419_in_the_body_until_the_window_ends(
    shop: Shop, other_shop: Shop, control: ControlClient
) -> None:
    control.settings(limit_calls=3)
    remaining = [
        shop.call("GET", "/webhook").headers["x-wemalo-limit-remainingcall"] for _ in range(3)
    ]
    refused = shop.call("PUT", "/goodsOrder/note/1", json={})
    assert remaining == ["2", "1", "0"]
    assert (refused.status_code, refused.json()["status"]) == (419, 419)
    assert refused.headers["x-wemalo-limit-remainingcall"] == "0"
    assert other_shop.get("/webhook")["status"] == 200
    control.clock(advance=60)
    assert shop.get("/webhook")["status"] == 200


def test_a_refused_call_has_no_effect(shop: Shop, control: ControlClient) -> None:
    control.settings(limit_calls=1)
    shop.get("/webhook")
    assert shop.order("1")["status"] == 419
    assert control.state("alpha")["tenants"]["alpha"]["orders"] == {}


def test_tokens_see_only_their_own_shop(shop: Shop, other_shop: Shop) -> None:
    shop.order("1", ("1094", 1))
    assert other_shop.get("/goodsOrder/getStatus/1")["status"] == 404
    assert other_shop.order("2", ("1094", 1))["status"] == 404
    assert other_shop.get("/product/stock/reduced/1093")["quantity"] == 3
    assert other_shop.get("/product/shop")["shop"] == "beta"


def test_a_parcel_or_booking_of_another_shop_does_not_exist(
    shop: Shop, other_shop: Shop, control: ControlClient
) -> None:
    shop.order("1")
    control.act("ship", "alpha", order="1")
    row = shop.sent()[0]
    assert other_shop.get(f"/goodsOrder/package/{row['packageId']}/trackingNumber")["status"] == 404
    assert other_shop.put(f"/goodsOrder/packages/sent/{row['historyId']}")["status"] == 404
    assert (
        other_shop.put("/product/bookings/flag", historyIds=[row["historyId"]])["historyIds"] == []
    )
    assert len(shop.sent()) == 1


def test_a_body_that_is_no_json_object_is_refused_with_400(shop: Shop) -> None:
    for data in (b"{", b"[1]", b'"text"'):
        answer = shop.call("POST", "/goodsOrder/add", data=data).json()
        assert (answer["status"], answer["Success"]) == (400, False)


def test_an_unknown_path_answers_html(shop: Shop) -> None:
    answer = shop.call("GET", "/goodsOrder/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/goodsOrder/packages/sent", "/goodsOrder/packages/sent/"])
def test_documented_trailing_slashes_are_optional(shop: Shop, path: str) -> None:
    assert shop.get(path)["bookings"] == []


def test_a_lost_reply_leaves_the_effect_behind(shop: Shop, control: ControlClient) -> None:
    control.fault(route="POST /v1/goodsOrder/addConditional", kind="lost_reply", times=1)
    lost = shop.call("POST", "/goodsOrder/addConditional", json={
        "meta": {"externalId": "1", "receiver": [{"name1": "A"}]},
        "positions": [{"externalId": "1093"}],
    })  # fmt: skip
    assert lost.status_code == 504
    assert shop.get("/goodsOrder/getStatus/1")["statusName"] == "PARTIAL"


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        ({"kind": "status", "status": 500}, 500, "application/json"),
        ({"kind": "html"}, 200, "text/html"),
        ({"kind": "limit"}, 419, "application/json"),
        ({"kind": "error_in_200"}, 200, "application/json"),
    ],
)
def test_injected_faults_have_no_effect(
    shop: Shop, control: ControlClient, fault: dict[str, object], status: int, content: str
) -> None:
    control.fault(route="POST /v1/goodsOrder/addConditional", times=1, **fault)
    body = {"meta": {"externalId": "1", "receiver": [{}]}, "positions": [{"externalId": "1093"}]}
    answer = shop.call("POST", "/goodsOrder/addConditional", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(content)
    assert shop.get("/goodsOrder/getStatus/1")["status"] == 404


def test_the_limit_fault_and_the_error_in_200_are_told_by_the_body(
    shop: Shop, control: ControlClient
) -> None:
    control.settings(http_mirrors_body=False)
    control.fault(route="GET /v1/webhook", kind="limit", times=1)
    limited = shop.call("GET", "/webhook")
    control.fault(route="GET /v1/webhook", kind="error_in_200", times=1)
    failed = shop.call("GET", "/webhook")
    assert (limited.status_code, limited.json()["status"]) == (200, 419)
    assert limited.headers["x-wemalo-limit-remainingcall"] == "0"
    assert (failed.status_code, failed.json()["Success"]) == (200, False)


def test_the_warehouse_can_start_right_before_a_cancellation(
    shop: Shop, control: ControlClient
) -> None:
    shop.order("1")
    control.hook(
        route="PUT /v1/goodsOrder/cancel/{external_id}",
        when="before",
        action={"action": "start_picking", "order": "1"},
    )
    assert shop.put("/goodsOrder/cancel/1", reason="changed my mind")["status"] == 409
    assert shop.status("1") == "INPICKING"


def test_an_unknown_switch_is_refused(control: ControlClient) -> None:
    with pytest.raises(RuntimeError, match="no_such_switch"):
        control.settings(no_such_switch=True)


def test_switches_of_one_tenant_leave_the_other_alone(
    shop: Shop, other_shop: Shop, control: ControlClient
) -> None:
    control.merge({"tenants": [{"tenant": "beta", "settings": {"limit_calls": 5}}]})
    assert other_shop.call("GET", "/webhook").headers["x-wemalo-limit-maxcall"] == "5"
    assert shop.call("GET", "/webhook").headers["x-wemalo-limit-maxcall"] == "100000"


def test_a_malformed_scenario_is_refused(control: ControlClient) -> None:
    with pytest.raises(RuntimeError, match="stok"):
        control.merge({"tenants": [{"tenant": "gamma", "stok": {}}]})
    with pytest.raises(RuntimeError, match="NOT_FOUND"):
        control.merge({"tenants": [{"tenant": "gamma", "token": "g", "orders": [{
            "meta": {"externalId": "1", "receiver": [{}]}, "positions": [{"externalId": "x"}]
        }]}]})  # fmt: skip
