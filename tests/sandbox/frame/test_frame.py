from __future__ import annotations

import contextlib
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fastapi import APIRouter, Request

from include.sandbox.client import ControlClient
from include.sandbox.frame.app import build_app
from include.sandbox.frame.omission import leave_out
from include.sandbox.frame.serving import serve
from include.sandbox.frame.world import RawRequest, Reply, SandboxError, World
from tests.troubles import pytest_runtest_call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI


class CounterWorld(World):
    """A world of named counters: the smallest thing the frame can drive."""

    name = "counters"

    def __init__(self) -> None:
        super().__init__()
        self.counters: dict[str, int] = {}

    def load(self, scenario: dict[str, Any]) -> None:
        self.counters = dict(scenario["counters"])

    def merge(self, scenario: dict[str, Any]) -> None:
        self.counters |= scenario["counters"]

    def state(self, tenant: str | None) -> dict[str, Any]:
        return {"tenants": {tenant or "all": dict(self.counters)}}

    def act(self, action: str, tenant: str, args: dict[str, Any]) -> Any:
        if action != "set":
            raise SandboxError("no such action")
        self.counters[args["key"]] = args["value"]
        return {"by": tenant}

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        return changes

    def tenant_of(self, request: RawRequest) -> str | None:
        return request.headers.get("tenant")

    def kind_of(self, route: str) -> Any:
        return "read" if route.startswith("GET") else "write"

    def limit_reply(self, call_kind: str, tenant: str | None) -> Reply:
        return Reply(429, {"limited": call_kind}, {"Retry-After": "7"})

    def error_in_200(self) -> Any:
        return {"error": "no"}

    def dump(self) -> Any:
        return self.counters

    def restore(self, dumped: Any) -> None:
        self.counters = dumped


def counter_app(state_file: Path | None = None) -> FastAPI:
    world = CounterWorld()
    router = APIRouter()

    @router.post("/counters/{key}")
    async def count(key: str, request: Request) -> dict[str, int]:
        await request.body()
        world.counters[key] = world.counters.get(key, 0) + 1
        return {"value": world.counters[key]}

    @router.get("/counters/{key}")
    async def read(key: str) -> dict[str, int]:
        return {"value": world.counters.get(key, 0)}

    return build_app(world, router, title="counters", state_file=state_file)


@pytest.fixture
def server() -> Iterator[tuple[str, ControlClient]]:
    with serve(counter_app()) as url:
        control = ControlClient(url)
        yield url, control
        control.close()


def value(url: str, key: str = "a") -> int:
    return int(requests.get(f"{url}/counters/{key}", timeout=5).json()["value"])


@pytest.mark.parametrize(
    ("kind", "status"),
    [("status", 503), ("malformed", 200), ("html", 200), ("empty", 200), ("error_in_200", 200)],
)
def test_a_fault_replaces_the_answer_and_leaves_no_effect(server, kind, status):
    url, control = server
    fault = {"route": "POST /counters/{key}", "kind": kind, "times": 1}
    control.fault(**fault, **({"status": 503} if kind == "status" else {}))
    assert requests.post(f"{url}/counters/a", timeout=5).status_code == status
    assert value(url) == 0
    assert requests.post(f"{url}/counters/a", timeout=5).json() == {"value": 1}


def test_a_lost_reply_is_a_504_after_the_effect(server):
    url, control = server
    control.fault(route="POST /counters/{key}", kind="lost_reply", times=1)
    assert requests.post(f"{url}/counters/a", timeout=5).status_code == 504
    assert value(url) == 1


def test_a_cut_connection_has_no_answer_and_no_effect(server):
    url, control = server
    control.fault(route="POST /counters/{key}", kind="cut", times=1)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/counters/a", timeout=5)
    assert value(url) == 0


def test_a_lost_reply_can_cut_the_connection_after_the_effect(server):
    url, control = server
    control.fault(route="POST /counters/{key}", kind="lost_reply", cut=True, times=1)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/counters/a", timeout=5)
    assert value(url) == 1


def test_a_limit_fault_uses_the_answer_of_the_server(server):
    url, control = server
    control.fault(kind="limit", route="GET /counters/{key}", times=1)
    response = requests.get(f"{url}/counters/a", timeout=5)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json() == {"limited": "read"}


def test_a_fault_skips_calls_and_hits_only_its_match_and_tenant(server):
    url, control = server
    control.fault(kind="status", status=500, skip=1, times=1, match='"b"', tenant="one")

    def post(text: str, tenant: str) -> int:
        return requests.post(
            f"{url}/counters/a", data=text, headers={"tenant": tenant}, timeout=5
        ).status_code

    codes = [post('"b"', "one"), post('"a"', "one"), post('"b"', "two"), post('"b"', "one")]
    assert codes == [200, 200, 200, 500]
    assert post('"b"', "one") == 200
    assert control.faults()[0]["fired"] == 1


@pytest.mark.parametrize(
    ("omitted", "left"),
    [
        ({"rows": ["2"]}, {"totalsCount": 1, "entries": [{"id": 1, "parts": [{"a": 1, "b": 2}]}]}),
        (
            {"fields": ["parts"]},
            {"totalsCount": 2, "entries": [{"id": 1}, {"id": 2}]},
        ),
        (
            {"fields": ["parts.a"]},
            {"totalsCount": 2, "entries": [{"id": 1, "parts": [{"b": 2}]}, {"id": 2, "parts": []}]},
        ),
    ],
)
def test_an_answer_omits_rows_or_fields(omitted, left):
    rows = [{"id": 1, "parts": [{"a": 1, "b": 2}]}, {"id": 2, "parts": []}]
    body = json.dumps({"totalsCount": 2, "entries": rows}).encode()
    assert json.loads(leave_out(body, **({"rows": (), "fields": ()} | omitted))) == left


def test_an_omitting_fault_has_its_effect_and_is_over_after_its_times(server):
    url, control = server
    control.fault(kind="omit", fields=["value"], times=1)
    assert requests.post(f"{url}/counters/a", timeout=5).json() == {}
    assert requests.post(f"{url}/counters/a", timeout=5).json() == {"value": 2}


def test_a_delay_waits_and_then_goes_on(server):
    url, control = server
    control.fault(kind="delay", seconds=0.2, times=1)
    response = requests.post(f"{url}/counters/a", timeout=5)
    assert response.elapsed.total_seconds() >= 0.2
    assert response.json() == {"value": 1}


def test_hooks_run_right_before_and_right_after_the_effect(server):
    url, control = server
    control.hook(
        route="POST /counters/{key}",
        when="before",
        action={"action": "set", "tenant": "t", "key": "a", "value": 10},
    )
    control.hook(
        route="POST /counters/{key}",
        when="after",
        action={"action": "set", "tenant": "t", "key": "a", "value": 50},
    )
    assert requests.post(f"{url}/counters/a", timeout=5).json() == {"value": 11}
    assert value(url) == 50
    assert requests.post(f"{url}/counters/a", timeout=5).json() == {"value": 51}
    assert [hook["fired"] for hook in control.hooks()] == [1, 1]


def test_a_hook_that_fails_says_why_and_does_not_break_the_call(server):
    url, control = server
    control.hook(action={"action": "fly", "tenant": "t"}, may_not_fire="its action is unknown")
    assert requests.post(f"{url}/counters/a", timeout=5).status_code == 200
    assert "no such action" in control.hooks()[0]["error"]


def end_the_test() -> None:
    call = pytest_runtest_call()
    next(call)
    with contextlib.suppress(StopIteration):
        next(call)


NEVER = {"route": "GET /nowhere", "kind": "cut"}


@pytest.mark.parametrize("then", ["it stays", "it is removed", "its client is closed"])
def test_a_test_whose_fault_hits_no_call_fails_and_names_it(server, then):
    url, control = server
    control.fault(kind="delay", match="counters")
    control.fault(**NEVER, match="x")
    requests.get(f"{url}/counters/a", timeout=5)
    if then == "it is removed":
        control.clear_faults()
    if then == "its client is closed":
        control.close()
    with pytest.raises(pytest.fail.Exception, match=r"anything: fault at GET /nowhere, match 'x'"):
        end_the_test()


@pytest.mark.parametrize(
    ("skip", "why"), [(0, "no such action"), (1, "hit none of 1 calls")], ids=["failed", "not due"]
)
def test_a_test_whose_hook_did_nothing_fails(server, skip, why):
    url, control = server
    control.hook(action={"action": "fly", "tenant": "t"}, skip=skip)
    requests.get(f"{url}/counters/a", timeout=5)
    with pytest.raises(pytest.fail.Exception, match=f"hook at .*: .*{why}"):
        end_the_test()


def test_a_fault_that_may_hit_nothing_says_why(server):
    _, control = server
    control.fault(**NEVER, may_not_fire="nobody may ask for it")
    end_the_test()
    assert control.idle() == {"faults": [], "hooks": []}


def test_calls_are_counted_by_tenant_and_template_without_the_query(server):
    url, control = server
    requests.post(f"{url}/counters/a", headers={"tenant": "one"}, timeout=5)
    requests.get(f"{url}/counters/b?name=secret", headers={"tenant": "one"}, timeout=5)
    requests.get(f"{url}/nowhere", timeout=5)
    calls = control.calls()
    assert calls["counts"] == {
        "one": {"POST /counters/{key}": 1, "GET /counters/{key}": 1},
        "-": {"GET ?": 1},
    }
    assert (calls["reads"]["one"], calls["writes"]["one"]) == (1, 1)
    assert [call["status"] for call in calls["last"]] == [200, 200, 404]
    assert "secret" not in str(calls)
    control.reset_calls()
    assert control.calls()["counts"] == {}


def test_the_clock_can_be_set_moved_and_sped_up(server):
    _, control = server
    control.clock(now="2026-03-01T08:00:00+00:00", factor=0)
    assert control.clock(advance=90)["now"] == "2026-03-01T08:01:30+00:00"
    with pytest.raises(RuntimeError, match="cannot go back"):
        control.clock(advance=-1)
    assert control.health()["now"] == "2026-03-01T08:01:30+00:00"


def test_a_malformed_control_call_is_refused_with_its_reason(server):
    _, control = server
    with pytest.raises(RuntimeError, match="400"):
        control.act("fly", "t")
    with pytest.raises(RuntimeError, match="422"):
        control.fault(kind="earthquake")


def test_a_world_survives_a_restart_of_its_process(tmp_path):
    state_file = tmp_path / "counters.snapshot"
    with serve(counter_app(state_file)) as url:
        control = ControlClient(url)
        control.clock(now="2026-03-01T08:00:00+00:00", factor=0)
        later = "it hits a call after the restart"
        control.fault(
            kind="status", status=500, route="GET /counters/{key}", skip=1, may_not_fire=later
        )
        requests.post(f"{url}/counters/a", timeout=5)
        before = state_file.read_bytes()  # written before the answer: kill -9 loses nothing
        control.close()
    assert pickle.loads(before)[1][-1] == {"a": 1}  # noqa: S301
    with serve(counter_app(state_file)) as url:
        control = ControlClient(url)
        assert value(url) == 1
        assert requests.get(f"{url}/counters/a", timeout=5).status_code == 500
        assert control.health()["now"] == "2026-03-01T08:00:00+00:00"
        control.close()


def test_a_snapshot_of_another_version_is_refused(tmp_path):
    state_file = tmp_path / "counters.snapshot"
    state_file.write_bytes(pickle.dumps((0, None)))
    with pytest.raises(SandboxError, match="version 0"):
        counter_app(state_file)


def test_a_taken_port_is_an_os_error():
    with (
        serve(counter_app()) as url,
        pytest.raises(OSError, match="in use"),
        serve(counter_app(), port=int(url.rsplit(":", 1)[1])),
    ):
        pass
