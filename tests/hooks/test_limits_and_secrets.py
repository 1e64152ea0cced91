"""Circuits, limits, and what must not be told: of both hooks."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.settings import tested
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import select

from include.core.systems.errors import (
    AuthError,
    CircuitOpen,
    OrderRejected,
    RateLimited,
    Unavailable,
)
from include.ledger.systems.circuits import FAILURES_TO_OPEN
from include.ledger.tables import circuits, rate_budget, tokens
from tests.hooks.conftest import Naps
from tests.hooks.hostile import HTML, JSON, Bad, Hostile, Seen
from tests.hooks.sandboxes import PASSWORD, TOKEN, USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
from tests.hooks.logins import LOGIN, ME, STATUS, after_login

PERSON, STREET, MAIL = "Erika Beispiel", "Musterweg", "erika@example.com"


def test_a_wrong_password_is_tried_once_and_then_the_system_rests(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    hostile.answer = lambda seen: Bad({"error": "invalid_credentials"}, 401)

    with pytest.raises(AuthError, match="plenty_alpha"):
        plenty.who_am_i()
    with pytest.raises(CircuitOpen, match="plenty_alpha"):
        plenty.who_am_i()

    assert hostile.paths() == ["POST /rest/login"]


def test_a_dead_system_rests_after_some_calls_and_others_go_on(
    plenty: PlentyHook, wemalo: WemaloHook, hostile: Hostile, engine: Engine, naps: Naps
) -> None:
    def respond(seen: Seen) -> Any:
        if seen.path.startswith("/v1"):
            return {"Success": True, "status": 200, "shop": "alpha-shop"}
        return LOGIN if seen.path == "/rest/login" else Bad("", 503)

    hostile.answer = respond
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unavailable):
            plenty.who_am_i()
    with pytest.raises(CircuitOpen):
        plenty.who_am_i()

    assert wemalo.shop_name() == "alpha-shop"
    with pytest.raises(Unavailable):
        PlentyHook("beta", "plenty_alpha", engine, sleep=naps).who_am_i()


def test_testing_the_connection_closes_the_circuit_once_it_works(
    plenty: PlentyHook, hostile: Hostile, engine: Engine
) -> None:
    hostile.answer = lambda seen: Bad({"error": "invalid_credentials"}, 401)
    assert plenty.test_connection()[0] is False
    with pytest.raises(CircuitOpen):
        plenty.who_am_i()
    hostile.answer = after_login({"id": 7})

    ok, text = plenty.test_connection()

    assert (ok, "7" in text) == (True, True)
    with engine.connect() as connection:
        assert connection.execute(select(circuits)).all() == []
    assert plenty.who_am_i() == {"id": 7}


def test_a_connection_can_be_tested_without_a_ledger(
    connect: Callable[..., None], hostile: Hostile
) -> None:
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD)
    connect("wemalo_alpha", hostile.url, password=TOKEN)
    hostile.answer = after_login(
        lambda seen: {"id": 7, "shop": "s", "Success": True, "status": 200}
    )

    assert PlentyHook(conn_id="plenty_alpha").test_connection()[0] is True
    assert WemaloHook(conn_id="wemalo_alpha").test_connection()[0] is True
    mark = tested.set("plenty_known")  # Airflow's form tests a copy of it, plenty_alpha here
    try:
        good, text = PlentyHook(conn_id="plenty_alpha").test_connection()
        connect("plenty_alpha", hostile.url)
        bad, lack = PlentyHook(conn_id="plenty_alpha").test_connection()
    finally:
        tested.reset(mark)
    assert (good, text.split(":")[0], bad) == (True, "plenty_known", False)
    assert lack.startswith("plenty_known: the connection plenty_known has no user name")


def test_a_refused_call_for_the_limit_is_repeated_when_the_window_reopens(
    plenty: PlentyHook, hostile: Hostile, naps: Naps, engine: Engine
) -> None:
    limited = Bad({"error": "short period read limit reached"}, 429, {"Retry-After": "3", **JSON})
    hostile.answer = after_login(limited)

    with pytest.raises(RateLimited) as caught:
        plenty.who_am_i()

    assert caught.value.retry_after is not None
    assert 3.0 in naps.seconds
    assert hostile.paths().count(ME) >= 1
    with engine.connect() as connection:
        row = connection.execute(select(rate_budget).where(rate_budget.c.bucket == "read")).one()
    assert row.calls_left == 0


def test_a_write_refused_for_the_limit_is_left_to_the_caller(
    plenty: PlentyHook, hostile: Hostile, naps: Naps
) -> None:
    hostile.answer = after_login(Bad("", 429, {"Retry-After": "3", **JSON}))

    with pytest.raises(RateLimited) as caught:
        plenty.set_status(1, Decimal("5.1"))

    assert caught.value.retry_after == 3
    assert hostile.paths().count(STATUS) == 1
    assert naps.seconds == []


def test_too_long_a_wait_for_the_budget_is_told_instead_of_waited(
    plenty: PlentyHook, hostile: Hostile, naps: Naps
) -> None:
    day = {"X-Plenty-Global-Long-Period-Calls-Left": "0"}
    day |= {"X-Plenty-Global-Long-Period-Decay": "7200", **JSON}
    hostile.answer = after_login(Bad({"id": 7}, 200, day))
    assert plenty.who_am_i() == {"id": 7}  # no calls left is still a success

    with pytest.raises(RateLimited, match="read_day") as caught:
        plenty.who_am_i()

    assert 7190 < (caught.value.retry_after or 0) <= 7201
    assert hostile.paths().count(ME) == 1
    assert naps.seconds == []


def test_the_headers_slow_the_caller_down_before_zero(
    plenty: PlentyHook, hostile: Hostile, naps: Naps
) -> None:
    short = {"x-plenty-global-short-period-calls-left": "10"}
    short |= {"X-PLENTY-GLOBAL-SHORT-PERIOD-DECAY": "20", **JSON}
    hostile.answer = after_login(Bad({"id": 7}, 200, short))
    plenty.who_am_i()

    hook = PlentyHook("alpha", "plenty_alpha", plenty._engine, max_wait_s=0.1, sleep=naps)
    with pytest.raises(RateLimited, match="used up for orders"):
        hook.who_am_i()

    cancel = PlentyHook("alpha", "plenty_alpha", plenty._engine, priority="cancel", sleep=naps)
    assert cancel.who_am_i() == {"id": 7}


def person(seen: Seen) -> Any:
    parts = (
        "addresses", "amounts", "comments", "dates", "orderItems", "orderReferences", "properties",
        "relations", "shippingPackages",
    )  # fmt: skip
    row: dict[str, Any] = {"id": 1, "name1": PERSON, "address1": STREET, "email": MAIL}
    row |= {part: [] for part in parts}
    if seen.method == "GET" and seen.path.endswith("search"):
        return {"page": 1, "totalsCount": 1, "isLastPage": True, "entries": [row]}
    if seen.path.startswith("/v1"):
        return Bad({"Success": False, "status": 409, "message": f"{PERSON} {STREET} {MAIL}"}, 409)
    if seen.method == "GET":
        return Bad(f"<html>{PERSON} {STREET} {MAIL}</html>", 500, HTML)
    return Bad({"error": {"message": f"{PERSON} {STREET} {MAIL}"}, "validation_errors": row}, 422)


def test_no_body_no_person_and_no_secret_ever_reaches_a_log_record(
    plenty: PlentyHook,
    wemalo: WemaloHook,
    hostile: Hostile,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile.answer = after_login(person)
    # Airflow's loggers write past the standard library's: both ways are watched, at all levels.
    events: list[Any] = []
    everything = structlog.make_filtering_bound_logger(0)
    for hook in (plenty, wemalo):
        watched = structlog.wrap_logger(None, processors=[_keep(events)], wrapper_class=everything)
        monkeypatch.setattr(hook, "_log", watched)
    told: list[str] = []
    with caplog.at_level(1), caplog.at_level(1, logger="urllib3"):
        assert plenty.order_contents([1])[1]["name1"] == PERSON
        body = {"meta": {"externalId": "1", "receiver": [{"name1": PERSON, "street": STREET}]}}
        for call in (
            lambda: plenty.packages(1),
            lambda: plenty.add_comment(1, f"{PERSON} {MAIL}"),
            lambda: plenty.set_status(1, Decimal("6.2")),
            lambda: wemalo.add_conditional(body),
            lambda: wemalo.cancel("1", PERSON),
            lambda: wemalo.update_meta("1", body["meta"]),
        ):
            with pytest.raises((OrderRejected, Unavailable)) as caught:
                call()
            told += [str(caught.value), repr(caught.value), caught.value.log]
            told.append("".join(traceback.format_exception(caught.value)))

    written = [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert any("urllib3" in record.name for record in caplog.records)  # the net catches debug
    assert any("call merchant=alpha" in event["event"] for event in events)
    written += [str(event) for event in events]
    written += capfd.readouterr()
    for secret in (PERSON, STREET, MAIL, PASSWORD, TOKEN, "bearer-token-1"):
        assert [line for line in [*written, *told] if secret in line] == []


def _keep(events: list[Any]) -> Callable[..., Any]:
    def processor(logger: object, method: str, event: dict[str, Any]) -> Any:
        events.append(dict(event))
        raise structlog.DropEvent

    return processor


def test_secrets_are_in_no_repr(plenty: PlentyHook, wemalo: WemaloHook, hostile: Hostile) -> None:
    hostile.answer = after_login({"id": 7})
    plenty.who_am_i()

    things = [plenty, plenty._settings, plenty._auth(), plenty.get_conn(), wemalo, wemalo._auth()]
    things += [plenty.get_conn().headers, wemalo._settings]
    for secret in (PASSWORD, TOKEN, "bearer-token-1"):
        assert [thing for thing in things if secret in repr(thing)] == []


def test_the_token_and_the_password_are_not_in_the_ledger_in_clear_text(
    plenty: PlentyHook, hostile: Hostile, engine: Engine
) -> None:
    hostile.answer = after_login({"id": 7})
    plenty.who_am_i()

    with engine.connect() as connection:
        row = connection.execute(select(tokens)).one()
    assert b"bearer-token-1" not in bytes(row.token)
    assert PASSWORD not in str(row)


def test_a_bare_run_of_the_http_hook_is_refused(plenty: PlentyHook, hostile: Hostile) -> None:
    with pytest.raises(NotImplementedError):
        plenty.run("/rest/orders")

    assert hostile.seen == []


def test_importing_the_hooks_loads_neither_pandas_nor_great_expectations() -> None:
    code = (
        "import sys, fulfilment.hooks.plenty, fulfilment.hooks.wemalo, fulfilment.hooks.ledger;"
        "print([m for m in ('pandas', 'great_expectations', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout.strip().endswith("[]")
