"""Calls of one task side by side: a few on their way at once, those that compete in their order.

Threads make the calls, each with connections of its own, and nothing else; everything about them is
decided and noted by the task's own thread.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from fulfilment.flow.systems.each import Tries, known
from include.core.systems.failures import Level, level_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Sequence

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.base import ApiHook

Item = TypeVar("Item")
Result = TypeVar("Result")

MEANWHILE_S = 2.0


class Lanes:
    """As many hooks of one system as a task may have calls on their way, and their threads."""

    def __init__(self, hook: ApiHook) -> None:
        """With one call at a time there is no thread: the hook itself is used."""
        self.count = hook.calls_in_flight
        self._hook = hook
        self._free: list[ApiHook] = []
        self._pool: ThreadPoolExecutor | None = None
        if self.count > 1:
            self._free = [hook.beside() for _ in range(self.count)]
            self._pool = ThreadPoolExecutor(self.count, "calls")

    def make(
        self,
        items: Sequence[Item],
        call: Callable[[ApiHook, Item], Result],
        *,
        needs: Callable[[Item], Collection[Hashable]],
        go_on: Callable[[], bool],
        meanwhile: Callable[[], object],
    ) -> Iterator[tuple[Item, Result | Exception]]:
        """Make a call for each item, in their order, and yield what came of each as it comes in.

        :param call: makes it with the hook that it is given, in any thread.
        :param needs: what a call may compete for: of two that need the same, the later one starts
            when the earlier one has been answered.
        :param go_on: asked before each start; after a no none starts any more, and those that are
            on their way are waited for.
        """
        if self._pool is None:
            for item in items:
                if not go_on():
                    return
                yield item, _outcome(call, self._hook, item)
            return
        waiting = list(items)
        running: dict[Future[Result | Exception], Item] = {}
        while True:
            while waiting and self._free:
                chosen = _first_free(waiting, running.values(), needs)
                if chosen is None:
                    break
                if not go_on():
                    waiting.clear()
                    break
                waiting.remove(chosen)
                running[self._start(self._pool, call, chosen)] = chosen
            if not running:
                return
            done, _ = wait(running, MEANWHILE_S, FIRST_COMPLETED)
            if not done:
                meanwhile()
            for future in done:
                yield running.pop(future), future.result()

    def _start(
        self,
        pool: ThreadPoolExecutor,
        call: Callable[[ApiHook, Item], Result],
        item: Item,
    ) -> Future[Result | Exception]:
        hook = self._free.pop()

        def make() -> Result | Exception:
            try:
                return _outcome(call, hook, item)
            finally:
                self._free.append(hook)

        # the task's lock and what belongs to its run are known by its context
        return pool.submit(copy_context().run, make)

    def close(self) -> None:
        """Wait for what is on its way, and close the connections."""
        if self._pool is not None:
            self._pool.shutdown()
        for hook in self._free:
            hook.hang_up()


@contextmanager
def lanes(hook: ApiHook) -> Iterator[Lanes]:
    """Give what makes calls side by side."""
    made = Lanes(hook)
    try:
        yield made
    finally:
        made.close()


def side_by_side(
    work: Work,
    hook: ApiHook,
    step: str,
    items: Sequence[Item],
    call: Callable[[Any, Item], object],
    *,
    subject: Callable[[Item], str],
) -> tuple[list[Item], bool]:
    """Make a call that needs no claim for each item, in their order, a few on their way at once.

    :param call: makes it with the hook that it is given, in any thread, without the ledger.
    :returns: those it worked for, and False where the system cannot be used, as `each`.
    """
    tries = Tries(work, step, known(work, step, {subject(item) for item in items}))
    awake = [item for item in items if not tries.rests(subject(item))]
    worked: list[Item] = []
    usable, broken = True, None

    def go_on() -> bool:
        nonlocal broken
        if broken is None and usable:
            try:
                work.check_mode()
            except Exception as error:
                broken = error
        return broken is None and usable

    with lanes(hook) as made:
        for item, outcome in made.make(
            awake, call,
            needs=lambda item: (subject(item),), go_on=go_on, meanwhile=lambda: None,
        ):  # fmt: skip
            if not isinstance(outcome, Exception):
                tries.worked([subject(item)])
                worked.append(item)
            elif level_of(outcome) is Level.PLATFORM:
                broken = broken or outcome
            else:
                told = level_of(outcome) is Level.SYSTEM and not usable
                usable = not told and tries.failed(subject(item), outcome) and usable
    if broken is not None:
        raise broken
    return worked, usable


def _outcome(
    call: Callable[[ApiHook, Item], Result], hook: ApiHook, item: Item
) -> Result | Exception:
    try:
        return call(hook, item)
    except Exception as error:
        return error


def _first_free(
    waiting: Sequence[Item],
    running: Collection[Item],
    needs: Callable[[Item], Collection[Hashable]],
) -> Item | None:
    """Return the first item that needs nothing which one before it needs as well."""
    taken = {need for item in running for need in needs(item)}
    for item in waiting:
        wanted = needs(item)
        if taken.isdisjoint(wanted):
            return item
        taken.update(wanted)
    return None
