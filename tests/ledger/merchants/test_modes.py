from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.core.merchants.modes import Mode, Standing
from include.ledger.engine import ledger_engine
from include.ledger.merchants import modes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@pytest.fixture
def connection(ledger_url: str) -> Iterator[Connection]:
    engine = ledger_engine(ledger_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_who_was_never_decided_about_is_live(connection: Connection) -> None:
    modes.decide(connection, "beta", Mode.PAUSED, by="anna", reason="stocktaking")
    assert modes.of(connection, "alpha") == Standing("alpha")
    assert modes.of(connection, "beta").mode is Mode.PAUSED


def test_the_newest_decision_is_in_force_until_its_end_and_then_the_merchant_is_live(
    connection: Connection,
) -> None:
    now = datetime.now(UTC)
    modes.decide(connection, "alpha", Mode.PAUSED, by="anna", reason="stocktaking")
    later = now + timedelta(hours=1)
    modes.decide(connection, "alpha", Mode.FINISH, by="bert", reason="moving", until=later)
    found = modes.of(connection, "alpha")
    assert (found.mode, found.by, found.reason, found.until) == ("finish", "bert", "moving", later)
    assert found.since is not None
    assert found.since > now

    modes.decide(connection, "alpha", Mode.PAUSED, by="bert", reason="moving", until=now)
    found = modes.of(connection, "alpha")
    assert (found.mode, found.since, found.until) == ("live", now, None)
    assert modes.decided(connection) == {"alpha": found}
