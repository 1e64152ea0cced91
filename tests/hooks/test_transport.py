"""What both hooks do with a server that behaves badly; plentymarkets' side stands for both."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import PlentyHook

from include.core.systems.errors import (
    AmbiguousWrite,
    ConfigError,
    ContractError,
    OrderRejected,
    Timeout,
    Unavailable,
)
from tests.hooks.conftest import Naps
from tests.hooks.hostile import HTML, JSON, Bad, Hostile, Seen
from tests.hooks.sandboxes import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
from tests.hooks.logins import ME, STATUS, after_login


def in_turn(*answers: Any) -> Callable[[Seen], Any]:
    rest = list(answers)
    return lambda seen: rest.pop(0) if len(rest) > 1 else rest[0]


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
