"""The loop over items that every step uses: one sick item harms only itself.

What a failure belongs to is said by `include.core.systems.failures`, what rests is kept by
`include.ledger.systems.failures`. A test walks the flow and finds a loop that calls a system
without this.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from fulfilment.flow.systems.work import Work, log
from include.core.systems.errors import InDoubt, WriteHeld
from include.core.systems.failures import Level, as_own, level_of
from include.ledger.exceptions.exceptions import order_subject
from include.ledger.systems import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from include.core.systems.errors import FulfilmentError

Item = TypeVar("Item")


def by_order(item: Any) -> str:
    """Return the subject of an item that is an order's: a ledger row, or its number."""
    return order_subject(item if isinstance(item, int) else item.order_id)


def each(
    work: Work,
    step: str,
    items: Iterable[Item],
    do: Callable[[Item], object],
    *,
    subject: Callable[[Item], str] = by_order,
) -> bool:
    """Do one thing for every item that does not rest; an item that fails is noted and left.

    ``do`` handles the answers that it understands (a refusal that has a meaning of its own) and
    lets everything else through. Items fail alone: foreign exceptions, too.

    :param step: a key of `include.core.systems.failures.STEPS`.
    :param subject: names an item as exceptions do; items of one name rest together.
    :returns: False where the system cannot be used: it is noted as trouble, the rest was left.
    :raises FulfilmentError: the platform fails.
    """
    some = list(items)
    tries = Tries(work, step, known(work, step, {subject(item) for item in some}))
    for item in some:
        name = subject(item)
        if not tries.rests(name) and not tries.alone(name, partial(do, item)):
            return False
    return True


@contextmanager
def as_trouble(work: Work) -> Iterator[None]:
    """Note what fails inside as the task's trouble and go on behind it.

    For reading a list as a whole: no item can be blamed, and what is known already needs no list.

    :raises FulfilmentError: the platform fails.
    """
    try:
        yield
    except SQLAlchemyError:
        raise
    except Exception as error:
        if level_of(error) is Level.PLATFORM:
            raise
        work.note_trouble(as_own(error, work.name))


def halved(
    work: Work,
    step: str,
    items: Sequence[Item],
    do: Callable[[Sequence[Item]], object],
    *,
    subject: Callable[[Item], str] = by_order,
) -> bool:
    """Do one thing for a batch; where it fails, for its halves, until the sick one is alone.

    Items that rest are left out, and those that failed before are tried alone. All halves of one
    size come before smaller ones: between two failures for one sick item there is a success, which
    tells the circuit that the system is well.

    ``do`` must be safe to repeat for items whose batch failed.

    :returns: as `each`.
    """
    tries = Tries(work, step, known(work, step, {subject(item) for item in items}))
    fresh = [item for item in items if subject(item) not in tries.noted]
    again = [item for item in items if tries.noted.get(subject(item)) is False]
    batches = deque([fresh, *([item] for item in again)])
    while batches:
        batch = batches.popleft()
        if len(batch) == 1:
            if not tries.alone(subject(batch[0]), partial(do, batch)):
                return False
        elif batch:
            worked = tries.together(partial(do, batch))
            if worked is None:
                return False
            if not worked:
                middle = len(batch) // 2
                batches += [batch[:middle], batch[middle:]]
    return True


@dataclass(slots=True)
class Tries:
    """What came of the items of one loop.

    :param noted: items that failed before, by name: whether they rest still.
    """

    work: Work
    step: str
    noted: dict[str, bool]
    in_a_row: list[str] = field(default_factory=list)  # since the last success: is it the system?

    def rests(self, name: str) -> bool:
        """Say whether an item failed and is not to be tried now."""
        return self.noted.get(name, False)

    def alone(self, name: str, do: Callable[[], object]) -> bool:
        """Do it for one item, note how it went, and say whether the system can be used."""
        self.work.check_mode()
        return self.settle(name, do)

    def settle(self, name: str, do: Callable[[], object]) -> bool:
        """As `alone`, for what belongs to a call that was made: a pause comes too late for it."""
        error = self._error_of(do)
        if error is None:
            self.worked([name])
            return True
        return self.failed(name, error)

    def worked(self, names: Sequence[str]) -> None:
        """Note that it was done for items."""
        self.in_a_row.clear()
        over = [name for name in names if name in self.noted]
        if over:
            self._forget(over)
            for name in over:
                del self.noted[name]

    def failed(self, name: str, error: Exception) -> bool:
        """Note that it failed for one item, and say whether the system can be used."""
        if isinstance(error, WriteHeld):  # in somebody's hands: no failure of the item
            log.info("%s %s: %s left: %s", self.work.name, name, self.step, error.log)
            return True
        if level_of(error) is Level.SYSTEM:
            self._blame_system(error)
            return False
        _note(self.work, self.step, name, as_own(error, self.work.name))
        self.noted[name] = True
        self.in_a_row.append(name)
        return True

    def together(self, do: Callable[[], object]) -> bool | None:
        """Do it for several and say whether it worked; None where the system cannot be used."""
        self.work.check_mode()
        error = self._error_of(do)
        if error is not None and level_of(error) is Level.SYSTEM:
            self._blame_system(error)
            return None
        if error is None:
            self.in_a_row.clear()
        return error is None

    def _error_of(self, do: Callable[[], object]) -> Exception | None:
        try:
            do()
        except SQLAlchemyError:  # the ledger's own errors of a value have a class of ours
            raise
        except Exception as error:
            if level_of(error) is Level.PLATFORM:
                raise
            return error
        return None

    def _blame_system(self, error: Exception) -> None:
        self._forget(self.in_a_row)
        self.work.note_trouble(as_own(error, self.work.name))

    def _forget(self, names: Sequence[str]) -> None:
        with self.work.engine.begin() as connection:
            failures.forget(connection, self.work.journal, self.step, names)


def known(work: Work, step: str, names: set[str]) -> dict[str, bool]:
    """Return which of some items failed at a step before, and whether they rest still."""
    with work.engine.begin() as connection:
        return failures.noted(connection, work.name, step, names)


def _note(work: Work, step: str, name: str, error: FulfilmentError) -> None:
    with work.engine.begin() as connection:
        attempts = failures.note(
            connection, work.journal, step, name, error, timedelta(seconds=work.pause_s),
            decided=error.until if isinstance(error, InDoubt) else None,
        )  # fmt: skip
    work.failing.add(name)
    log.warning(
        "%s %s: %s failed (%s, %d in a row): %s",
        work.name, name, step, error.code, attempts, error.log,
    )  # fmt: skip
