"""What a judged batch leaves: the day's counts, a page, and what the terminal says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from typer.testing import CliRunner

from include.cli.main import app
from include.ledger.quality import data_docs, quality
from include.ledger.tables import data_docs as pages_table
from include.ledger.tables import orders
from include.quality import docs
from tests.flow.stage import Stage, good_order

DAY = date(2026, 3, 2)
PERSON = ("Erika", "Musterfrau", "Hauptstraße", "10115", "Berlin", "erika@example.org")


def counts(stage: Stage, day: date | None = None) -> dict[str, int]:
    day = day or datetime.now(UTC).date()
    with stage.engine.begin() as connection:
        return dict(quality.days(connection, stage.name, day, day).get(day, {}))


def bad_order(order_id: int) -> dict[str, Any]:
    order = good_order(order_id)
    return {**order, "delivery": {**order["delivery"], "address2": ""}}


def checked(stage: Stage, *orders_: dict[str, Any]) -> None:
    stage.add(*orders_)
    stage.step("extract_plenty_orders")
    stage.step("validate")


def terminal(stage: Stage, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    url = stage.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", url)
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_an_order_is_counted_once_a_day_however_often_it_is_judged(stage: Stage) -> None:
    checked(stage, bad_order(1), good_order(2))
    expected = {"": 2, "*": 1, "ADDRESS_NO_HOUSE_NUMBER": 1}
    assert counts(stage) == expected
    with stage.engine.begin() as connection:  # a replay: both are judged once more
        connection.execute(update(orders).values(state="fetched"))
    assert stage.step("validate")["address"] == 1
    assert counts(stage) == expected


def test_an_order_released_again_is_counted_again(stage: Stage) -> None:
    checked(stage, bad_order(1))
    with stage.engine.begin() as connection:
        connection.execute(update(orders).values(state="fetched", episode=2))
    stage.step("validate")
    assert counts(stage) == {"": 2, "*": 2, "ADDRESS_NO_HOUSE_NUMBER": 2}


def test_two_runs_at_once_count_an_order_once(stage: Stage) -> None:
    judged = [(1, 1, {"", "A"}), (2, 1, {"", "B"})]
    with stage.engine.connect() as one, stage.engine.connect() as two:
        first = one.begin()
        quality.count(one, "alpha", DAY, judged)
        two.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(Exception, match="LEDGER_BUSY"):
            quality.count(two, "alpha", DAY, judged)  # waits for the first to end
        two.rollback()
        first.commit()
        quality.count(two, "alpha", DAY, judged)
        two.commit()
    assert counts(stage, DAY) == {"": 2, "A": 1, "B": 1}


def test_the_memory_of_what_was_counted_ends_after_a_day_and_the_counts_stay(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        quality.count(connection, "alpha", DAY, [(1, 1, {""})])
        quality.count(connection, "alpha", DAY + timedelta(days=2), [(1, 1, {""})])
        kept = connection.execute(text("SELECT DISTINCT day FROM quality_seen")).scalars().all()
    assert kept == [DAY + timedelta(days=2)]
    assert counts(stage, DAY) == {"": 1}


def test_each_batch_leaves_a_page_that_names_its_orders_and_no_person(stage: Stage) -> None:
    checked(stage, bad_order(1), good_order(2))
    with stage.engine.begin() as connection:
        (row,) = data_docs.listed(connection, stage.name)
        page = data_docs.page(connection, stage.name, row.page_id)
        assert data_docs.page(connection, "beta", row.page_id) is None
    assert (row.orders, row.not_sent) == (2, 1)
    assert page is not None
    assert "ADDRESS_NO_HOUSE_NUMBER" in page
    assert [word for word in PERSON if word in page] == []


def test_a_batch_without_orders_leaves_no_page(stage: Stage) -> None:
    stage.step("validate")
    with stage.engine.begin() as connection:
        assert data_docs.listed(connection, stage.name) == []


def test_old_pages_are_removed_by_age_and_by_number(stage: Stage) -> None:
    def keep(run: str, merchant: str = "alpha") -> None:
        with stage.engine.begin() as connection:
            data_docs.keep(
                connection, merchant, run, run, orders=1, not_sent=0,
                max_age=timedelta(days=14), max_pages=2,
            )  # fmt: skip

    def runs() -> list[str]:
        with stage.engine.begin() as connection:
            return [row.run_id for row in data_docs.listed(connection, "alpha")]

    keep("other", merchant="beta")
    for run in ("one", "two", "three"):
        keep(run)
    assert runs() == ["three", "two"]
    with stage.engine.begin() as connection:
        old = datetime.now(UTC) - timedelta(days=15)
        connection.execute(update(pages_table).values(written_at=old))
    keep("four")
    assert runs() == ["four"]
    with stage.engine.begin() as connection:
        merchants = connection.execute(select(pages_table.c.merchant)).scalars().all()
    assert sorted(merchants) == ["alpha", "beta"]


def test_a_page_that_cannot_be_made_holds_up_no_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise ValueError("Musterfrau")

    monkeypatch.setattr(docs, "page", broken)
    checked(stage, good_order(1))
    assert stage.state(1) == "ready"
    assert "Data Docs could not be written: ValueError" in caplog.text
    assert "Musterfrau" not in caplog.text


def test_a_merchant_may_do_without_pages(stage: Stage) -> None:
    settings = stage.merchant.quality.model_copy(update={"data_docs": False})
    stage.merchant = stage.merchant.model_copy(update={"quality": settings})
    checked(stage, good_order(1))
    with stage.engine.begin() as connection:
        assert data_docs.listed(connection, stage.name) == []


def test_the_terminal_tells_shares_and_trend_in_both_languages(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date()
    with stage.engine.begin() as connection:
        good = [(n, 1, {""}) for n in range(2, 11)]
        quality.count(connection, "alpha", today - timedelta(days=3), good)
        bad = [(1, 1, {"", "*", "ADDRESS_PO_BOX"})]
        quality.count(connection, "alpha", today, bad)
        quality.count(connection, "alpha", today - timedelta(days=1), good[:3])
    english = terminal(stage, monkeypatch, "quality", "alpha", "--days", "2").splitlines()
    assert english[0].endswith("(UTC): 4 orders checked, 1 of them (25.0 %) not sendable.")
    assert english[2].split() == ["rule", "severity", "orders", "share", "trend", "meaning"]
    assert english[3].split()[:6] == ["ADDRESS_PO_BOX", "stop", "1", "25.0", "%", "+25.0"]
    assert english[7].split() == [str(today), "1", "1", "100.0", "%"]
    assert english[8].split() == [str(today - timedelta(days=1)), "3", "0", "0.0", "%"]
    german = terminal(stage, monkeypatch, "quality", "alpha", "--language", "de")
    assert "Ein Postfach kann kein Paket empfangen." in german
    assert "13 Aufträge geprüft, 1 davon (7.7 %) nicht versandfähig." in german
    none = terminal(stage, monkeypatch, "quality", "beta")
    assert none.startswith("No order of beta was checked from ")
