"""Hand-over, cancellation and change whose outcome is unknown: late, lost, slept over, killed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.wemalo import WemaloHook
from sqlalchemy import text

from tests.flow.stage import Stage

if TYPE_CHECKING:
    pass
from tests.flow.orders.in_doubt import CALLS, Call, codes, load, made


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


every_call = pytest.mark.parametrize("call", CALLS, ids=str)


def doubts(stage: Stage) -> int:
    with stage.engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM writes")).scalar_one())


def ends_well(stage: Stage, call: Call, before: int) -> None:
    call.check(stage)
    assert doubts(stage) == 0
    assert codes(stage) == []
    assert made(stage, call) - before <= 1 + call.more


@every_call
def test_what_lands_after_it_was_given_up_is_neither_repeated_nor_told_wrongly(
    stage: Stage, call: Call
) -> None:
    stage.settle_s = 60
    call.prepare(stage)
    before = made(stage, call)
    connection = f"AIRFLOW_CONN_{stage.merchant.wemalo.connection.upper()}"
    address = os.environ[connection]
    os.environ[connection] = f"{address}?timeout=2"
    stage.sandbox.wemalo.fault(route=call.route, kind="delay", seconds=6, times=1)
    load(stage)
    os.environ[connection] = address
    assert codes(stage) == ["STEP_FAILED"]
    load(stage, 3)
    assert stage.state(1) in {"submitting", "cancelling"}

    time.sleep(6)
    assert made(stage, call) - before == 1, "it has landed, and was not repeated"
    with stage.engine.begin() as connection_:
        connection_.execute(text("UPDATE writes SET doubt_until = now()"))
        connection_.execute(text("UPDATE failures SET next_attempt_at = now()"))
    load(stage, 3)

    ends_well(stage, call, before)


@every_call
@pytest.mark.parametrize("fault", [{"kind": "lost_reply"}, {"kind": "status", "status": 502}])
def test_a_lost_answer_is_looked_up_and_only_what_never_came_is_made_again(
    stage: Stage, call: Call, fault: dict[str, Any]
) -> None:
    stage.settle_s = 0
    call.prepare(stage)
    before = made(stage, call)
    stage.sandbox.wemalo.fault(route=call.route, times=1, **fault)

    load(stage, 4)

    call.check(stage)
    assert doubts(stage) == 0
    assert codes(stage) == []
    again = fault["kind"] == "status" or call.more
    assert made(stage, call) - before == (2 if again else 1)


@every_call
@pytest.mark.parametrize("number", [201, 999], ids=["a yes", "neither yes nor no"])
def test_an_answer_with_another_number_is_no_refusal(stage: Stage, call: Call, number: int) -> None:
    stage.settle_s = 0
    call.prepare(stage)
    before = made(stage, call)
    answer = {"Success": True, "status": number}
    stage.sandbox.wemalo.fault(
        route=call.route, times=1, kind="lost_reply", status=200, body=answer
    )

    load(stage, 4)

    ends_well(stage, call, before)


@every_call
def test_a_run_that_slept_sends_nothing_once_another_has_done_it(
    stage: Stage, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call.prepare(stage)
    stage.lease_s = 0
    before = made(stage, call)
    real = getattr(WemaloHook, call.method)
    asleep: list[int] = []

    def slowly(hook: WemaloHook, *args: Any) -> Any:
        if not asleep:
            asleep.append(1)
            load(stage, 2)  # its lease is over: another run takes the write over
        return real(hook, *args)

    monkeypatch.setattr(WemaloHook, call.method, slowly)
    load(stage)

    assert asleep
    assert made(stage, call) - before == 1
    ends_well(stage, call, before)


@every_call
@pytest.mark.parametrize("sent", [False, True], ids=["before it left", "before its answer"])
def test_a_run_that_is_killed_is_finished_by_the_next(
    stage: Stage, call: Call, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.settle_s = 0
    call.prepare(stage)
    stage.lease_s = 0
    before = made(stage, call)
    real = getattr(WemaloHook, call.method)

    def deadly(hook: WemaloHook, *args: Any) -> Any:
        if sent:
            real(hook, *args)
        raise Death

    with monkeypatch.context() as patch:
        patch.setattr(WemaloHook, call.method, deadly)
        with pytest.raises(Death):
            load(stage)
    load(stage, 3)

    ends_well(stage, call, before)
    assert made(stage, call) - before == (2 if sent and call.more else 1)
