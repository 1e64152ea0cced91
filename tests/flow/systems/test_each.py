"""One sick item harms only itself, whatever is done for it and however it fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from fulfilment.flow.systems.each import each, halved
from sqlalchemy import update

from include.core.systems.errors import (
    AuthError,
    ContractError,
    LedgerUnavailable,
    OrderRejected,
    Timeout,
    Unavailable,
)
from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.tables import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fulfilment.flow.systems.work import Work
    from sqlalchemy import Row

    from tests.flow.stage import Stage

ITEM_ERRORS = [
    OrderRejected("x", code="VALIDATION"), Unavailable("x"), Timeout("x"), ContractError("x"),
    ValueError("Musterfrau"), OverflowError("Musterfrau"), KeyError("Musterfrau"),
]  # fmt: skip


def sick(numbers: set[int], error: Exception, done: list[int]) -> Callable[[int], None]:
    def do(number: int) -> None:
        if number in numbers:
            raise error
        done.append(number)

    return do


def told(stage: Stage) -> Sequence[Row]:
    with stage.engine.begin() as connection:
        return open_exceptions(connection, stage.name)


def work(stage: Stage) -> Work:
    return stage.work("load_to_wemalo")


@pytest.mark.parametrize("error", ITEM_ERRORS, ids=lambda error: type(error).__name__)
def test_the_others_go_on_and_the_sick_one_is_told_and_rests(
    stage: Stage, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stage.pause_s = 60
    done: list[int] = []

    assert each(work(stage), "hand_over", [1, 2, 3], sick({2}, error, done))
    assert each(work(stage), "hand_over", [1, 2, 3], sick(set(), error, done))

    assert done == [1, 3, 1, 3], "order 2 was not left alone while it rests"
    assert [(row.subject, row.code, row.times) for row in told(stage)] == [
        ("order:2", "STEP_FAILED", 1)
    ]
    assert "Musterfrau" not in caplog.text + "".join(map(str, told(stage)))


def test_pauses_grow_and_a_success_forgets_them(stage: Stage) -> None:
    stage.pause_s = 60
    for _ in range(3):
        each(work(stage), "status", [1], sick({1}, ValueError(), []))
        with stage.engine.begin() as connection:
            row = connection.execute(failures.select()).one()
            connection.execute(update(failures).values(next_attempt_at=datetime.now(UTC)))
    assert row.attempts == 3
    assert timedelta(minutes=3) < row.next_attempt_at - row.failed_at <= timedelta(minutes=4)

    each(work(stage), "status", [1], sick(set(), ValueError(), []))

    with stage.engine.begin() as connection:
        assert connection.execute(failures.select()).all() == []
    assert told(stage) == []


def test_an_item_that_fails_at_two_steps_stays_told_until_both_succeed(stage: Stage) -> None:
    for step in ("status", "note"):
        each(work(stage), step, [1], sick({1}, ValueError(), []))

    each(work(stage), "status", [1], sick(set(), ValueError(), []))
    assert "note" in told(stage)[0].en

    each(work(stage), "note", [1], sick(set(), ValueError(), []))
    assert told(stage) == []


def test_a_sick_system_stops_the_loop_and_is_no_items_failure(stage: Stage) -> None:
    tried: list[int] = []

    def do(number: int) -> None:
        tried.append(number)
        raise Timeout("x") if number < 3 else AuthError("refused")

    task = work(stage)

    assert not each(task, "hand_over", [1, 2, 3, 4], do)
    assert tried == [1, 2, 3]
    assert [error.code for error in task.trouble] == ["AUTH"]
    assert told(stage) == [], "what failed just before was the system, too"


def test_a_failing_platform_ends_the_task(stage: Stage) -> None:
    with pytest.raises(LedgerUnavailable):
        each(work(stage), "hand_over", [1, 2], sick({1}, LedgerUnavailable("gone"), []))


def test_a_batch_is_halved_until_the_sick_one_is_alone(stage: Stage) -> None:
    done: list[int] = []
    calls: list[int] = []

    def do(some: Sequence[int]) -> None:
        calls.append(len(some))
        if 7 in some:
            text = "one of them"
            raise Unavailable(text)
        done.extend(some)

    assert halved(work(stage), "product", [*range(20)], do, subject=lambda n: f"item:{n}")

    assert sorted(done) == [n for n in range(20) if n != 7]
    assert len(calls) <= 11, "halving costs two calls a level"
    assert [row.subject for row in told(stage)] == ["item:7"]


def test_what_is_nobodys_turn_any_more_is_forgotten_by_the_task_that_noted_it(
    stage: Stage,
) -> None:
    each(work(stage), "hand_over", [1], sick({1}, ValueError(), []))
    with stage.engine.begin() as connection:
        old = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(update(failures).values(next_attempt_at=old))

    stage.work("writeback_status").end({})
    assert len(told(stage)) == 1

    work(stage).end({})
    assert told(stage) == []


def test_the_counts_say_how_many_items_fail(stage: Stage) -> None:
    task = work(stage)
    each(task, "hand_over", [1, 2, 3], sick({1, 3}, ValueError(), []))

    assert task.end({"accepted": 1}) == {"accepted": 1, "failing": 2}
