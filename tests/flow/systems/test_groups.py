"""Writes in groups, several on their way: nothing twice, nothing in doubt that was never sent."""

from __future__ import annotations

import re
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.orders import send
from fulfilment.flow.systems.side_by_side import Lanes
from fulfilment.hooks import base
from fulfilment.hooks.base import ApiHook
from sqlalchemy import text

from include.core.systems.errors import CircuitOpen, RateLimited
from include.ledger.systems import locks, writes
from tests.flow.orders.test_never_twice import ADD, handed_over_once
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = range(1, 13)


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


@pytest.fixture
def due(stage: Stage) -> Stage:
    """Twelve orders that are to be handed over, with four calls in the air; they compete not."""
    stage.calls_in_flight = 4
    stage.settle_s = 0
    stage.add(*(good_order(n, items=[{"variation": 2001 + n % 4, "quantity": 1}]) for n in IDS))
    for task in ("extract_plenty_orders", "validate"):
        stage.step(task)
    return stage


def calls_leave(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[Any], object], after: Callable[[Any], object]
) -> None:
    exchange = base.exchange

    def leave(session: Any, url: str, request: Any, **options: Any) -> Any:
        before(request)
        reply = exchange(session, url, request, **options)
        after(request)
        return reply

    monkeypatch.setattr(base, "exchange", leave)


def over(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE writes SET lease_until = now(), doubt_until = now() "
                                "WHERE doubt_until IS NOT NULL"))  # fmt: skip
        connection.execute(text("UPDATE writes SET lease_until = now()"))


def in_doubt(stage: Stage) -> int:
    with stage.engine.begin() as connection:
        return len(writes.in_doubt(connection, stage.name))


def states(stage: Stage) -> list[str]:
    return [stage.state(n) for n in IDS]


@pytest.mark.parametrize(
    ("task", "call"), [("load_to_wemalo", "addCond"), ("writeback_status", "/rest/orders/{")]
)
def test_a_process_that_dies_within_a_group_leaves_look_ups_and_nothing_twice(
    due: Stage, monkeypatch: pytest.MonkeyPatch, task: str, call: str
) -> None:
    if task == "writeback_status":
        due.step("load_to_wemalo")
    left: list[str] = []

    def dies(request: Any) -> None:
        if call in request.route and request.kind == "write":
            left.append(request.path)
            if len(left) == 5:
                raise Death

    with monkeypatch.context() as patch:
        calls_leave(patch, lambda _: None, dies)
        with pytest.raises(Death):
            due.step(task)
    assert len(left) < len(IDS)
    assert 0 < in_doubt(due) <= len(left) + due.calls_in_flight
    for _ in range(4):
        over(due)
        due.run()

    handed_over_once(due, *IDS)
    assert in_doubt(due) == 0
    for n in IDS:
        shown = [str(row["statusId"]) for row in due.plenty_order(n)["statusHistory"]]
        assert shown.count("5.1") == 1, (n, shown)


def test_where_the_system_fails_within_a_group_the_unsent_are_given_back_as_they_were(
    due: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    calls_leave(monkeypatch, lambda request: _note(left, request), lambda _: None)
    due.sandbox.wemalo.fault(route=ADD, kind="status", status=503)

    with pytest.raises(CircuitOpen):
        due.step("load_to_wemalo")

    unsent = set(IDS) - set(left)
    assert len(unsent) >= 3
    assert {due.state(n) for n in unsent} == {"ready"}
    assert sum(due.timeline(n).order.attempts for n in unsent) <= 1  # who met the circuit
    assert in_doubt(due) == len(left)
    due.sandbox.wemalo.clear_faults()
    with due.engine.begin() as connection:
        connection.execute(text("DELETE FROM circuits"))
    for _ in range(4):
        over(due)
        due.run()
    handed_over_once(due, *IDS)


def _note(left: list[int], request: Any) -> None:
    if "addConditional" in request.route:
        left.append(int(re.findall(r"'externalId': '(\d+)'", str(request.body))[0]))


def test_a_limit_stops_the_group_and_nothing_is_in_doubt(due: Stage) -> None:
    due.sandbox.wemalo.fault(route=ADD, kind="status", status=429)

    with pytest.raises(RateLimited):
        due.step("load_to_wemalo")

    assert in_doubt(due) == 0
    assert set(states(due)) == {"ready", "retry_wait"}
    assert states(due).count("retry_wait") <= due.calls_in_flight


def test_who_slept_past_its_lease_within_a_group_sends_nothing(
    due: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was let leave with the others beside it, and wakes when another run is at work."""
    due.calls_in_flight = 1
    monkeypatch.setattr(locks, "TRUSTED_S", 0)
    slept: list[str] = []
    take = ApiHook._take_permit

    def sleeps(hook: ApiHook, request: Any) -> None:
        take(hook, request)
        if "addConditional" in request.route and not slept:
            slept.append(request.path)
            over(due)
            for _ in range(3):
                due.step("load_to_wemalo")

    monkeypatch.setattr(ApiHook, "_take_permit", sleeps)
    due.step("load_to_wemalo")

    assert slept
    assert due.sandbox.wemalo.calls("alpha")["counts"]["alpha"][ADD] == len(IDS)
    due.run()
    handed_over_once(due, *IDS)


def test_one_whose_answer_cannot_be_noted_fails_alone(
    due: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = send.HandOvers.end

    def end(kind: send.HandOvers, connection: Any, done: Any) -> None:
        if any(row.order_id == 3 for (row, _), _ in done):
            raise KeyError("a value")
        real(kind, connection, done)

    with monkeypatch.context() as patch:
        patch.setattr(send.HandOvers, "end", end)
        assert due.step("load_to_wemalo")["failing"] == 1
    assert {due.state(n) for n in IDS if n != 3} == {"accepted"}
    assert (due.state(3), in_doubt(due)) == ("submitting", 1)

    for _ in range(3):
        over(due)
        due.run()
    handed_over_once(due, *IDS)


# -- what is side by side, without a system


class Line:
    """A hook whose calls take a moment, and that writes down which were made at once."""

    def __init__(self, calls_in_flight: int) -> None:
        self.calls_in_flight = calls_in_flight
        self.lock = threading.Lock()
        self.now: list[Any] = []
        self.started: list[Any] = []
        self.met: set[frozenset[Any]] = set()

    def beside(self) -> Line:
        return self

    def hang_up(self) -> None:
        pass

    def call(self, _: Any, item: Any) -> Any:
        with self.lock:
            self.now.append(item)
            self.started.append(item.number)
            self.met |= {frozenset((item.number, one.number)) for one in self.now}
        time.sleep(0.02)
        with self.lock:
            self.now.remove(item)
        return item.number


def made(line: Line, items: list[Any], go_on: Callable[[], bool] = lambda: True) -> list[Any]:
    lanes = Lanes(line)  # type: ignore[arg-type]
    try:
        return [
            outcome
            for _, outcome in lanes.make(
                items, line.call,
                needs=lambda item: item.needs, go_on=go_on, meanwhile=lambda: None,
            )
        ]  # fmt: skip
    finally:
        lanes.close()


def items(*needs: str) -> list[Any]:
    return [SimpleNamespace(number=n, needs=set(need)) for n, need in enumerate(needs)]


def test_calls_go_side_by_side_and_those_that_compete_in_their_order() -> None:
    line = Line(4)
    some = items("a", "b", "a", "ab", "c", "a", "d", "b")

    assert sorted(made(line, some)) == list(range(8))

    assert any(len(pair) == 2 for pair in line.met)
    for one in some:
        for other in some[one.number + 1 :]:
            if one.needs & other.needs:
                assert frozenset((one.number, other.number)) not in line.met
                assert line.started.index(one.number) < line.started.index(other.number)


def test_never_more_calls_than_allowed_are_on_their_way_and_none_starts_after_a_no() -> None:
    line = Line(3)
    most: list[int] = []
    starts = iter([True] * 5 + [False] * 9)

    def go_on() -> bool:
        most.append(len(line.now))
        return next(starts)

    done = made(line, items(*"abcdefghij"), go_on)

    assert sorted(done) == [0, 1, 2, 3, 4]
    assert max(most) <= 2  # and the one that is about to start
