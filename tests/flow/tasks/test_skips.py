"""Which later tasks of a run are skipped, and that each one with something to do is not.

That a skipped one would have done nothing is seen in every run of every story: `Stage.run` runs it
all the same and compares.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.steps import ORDER_TASKS
from fulfilment.flow.tasks import skips
from fulfilment.flow.tasks.skips import tasks_to_skip
from fulfilment.hooks import retries
from sqlalchemy import func, update

from include.core.exceptions.exception_texts import exception_text
from include.core.exceptions.long_stays import CODE as STANDS_STILL
from include.core.systems.errors import FulfilmentError
from include.ledger.exceptions import exceptions
from include.ledger.exceptions.exceptions import open_exceptions, raise_exception
from include.ledger.tables import failures, orders, outbox
from tests.flow.stage import Stage, good_order, settings

if TYPE_CHECKING:
    from collections.abc import Callable

CHAIN = ORDER_TASKS[1:]
EXTRACT = ORDER_TASKS[0]
QUEUE = "GET /v1/goodsOrder/packages/sent/"


def skipped(stage: Stage) -> set[str]:
    """Extract as a run does, and return which later tasks have nothing to do."""
    work = stage.work(EXTRACT, by_hand=False)
    stage.step(EXTRACT)
    return set(tasks_to_skip(work))


def calls(stage: Stage) -> Counter[str]:
    """Return how often each route of both systems was called for alpha."""
    systems = (stage.sandbox.plenty, stage.sandbox.wemalo)
    return sum((Counter(s.calls("alpha")["counts"].get("alpha", {})) for s in systems), Counter())


@pytest.fixture
def quiet(stage: Stage) -> Stage:
    """Alpha with order 1 in the warehouse, all of it noted and looked at."""
    settings(
        stage,
        stock={"enabled": True, "every_minutes": 60},
        products={"enabled": False},
        documents={"invoice": "off", "delivery_note": "off"},
    )
    stage.look_again_s = 900
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "settings": {"auto": False}}]})
    stage.add(good_order(1))
    stage.run(groups=True)
    stage.run(groups=True)
    return stage


def test_a_run_that_finds_nothing_skips_everything_and_makes_the_same_calls(quiet: Stage) -> None:
    everything = {*CHAIN, "handle_returns", "sync_stock"}
    assert everything <= skipped(quiet)
    before = calls(quiet)
    quiet.run(groups=True)
    all_for_themselves = calls(quiet) - before
    before = calls(quiet)
    assert everything <= skipped(quiet)
    assert calls(quiet) - before == all_for_themselves


def ships(stage: Stage) -> None:
    stage.sandbox.wemalo.act("ship", "alpha", order="1")


def comes_back(stage: Stage) -> None:
    items = [{"product": "2001", "reason": "damaged"}]
    stage.sandbox.wemalo.act("book_return", "alpha", order="1", items=items)


def is_looked_at(stage: Stage) -> None:
    stage.look_again_s = 0


def is_released(stage: Stage) -> None:
    stage.add(good_order(2))


def is_cancelled(stage: Stage) -> None:
    stage.sandbox.plenty.act("cancel", "alpha", order=1)


def changes(stage: Stage) -> None:
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"address2": "77"})


def notes_something(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        stage.work(EXTRACT).queue_note(connection, 1, "k", "x", "x")


def was_refused_hours_ago(stage: Stage) -> None:
    notes_something(stage)
    gone = {"state": "dead", "next_attempt_at": func.now() - timedelta(minutes=1)}
    with stage.engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.kind == "note").values(**gone))


def has_rested(stage: Stage) -> None:
    row = {
        "merchant": "alpha", "step": "package", "subject": "parcel:1:7", "code": "TIMEOUT",
        "task": "reconcile_tracking", "operator_text": "x", "next_attempt_at": func.now(),
    }  # fmt: skip
    with stage.engine.begin() as connection:
        connection.execute(failures.insert().values(**row))


def was_foreign(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        journal = stage.work(EXTRACT).journal
        text = exception_text("FOREIGN_ROWS", count=1, orders="x")
        raise_exception(connection, journal, subject=exceptions.MERCHANT, **text)


def died_while_sending(stage: Stage) -> None:
    values = {"state": "submitting", "sent_fingerprint": None}
    with stage.engine.begin() as connection:
        connection.execute(update(orders).where(orders.c.order_id == 1).values(**values))


CHAIN_FROM: list[tuple[Callable[[Stage], None], str]] = [
    (is_released, "validate"),
    (changes, "validate"),
    (is_cancelled, "load_to_wemalo"),
    (died_while_sending, "load_to_wemalo"),
    (notes_something, "writeback_status"),
    (was_refused_hours_ago, "writeback_status"),
    (is_looked_at, "reconcile_tracking"),
    (ships, "reconcile_tracking"),
    (was_foreign, "reconcile_tracking"),
    (has_rested, "reconcile_tracking"),
    (comes_back, "handle_returns"),
]


@pytest.mark.parametrize(("happens", "task"), CHAIN_FROM, ids=lambda v: getattr(v, "__name__", v))
def test_a_task_with_something_to_do_runs_and_so_do_those_behind_it(
    quiet: Stage, happens: Callable[[Stage], None], task: str
) -> None:
    assert {*CHAIN, "handle_returns"} <= skipped(quiet), "the story begins where nothing is due"
    happens(quiet)
    left = skipped(quiet)
    behind = {task} if task not in CHAIN else {*CHAIN[CHAIN.index(task) :]}
    assert left & behind == set()


def test_a_look_that_fails_is_left_to_its_task_which_is_red(
    quiet: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "READ_PAUSES_S", (0.0,))
    quiet.sandbox.wemalo.fault(route=QUEUE, kind="status", status=503, times=50)
    assert "reconcile_tracking" not in skipped(quiet)
    with pytest.raises(FulfilmentError):
        quiet.step("reconcile_tracking")


def test_what_is_told_without_a_call_is_told_when_nothing_else_is_to_do(quiet: Stage) -> None:
    settings(quiet, longest_stay_hours={"accepted": 1})
    with quiet.engine.begin() as connection:
        old = {"stands_since": func.now() - timedelta(hours=3)}
        connection.execute(update(orders).where(orders.c.order_id == 1).values(**old))
    assert {*CHAIN} <= skipped(quiet)
    with quiet.engine.connect() as connection:
        assert STANDS_STILL in {row.code for row in open_exceptions(connection, "alpha")}


def test_a_replay_skips_nothing(quiet: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(skips, "idle_by_ledger", looked)
    work = quiet.work(EXTRACT)
    work.scope = [1]  # type: ignore[assignment]
    assert tasks_to_skip(work) == frozenset()
