"""The one place where a triggerer process polls: bounded in number at once, spread in time."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

AT_ONCE = 16
_SPREAD = 0.1  # of the interval, either way: merchants that met once drift apart again

Found = TypeVar("Found")


class PollLoop:
    """Runs blocking polls in few threads, so that the triggerer's event loop never waits.

    :param at_once: so many polls run at a time; the others wait for their turn.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        """Start no thread yet."""
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="poll")

    async def found(self, poll: Callable[[], Found | None], every_s: float) -> AsyncIterator[Found]:
        """Call ``poll`` about every ``every_s`` seconds and yield what it finds.

        The first call comes at a random moment of the first interval, and no call begins before
        the one before it has ended.

        :param poll: returns None for nothing; must not raise.
        """
        loop = asyncio.get_running_loop()
        pause = random.uniform(0, every_s)  # noqa: S311 - spreads calls, keeps no secret
        while True:
            await asyncio.sleep(pause)
            started = loop.time()
            result = await loop.run_in_executor(self._threads, poll)
            if result is not None:
                yield result
            every = every_s * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311
            pause = max(every - (loop.time() - started), 0.0)


#: of this process: all triggers share its threads
polls = PollLoop()
