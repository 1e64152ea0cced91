from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import BigInteger, Engine, Integer, Table, Text, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB

from include.core.systems.errors import LedgerBusy, LedgerError, LedgerRefused, LedgerUnavailable
from include.ledger.engine import ledger_engine
from include.ledger.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.stack.postgres import PostgresServer

CANARY = "Kanarienvogelstrasse"
#: one way each in which PostgreSQL, its driver or SQLAlchemy would quote what was sent
SICK_TEXTS = {"NUL": f"{CANARY}\x00", "half a character": f"{CANARY}\ud83d"}
SICK_JSON: dict[str, Any] = {
    "NUL in JSON": {"name3": CANARY, "name2": "\x00"},
    "half a character in JSON": {"name3": CANARY, "name2": "\ud83d"},
    "a number beyond all bounds": {"name3": CANARY, "weight": float("inf")},
    "no JSON at all": {"name3": CANARY, "of": {1, 2}},
}


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def full_of_canaries(table: Table) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in table.columns:
        if isinstance(column.type, Text):
            values[column.name] = CANARY
        elif isinstance(column.type, JSONB):
            values[column.name] = {"name3": CANARY, "address1": CANARY}
    return values


def sick_rows(table: Table) -> Iterator[tuple[str, Mapping[str, Any]]]:
    good = full_of_canaries(table)
    if any(
        not (column.nullable or column.name in good or column.server_default)
        for column in table.columns
    ):
        yield "a missing value", good
    for column in table.columns:
        kinds: Mapping[str, Any] = {}
        if isinstance(column.type, Text):
            kinds = SICK_TEXTS
        elif isinstance(column.type, JSONB):
            kinds = SICK_JSON
        elif isinstance(column.type, (BigInteger, Integer)):
            kinds = {"a text for a number": CANARY, "a list": [CANARY], "too large": 10**30}
        for kind, value in kinds.items():
            yield f"{kind} in {column.name}", {**good, column.name: value}


def failure(engine: Engine, statement: Any, values: Mapping[str, Any]) -> LedgerError:
    with pytest.raises(LedgerError) as raised, engine.begin() as connection:
        connection.execute(statement, values)
    return raised.value


def whole_text(error: LedgerError) -> str:
    printed = "".join(traceback.format_exception(error))
    return "\n".join([printed, str(error), repr(error), error.log, repr(error.__cause__)])


@pytest.mark.filterwarnings("ignore:Column .* is marked as a member of the primary key")
def test_no_error_of_any_table_tells_what_was_to_be_stored(
    engine: Engine,
    postgres_server: PostgresServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    log_file = postgres_server.data.parent / "log"

    for table in metadata.sorted_tables:
        for what, row in sick_rows(table):
            error = failure(engine, insert(table), row)
            assert isinstance(error, LedgerRefused), (table.name, what, error.log)
            assert CANARY not in whole_text(error), (table.name, what)

    assert CANARY not in caplog.text
    assert CANARY not in log_file.read_text(errors="replace")


def test_what_the_server_says_of_its_own_tables_is_kept_for_the_log(engine: Engine) -> None:
    error = failure(engine, insert(metadata.tables["orders"]), {"merchant": "m", "order_id": 1})

    assert error.log == "NotNullViolation SQLSTATE 23502 table orders column state"


def _no_such_table(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT * FROM nobody"))


def _killed(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def _cancelled(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET statement_timeout = 1"))
        connection.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (_no_such_table, "LEDGER_VERSION"),
        (_killed, "LEDGER_UNAVAILABLE"),
        (_cancelled, "LEDGER_UNAVAILABLE"),
    ],
)
def test_what_no_record_can_help_belongs_to_the_ledger(
    engine: Engine, play: Callable[[Engine], None], code: str
) -> None:
    with pytest.raises(LedgerUnavailable) as raised:
        play(engine)

    assert raised.value.code == code


def test_a_lock_that_is_not_given_is_told_as_that(engine: Engine) -> None:
    lock = text("SELECT pg_advisory_xact_lock(7)")
    with engine.begin() as holder:
        holder.execute(lock)
        with engine.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with pytest.raises(LedgerBusy):
                other.execute(lock)


def test_no_server_at_all_is_told_without_the_address() -> None:
    engine = ledger_engine("postgresql+psycopg2://u:secret-word@127.0.0.1:9/x")

    with pytest.raises(LedgerUnavailable) as raised:
        engine.connect()

    assert "secret-word" not in whole_text(raised.value)
    assert "127.0.0.1" not in whole_text(raised.value)


def test_a_pooled_connection_that_died_is_replaced_unseen(ledger_url: str) -> None:
    engine = ledger_engine(ledger_url, pool_pre_ping=True, pool_size=1)
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with ledger_engine(ledger_url).begin() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with engine.connect() as connection:
        assert connection.execute(select(1)).scalar_one() == 1


def test_a_dead_network_is_noticed_whatever_the_operating_system_thinks(
    ledger_url: str,
) -> None:
    engine = ledger_engine(ledger_url)
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        given = raw.info.dsn_parameters

    assert given["keepalives"] == "1"
    assert {given["keepalives_idle"], given["keepalives_interval"]} == {"30", "10"}
    assert given["keepalives_count"] == "3"
    assert given["tcp_user_timeout"] == "60000"


def test_what_the_address_itself_says_of_the_connection_wins(ledger_url: str) -> None:
    engine = ledger_engine(f"{ledger_url}&keepalives_idle=77")
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        assert raw.info.dsn_parameters["keepalives_idle"] == "77"
