"""What changes something is claimed first, or named as needing no claim; nothing else is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fulfilment.hooks.transport import Request
from fulfilment.hooks.wemalo import WemaloHook
from fulfilment.hooks.write_calls import ACTIONS, UNCLAIMED

from include.core.systems.errors import UnclaimedWrite
from include.core.systems.failures import Level, level_of
from include.ledger.systems import circuits

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tests.hooks.hostile import Hostile


@pytest.fixture
def flow(connect: Callable[..., None], hostile: Hostile, engine: Engine) -> WemaloHook:
    """A hook as the flow has it; the other system says yes to everything."""
    hostile.answer = lambda seen: {"Success": True, "status": 200}
    connect("wemalo_alpha", hostile.url, password="token-1")
    return WemaloHook("alpha", "wemalo_alpha", engine)


def call(hook: WemaloHook, name: str, kind: str = "write") -> object:
    method, _, route = name.partition(" ")
    return hook._call(Request(method, route, "/any", body={}, kind=kind))  # type: ignore[arg-type]


def test_a_write_without_a_claim_is_not_sent_and_blames_no_system(
    flow: WemaloHook, hostile: Hostile, engine: Engine
) -> None:
    for name in ACTIONS.keys() - UNCLAIMED.keys():
        with pytest.raises(UnclaimedWrite) as caught:
            call(flow, name)
        assert name in str(caught.value)
        assert level_of(caught.value) is Level.PLATFORM

    assert hostile.seen == []
    assert circuits.check(engine, "alpha", "wemalo").failures == 0


def test_a_claim_is_asked_for_every_write_but_those_that_need_none(
    flow: WemaloHook, hostile: Hostile
) -> None:
    asked: list[str] = []
    for name in ACTIONS:
        with flow.allowed_by(lambda name=name: asked.append(name)):  # type: ignore[misc]
            call(flow, name)
    for name in ACTIONS.keys() & UNCLAIMED.keys():
        call(flow, name)

    assert set(asked) == ACTIONS.keys() - UNCLAIMED.keys()
    assert len(hostile.seen) == len(ACTIONS) + len(ACTIONS.keys() & UNCLAIMED.keys())


@pytest.mark.parametrize("kind", ["write", "read", "login"])
def test_what_no_list_names_is_not_sent_even_with_a_claim(
    flow: WemaloHook, hostile: Hostile, kind: str
) -> None:
    with pytest.raises(UnclaimedWrite), flow.allowed_by(lambda: None):
        call(flow, "DELETE /goodsOrder/{id}", kind)

    assert hostile.seen == []


def test_who_acts_by_hand_needs_no_claim(flow: WemaloHook, hostile: Hostile) -> None:
    hand = WemaloHook("alpha", "wemalo_alpha", flow._engine, by_hand=True)

    call(hand, "PUT /goodsOrder/cancel/{id}")

    assert len(hostile.seen) == 1
