from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import Engine

from include.ledger.engine import ledger_engine
from include.sandbox.server import Sandbox, run_sandbox
from tests.hooks.changing_shop import Shop
from tests.hooks.hostile import Hostile, hostile_server
from tests.hooks.sandboxes import PASSWORD, TOKEN, USER, plenty_tenant, wemalo_tenant
from tests.troubles import pytest_runtest_call  # noqa: F401 - a fault that hits nothing fails its test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAST = {"timeout": 0.7, "connect_timeout": 0.5}


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _token_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", Fernet.generate_key().decode())


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def connect(conn_id: str, url: str, **fields: Any) -> None:
        value = {"conn_type": conn_id.split("_")[0], "host": url, **fields}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(value))

    return connect


class Naps:
    """Stands in for sleeping and remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def plenty(
    connect: Callable[..., None], hostile: Hostile, engine: Engine, naps: Naps
) -> Iterator[PlentyHook]:
    """A hook whose plentymarkets is the hostile server; naps are not slept."""
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD, extra=FAST)
    hook = PlentyHook("alpha", "plenty_alpha", engine, by_hand=True, sleep=naps)
    yield hook
    hook.close()


@pytest.fixture
def wemalo(
    connect: Callable[..., None], hostile: Hostile, engine: Engine, naps: Naps
) -> Iterator[WemaloHook]:
    connect("wemalo_alpha", hostile.url, password=TOKEN, extra=FAST)
    hook = WemaloHook("alpha", "wemalo_alpha", engine, shop="alpha-shop", by_hand=True, sleep=naps)
    yield hook
    hook.close()


@pytest.fixture
def shop(hostile: Hostile) -> Shop:
    shop = Shop(dict.fromkeys(range(1, 601), 5))
    hostile.answer = shop
    return shop


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
