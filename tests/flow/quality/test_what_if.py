"""Changed rules over the ledger: what would have been decided differently, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text, update
from typer.testing import CliRunner

from include.cli.ledger import connect
from include.cli.main import app
from include.core.systems.errors import LedgerUnavailable
from include.ledger.tables import metadata, orders
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def judged(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Five orders: good, without house number, repaired, short, and one whose content is gone."""
    url = stage.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", url)
    bad, joined, short = good_order(2), good_order(3), good_order(4)
    bad["delivery"]["address2"] = ""
    joined["delivery"] |= {"address1": "Hauptstraße 12", "address2": ""}
    short["items"][0]["quantity"] = 99_999
    stage.add(good_order(1), bad, joined, short, good_order(5))
    stage.step("extract_plenty_orders")
    stage.step("validate")
    with stage.engine.begin() as connection:
        connection.execute(update(orders).where(orders.c.order_id == 5).values(content=None))
    states = {n: stage.state(n) for n in range(1, 6)}
    assert states == {1: "ready", 2: "invalid", 3: "ready", 4: "no_stock", 5: "ready"}
    return stage


def what_if(folder: Path, yaml: str, *words: str, exit_code: int = 0) -> str:
    file = folder / "rules.yaml"
    file.write_text(yaml, encoding="utf-8")
    done = CliRunner().invoke(app, ["what-if", "alpha", "--rules", str(file), *words])
    assert done.exit_code == exit_code, done.output
    return done.output if exit_code == 0 else done.exception.operator


def everything(stage: Stage) -> dict[str, Any]:
    with stage.engine.begin() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
        }


def test_it_counts_by_code_then_names_each_order_and_writes_nothing(
    judged: Stage, tmp_path: Path
) -> None:
    before = everything(judged)
    lines = what_if(
        tmp_path, "quality: {house_number: warn, short_orders: wait, ship_to: [DE]}"
    ).splitlines()
    assert lines[0].startswith("alpha, the last 14 days: 4 orders judged")
    assert lines[0].endswith("1 not kept any more. Nothing was written.")
    assert lines[1] == "2 would have been decided differently:"
    assert sorted(line.strip() for line in lines[2:4]) == [
        "1  ADDRESS_NO_HOUSE_NUMBER -> ok",
        "1  STOCK_SHORT -> STOCK_WAIT",
    ]
    assert lines[5:] == ["2  ADDRESS_NO_HOUSE_NUMBER -> ok", "4  STOCK_SHORT -> STOCK_WAIT"]
    assert everything(judged) == before


def test_a_repaired_order_is_judged_as_it_was_read(judged: Stage, tmp_path: Path) -> None:
    lines = what_if(tmp_path, "quality: {repairs: {house_number: false}}").splitlines()
    assert lines[5:] == []
    same = what_if(tmp_path, "quality: {not_ship_to: [DE]}")
    assert "3  ok -> ADDRESS_COUNTRY_NOT_SHIPPED" in same


def test_the_rules_of_now_change_nothing(judged: Stage, tmp_path: Path) -> None:
    told = what_if(tmp_path, "quality: {}")
    assert told.splitlines()[1:] == ["No order would have been decided differently."]


def test_older_orders_are_left_out(judged: Stage, tmp_path: Path) -> None:
    with judged.engine.begin() as connection:
        connection.execute(
            update(orders)
            .where(orders.c.order_id == 2)
            .values(first_seen_at=func.now() - text("interval '3 days'"))
        )
    told = what_if(tmp_path, "quality: {house_number: warn}", "--days", "2")
    assert "3 orders judged" in told
    assert "No order would have been decided differently." in told


def test_a_mistake_in_the_file_is_told_and_judges_nothing(judged: Stage, tmp_path: Path) -> None:
    told = what_if(tmp_path, "quality: {hous_number: warn}", exit_code=1)
    assert told.startswith("rules.yaml, line 1, column 11: quality.hous_number")
    assert "did you mean house_number?" in told
    told = what_if(tmp_path, "merchant: beta", exit_code=1)
    assert told == "rules.yaml is of merchant beta, not of alpha."


def test_its_transaction_can_not_write(judged: Stage) -> None:
    with (
        pytest.raises(LedgerUnavailable, match="SQLSTATE 25006"),
        connect(read_only=True) as connection,
    ):
        connection.execute(update(orders).values(attempts=7))
