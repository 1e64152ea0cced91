"""Every booking of stock happens once: late, answered into the void, slept over, killed."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks.plenty import PlentyHook
from sqlalchemy import text

from include.ledger.systems import writes
from tests.flow.stage import Stage, good_order
from tests.flow.stock.stocks import (
    approve,
    configure,
    exceptions_of,
    look,
    movements,
    plenty_stock,
    wemalo_stock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAREHOUSE = "PUT /rest/stockmanagement/warehouses/{warehouse_id}/stock/"
#: what is written -> the call of the hook, its route, the reason of its movements
CALLS = {
    "incoming": ("book_incoming", "bookIncomingItems", 101),
    "outgoing": ("book_outgoing", "bookOutgoingItems", 202),
    "correction": ("correct_stock", "correction", 301),
    "take-back": ("book_incoming", "bookIncomingItems", 116),
}
every_call = pytest.mark.parametrize("kind", CALLS)


class Killed(BaseException):
    """A process that is killed: no handler of ours runs."""


def set_stock_up(stage: Stage, kind: str) -> int:
    """Let both stocks agree; return how often such a call has happened for that."""
    if kind == "correction":
        configure(stage, mode="absolute", confirm_first_run=False)
    elif kind == "take-back":
        configure(stage, goods_issue="none", book_shipments=True)
    else:
        configure(stage)
    look(stage)
    approve(stage)
    look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)
    return happened(stage, kind)


def let_them_differ(stage: Stage, kind: str, number: int = 1) -> None:
    """Make one call of a kind due."""
    if kind == "incoming":
        items = [{"product": "2001", "quantity": 7}]
        stage.sandbox.wemalo.act("receive_goods", "alpha", items=items)
    elif kind in ("outgoing", "correction"):
        stage.sandbox.wemalo.act("inventory", "alpha", product="2001", delta=-3)
    else:
        stage.add(good_order(number))
        stage.run()
        stage.sandbox.wemalo.clock(advance=6 * 3600)
        stage.run()
        look(stage)
        stage.sandbox.plenty.act("book", "alpha", order=number)  # what we booked out already


def look_again(stage: Stage) -> None:
    with stage.engine.begin() as connection:  # take-backs are looked for once an hour
        connection.execute(text("DELETE FROM sync_state WHERE concern = 'stock_doubles'"))
    look(stage)


def until_settled(stage: Stage, looks: int = 4) -> None:
    for _ in range(looks):
        look_again(stage)
        time.sleep(stage.settle_s / 2)


def happened(stage: Stage, kind: str) -> int:
    return len(movements(stage, CALLS[kind][2]))


def all_is_well(stage: Stage, kind: str, times: int) -> None:
    assert plenty_stock(stage) == wemalo_stock(stage)
    assert happened(stage, kind) == times
    assert exceptions_of(stage) == []
    with stage.engine.begin() as connection:
        assert writes.in_doubt(connection, stage.name) == []


@contextmanager
def first_call(
    monkeypatch: pytest.MonkeyPatch, kind: str, do: Callable[[Callable[[], None]], None]
) -> Iterator[None]:
    """Let the first call of a kind be made by ``do``, which gets the call itself."""
    name = CALLS[kind][0]
    real, seen = getattr(PlentyHook, name), []

    def patched(hook: PlentyHook, *args: Any) -> None:
        if seen:
            real(hook, *args)
            return
        seen.append(1)
        do(lambda: real(hook, *args))

    with monkeypatch.context() as patch:
        patch.setattr(PlentyHook, name, patched)
        yield
    assert seen, "nothing was called"


@every_call
def test_a_call_that_lands_after_we_stopped_waiting_is_not_made_again(
    stage: Stage, kind: str
) -> None:
    base = set_stock_up(stage, kind)
    let_them_differ(stage, kind)
    stage.settle_s = 6
    name = f"AIRFLOW_CONN_{stage.merchant.plenty.connection.upper()}"
    patient = os.environ[name]
    stage.sandbox.plenty.fault(route=WAREHOUSE + CALLS[kind][1], kind="delay", seconds=4, times=1)
    os.environ[name] = patient + "?timeout=2"
    look_again(stage)
    os.environ[name] = patient
    assert happened(stage, kind) == base
    assert [r.subject for r in exceptions_of(stage)] == ["item:2001"], "it is told what is in doubt"
    look_again(stage)
    time.sleep(3)
    assert plenty_stock(stage) == wemalo_stock(stage), "it has landed"

    look_again(stage)
    look_again(stage)

    all_is_well(stage, kind, base + 1)


@every_call
def test_a_call_whose_answer_is_lost_or_that_kills_its_process_is_made_once(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = set_stock_up(stage, kind)
    let_them_differ(stage, kind)
    stage.sandbox.plenty.fault(route=WAREHOUSE + CALLS[kind][1], kind="lost_reply", times=1)
    look_again(stage)
    all_is_well(stage, kind, base + 1)

    stage.lease_s = 0

    def dies(call: Callable[[], None], *, after: bool) -> None:
        if after:
            call()
        raise Killed

    for times, after in ((2, False), (3, True)):
        let_them_differ(stage, kind, times)
        with (
            first_call(monkeypatch, kind, lambda call, after=after: dies(call, after=after)),
            suppress(Killed),
        ):
            look_again(stage)
        until_settled(stage)
        all_is_well(stage, kind, base + times)


@every_call
def test_two_at_once_make_a_call_once_and_one_that_slept_too_long_makes_none(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = set_stock_up(stage, kind)
    for times, lease_s in ((1, 300), (2, 0)):
        stage.lease_s = lease_s
        let_them_differ(stage, kind, times)
        before = happened(stage, kind)
        between: list[int] = []

        def meanwhile(call: Callable[[], None], between: list[int] = between) -> None:
            look_again(stage)
            between.append(happened(stage, kind))
            call()

        with first_call(monkeypatch, kind, meanwhile):
            look_again(stage)
        assert between == [before + (lease_s == 0)], (
            "it is the other's only where its lease is over"
        )
        stage.lease_s = 300
        until_settled(stage, 2)
        all_is_well(stage, kind, base + times)
