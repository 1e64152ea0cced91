from __future__ import annotations

import json
import multiprocessing
from typing import TYPE_CHECKING

import pytest
from fulfilment.hooks.ledger import LedgerHook
from sqlalchemy import make_url, text

from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import URL


def as_connection(url: URL) -> str:
    extra = {"sslmode": "disable", **{str(key): value for key, value in url.query.items()}}
    return json.dumps(
        {
            "conn_type": "postgres",
            "login": url.username,
            "password": url.password,
            "host": url.host,
            "port": url.port,
            "schema": url.database,
            "extra": extra,
        }
    )


def database(hook: LedgerHook) -> str:
    with hook.engine.connect() as connection:
        return str(connection.execute(text("SELECT current_database()")).scalar_one())


def test_the_airflow_connection_gives_the_engine(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(ledger_url)
    monkeypatch.setenv("AIRFLOW_CONN_FULFILMENT_LEDGER", as_connection(url))

    assert database(LedgerHook()) == url.database
    assert LedgerHook().test_connection() == (True, "Connected to the ledger.")


def test_the_environment_variable_wins(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = make_url("postgresql://x@127.0.0.1:9/x")
    monkeypatch.setenv("AIRFLOW_CONN_FULFILMENT_LEDGER", as_connection(nowhere))
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)

    assert database(LedgerHook()) == make_url(ledger_url).database


def test_hooks_of_one_process_share_an_engine_whose_times_are_utc(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)

    assert LedgerHook().engine is LedgerHook().engine
    with LedgerHook().engine.connect() as connection:
        assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"


def _engine_id(queue: multiprocessing.Queue[int]) -> None:
    queue.put(id(LedgerHook().engine))


def test_a_forked_child_has_an_engine_of_its_own(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    mine = LedgerHook().engine
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[int] = context.Queue()
    child = context.Process(target=_engine_id, args=(queue,))

    child.start()

    assert queue.get(timeout=30) != id(mine)
    child.join(30)


def test_a_ledger_newer_than_the_code_is_told(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    with LedgerHook().engine.begin() as connection:
        connection.execute(text("UPDATE ledger_version SET version_num = '9999'"))

    ok, message = LedgerHook().test_connection()

    assert not ok
    assert "newer" in message


@pytest.mark.parametrize(
    ("url", "message"), [("", "fulfilment_ledger does not exist"), ("nonsense", "not a database")]
)
def test_a_missing_or_unusable_connection_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", url)

    with pytest.raises(ConfigError, match=message):
        _ = LedgerHook().engine


def test_an_unreachable_ledger_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", "postgresql://u:secret-word@127.0.0.1:9/x")

    ok, message = LedgerHook().test_connection()

    assert not ok
    assert "secret-word" not in message + repr(LedgerHook().engine)
