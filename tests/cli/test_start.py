"""What `fulfil` imports before it does anything: the seconds that somebody at a terminal waits."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from include.cli.lazy import LazyCommand
from include.cli.main import COMMANDS, GROUPS, app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEAVY = {
    "airflow", "great_expectations", "numpy", "pandas", "pydantic", "requests", "sqlalchemy",
    "psycopg2", "yaml", "fulfilment",
}  # fmt: skip
#: what reads the words of a command line, Typer, needs it, and so do the rules for addresses
WORDS = {"pydantic"}
LEDGER = {"sqlalchemy", "psycopg2"}
RUN = """
import sys
from include.cli.start import run
try:
    run()
except SystemExit:
    pass
print(*{name.split(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def imported(*words: str, **environment: str) -> set[str]:
    """Return the packages that a process has loaded after ``fulfil`` with these words."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env={"PATH": "", **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stderr.splitlines()[-1].split())


def test_help_imports_no_command_and_none_of_what_commands_need() -> None:
    assert HEAVY & imported("--help") == set()
    assert HEAVY & imported("stock", "--help") == WORDS


def test_a_command_imports_what_it_needs_and_no_more(ledger_url: str) -> None:
    told = imported("order", "alpha", "1", FULFILMENT_DATABASE_URL=ledger_url)
    assert HEAVY & told == WORDS | LEDGER
    assert HEAVY & imported("check-address") == WORDS


def lazy_commands() -> Iterator[tuple[str, LazyCommand]]:
    places: Mapping[str, tuple[str, str]] = COMMANDS
    for prefix, some in [("", places), *((f"{g} ", inner) for g, (_, inner) in GROUPS.items())]:
        for name, (place, line) in some.items():
            yield prefix + name, LazyCommand(name, place, line)


@pytest.mark.parametrize(("words", "command"), [*lazy_commands()], ids=str)
def test_the_line_of_help_is_the_first_of_the_command_itself(
    words: str, command: LazyCommand
) -> None:
    first = " ".join((command.loaded().help or "").split("\n\n")[0].split())
    assert (command.help or "") == first
    shown = CliRunner().invoke(app, [*words.split(), "--help"])
    assert shown.exit_code == 0
    assert f"Usage: root {words}" in shown.output


def test_a_command_that_is_not_there_is_refused_with_what_was_meant() -> None:
    refused = CliRunner().invoke(app, ["ordr", "alpha", "1"])
    assert refused.exit_code == typer.BadParameter.exit_code
    assert "order" in refused.output
