from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, update

from include.ledger.engine import ledger_engine
from include.ledger.systems.reference import cached
from include.ledger.tables import reference_data

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def test_a_fresh_value_is_not_loaded_again(engine: Engine) -> None:
    cached(engine, "alpha", "countries", DAY, lambda: {"1": "DE"})

    assert cached(engine, "alpha", "countries", DAY, lambda: {"2": "AT"}) == {"1": "DE"}


def test_an_old_value_is_replaced(engine: Engine) -> None:
    cached(engine, "alpha", "countries", DAY, lambda: {"1": "DE"})
    with engine.begin() as connection:
        connection.execute(
            update(reference_data).values(fetched_at=reference_data.c.fetched_at - DAY)
        )

    assert cached(engine, "alpha", "countries", DAY, lambda: {"2": "AT"}) == {"2": "AT"}
    assert cached(engine, "alpha", "countries", DAY, dict) == {"2": "AT"}


def test_merchants_and_names_are_apart(engine: Engine) -> None:
    cached(engine, "alpha", "countries", DAY, lambda: 1)

    assert cached(engine, "beta", "countries", DAY, lambda: 2) == 2
    assert cached(engine, "alpha", "providers", DAY, lambda: 3) == 3


def test_a_failed_load_keeps_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        cached(engine, "alpha", "countries", DAY, lambda: 1 // 0)

    assert cached(engine, "alpha", "countries", DAY, lambda: 5) == 5
