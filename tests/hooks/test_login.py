from __future__ import annotations

import multiprocessing
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from fulfilment.hooks import login
from fulfilment.hooks.plenty import PlentyHook
from sqlalchemy import select

from include.core.systems.errors import AuthError, CircuitOpen, ConfigError, SessionLimit
from include.ledger.engine import ledger_engine
from include.ledger.systems import tokens as ledger_tokens
from include.ledger.tables import circuits, tokens
from tests.hooks.hostile import Bad, Hostile
from tests.hooks.sandboxes import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier

    from sqlalchemy import Engine

    from tests.hooks.hostile import Seen

LOGIN, ME = "POST /rest/login", "GET /rest/users/me"


class Doorman:
    """Gives a new token at each login and knows which tokens are valid."""

    def __init__(self) -> None:
        self.logins = 0
        self.valid: set[str] = set()
        self.lock = Lock()

    def __call__(self, seen: Seen) -> Any:
        if seen.path == "/rest/login":
            if seen.body != {"username": USER, "password": PASSWORD}:
                return Bad({"error": "invalid_credentials", "accessToken": None}, 200)
            self.logins += 1
            token = f"token-{self.logins}"
            self.valid.add(token)
            return {"tokenType": "Bearer", "expiresIn": 86_400, "accessToken": token}
        scheme, _, token = seen.headers["Authorization"].partition(" ")
        if scheme != "Bearer" or token not in self.valid:
            return Bad({"error": "unauthorized"}, 401)
        return {"id": 7}


@pytest.fixture
def doorman(hostile: Hostile) -> Doorman:
    doorman = Doorman()
    hostile.answer = doorman
    return doorman


def other(engine: Engine) -> PlentyHook:
    return PlentyHook("alpha", "plenty_alpha", engine, by_hand=True)


def test_all_hooks_of_a_merchant_share_one_login(
    plenty: PlentyHook, doorman: Doorman, engine: Engine
) -> None:
    for hook in (plenty, other(engine), other(engine)):
        hook.who_am_i()
        hook.who_am_i()

    assert doorman.logins == 1


def test_a_401_in_the_middle_makes_exactly_one_new_login(
    plenty: PlentyHook, doorman: Doorman, engine: Engine, hostile: Hostile
) -> None:
    second = other(engine)
    plenty.who_am_i()
    second.who_am_i()
    doorman.valid.clear()

    assert plenty.who_am_i() == second.who_am_i() == {"id": 7}

    assert doorman.logins == 2
    assert hostile.paths().count(ME) == 6  # each was refused once and repeated once


def test_a_second_401_is_not_answered_by_a_third_login(
    plenty: PlentyHook, hostile: Hostile
) -> None:
    hostile.answer = lambda seen: (
        {"access_token": "t"} if seen.path == "/rest/login" else Bad("", 401)
    )

    with pytest.raises(AuthError):
        plenty.who_am_i()
    with pytest.raises(CircuitOpen):
        plenty.who_am_i()

    assert hostile.paths().count(LOGIN) == 2


def test_a_write_is_repeated_after_a_401_because_nothing_happened(
    plenty: PlentyHook, doorman: Doorman, hostile: Hostile
) -> None:
    plenty.who_am_i()
    doorman.valid.clear()

    plenty.add_comment(1, "text")

    assert hostile.paths().count("POST /rest/comments") == 2
    assert doorman.logins == 2


def test_a_login_refused_with_200_is_a_wrong_password(
    connect: Callable[..., None], hostile: Hostile, doorman: Doorman, engine: Engine
) -> None:
    connect("plenty_alpha", hostile.url, login=USER, password="wrong")

    with pytest.raises(AuthError, match="connection plenty_alpha"):
        other(engine).who_am_i()

    assert doorman.logins == 0


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": None}, []])
def test_a_login_without_a_token_is_refused(
    plenty: PlentyHook, hostile: Hostile, answer: Any
) -> None:
    hostile.answer = lambda seen: answer

    with pytest.raises(AuthError, match="plenty_alpha"):
        plenty.who_am_i()


def test_too_many_sessions_have_a_text_of_their_own(plenty: PlentyHook, hostile: Hostile) -> None:
    hostile.answer = lambda seen: Bad({"error": "too_many_concurrent_sessions"}, 429)

    with pytest.raises(SessionLimit, match="no more users work at the same time"):
        plenty.who_am_i()

    assert hostile.paths() == [LOGIN]


def test_a_changed_password_makes_a_new_login(
    connect: Callable[..., None], plenty: PlentyHook, doorman: Doorman, engine: Engine
) -> None:
    plenty.who_am_i()
    connect("plenty_alpha", plenty._settings.base_url, login=USER, password="changed")

    with pytest.raises(AuthError):
        other(engine).who_am_i()

    assert doorman.logins == 1


def test_without_a_ledger_each_hook_logs_in_for_itself(
    connect: Callable[..., None], hostile: Hostile, doorman: Doorman
) -> None:
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD)
    hook = PlentyHook("alpha", "plenty_alpha", None)

    assert hook.who_am_i() == hook.who_am_i() == {"id": 7}
    assert doorman.logins == 1


# -- the key ----------------------------------------------------------------------------------


def test_a_key_that_is_none_is_told(
    plenty: PlentyHook, doorman: Doorman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", "not-a-key")

    with pytest.raises(ConfigError, match="FULFILMENT_TOKEN_KEY is not a Fernet key"):
        plenty.who_am_i()

    assert doorman.logins == 0


def test_airflows_own_key_is_used_if_there_is_no_other(
    plenty: PlentyHook, doorman: Doorman, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Fernet.generate_key().decode()
    monkeypatch.delenv("FULFILMENT_TOKEN_KEY")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", key)

    plenty.who_am_i()

    with engine.connect() as connection:
        stored = connection.execute(select(tokens.c.token)).scalar_one()
    assert Fernet(key).decrypt(bytes(stored)) == b"token-1"


def test_without_any_key_nothing_is_stored_and_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FULFILMENT_TOKEN_KEY")
    monkeypatch.setattr(login, "_airflow_key", lambda: "{FERNET_KEY}")

    with pytest.raises(ConfigError, match="Set FULFILMENT_TOKEN_KEY"):
        login.cipher_keys()


def test_an_old_key_still_reads_while_the_new_one_writes(
    plenty: PlentyHook, doorman: Doorman, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    assert len(login.cipher_keys()) == 1
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", f"{new}, {old}")

    box = login.cipher(login.cipher_keys())

    assert box.decrypt(Fernet(old).encrypt(b"x")) == b"x"
    assert Fernet(new).decrypt(box.encrypt(b"y")) == b"y"


def test_the_hash_in_the_ledger_says_nothing_without_the_key(
    plenty: PlentyHook,
) -> None:
    keys = [[Fernet.generate_key().decode()] for _ in range(2)]
    hashes = {login.token_key("alpha", "plenty", plenty._settings, one).login for one in keys}

    assert len(hashes) == 2


# -- processes --------------------------------------------------------------------------------


def _ask(url: str, ready: Barrier, found: multiprocessing.Queue[str]) -> None:
    engine = ledger_engine(url)
    hook = PlentyHook("alpha", "plenty_alpha", engine)
    ready.wait(60)
    try:
        found.put(str(hook.who_am_i()))
    except Exception as error:
        found.put(type(error).__name__)
    engine.dispose()


def in_processes(ledger_url: str, number: int) -> list[str]:
    context = multiprocessing.get_context("spawn")
    ready, found = context.Barrier(number), context.Queue()
    workers = [context.Process(target=_ask, args=(ledger_url, ready, found)) for _ in range(number)]
    for worker in workers:
        worker.start()
    answers = [found.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(60)
    return answers


def test_two_processes_that_log_in_at_the_same_time_make_one_login(
    connect: Callable[..., None], hostile: Hostile, doorman: Doorman, ledger_url: str
) -> None:
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD)

    assert in_processes(ledger_url, 2) == ["{'id': 7}"] * 2
    assert doorman.logins == 1


def test_three_processes_with_a_wrong_password_try_it_once(
    connect: Callable[..., None], hostile: Hostile, doorman: Doorman, ledger_url: str
) -> None:
    connect("plenty_alpha", hostile.url, login=USER, password="wrong")

    assert sorted(in_processes(ledger_url, 3)) == ["AuthError", "CircuitOpen", "CircuitOpen"]
    assert hostile.paths() == [LOGIN]


def test_who_comes_right_after_a_refused_login_does_not_try_the_password_again(
    connect: Callable[..., None], hostile: Hostile, doorman: Doorman, engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    connect("plenty_alpha", hostile.url, login=USER, password="wrong")
    shared, followed = ledger_tokens.get, []

    def get(*args: Any, **options: Any) -> str:
        try:
            return shared(*args, **options)
        finally:  # the login is free for the next, and the first caller knows nothing of it yet
            if not followed:
                followed.append(True)
                with pytest.raises(CircuitOpen):
                    other(engine).who_am_i()

    monkeypatch.setattr(ledger_tokens, "get", get)
    with pytest.raises(AuthError):
        other(engine).who_am_i()
    assert hostile.paths() == [LOGIN]
    with engine.connect() as connection:
        assert connection.execute(select(circuits.c.failures)).scalars().all() == [1]


def test_a_connection_that_is_added_counts_at_once(
    doorman: Doorman,
    hostile: Hostile,
    engine: Engine,
    connect: Callable[..., None],
) -> None:
    for _ in range(6):
        with pytest.raises(ConfigError, match="plenty_alpha does not exist") as missing:
            other(engine).who_am_i()
        assert missing.value.code == "NO_CONNECTION"
    connect("plenty_alpha", hostile.url, login=USER)
    with pytest.raises(ConfigError, match="has no password") as empty:
        other(engine).who_am_i()
    assert empty.value.code == "NO_SECRET"
    connect("plenty_alpha", hostile.url, login=USER, password=PASSWORD)
    assert other(engine).who_am_i()["id"] == 7
    assert doorman.logins == 1
