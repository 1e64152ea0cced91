"""No write leaves in a dry run: neither one that is known nor one that is forgotten."""

from __future__ import annotations

import ast
from pathlib import Path

import fulfilment.hooks
import pytest
import requests
from fulfilment.hooks.rehearsal import Rehearsal
from fulfilment.hooks.transport import ReadOnly, Request, exchange
from fulfilment.hooks.wemalo import WemaloHook
from fulfilment.hooks.write_calls import ACTIONS

from include.core.dry_run.plan import ACTIONS as WORDS
from include.core.systems.errors import ConfigError

WRITERS = {"_put": "PUT", "_post": "POST"}


class NoNetwork(requests.Session):
    def request(self, *args: object, **kwargs: object) -> requests.Response:
        raise AssertionError("a request left")


def test_the_transport_refuses_every_write_of_a_dry_run_before_it_is_sent() -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        request = Request(method, "/rest/anything", "/rest/anything", body={}, kind="write")
        with pytest.raises(ReadOnly, match="dry run"):
            exchange(
                NoNetwork(), "http://127.0.0.1:9", request,
                auth=None, connect_s=1, read_s=1, read_only=True,
            )  # fmt: skip


@pytest.mark.parametrize("kind", ["read", "login"])
def test_reads_and_logins_of_a_dry_run_are_sent(kind: str) -> None:
    request = Request("GET", "/rest/anything", "/rest/anything", kind=kind)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="a request left"):
        exchange(
            NoNetwork(), "http://127.0.0.1:9", request,
            auth=None, connect_s=1, read_s=1, read_only=True,
        )  # fmt: skip


def test_a_write_that_nobody_described_is_refused_by_its_name() -> None:
    request = Request("PUT", "/new/{id}", "/new/1", body={}, kind="write")
    with pytest.raises(ConfigError, match="PUT /new/"):
        Rehearsal().answer(WemaloHook("alpha"), request)


def _routes() -> set[str]:
    """Return method and route of every write in the hooks' source, where it is written out."""
    found = set()
    for path in Path(next(iter(fulfilment.hooks.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if node.func.attr in WRITERS and texts:
                found.add(f"{WRITERS[node.func.attr]} {texts[0]}")
            elif node.func.attr == "_write" and len(texts) > 1:
                found.add(f"{texts[0]} {texts[1]}")
    return found


def test_every_write_of_the_hooks_is_described() -> None:
    routes = _routes()
    assert len(routes) > 12, "the search found no routes"
    assert routes - ACTIONS.keys() == set()
    assert set(ACTIONS.values()) - {""} <= WORDS.keys()
