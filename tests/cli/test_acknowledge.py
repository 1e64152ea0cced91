"""``fulfil acknowledge``: somebody has seen an exception, and it says who."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.cli.main import app, run
from include.core.exceptions.exception_texts import exception_text
from include.core.systems.errors import ConfigError
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

JOURNAL = Journal("alpha", "test", "run-1", 1)
SUBJECT, CODE = "order:104711", "CANCEL_AFTER_SHIPPING"


@pytest.fixture
def engine(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A ledger with one open exception."""
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    with engine.begin() as connection:
        text = exception_text(CODE, at="2026-07-01 12:00")
        exceptions.raise_exception(connection, JOURNAL, subject=SUBJECT, **text)
    yield engine
    engine.dispose()


def listed(*more: str) -> str:
    return CliRunner().invoke(app, ["exceptions", "alpha", *more]).stdout


def acknowledge(*words: str) -> str:
    result = CliRunner().invoke(app, ["acknowledge", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.usefixtures("engine")
def test_the_list_says_in_both_languages_who_has_seen_it_and_when() -> None:
    assert "seen by" not in listed()

    said = acknowledge("alpha", SUBJECT, CODE, "--by", "eva", "--note", "asked the customer")

    assert said == f"{SUBJECT} {CODE}: acknowledged by eva.\n"
    english, german = listed(), listed("--language", "de")
    assert "seen by eva, 2" in english
    assert "UTC: asked the customer" in english
    assert "gesehen von eva, 2" in german
    assert "UTC: asked the customer" in german
    assert "1 open exception\n" in english, "it stays open until the next look closes it"


def test_without_a_name_it_is_the_user_of_this_machine(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "night-shift")

    assert "acknowledged by night-shift." in acknowledge("alpha", SUBJECT, CODE)
    with engine.begin() as connection:
        (row,) = exceptions.open_exceptions(connection, "alpha")
    assert (row.acknowledged_by, row.acknowledged_note) == ("night-shift", "")


@pytest.mark.parametrize(
    ("merchant", "subject", "code"),
    [
        ("alpha", SUBJECT, "CANCEL_TOO_LATE"),
        ("alpha", "order:1", CODE),
        ("alpha", "104711", CODE),
        ("beta", SUBJECT, CODE),
    ],
    ids=["another code", "another order", "no subject", "another merchant"],
)
def test_what_is_not_open_is_named_with_what_lists_it(
    engine: Engine, merchant: str, subject: str, code: str
) -> None:
    result = CliRunner().invoke(app, ["acknowledge", merchant, subject, code, "--by", "eva"])

    assert result.exit_code != 0
    assert isinstance(result.exception, ConfigError)
    assert result.exception.operator == (
        f"There is no open exception {code} of {subject} of merchant {merchant}. "
        f"`fulfil exceptions {merchant}` lists them."
    )
    with engine.begin() as connection:
        (row,) = exceptions.open_exceptions(connection)
    assert row.acknowledged_at is None


@pytest.mark.usefixtures("engine")
def test_the_program_ends_with_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fulfil", "acknowledge", "alpha", SUBJECT, "NONE"])

    with pytest.raises(SystemExit) as ended:
        run()

    assert ended.value.code == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith(f"There is no open exception NONE of {SUBJECT} of merchant alpha.")
    assert error.count("\n") == 1


def test_what_was_cleared_cannot_be_acknowledged_any_more(engine: Engine) -> None:
    with engine.begin() as connection:
        exceptions.clear(connection, JOURNAL, SUBJECT)

    result = CliRunner().invoke(app, ["acknowledge", "alpha", SUBJECT, CODE])

    assert isinstance(result.exception, ConfigError)
    assert result.exception.code == "NO_EXCEPTION"
