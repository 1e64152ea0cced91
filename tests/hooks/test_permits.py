from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fulfilment.hooks import permits
from fulfilment.hooks.permits import Permits
from sqlalchemy import Engine, event, func, select, update

from include.ledger.engine import ledger_engine
from include.ledger.systems.budget import Limit, Reading
from include.ledger.tables import rate_budget

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = {"write": Limit(640, 60), "write_day": Limit(100_000, 86_400)}


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


@pytest.fixture
def commits(engine: Engine) -> list[None]:
    seen: list[None] = []
    event.listen(engine, "commit", lambda _: seen.append(None))
    return seen


def permits_of(engine: Engine) -> Permits:
    return Permits(engine, "alpha", "plenty", "orders")


def left(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        columns = (rate_budget.c.bucket, rate_budget.c.calls_left)
        return {row.bucket: row.calls_left for row in connection.execute(select(*columns))}


def test_a_hundred_calls_cost_a_few_commits(engine: Engine, commits: list[None]) -> None:
    ours = permits_of(engine)

    for _ in range(100):
        assert not ours.take(LIMITS).wait_s

    assert len(commits) <= 12


def test_what_is_not_used_is_there_for_others_when_the_hook_is_closed(engine: Engine) -> None:
    ours = permits_of(engine)
    for _ in range(7):
        ours.take(LIMITS)
    assert left(engine)["write"] < 633

    ours.give_back()

    assert left(engine) == {"write": 633, "write_day": 99_993}
    ours.give_back()  # nothing is given back twice
    assert left(engine)["write"] == 633


def test_a_block_ends_with_its_window(engine: Engine) -> None:
    ours = permits_of(engine)
    for _ in range(2):
        ours.take(LIMITS)
    with engine.begin() as connection:
        soon = func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, 1.0)
        connection.execute(update(rate_budget).values(resets_at=soon))
    for block in ours._blocks.values():
        block.until = 0.0

    ours.take(LIMITS)

    assert left(engine)["write"] >= 640 - 16 - 1  # a new window, and the old permits are gone


def test_a_process_that_makes_few_calls_takes_few_ahead(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "HELD_S", 0.0)
    ours = permits_of(engine)
    for _ in range(20):
        ours.take(LIMITS)

    assert left(engine)["write"] >= 640 - 20 - 4


def test_fewer_calls_left_than_thought_count_at_once(engine: Engine) -> None:
    ours = permits_of(engine)
    for _ in range(8):
        ours.take(LIMITS)

    ours.correct(LIMITS, {"write": Reading(640, 60, 30.0), "write_day": Reading()})
    assert left(engine)["write"] == 60

    ours.take(LIMITS)
    assert 40 <= left(engine)["write"] < 60


def test_a_refusal_closes_the_window_for_everybody(engine: Engine) -> None:
    ours, others = permits_of(engine), permits_of(engine)
    for _ in range(8):
        ours.take(LIMITS)

    ours.refuse(LIMITS, {"write": Reading(left=0, reset_s=33.0), "write_day": Reading()})

    assert 20 < others.take(LIMITS).wait_s <= 34
    assert 20 < ours.take(LIMITS).wait_s <= 34
    ours.give_back()
    assert left(engine)["write"] == 0
