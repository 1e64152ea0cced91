"""Login, sessions, rights and limits: contract 21, numbers 1 to 7."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.plenty.conftest import Api, order, tenant


@pytest.mark.parametrize("encoding", ["json", "data", "params"])
def test_a_login_is_good_in_every_encoding_and_says_everything_twice(api, encoding):
    fields = {"username": "rest-alpha", "password": "pw"}
    body = requests.post(f"{api.url}/rest/login", timeout=5, **{encoding: fields}).json()
    assert body["access_token"] == body["accessToken"] != ""
    assert (body["expires_in"], body["expiresIn"], body["tokenType"]) == (86400, 86400, "Bearer")
    assert (body["concurrent_sessions"], body["max_current_sessions"]) == (1, 3)


def test_a_wrong_password_is_a_401_or_hides_in_a_200(api, control):
    def fail() -> requests.Response:
        fields = {"username": "rest-alpha", "password": "wrong"}
        return requests.post(f"{api.url}/rest/login", json=fields, timeout=5)

    assert fail().status_code == 401
    control.settings(wrong_password="200")
    response = fail()
    assert response.status_code == 200
    assert response.json()["error"] == "invalid_credentials"
    assert response.json()["accessToken"] is None


def test_a_token_expires_on_the_simulated_clock_and_the_old_one_outlives_a_second_login(
    api, control
):
    second = Api(api.url, "rest-alpha", "pw")
    assert api.get("/users/me")["username"] == "rest-alpha"
    control.clock(advance=86_401)
    assert api.call("GET", "/users/me").status_code == 401
    assert second.call("GET", "/orders/search").status_code == 401


def test_no_token_a_bad_token_and_a_token_after_logout_are_refused(api):
    assert requests.get(f"{api.url}/rest/users/me", timeout=5).status_code == 401
    assert api.post("/logout").status_code == 200
    assert api.call("GET", "/users/me").status_code == 401


def test_a_refresh_token_gives_a_new_pair(api):
    answer = api.post("/login/refresh", {"refresh_token": api.login["refreshToken"]})
    assert answer.json()["accessToken"] != api.login["accessToken"]
    assert api.call("GET", "/users/me").status_code == 401


def test_one_user_too_many_gets_a_429_that_is_no_rate_limit(api, control):
    users = [{"username": f"more-{number}", "password": "pw"} for number in range(3)]
    control.merge({"tenants": [{"tenant": "alpha", "users": users}]})
    codes = []
    for user in users:
        last = requests.post(f"{api.url}/rest/login", json=user, timeout=5)
        codes.append(last.status_code)
    assert codes == [200, 200, 429]
    assert last.json()["error"] == "too_many_concurrent_sessions"
    assert last.json()["max_current_sessions"] == 3


def test_sessions_can_be_counted_by_token(api, control):
    control.settings(session_limit_counts="tokens")
    fields = {"username": "rest-alpha", "password": "pw"}
    codes = [
        requests.post(f"{api.url}/rest/login", json=fields, timeout=5).status_code for _ in "123"
    ]
    assert codes == [200, 200, 429]


def test_a_user_without_the_right_sees_nothing_and_may_not_set_the_status(api, control, add):
    users = [{"username": "small", "password": "pw", "statuses": [5.1], "plenty_ids": [4711]}]
    add(order(1, status=5), order(2, status=5.1), order(3, status=5.1, plenty_id=99), users=users)
    small = Api(api.url, "small", "pw")
    assert small.ids() == [2]
    assert small.call("GET", "/orders/1").status_code == 404
    assert small.put("/orders/2", {"statusId": 6.2}).status_code == 403
    assert [row["statusId"] for row in small.get("/orders/statuses/all")] == [5.1]


def test_tenants_do_not_see_each_other(api, control):
    control.merge({"tenants": [tenant("beta", orders=[order(7)])]})
    beta = Api(api.url, "rest-beta", "pw")
    assert api.ids() == []
    assert beta.ids() == [7]
    assert api.call("GET", "/orders/7").status_code == 404
    assert control.calls("beta")["counts"]["beta"]["GET /rest/orders/search"] == 1


@pytest.mark.parametrize(
    ("plan", "reads", "writes"),
    [("basic", 80, 40), ("classic", 200, 80), ("flex", 240, 100), ("plus", 280, 120)],
)
def test_the_headers_tell_the_limits_of_the_plan_apart_for_reads_and_writes(
    api, control, plan, reads, writes
):
    control.scenario({"tenants": [tenant(plan=plan, orders=[order(1)])]})
    api = Api(api.url, "rest-alpha", "pw")
    read = api.call("GET", "/orders/1").headers
    write = api.put("/orders/1", {"statusId": 5.1}).headers
    short = "X-Plenty-Global-Short-Period"
    assert (read[f"{short}-Limit"], read[f"{short}-Calls-Left"]) == (str(reads), str(reads - 1))
    assert (write[f"{short}-Limit"], write[f"{short}-Calls-Left"]) == (str(writes), str(writes - 1))
    for family in ("X-Plenty-Global-Long-Period", short, "X-Plenty-Route"):
        names = {f"{family}-{end}" for end in ("Limit", "Decay", "Calls-Left")}
        assert names <= set(read.keys())  # in exactly this case


def test_a_call_over_the_limit_has_no_effect_and_the_last_one_within_has(api, control, add):
    add(order(1))
    statuses = [5.1, 5] * 40
    answers = [api.put("/orders/1", {"statusId": status}) for status in statuses]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1].headers["X-Plenty-Global-Short-Period-Calls-Left"] == "0"
    refused = api.put("/orders/1", {"statusId": 6.2})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "X-Plenty-Global-Short-Period-Calls-Reset" in refused.headers
    assert "short period write limit reached" in refused.text
    assert api.get("/orders/1")["statusId"] == 5  # reads have their own budget
    control.clock(advance=61)
    assert api.put("/orders/1", {"statusId": 6.2}).status_code == 200


def test_a_refusal_can_come_without_retry_after_and_in_lower_case(api, control, add):
    add(order(1))
    control.settings(no_retry_after=True, header_case="lower")
    control.fault(route="GET /rest/orders/{order_id}", kind="limit", times=1)
    refused = api.call("GET", "/orders/1")
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert "short period read limit reached" in refused.text
    raw = api.call("GET", "/orders/1").raw.headers
    assert "x-plenty-route-limit" in list(raw.keys())


def test_the_daily_limit_is_shared_by_all_users_of_a_system(api, control, add):
    add(users=[{"username": "second", "password": "pw"}])
    second = Api(api.url, "second", "pw")
    api.get("/orders/search")
    left = second.call("GET", "/orders/search").headers
    assert left["X-Plenty-Global-Long-Period-Calls-Left"] == str(166_000 - 2)
    assert left["X-Plenty-Global-Short-Period-Calls-Left"] == "199"


@pytest.mark.parametrize("counts", ["read", "write"])
def test_a_search_by_post_counts_as_the_switch_says(api, control, counts):
    control.settings(search_post_counts_as=counts)
    api.post("/orders/search", {"conditionType": "and", "fields": []})
    calls = control.calls("alpha")
    assert (calls["reads"]["alpha"], calls["writes"]["alpha"]) == (
        (1, 0) if counts == "read" else (0, 1)
    )


def test_unknown_routes_and_bodies_of_the_wrong_shape_answer_in_the_vendors_shapes(api, add):
    add(order(1))
    assert api.call("GET", "/no/such/route").json()["error"]["code"] == 404
    assert "No query results" in api.call("GET", "/orders/99").text
    assert api.call("PUT", "/orders/1", json=["statusId"]).status_code == 500
    assert api.call("PUT", "/orders/1", data="{").status_code == 500


def test_the_state_survives_a_snapshot(api, control, add, server):
    from include.sandbox.plenty.world import PlentyWorld

    world = PlentyWorld(seed=3)
    world.load({"tenants": [tenant(orders=[order(1)])]})
    world.act("cancel", "alpha", {"order": 1})
    other = PlentyWorld()
    other.load_snapshot(world.snapshot())
    assert other.state(None) == world.state(None)
    assert other.state("alpha")["tenants"]["alpha"]["orders"]["1"]["statusId"] == 8
