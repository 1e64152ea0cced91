"""The shared poll loop: few at once, spread in time, never in the way of the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress

from fulfilment.triggers.poll_loop import PollLoop


async def _drain(loop: PollLoop, poll: object, every_s: float) -> None:
    async for _ in loop.found(poll, every_s):  # type: ignore[arg-type]
        pass


def _run_for(seconds: float, *members: tuple[PollLoop, object, float]) -> float:
    """Let the members poll for a while; return the longest time the event loop did not turn."""

    async def main() -> float:
        tasks = [asyncio.create_task(_drain(*member)) for member in members]
        worst, last = 0.0, time.monotonic()
        end = last + seconds
        while last < end:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            worst, last = max(worst, now - last - 0.01), now
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return worst

    return asyncio.run(main())


def test_a_thousand_merchants_poll_few_at_once_and_spread_over_the_interval() -> None:
    loop, lock = PollLoop(at_once=4), threading.Lock()
    at_once, most, calls = 0, 0, []

    def poll() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            calls.append(time.monotonic())
        time.sleep(0.001)
        with lock:
            at_once -= 1

    begun = time.monotonic()
    _run_for(6.0, *[(loop, poll, 6.0)] * 1000)
    assert most <= 4
    quarters = [sum(1 for at in calls if n <= (at - begun) / 1.5 < n + 1) for n in range(4)]
    assert min(quarters) > 100, quarters


def test_a_merchant_that_hangs_holds_up_neither_the_others_nor_the_event_loop() -> None:
    loop, release, seen = PollLoop(at_once=2), threading.Event(), []

    def hangs() -> None:
        release.wait(10)

    _run_for(1.0, (loop, hangs, 0.01), (loop, lambda: seen.append(1), 0.05))
    release.set()
    assert len(seen) >= 5


def test_what_a_poll_finds_comes_out_and_nothing_does_not() -> None:
    loop = PollLoop()
    answers = iter([None, "a", None, "b"])

    async def two() -> list[str]:
        found = loop.found(lambda: next(answers), 0.01)
        return [await anext(found), await anext(found)]

    assert asyncio.run(two()) == ["a", "b"]
