"""A merchant file that breaks or goes while its merchant is live: work goes on, and it is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from sqlalchemy import text

from include.config.merchants import find, load_all
from include.config.telling import tell
from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError
from include.ledger.engine import ledger_engine
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.merchants import merchant_files, modes
from tests.dags.test_merchants import GOOD, parse, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def engine(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path))
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def file_of(name: str) -> str:
    """Return a good file of a merchant with systems of its own."""
    return re.sub(r"\balpha\b|(?<=_)alpha\b", name, GOOD)


def run_all(engine: Engine) -> None:
    """Let a task of every merchant begin, as far as the ledger is concerned."""
    good, _ = load_all()
    with engine.begin() as connection:
        for merchant in good:
            merchant_files.note_good(connection, merchant)


def told(engine: Engine) -> dict[tuple[str, str], str]:
    """Read the folder as the DAG processor does; return what is open: (merchant, code) -> text."""
    _, broken = load_all()
    tell(broken)
    with engine.begin() as connection:
        return {(row.merchant, row.code): row.en for row in open_exceptions(connection)}


def mode(engine: Engine, name: str) -> Mode:
    with engine.begin() as connection:
        return modes.of(connection, name).mode


def test_a_broken_file_goes_on_by_its_last_good_version_and_is_told_until_it_is_corrected(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path, alpha=GOOD, beta=file_of("beta"))
    run_all(engine)
    before = find("alpha")
    assert told(engine) == {}

    write(tmp_path, alpha=GOOD.replace("warehouse_id", "warehose_id"), fresh="merchant: fresh\n")
    assert find("alpha") == before
    good, broken = load_all()
    assert [merchant.merchant for merchant in good] == ["alpha", "beta"]
    assert [(file.merchant, file.since is None) for file in broken] == [
        ("alpha", False), ("fresh", True)
    ]  # fmt: skip
    said = told(engine)
    assert set(said) == {(name, "MERCHANT_FILE_BROKEN") for name in ("alpha", "fresh")}
    assert (
        "alpha.yaml, line 8, column 3: plenty.warehose_id" in said["alpha", "MERCHANT_FILE_BROKEN"]
    )
    assert (
        "work goes on by the version that is in use since 2"
        in said["alpha", "MERCHANT_FILE_BROKEN"]
    )
    assert "stands still" in said["fresh", "MERCHANT_FILE_BROKEN"]
    assert mode(engine, "alpha") is Mode.LIVE

    dags = parse(tmp_path)["dags"]
    dag = dags["fulfilment__alpha"]
    assert {"extract_plenty_orders", "read_merchant_file", "watcher"} <= set(dag["order"])
    assert ["read_merchant_file", "watcher"] in dag["edges"]
    assert len([edge for edge in dag["edges"] if "read_merchant_file" in edge]) == 1, "no chain"
    assert "config-error" in dag["tags"]
    assert "did you mean warehouse_id" in dag["doc"]
    assert "goes on by the version that is in use since 2" in dag["doc"]
    assert dags["fulfilment__fresh"]["order"] == ["read_merchant_file"]
    start = parse(tmp_path, wanted="fulfilment__alpha")["dags"]["fulfilment__alpha"]
    assert start["serialized"] == dag["serialized"], "a task's start finds the same DAG"

    write(tmp_path, alpha=GOOD, fresh=file_of("fresh"))
    assert told(engine) == {}


def test_the_first_run_that_meets_a_mistake_is_red_and_the_next_mistake_is_red_again(
    engine: Engine, tmp_path: Path
) -> None:
    from fulfilment.operators.misconfigured import MisconfiguredOperator

    write(tmp_path, alpha=GOOD, beta=file_of("beta"))
    run_all(engine)

    def outcome(name: str) -> type[Exception]:
        _, broken = load_all()
        mistake = next(file.mistake for file in broken if file.merchant == name)
        task = MisconfiguredOperator(
            task_id="read_merchant_file", message="x", merchant=name, mistake=mistake
        )
        with pytest.raises((AirflowFailException, AirflowSkipException)) as ended:
            task.execute({})  # type: ignore[arg-type]
        return ended.type

    write(tmp_path, _defaults="owner: [\n")
    assert [outcome(name) for name in ("alpha", "beta", "alpha")] == [
        AirflowFailException, AirflowSkipException, AirflowSkipException
    ]  # fmt: skip
    (tmp_path / "_defaults.yaml").unlink()
    told(engine)
    write(tmp_path, _defaults="owner: [\n")
    assert outcome("beta") is AirflowFailException, "mended and broken again"
    (tmp_path / "_defaults.yaml").unlink()
    write(tmp_path, alpha="")
    assert outcome("alpha") is AirflowFailException, "another mistake"


@pytest.mark.parametrize(
    "defaults",
    [
        "owner: [\n",
        "owner: night\nlangauge: de\n",
        "merchant: alpha\n",
        None,  # it held what all files need
    ],
)
def test_broken_defaults_at_noon_stop_nobody_and_are_one_alarm(
    engine: Engine, tmp_path: Path, defaults: str | None
) -> None:
    names = [f"m{number}" for number in range(12)]
    (tmp_path / "_defaults.yaml").write_text("plenty: {storage_location_id: 7}\n")
    for name in names:
        write(tmp_path, **{name: re.sub(r"  storage_location_id: .*\n", "", file_of(name))})
    run_all(engine)
    good, broken = load_all()
    assert ([m.merchant for m in good], broken) == (sorted(names), [])

    if defaults is None:
        (tmp_path / "_defaults.yaml").unlink()
    else:
        write(tmp_path, _defaults=defaults)
    again, broken = load_all()
    assert again == good
    assert all(file.since for file in broken)
    assert len(broken) == len(names)
    (((merchant, code), said),) = told(engine).items()
    assert (merchant, code) == ("_defaults", "MERCHANT_DEFAULTS_BROKEN")
    assert said.startswith("12 merchant files cannot be used")
    assert "Going on by their last good version: m0, m1, m10, m11, m2, ... (+7)" in said
    assert "Standing still: -." in said


def test_a_file_that_is_gone_is_told_and_its_merchant_takes_no_new_orders_until_it_is_back(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path, alpha=GOOD, beta=file_of("beta"))
    run_all(engine)
    (tmp_path / "alpha.yaml").unlink()

    said = told(engine)
    assert set(said) == {("alpha", "MERCHANT_FILE_MISSING")}
    assert "No new orders are taken; what is under way is finished" in said[
        "alpha", "MERCHANT_FILE_MISSING"
    ]  # fmt: skip
    assert (mode(engine, "alpha"), mode(engine, "beta")) == (Mode.FINISH, Mode.LIVE)
    assert find("alpha").merchant == "alpha"
    dag = parse(tmp_path, wanted="fulfilment__alpha")["dags"]["fulfilment__alpha"]
    assert "extract_plenty_orders" in dag["order"], "a run that is active goes on"
    assert "alpha takes no new orders" in dag["doc"]

    write(tmp_path, alpha=GOOD)
    assert told(engine) == {}
    assert mode(engine, "alpha") is Mode.LIVE


def test_what_a_person_decided_about_a_merchant_stays_when_its_file_goes_and_comes_back(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path, alpha=GOOD)
    run_all(engine)
    with engine.begin() as connection:
        modes.decide(connection, "alpha", Mode.FINISH, by="eva", reason="moves out")
    (tmp_path / "alpha.yaml").unlink()
    told(engine)
    write(tmp_path, alpha=GOOD)
    told(engine)
    assert mode(engine, "alpha") is Mode.FINISH


def test_a_renamed_file_is_refused_while_its_former_name_is_finished(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path, beta=file_of("beta"))
    run_all(engine)
    (tmp_path / "beta.yaml").unlink()
    renamed = file_of("beta").replace("merchant: beta", "merchant: able")
    write(tmp_path, able=renamed)

    good, broken = load_all()
    assert [merchant.merchant for merchant in good] == ["beta"]
    assert {file.merchant for file in broken} == {"able", "beta"}
    assert "`fulfil rename beta able`" in told(engine)["able", "MERCHANT_FILE_BROKEN"]
    # a task's start sees its own file only: there the ledger says it
    (able,) = load_all("fulfilment__able")[0]
    with engine.begin() as connection, pytest.raises(ConfigError) as caught:
        merchant_files.note_good(connection, able)
    assert caught.value.code == "SAME_ORDERS"
    assert "`fulfil rename beta able`" in caught.value.operator


@pytest.mark.parametrize("intruder", ["aaa", "zzz"])
def test_a_file_that_takes_a_live_merchants_orders_is_refused_and_not_the_live_one(
    engine: Engine, tmp_path: Path, intruder: str
) -> None:
    write(tmp_path, alpha=GOOD, beta=file_of("beta"))
    run_all(engine)
    write(tmp_path, **{intruder: GOOD.replace("merchant: alpha", f"merchant: {intruder}")})
    assert [merchant.merchant for merchant in load_all()[0]] == ["alpha", "beta"]
    (tmp_path / f"{intruder}.yaml").unlink()

    # alpha is edited into beta: both go on as they were
    write(tmp_path, alpha=file_of("beta").replace("merchant: beta", "merchant: alpha"))
    good, broken = load_all()
    assert [merchant.plenty.connection for merchant in good] == ["plenty_alpha", "plenty_beta"]
    assert [(file.merchant, bool(file.since)) for file in broken] == [("alpha", True)]


def test_without_a_ledger_that_answers_broken_files_stand_still_and_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILMENT_MERCHANTS", str(tmp_path))
    write(tmp_path, alpha="", beta=file_of("beta"))
    for url in ("postgresql://127.0.0.1:1/none", "no address at all"):
        monkeypatch.setenv("FULFILMENT_DATABASE_URL", url)
        good, broken = load_all()
        assert ([m.merchant for m in good], [b.since for b in broken]) == (["beta"], [None])
        tell(broken)


def test_a_version_that_this_program_does_not_understand_is_not_used(
    engine: Engine, tmp_path: Path
) -> None:
    write(tmp_path, alpha=GOOD)
    run_all(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE merchant_files SET settings = settings - 'plenty'"))
    write(tmp_path, alpha="")
    good, broken = load_all()
    assert (good, [file.since for file in broken]) == ([], [None])
