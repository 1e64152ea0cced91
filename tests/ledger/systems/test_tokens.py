from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Engine, select, update

from include.core.systems.errors import AuthError
from include.ledger.engine import ledger_engine
from include.ledger.systems import tokens
from include.ledger.systems.tokens import Key, Login
from include.ledger.tables import tokens as table

if TYPE_CHECKING:
    from collections.abc import Iterator

ALMOST = timedelta(milliseconds=5)  # two readings of the database's clock
KEY = Key("alpha", "plenty", "hash-1")
CIPHER = MultiFernet([Fernet(Fernet.generate_key())])


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url, pool_size=10)
    yield engine
    engine.dispose()


class Door:
    """Counts logins and gives a new token each time."""

    def __init__(self, life_s: float = 86_400) -> None:
        self.logins = 0
        self.life_s = life_s

    def __call__(self) -> Login:
        self.logins += 1
        return Login(f"token-{self.logins}", self.life_s)


def get(engine: Engine, door: Door, stale: str | None = None, key: Key = KEY) -> str:
    return tokens.get(engine, key, CIPHER, door, stale=stale)


def test_one_login_serves_all(engine: Engine) -> None:
    door = Door()

    assert [get(engine, door) for _ in range(3)] == ["token-1"] * 3
    assert door.logins == 1


def test_many_at_the_same_time_make_one_login(engine: Engine) -> None:
    door = Door()
    start = Barrier(8)

    def ask() -> str:
        start.wait(10)
        return get(engine, door)

    with ThreadPoolExecutor(8) as pool:
        found = {future.result(30) for future in [pool.submit(ask) for _ in range(8)]}

    assert found == {"token-1"}
    assert door.logins == 1


def test_many_who_were_refused_with_the_same_token_make_one_new_login(engine: Engine) -> None:
    door = Door()
    get(engine, door)
    start = Barrier(6)

    def ask() -> str:
        start.wait(10)
        return get(engine, door, stale="token-1")

    with ThreadPoolExecutor(6) as pool:
        found = {future.result(30) for future in [pool.submit(ask) for _ in range(6)]}

    assert found == {"token-2"}
    assert door.logins == 2


def test_a_token_that_is_not_the_stored_one_any_more_does_not_cost_a_login(
    engine: Engine,
) -> None:
    door = Door()
    get(engine, door)
    get(engine, door, stale="token-1")

    assert get(engine, door, stale="token-1") == "token-2"
    assert door.logins == 2


def test_the_lifetime_of_the_reply_counts_and_the_token_is_renewed_before_its_end(
    engine: Engine,
) -> None:
    door = Door(life_s=3600)
    get(engine, door)
    with engine.begin() as connection:
        life = connection.execute(select(table.c.expires_at - table.c.created_at)).scalar_one()
        assert abs(life - timedelta(minutes=55)) < ALMOST
        connection.execute(update(table).values(expires_at=table.c.expires_at - life))

    assert get(engine, door) == "token-2"


def test_a_short_life_is_used_for_nine_tenths(engine: Engine) -> None:
    get(engine, Door(life_s=60))

    with engine.connect() as connection:
        life = connection.execute(select(table.c.expires_at - table.c.created_at)).scalar_one()
    assert abs(life - timedelta(seconds=54)) < ALMOST


def test_the_token_is_not_in_the_database_in_clear_text(engine: Engine) -> None:
    get(engine, Door())

    with engine.connect() as connection:
        stored = connection.execute(select(table.c.token)).scalar_one()
    assert b"token-1" not in bytes(stored)


def test_a_token_written_with_another_key_is_replaced(engine: Engine) -> None:
    door = Door()
    get(engine, door)
    other = MultiFernet([Fernet(Fernet.generate_key())])

    assert tokens.get(engine, KEY, other, door) == "token-2"


def test_a_new_password_never_meets_the_old_token(engine: Engine) -> None:
    door = Door()
    get(engine, door)

    assert get(engine, door, key=Key("alpha", "plenty", "hash-2")) == "token-2"


def test_a_refused_login_stores_nothing_and_blocks_nobody(engine: Engine) -> None:
    def refuse() -> Login:
        raise AuthError("no")

    with pytest.raises(AuthError):
        tokens.get(engine, KEY, CIPHER, refuse)

    assert get(engine, Door()) == "token-1"


def test_the_token_is_not_in_the_repr_of_a_login() -> None:
    assert "secret" not in repr(Login("secret", 1.0))
