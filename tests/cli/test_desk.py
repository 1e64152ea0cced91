"""``fulfil status`` and ``fulfil orders``: the board and open orders in a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from include.cli.main import app
from include.core.orders.plenty_order import parse_order
from include.core.orders.states import State
from include.core.systems.errors import AuthError, ConfigError, Unavailable
from include.ledger.desk import board
from include.ledger.engine import ledger_engine
from include.ledger.orders import batches, orders
from include.ledger.orders.journal import Journal
from include.ledger.systems import circuits
from include.ledger.tables import orders as table
from tests.core.builders import COUNTRIES, order_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

JOURNAL = Journal("alpha", "test", "run-1", 1)


@pytest.fixture
def engine(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A ledger with two open orders of alpha, one of them faulty, and one that was shipped."""
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    one = parse_order(order_json(), COUNTRIES)
    with engine.begin() as connection:
        batch = batches.open_batch(connection, "alpha", "run-1", (None, None))
        fetched = [replace(one, order_id=number) for number in (1, 2, 3)]
        orders.put_fetched(connection, JOURNAL, batch, fetched)
        reason = {"field": "address2", "de": "Die Hausnummer fehlt.", "en": "No house number."}
        faulty = {
            "state": State.INVALID,
            "reason": reason,
            "reason_code": "ADDRESS_NO_HOUSE_NUMBER",
        }
        connection.execute(update(table).where(table.c.order_id == 2).values(**faulty))
        connection.execute(update(table).where(table.c.order_id == 3).values(state=State.SHIPPED))
    yield engine
    engine.dispose()


def fulfil(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_board_begins_with_the_merchant_that_needs_a_person(engine: Engine) -> None:
    circuits.failed(engine, "beta", "plenty", AuthError("The password is refused."))
    head, first, second, *rest = fulfil("status").splitlines()
    assert head.split()[0] == "merchant"
    assert first.split()[:4] == ["alpha", "live", "1", "1"]
    assert second.split()[:4] == ["beta", "live", "0", "0"]
    assert rest[0].startswith("beta: plenty is not called since 2")
    assert "(AUTH), next try" in rest[0]
    assert rest[-1] == "1 order(s) need a person, 0 other exception(s) are open."
    assert "beta" not in fulfil("status", "alpha")


@pytest.mark.usefixtures("engine")
def test_open_orders_are_listed_with_the_reason_and_ended_ones_are_not() -> None:
    everything = fulfil("orders", "alpha").splitlines()
    assert [line.split("  ")[:2] for line in everything[:-1]] == [
        ["1", "fetched"],
        ["2", "invalid"],
    ]
    assert everything[-1] == "2 order(s)."
    faulty = fulfil("orders", "alpha", "--state", "invalid")
    assert "UTC  ADDRESS_NO_HOUSE_NUMBER No house number." in faulty
    assert faulty.endswith("1 order(s).\n")
    for words, wrong in ((["alpha", "--state", "shipped"], "shipped"), (["alfa"], "alfa")):
        with pytest.raises(ConfigError, match=wrong):
            CliRunner().invoke(app, ["orders", *words], catch_exceptions=False)


def test_an_outage_keeps_its_beginning_while_it_lasts(engine: Engine) -> None:
    since = []
    for number in range(circuits.FAILURES_TO_OPEN + 2):
        error = Unavailable("It does not answer.")
        circuits.failed(engine, "alpha", "wemalo", error, call=f"GET /{number}")
        with engine.connect() as connection:
            (line,) = board.lines(connection, ["alpha"])
            since += [(one.since, one.code) for one in line.circuits]
    assert len(since) == 3
    assert set(since) == {(since[0][0], "UNAVAILABLE")}
