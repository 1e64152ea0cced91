from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import Engine

from include.ledger.engine import ledger_engine
from tests.hooks.hostile import Hostile, hostile_server
from tests.troubles import pytest_runtest_call  # noqa: F401 - a fault that hits nothing fails its test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER, PASSWORD, TOKEN = "rest-user-alpha", "pass-word-alpha", "wemalo-token-alpha"

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
