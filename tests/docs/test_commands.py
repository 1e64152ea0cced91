"""Every command of the docs works: it is run here, or read by the parser it would meet.

A command that nobody knows fails: say below how it is checked.
"""

from __future__ import annotations

import argparse
import re
import stat
import subprocess
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import typer
import yaml
from typer.core import TyperGroup
from typer.testing import CliRunner

from include.cli.main import app
from include.stack.__main__ import app as stack_app
from tests.docs.shell import PROJECT, Command, commands, named_in_sentences
from tests.flow.stage import Stage, good_order
from tests.stack import compose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COMMANDS = commands()
#: run here, for merchant alpha with one order; all others are run by a test elsewhere
RUN_HERE = {("order",), ("exceptions",), ("stock", "show"), ("stock", "approve"), ("doctor",)}
#: of each command that was looked up: what it takes
OPTIONS: dict[tuple[str, ...], set[str]] = {}
USAGE = typer.BadParameter.__mro__[1]  # the error of all wrong words
TESTS = [path for path in (PROJECT / "tests").rglob("test_*.py") if path.parent.name != "docs"]


def of(*programs: str) -> list[Command]:
    return [c for c in COMMANDS if c.words[0].removeprefix(".venv/bin/") in programs]


def fulfil_words(command: Command) -> tuple[str, ...]:
    """Return what follows ``fulfil``, also behind ``docker compose exec <service>``."""
    words = command.words
    return words[words.index("fulfil") + 1 :] if "fulfil" in words else words[1:]


FULFIL = [*of("fulfil"), *(c for c in of("docker") if "fulfil" in c.words)]
CHECKED = ("make", "fulfil", "docker", "kubectl", "helm", "git", "python", "umask", "mkdir")


def test_there_are_commands_and_each_belongs_to_a_program_that_is_checked_here() -> None:
    assert len(COMMANDS) > 20
    unknown = [str(c) for c in COMMANDS if c not in of(*CHECKED)]
    assert unknown == [], "say in tests/docs/test_commands.py how these are checked"


@pytest.fixture(scope="module")
def make_help() -> str:
    done = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("command", of("make"), ids=str)
def test_make_knows_the_target(command: Command, make_help: str) -> None:
    targets = [word for word in command.words[1:] if "=" not in word]
    done = subprocess.run(
        ["make", "-n", *targets], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for target in targets:
        assert f"make {target} " in make_help


def parsed(application: typer.Typer, words: Sequence[str]) -> tuple[str, ...]:
    """Let the command line's own parser read the words; return the command's name."""
    left = list(words)
    command = typer.main.get_command(application)
    names: tuple[str, ...] = ()
    while isinstance(command, TyperGroup):
        name, found, left = command.resolve_command(command.context_class(command), left)
        assert found is not None
        command, names = found, (*names, str(name))
    command.make_context(names[-1], list(left))
    return names


def test_commands_with_a_mistake_are_refused() -> None:
    assert parsed(app, ["order", "alpha", "1"]) == ("order",)
    for words in (["order"], ["ordr", "alpha", "1"], ["order", "alpha", "1", "--colour"]):
        with pytest.raises(USAGE):
            parsed(app, words)


@pytest.mark.parametrize("command", FULFIL, ids=str)
def test_fulfil_takes_the_words_and_a_test_runs_the_command(command: Command) -> None:
    names = parsed(app, fulfil_words(command))
    assert is_run(names), names


def is_run(names: tuple[str, ...]) -> bool:
    """Tell whether a test runs the command."""
    if names in RUN_HERE:
        return True
    runs = re.compile(rf"""(?:fulfil|invoke|CliRunner|cli\.main)[\s\S]*["']{names[-1]}["']""")
    return any(runs.search(path.read_text(encoding="utf-8")) for path in TESTS)


def test_commands_inside_sentences_are_ones_that_a_test_runs_with_words_that_are_taken(
    make_help: str,
) -> None:
    """A bare name, with or without one of its options, speaks of the command as such."""
    named = named_in_sentences()
    assert len(named) > 40
    wrong = []
    for command in named:
        program, *words = command.words
        if program == "make":
            known = all(f"make {word} " in make_help for word in words if "=" not in word)
        else:
            names, rest = resolved(app, words)
            known = bool(names) and is_run(names) and all(one in OPTIONS[names] for one in rest)
            if known and any(not word.startswith("-") for word in words[len(names) :]):
                try:
                    parsed(app, words)
                except USAGE:
                    known = False
        if not known:
            wrong.append(str(command))
    assert wrong == []


def resolved(application: typer.Typer, words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the name of the command that the words begin with, and the options among the rest."""
    command = typer.main.get_command(application)
    left, names = list(words), []
    while isinstance(command, TyperGroup) and left and left[0] in command.commands:
        names.append(left[0])
        command, left = command.commands[left[0]], left[1:]
    if isinstance(command, TyperGroup):
        return (), []
    OPTIONS[tuple(names)] = {
        option for one in command.params for option in (*one.opts, *one.secondary_opts)
    }
    return tuple(names), [word for word in left if word.startswith("--")]


def test_fulfil_tells_of_a_real_ledger(
    stage: Stage, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add(good_order(100_000))
    stage.step("extract_plenty_orders")
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    here = {words for command in FULFIL if parsed(app, words := fulfil_words(command)) in RUN_HERE}
    told = {words for words in here if "alpha" in words or len(words) == 1}
    assert {parsed(app, words) for words in told} == RUN_HERE
    for words in sorted(told):
        done = CliRunner().invoke(app, words)
        findings = words[0] == "doctor"  # it says by its exit code that there is something to fix
        assert done.exit_code in ((0, 1) if findings else (0,)), f"{words}: {done.output}"
        assert done.exception is None or isinstance(done.exception, SystemExit), words
        assert done.output.strip(), words
        assert "never fetched" not in done.output, words


def test_backups_lie_outside_of_the_folder_and_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (text,) = {" ".join(command.words) for command in of("umask")}
    script = f"{text} && {' '.join(of('mkdir')[0].words)} && : > ../backups/ledger.dump"
    subprocess.run(["sh", "-c", script], cwd=folder, check=True)
    assert stat.S_IMODE((tmp_path / "backups").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "backups" / "ledger.dump").stat().st_mode) == 0o600
    to = {word for c in of("docker") for word in c.line.split() if word.endswith(".dump")}
    assert to == {"../backups/ledger.dump", "../backups/airflow.dump"}


def test_modules_that_are_named_exist() -> None:
    for command in of("git", "python"):
        program, *words = command.words
        if program == "git":
            assert words[0] in ("clone", "pull"), command
        else:
            assert words[0] == "-m", command
            assert find_spec(words[1]), command
            if words[1] == "include.stack":
                parsed(stack_app, words[2:])


# -- engines that are not here: their arguments, read as they read them ---------------------------


def _options(*flags: str, values: Sequence[str] = ()) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False, add_help=False)
    for flag in flags:
        parser.add_argument(*flag.split("|"), action="store_true")
    for value in values:
        parser.add_argument(*value.split("|"), action="append")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    return parser


COMPOSE = {
    "build": _options("--pull", "--no-cache"),
    "up": _options("-d|--detach", "--build", values=["--scale"]),
    "stop": _options(values=["-t"]),
    "down": _options("-v|--volumes"),
    "ps": _options("-a"),
    "logs": _options("-f|--follow", values=["--since", "--tail"]),
    "exec": _options("-T", values=["-u", "-e"]),
    "restart": _options(),
    "run": _options("--rm", values=["--user"]),
}
INSIDE = {"fulfil", "pg_dump", "dropdb", "createdb", "pg_restore", "airflow", "psql"}


@pytest.mark.parametrize("command", of("docker"), ids=str)
def test_docker_commands_name_services_profiles_and_options_that_exist(command: Command) -> None:
    words = list(command.words[1:])
    if words[0] in ("build", "push"):
        assert words[-1] == "." or "/" in words[-1]
        return
    assert words.pop(0) == "compose"
    services = compose.services()
    profiles = {name for one in services.values() for name in one.get("profiles", ())}
    while words[0] == "--profile":
        assert words[1] in profiles
        words = words[2:]
    given = COMPOSE[words[0]].parse_args(words[1:])
    for scaled in getattr(given, "scale", None) or ():
        name, count = scaled.split("=")
        assert name in services
        assert int(count) > 0
    if words[0] in ("exec", "run"):
        service, program, *_ = given.words
        assert service in services
        assert program in INSIDE
    else:
        assert set(given.words) <= set(services)


@pytest.mark.parametrize("command", of("kubectl", "helm"), ids=str)
def test_kubernetes_commands_name_files_and_secrets_that_exist(command: Command) -> None:
    text = (PROJECT / "deploy" / "helm-values.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["executor"] == "CeleryExecutor"
    words = list(command.words)
    if "create" in words and "namespace" not in words:
        name = words[words.index("generic" if "generic" in words else "configmap") + 1]
        assert name in text
        for source in (w.split("=")[1] for w in words if w.startswith("--from-file=include")):
            assert (PROJECT / source).is_dir()
    elif words[0] == "helm":
        assert words[1:3] in (["repo", "add"], ["upgrade", "--install"])
        for flag, value in pairwise(words):
            if flag == "-f":
                assert (PROJECT / value).is_file()
    else:
        assert words == ["kubectl", "create", "namespace", "fulfilment"]


def test_a_backup_of_the_ledger_can_be_restored_by_the_commands_of_the_page(
    ledger_url: str, tmp_path: Path
) -> None:
    """The words are the page's; only the server is another one."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    from include.stack.postgres import binaries

    url = make_url(ledger_url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO batches (merchant, run_id) VALUES ('alpha', 'kept')"))
    steps = ("pg_dump", "dropdb", "createdb", "pg_restore")
    tools = {}
    for command in of("docker"):
        for tool in steps:
            if tool in command.words and "ledger" in command.words:
                tools[tool] = command.words[command.words.index(tool) + 1 :]
    there = {"ledger": str(url.database), "fulfilment": "postgres"}
    host = ["-h", str(url.query["host"])]
    for tool in steps:
        words = [there.get(word, word) for word in tools[tool]]
        dump = tmp_path / "ledger.dump"
        with dump.open("wb" if tool == "pg_dump" else "rb") as file:
            done = subprocess.run(
                [binaries() / tool, *host, *words],
                stdin=file if tool == "pg_restore" else subprocess.DEVNULL,
                stdout=file if tool == "pg_dump" else subprocess.PIPE,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        if tool == "dropdb":
            engine.dispose()  # its sessions were ended
    with engine.begin() as connection:
        assert connection.execute(text("SELECT run_id FROM batches")).scalars().all() == ["kept"]
    engine.dispose()
