from __future__ import annotations

import multiprocessing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, func, select, update

from include.ledger.engine import ledger_engine
from include.ledger.systems import budget
from include.ledger.systems.budget import Account, Grant, Limit, Reading
from include.ledger.tables import rate_budget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Barrier

READ = {"read": Limit(100, 60)}
LARGE = {"read": Limit(800, 60)}
LIMIT = 100


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    engine = ledger_engine(ledger_url)
    yield engine
    engine.dispose()


def take(engine: Engine, priority: str = "orders", limits: dict[str, Limit] = READ) -> Grant:
    return budget.take(engine, "alpha", "plenty", limits, priority)


def correct(
    engine: Engine, merchant: str, system: str, bucket: str, reading: Reading,
    *, granted: datetime | None = None,
) -> None:  # fmt: skip
    budget.settle(engine, merchant, system, Account(granted, {bucket: reading}))


def take_all(engine: Engine, priority: str, limits: dict[str, Limit] = READ) -> int:
    calls = 0
    while not take(engine, priority, limits).wait_s:
        calls += 1
    return calls


def left(engine: Engine, bucket: str = "read") -> int:
    with engine.connect() as connection:
        return connection.execute(
            select(rate_budget.c.calls_left).where(rate_budget.c.bucket == bucket)
        ).scalar_one()


def age(engine: Engine, seconds: float) -> None:
    """Let the window's end come nearer, as if time had passed."""
    with engine.begin() as connection:
        connection.execute(
            update(rate_budget).values(
                resets_at=rate_budget.c.resets_at - timedelta(seconds=seconds)
            )
        )


def ends_in(engine: Engine, seconds: float) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(rate_budget).values(
                resets_at=func.clock_timestamp() + timedelta(seconds=seconds)
            )
        )


def test_priorities_stop_one_after_the_other_and_the_last_calls_are_never_used(
    engine: Engine,
) -> None:
    order = ["backfill", "products", "stock", "returns", "tracking", "orders", "cancel"]

    lefts = [left(engine) for name in order if take_all(engine, name) >= 0]

    assert lefts == [62, 42, 32, 22, 12, 7, 2]


def test_a_used_up_bucket_says_when_it_reopens(engine: Engine) -> None:
    take_all(engine, "cancel")

    grant = take(engine, "cancel")

    assert grant.bucket == "read"
    assert 30 < grant.wait_s <= 60


def test_the_window_reopens_in_full(engine: Engine) -> None:
    take_all(engine, "cancel")
    age(engine, 61)

    assert take_all(engine, "cancel") == 98


def test_what_others_left_untouched_is_free_by_the_end_of_the_minute(engine: Engine) -> None:
    take_all(engine, "orders")
    assert left(engine) == 7
    first = take(engine, "orders").wait_s
    assert 25 < first < 35  # the first of them when half of the window is over, not at its end
    ends_in(engine, 29)
    assert take_all(engine, "orders") == 1
    assert 3 < take(engine, "orders").wait_s < 10  # and the next a fifth of the other half later
    ends_in(engine, 20)
    assert take_all(engine, "orders") >= 1
    ends_in(engine, 5)
    take_all(engine, "orders")
    assert left(engine) == 2


def test_a_days_calls_are_kept_back_to_the_end_of_the_day(engine: Engine) -> None:
    day = {"read_day": Limit(100, 86_400)}
    take_all(engine, "backfill", day)
    age(engine, 80_000)
    assert take(engine, "backfill", day).wait_s > 6_000


def test_of_the_ends_that_one_window_names_the_earliest_counts(engine: Engine) -> None:
    granted = take(engine).at
    for reset_s in (41.0, 40.0, 41.0):
        correct(engine, "alpha", "plenty", "read", Reading(100, 90, reset_s), granted=granted)
    take_all(engine, "cancel")
    assert 20 < take(engine, "cancel").wait_s <= 41
    correct(engine, "alpha", "plenty", "read", Reading(100, 90, 59.0), granted=granted)
    assert take(engine, "cancel").wait_s > 41  # that is another window: the system knows best


def test_a_call_draws_from_all_its_buckets_or_from_none(engine: Engine) -> None:
    limits = {"read": Limit(100, 60), "read_day": Limit(10, 86_400)}

    assert take_all(engine, "cancel", limits) == 8
    assert left(engine) == 92
    assert take(engine, "cancel", limits).bucket == "read_day"


def test_headers_lower_the_calls_left_and_never_raise_them_within_a_window(
    engine: Engine,
) -> None:
    granted = take(engine).at
    correct(engine, "alpha", "plenty", "read", Reading(100, 40, 60.0), granted=granted)
    assert left(engine) == 40

    correct(engine, "alpha", "plenty", "read", Reading(100, 90, 60.0), granted=granted)
    assert left(engine) == 40


def test_headers_teach_the_real_limit_and_the_end_of_the_window(engine: Engine) -> None:
    granted = take(engine).at
    correct(engine, "alpha", "plenty", "read", Reading(30, 29, 20.0), granted=granted)

    assert take_all(engine, "cancel") == 27
    assert 20 < take(engine).wait_s <= 21  # with the second of safety
    age(engine, 22)
    assert take_all(engine, "cancel") == 28


def test_an_answer_to_a_call_of_the_last_window_is_ignored(engine: Engine) -> None:
    granted = take(engine).at
    age(engine, 61)
    take(engine)
    assert granted is not None

    old = granted - timedelta(seconds=5)
    correct(engine, "alpha", "plenty", "read", Reading(100, 0, 50.0), granted=old)

    assert left(engine) == 99


def test_a_refusal_closes_the_bucket_for_as_long_as_it_says(engine: Engine) -> None:
    take(engine)
    correct(engine, "alpha", "plenty", "read", Reading(left=0, reset_s=33.0))

    assert 20 < take(engine, "cancel").wait_s <= 34


def test_without_a_reset_time_a_jump_upwards_is_a_new_window(engine: Engine) -> None:
    take_all(engine, "cancel")
    age(engine, 30)
    correct(engine, "alpha", "plenty", "read", Reading(limit=100, left=5))
    assert left(engine) == 2

    correct(engine, "alpha", "plenty", "read", Reading(limit=100, left=99))

    assert left(engine) == 99
    age(engine, 45)
    assert take_all(engine, "cancel") == 97  # the window is a whole one from the jump on


def test_an_answer_without_headers_changes_nothing(engine: Engine) -> None:
    take(engine)
    correct(engine, "alpha", "plenty", "read", Reading())
    correct(engine, "alpha", "plenty", "unheard_of", Reading(1, 0, 1.0))

    assert left(engine) == 99


def test_merchants_and_systems_have_budgets_of_their_own(engine: Engine) -> None:
    take_all(engine, "cancel")

    assert not budget.take(engine, "beta", "plenty", READ, "orders").wait_s
    assert not budget.take(engine, "alpha", "wemalo", READ, "orders").wait_s


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_even_the_smallest_limit_lets_a_call_through(engine: Engine, limit: int) -> None:
    assert take_all(engine, "backfill", {"read": Limit(limit, 60)}) >= 1


def block(engine: Engine, priority: str = "orders") -> Grant:
    return budget.take(engine, "alpha", "plenty", LARGE, priority, most=16)


def test_a_process_takes_some_calls_at_once_and_fewer_where_few_are_left(engine: Engine) -> None:
    calls = []
    while not (grant := block(engine)).wait_s:
        calls.append(grant.calls)

    assert calls == sorted(calls, reverse=True)
    assert (calls[0], calls[-1]) == (16, 1)
    assert left(engine) == budget.reserve(800, "orders") == 800 - sum(calls)


def test_what_was_not_used_goes_back(engine: Engine) -> None:
    grant = block(engine)
    assert left(engine) == 784
    budget.settle(engine, "alpha", "plenty", Account(grant.at, {"read": Reading()}, unused=15))
    assert left(engine) == 799

    age(engine, 61)
    take(engine, limits=LARGE)
    budget.settle(engine, "alpha", "plenty", Account(grant.at, {"read": Reading()}, unused=15))
    assert left(engine) == 799  # those were of the window before


def test_what_an_answer_said_counts_before_the_next_calls_are_taken(engine: Engine) -> None:
    grant = block(engine)
    account = Account(grant.at, {"read": Reading(800, 60, 50.0)}, unused=10)

    after = budget.take(engine, "alpha", "plenty", LARGE, "cancel", most=16, account=account)

    assert after.calls == (60 - 16) // 8
    assert after.left == {"read": 60 - after.calls}
    assert 50 < after.valid_s <= 51


def _worker(url: str, ready: Barrier, permits: multiprocessing.Queue[list[float]]) -> None:
    engine = ledger_engine(url)
    granted: list[float] = []
    blocks: list[int] = []
    until = 0.0
    ready.wait(60)
    while True:
        limits = {"read": Limit(LIMIT, 1)}
        grant = budget.take(engine, "alpha", "plenty", limits, "cancel", most=16)
        assert grant.at is not None
        until = until or grant.at.timestamp() + 4
        if grant.at.timestamp() > until:
            break
        blocks.append(grant.calls)
        granted += [grant.at.timestamp()] * grant.calls
    assert max(blocks) > 1
    permits.put(granted)
    engine.dispose()


def test_four_processes_never_get_more_permits_than_a_window_holds(
    engine: Engine, ledger_url: str
) -> None:
    take(engine, limits={"read": Limit(LIMIT, 1)})
    with engine.connect() as connection:
        first_ends = connection.execute(select(rate_budget.c.resets_at)).scalar_one().timestamp()
    context = multiprocessing.get_context("spawn")
    permits: multiprocessing.Queue[list[float]] = context.Queue()
    ready = context.Barrier(4)
    workers = [context.Process(target=_worker, args=(ledger_url, ready, permits)) for _ in range(4)]
    for worker in workers:
        worker.start()
    times = sorted(at for _ in workers for at in permits.get(timeout=60))
    for worker in workers:
        worker.join(60)

    # A window begins with its first permit; the first of all began before the workers did.
    windows = [[first_ends - 1]]
    for at in times:
        if at < windows[-1][0] + 1:
            windows[-1].append(at)
        else:
            windows.append([at])
    assert max(len(window) for window in windows) <= LIMIT
    assert len(windows) >= 2
    assert {len(window) for window in windows[1:-1]} <= {LIMIT - 2}  # save the spare calls
