from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, update

from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    CircuitOpen,
    ConfigError,
    ContractError,
    Forbidden,
    FulfilmentError,
    NotFound,
    OrderRejected,
    RateLimited,
    SessionLimit,
    Timeout,
    Unavailable,
)
from include.ledger.engine import ledger_engine
from include.ledger.systems import circuits
from include.ledger.systems.circuits import FAILURES_TO_OPEN, Pass
from include.ledger.tables import circuits as table

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url, pool_size=10)
    yield engine
    engine.dispose()


def fail(engine: Engine, error: FulfilmentError, times: int = 1, gate: Pass | None = None) -> None:
    for _ in range(times):
        circuits.failed(engine, "alpha", "plenty", error, gate)


def check(engine: Engine) -> Pass:
    return circuits.check(engine, "alpha", "plenty")


def rest(engine: Engine) -> timedelta:
    with pytest.raises(CircuitOpen) as caught:
        check(engine)
    return caught.value.until - datetime.now(UTC)


def let_rest_pass(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(table).values(open_until=datetime.now(UTC)))


@pytest.mark.parametrize("error", [AuthError("x"), ConfigError("x"), SessionLimit("x")])
def test_a_refused_login_or_a_wrong_setting_opens_at_once(
    engine: Engine, error: FulfilmentError
) -> None:
    fail(engine, error)

    assert timedelta(minutes=9) < rest(engine) <= timedelta(minutes=10)


@pytest.mark.parametrize(
    "error", [Unavailable("x"), Timeout("x"), ContractError("x"), AmbiguousWrite("x")]
)
def test_a_failing_system_opens_after_several_failures_in_a_row(
    engine: Engine, error: FulfilmentError
) -> None:
    fail(engine, error, FAILURES_TO_OPEN - 1)
    assert check(engine) == Pass(failures=FAILURES_TO_OPEN - 1)

    fail(engine, error)

    assert timedelta(seconds=50) < rest(engine) <= timedelta(seconds=60)


@pytest.mark.parametrize(
    "error",
    [OrderRejected("x"), NotFound("x"), RateLimited("x"), Forbidden("x")],
)
def test_errors_of_single_calls_never_open(engine: Engine, error: FulfilmentError) -> None:
    fail(engine, error, FAILURES_TO_OPEN * 2)

    assert check(engine) == Pass()


def test_one_call_that_fails_again_and_again_never_opens(engine: Engine) -> None:
    for _ in range(FAILURES_TO_OPEN * 2):
        circuits.failed(engine, "alpha", "plenty", Unavailable("x"), call="one order")

    assert check(engine).failures == 1


def test_different_calls_that_fail_in_a_row_open(engine: Engine) -> None:
    for number in range(FAILURES_TO_OPEN):
        circuits.failed(engine, "alpha", "plenty", Unavailable("x"), call=f"order {number}")

    assert timedelta(seconds=50) < rest(engine) <= timedelta(seconds=60)


def test_what_cannot_be_one_calls_own_counts_every_time(engine: Engine) -> None:
    for _ in range(FAILURES_TO_OPEN):
        circuits.failed(
            engine, "alpha", "plenty", Unavailable("x", code="UNREACHABLE"), call="one order"
        )

    assert timedelta(seconds=50) < rest(engine) <= timedelta(seconds=60)


def test_a_success_starts_the_count_anew(engine: Engine) -> None:
    fail(engine, Unavailable("x"), FAILURES_TO_OPEN - 1)
    circuits.succeeded(engine, "alpha", "plenty")
    fail(engine, Unavailable("x"), FAILURES_TO_OPEN - 1)

    assert check(engine).failures == FAILURES_TO_OPEN - 1


def test_the_text_repeats_what_to_do_and_says_when_it_is_tried_again(engine: Engine) -> None:
    fail(engine, AuthError("alpha: check the password."))

    with pytest.raises(CircuitOpen, match=r"check the password\. Not tried again before \d\d:"):
        check(engine)


def test_other_merchants_and_the_other_system_go_on(engine: Engine) -> None:
    fail(engine, AuthError("x"))

    assert circuits.check(engine, "beta", "plenty") == Pass()
    assert circuits.check(engine, "alpha", "wemalo") == Pass()


def test_after_the_rest_exactly_one_call_tries_again(engine: Engine) -> None:
    fail(engine, AuthError("x"))
    let_rest_pass(engine)

    def attempt() -> bool:
        try:
            return check(engine).trial
        except CircuitOpen:
            return False

    with ThreadPoolExecutor(8) as pool:
        trials = [f.result(30) for f in [pool.submit(attempt) for _ in range(8)]]

    assert trials.count(True) == 1


def test_a_trial_that_succeeds_closes(engine: Engine) -> None:
    fail(engine, AuthError("x"))
    let_rest_pass(engine)
    assert check(engine).trial

    circuits.succeeded(engine, "alpha", "plenty")

    assert check(engine) == Pass()


def test_each_failed_trial_doubles_the_rest_up_to_a_limit(engine: Engine) -> None:
    fail(engine, Unavailable("x"), FAILURES_TO_OPEN)
    rests = []
    for _ in range(6):
        rests.append(rest(engine))
        let_rest_pass(engine)
        fail(engine, Unavailable("x"), gate=check(engine))

    minutes = [round(one / timedelta(minutes=1)) for one in rests]
    assert minutes == [1, 2, 4, 8, 15, 15]


def test_a_trial_that_dies_does_not_keep_the_circuit_open_for_ever(engine: Engine) -> None:
    fail(engine, AuthError("x"))
    let_rest_pass(engine)
    assert check(engine).trial
    assert rest(engine) <= circuits.TRIAL

    let_rest_pass(engine)

    assert check(engine).trial
