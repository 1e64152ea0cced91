"""What both hooks do with a server that behaves badly; plentymarkets' side stands for both."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from fulfilment.hooks.plenty import PlentyHook
from fulfilment.hooks.settings import tested
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import select

from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    CircuitOpen,
    ConfigError,
    ContractError,
    OrderRejected,
    RateLimited,
    Timeout,
    Unavailable,
)
from include.ledger.systems.circuits import FAILURES_TO_OPEN
from include.ledger.tables import circuits, rate_budget, tokens
from tests.hooks.conftest import PASSWORD, TOKEN, USER, Naps
from tests.hooks.hostile import HTML, JSON, Bad, Hostile, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

LOGIN = {"access_token": "bearer-token-1", "expires_in": 86_400}
ME = "GET /rest/users/me"
STATUS = "PUT /rest/orders/1"
PERSON, STREET, MAIL = "Erika Beispiel", "Musterweg", "erika@example.com"


def after_login(answer: Any) -> Callable[[Seen], Any]:
    """Answer logins properly, and everything else with ``answer`` or what it returns."""

    def respond(seen: Seen) -> Any:
        if seen.path == "/rest/login":
            return LOGIN
        return answer(seen) if callable(answer) else answer

    return respond


def in_turn(*answers: Any) -> Callable[[Seen], Any]:
    rest = list(answers)
    return lambda seen: rest.pop(0) if len(rest) > 1 else rest[0]


# -- reads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Bad("oops", 500), Unavailable),
        (Bad(cut="before"), Unavailable),
        (Bad({"id": 1, "name": "long enough to be cut"}, cut="inside"), Unavailable),
        (Bad({"id": 1}, drip_s=0.5), Timeout),
    ],
)
def test_a_read_is_tried_three_times_with_growing_pauses(
    plenty: PlentyHook, hostile: Hostile, naps: Naps, bad: Bad, error: type[Exception]
) -> None:
    hostile.answer = after_login(bad)

    with pytest.raises(error):
        plenty.who_am_i()

    assert hostile.paths().count(ME) == 3
    assert 0.25 <= naps.seconds[0] <= 0.75
    assert 1 <= naps.seconds[1] <= 3


def test_a_read_that_succeeds_at_last_is_a_success(plenty: PlentyHook, hostile: Hostile) -> None:
    hostile.answer = after_login(in_turn(Bad("", 503), Bad(cut="before"), {"id": 7}))

    assert plenty.who_am_i() == {"id": 7}


@pytest.mark.parametrize(
    "bad", [Bad("<html>down</html>", 200, HTML), Bad("{", 200), Bad("", 200), Bad("[1", 200)]
)
def test_an_answer_against_the_contract_is_not_asked_for_again(
    plenty: PlentyHook, hostile: Hostile, bad: Bad
) -> None:
    hostile.answer = after_login(bad)

    with pytest.raises(ContractError):
        plenty.who_am_i()

    assert hostile.paths().count(ME) == 1


def test_a_slow_trickle_of_bytes_cannot_hold_a_task(
    connect: Callable[..., None], hostile: Hostile, engine: Engine, naps: Naps
) -> None:
    extra = {"timeout": 0.3, "connect_timeout": 0.3}
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD, extra=extra)
    hook = PlentyHook("alpha", "plenty_alpha", engine, sleep=naps)
    hostile.answer = after_login(Bad({"id": "x" * 1000}, drip_s=0.1))
    began = datetime.now(UTC)

    with pytest.raises(Timeout):
        hook.who_am_i()

    assert (datetime.now(UTC) - began).total_seconds() < 10  # the body alone would take 100


# -- writes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        Bad("oops", 500),
        Bad("", 504),
        Bad(cut="before"),
        Bad({"id": 1, "name": "long enough to be cut"}, cut="inside"),
        Bad({"id": 1}, drip_s=0.5),
        Bad("{", 200),
        Bad("", 200),
        Bad("<html>", 200, HTML),
    ],
)
def test_a_write_without_a_clear_answer_is_ambiguous_and_sent_once(
    plenty: PlentyHook, hostile: Hostile, bad: Bad
) -> None:
    hostile.answer = after_login(bad)

    with pytest.raises(AmbiguousWrite):
        plenty.set_status(1, Decimal("5.1"))

    assert hostile.paths().count(STATUS) == 1


def test_a_write_that_was_never_sent_is_not_ambiguous(
    connect: Callable[..., None], hostile: Hostile, engine: Engine
) -> None:
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD)
    hook = PlentyHook("alpha", "plenty_alpha", engine, by_hand=True)
    hostile.answer = after_login({"id": 7})
    hook.who_am_i()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        hook._settings_ = hook._settings.__class__("plenty_alpha", _url(free), USER, PASSWORD)

    with pytest.raises(Unavailable, match="alpha: plentymarkets cannot be reached"):
        hook.set_status(1, Decimal("5.1"))


def _url(free: socket.socket) -> str:
    return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_clear_refusal_of_a_write_is_a_rejection(plenty: PlentyHook, hostile: Hostile) -> None:
    hostile.answer = after_login(Bad({"error": {"code": 422}, "validation_errors": {}}, 422))

    with pytest.raises(OrderRejected):
        plenty.set_status(1, Decimal("5.1"))


def test_an_error_inside_a_200_is_a_failure(plenty: PlentyHook, hostile: Hostile) -> None:
    hostile.answer = after_login({"error": {"message": "no query results"}})

    with pytest.raises(OrderRejected):
        plenty.set_status(1, Decimal("5.1"))


# -- addresses --------------------------------------------------------------------------------


def test_a_redirect_is_not_followed_and_the_secret_goes_nowhere(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    moved = {"Location": "https://new.example.com/rest/login", **JSON}
    hostile.answer = lambda seen: Bad("", 301, moved)

    with pytest.raises(ConfigError, match=r"https://new\.example\.com"):
        plenty.who_am_i()

    assert hostile.paths() == ["POST /rest/login"]


def test_a_missing_connection_is_named(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="alpha: The connection plenty_none does not exist"):
        PlentyHook("alpha", "plenty_none", engine).who_am_i()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"login": USER}, "has no password"),
        ({"password": PASSWORD}, "has no user name"),
        ({"login": USER, "password": PASSWORD, "extra": {"timeout": "soon"}}, "cannot be used"),
        ({"login": USER, "password": PASSWORD, "host": "ftp://x"}, "cannot be used"),
        ({"login": USER, "password": PASSWORD, "host": f"http://u:{PASSWORD}@x"}, "own"),
    ],
)
def test_an_incomplete_connection_is_told_and_the_password_is_not(
    connect: Callable[..., None],
    hostile: Hostile,
    engine: Engine,
    fields: dict[str, Any],
    message: str,
) -> None:
    connect("plenty_alpha", **{"url": hostile.url, **_renamed(fields)})

    with pytest.raises(ConfigError, match=message) as caught:
        PlentyHook("alpha", "plenty_alpha", engine).who_am_i()

    assert PASSWORD not in str(caught.value)
    assert hostile.seen == []


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    return {("url" if name == "host" else name): value for name, value in fields.items()}


def test_host_schema_and_port_fields_work_as_well_as_a_url(
    connect: Callable[..., None], hostile: Hostile, engine: Engine
) -> None:
    host, port = hostile.url.removeprefix("http://").split(":")
    secrets = {"login": USER, "password": PASSWORD}
    connect("plenty_alpha", host, schema="http", port=int(port), **secrets)
    hostile.answer = after_login({"id": 7})

    assert PlentyHook("alpha", "plenty_alpha", engine).who_am_i() == {"id": 7}


def test_without_a_scheme_the_password_travels_encrypted_only(
    connect: Callable[..., None], engine: Engine
) -> None:
    connect("plenty_alpha", "shop.example.com", login=USER, password=PASSWORD)

    assert PlentyHook("alpha", "plenty_alpha", engine)._settings.base_url.startswith("https://")


def test_an_environment_proxy_is_not_used_for_this_machine(
    plenty: PlentyHook, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    hostile.answer = after_login({"id": 7})

    assert plenty.who_am_i() == {"id": 7}


def test_the_extra_of_a_connection_never_becomes_a_header(
    connect: Callable[..., None], hostile: Hostile, engine: Engine
) -> None:
    extra = {"X-Secret": "do-not-send", "timeout": 5}
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD, extra=extra)
    hostile.answer = after_login({"id": 7})

    PlentyHook("alpha", "plenty_alpha", engine).who_am_i()

    assert all("do-not-send" not in seen.headers.values() for seen in hostile.seen)
    assert all("X-Secret" not in seen.headers for seen in hostile.seen)


# -- circuit ----------------------------------------------------------------------------------


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


# -- budget -----------------------------------------------------------------------------------


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


# -- privacy ----------------------------------------------------------------------------------


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


# -- weight -----------------------------------------------------------------------------------


def test_importing_the_hooks_loads_neither_pandas_nor_great_expectations() -> None:
    code = (
        "import sys, fulfilment.hooks.plenty, fulfilment.hooks.wemalo, fulfilment.hooks.ledger;"
        "print([m for m in ('pandas', 'great_expectations', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout.strip().endswith("[]")
