"""The loop over items that every step uses: one sick item harms only itself.

What a failure belongs to is said by `include.core.failures`, what rests is kept by
`include.ledger.failures`. A test walks the flow and finds a loop that calls a system without this.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from fulfilment.flow.work import Work, log
from include.core.errors import InDoubt, WriteHeld
from include.core.failures import Level, as_own, level_of
from include.ledger import failures
from include.ledger.exceptions import order_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from include.core.errors import FulfilmentError

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

    :param step: a key of `include.core.failures.STEPS`.
    :param subject: names an item as exceptions do; items of one name rest together.
    :returns: False where the system cannot be used: it is noted as trouble, the rest was left.
    :raises FulfilmentError: the platform fails.
    """
    some = list(items)
    with work.engine.begin() as connection:
        noted = failures.noted(connection, work.name, step, {subject(item) for item in some})
    in_a_row: list[str] = []  # failed since the last success: perhaps it is the system
    for item in some:
        name = subject(item)
        if noted.get(name):
            continue
        try:
            do(item)
        except SQLAlchemyError:  # the ledger's own errors of a value have a class of ours
            raise
        except WriteHeld as held:  # in somebody's hands: no failure of the item
            log.info("%s %s: %s left: %s", work.name, name, step, held.log)
        except Exception as error:
            own = as_own(error, work.name)
            level = level_of(error)
            if level is Level.PLATFORM:
                raise
            if level is Level.SYSTEM:
                with work.engine.begin() as connection:
                    failures.forget(connection, work.journal, step, in_a_row)
                work.note_trouble(own)
                return False
            _note(work, step, name, own)
            noted[name] = True
            in_a_row.append(name)
        else:
            in_a_row.clear()
            if name in noted:
                with work.engine.begin() as connection:
                    failures.forget(connection, work.journal, step, [name])
                del noted[name]
    return True


def halved(
    work: Work,
    step: str,
    items: Sequence[Item],
    do: Callable[[Sequence[Item]], object],
    *,
    subject: Callable[[Item], str] = by_order,
) -> bool:
    """Do one thing for a batch; where it fails, for its halves, until the sick one is alone.

    ``do`` must be safe to repeat for items whose batch failed.

    :returns: as `each`.
    """
    if len(items) <= 1:
        return each(work, step, items, lambda item: do([item]), subject=subject)
    try:
        do(items)
    except SQLAlchemyError:
        raise
    except Exception as error:
        level = level_of(error)
        if level is Level.PLATFORM:
            raise
        if level is Level.SYSTEM:
            work.note_trouble(as_own(error, work.name))
            return False
        middle = len(items) // 2
        halves = (items[:middle], items[middle:])
        return all(halved(work, step, half, do, subject=subject) for half in halves)
    with work.engine.begin() as connection:
        names = {subject(item) for item in items}
        noted = failures.noted(connection, work.name, step, names)
        failures.forget(connection, work.journal, step, noted)
    return True


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
