"""Which of a run's later tasks have nothing to do, so that no process is started for them.

What a task finds in the ledger is looked for by its own queries. What it would see at the other
system is looked at here instead: an idle run makes the calls that it made when each task looked for
itself. Who is in doubt runs: a task too many costs a second, one too few may cost a day. For the
same reason a replay skips nothing, and neither does a run while the ledger holds anything that
would start one (`include.ledger.exceptions.undone`).

A task makes work for those behind it: where one runs, the rest of the chain and what hangs on it
run as well.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from fulfilment.flow.exceptions.from_ledger import look_over
from fulfilment.flow.orders.send import SENDABLE
from fulfilment.flow.orders.send_again import due_again
from fulfilment.flow.parcels.in_warehouse import orders_to_look_at
from fulfilment.flow.parcels.numbers import numbers_to_look_at
from fulfilment.flow.parcels.ship import KINDS
from fulfilment.flow.products import sync
from fulfilment.flow.returns.announce import announced_in_plenty
from fulfilment.flow.stock import measure
from fulfilment.flow.systems.work import log
from fulfilment.flow.tasks.validate import JUDGED
from include.core.orders.states import State
from include.core.systems.failures import Level, as_own, level_of
from include.ledger.documents import documents
from include.ledger.exceptions import open_cases
from include.ledger.exceptions.undone import undone
from include.ledger.orders import in_flight, outbox, outbox_writes, to_look_at
from include.ledger.parcels import sent_queue, shipping
from include.ledger.systems import sync_state, writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work

    Asks = Callable[[Work, Connection], bool]

#: a task starts some seconds after it was decided about: what is due soon is due
SOON = timedelta(minutes=1)


def tasks_to_skip(work: Work) -> frozenset[str]:
    """Return the tasks that have nothing to do in this run, once its extraction is done.

    Where `reconcile_tracking` is among them, what it tells without a call is told here.

    :returns: names without their group's.
    :raises FulfilmentError: the platform fails.
    """
    if work.scope is not None:
        return frozenset()
    idle = idle_by_ledger(work)
    for task, shows_work in _LOOKS.items():
        if task in idle and not _is_empty(work, shows_work):
            idle.remove(task)
    if "reconcile_tracking" in idle:
        look_over(work)
    return frozenset(idle)


def idle_by_ledger(work: Work) -> set[str]:
    """Return the tasks for which the ledger holds nothing; some may find work by a look."""
    takes_new, groups = work.takes_new, work.merchant.groups
    with work.engine.begin() as connection:
        awaited = open_cases.tasks_awaited(connection, work.name)
        idle = _not_due(work, connection) - awaited
        found = undone(connection, work.name, groups, takes_new=takes_new)
        if any(one.kind != "stock" for one in found):  # that waits until its task is due
            return idle
        for task, has_work in _CHAIN.items():
            if task in awaited or has_work(work, connection):
                break
            idle.add(task)
        if "load_to_wemalo" in idle:
            idle |= {
                task
                for task, has_work in _AFTER_LOAD.items()
                if task not in awaited and not has_work(work, connection)
            }
    return idle


def _is_empty(work: Work, shows_work: Callable[[Work], bool]) -> bool:
    """Say whether a look shows nothing; one that fails is left to its task, which tells of it."""
    try:
        return not (shows_work(work) or work.plenty.nameless or work.wemalo.nameless)
    except Exception as error:
        if isinstance(error, SQLAlchemyError) or level_of(error) is Level.PLATFORM:
            raise
        log.info("%s: left to its task: %s", work.name, as_own(error, work.name).log)
        return False


def _some(work: Work, ids: Iterable[int]) -> bool:
    return any(map(work.covers, ids))


# -- by the ledger --------------------------------------------------------------------------------


def _validate(work: Work, connection: Connection) -> bool:
    states = (*JUDGED, *((State.NO_STOCK,) if work.merchant.resume_no_stock else ()))
    ids = to_look_at.due_ids(connection, work.name, states) if work.takes_new else ()
    return _some(work, ids) or _some(
        work, in_flight.change_ids(connection, work.name, ("new", "bad"))
    )


def _load(work: Work, connection: Connection) -> bool:
    name = work.name
    return (
        bool(in_flight.never_left(connection, name))
        or any(in_flight.unsettled(connection, name, step) for step in in_flight.STEPS)
        or _some(work, to_look_at.cancel_ids(connection, name, set(State) - {State.CANCELLED}))
        or _some(work, in_flight.change_ids(connection, name, ("good", "late")))
        or (work.takes_new and _some(work, to_look_at.due_ids(connection, name, SENDABLE)))
    )


def _write_back(work: Work, connection: Connection) -> bool:
    kinds = ("status", "note")
    outbox.revive(connection, work.name, kinds)
    return bool(outbox_writes.unchecked(connection, work.name)) or _some(
        work, outbox.pending_orders(connection, work.name, kinds)
    )


def _reconcile(work: Work, connection: Connection) -> bool:
    name = work.name
    outbox.revive(connection, name, KINDS)
    letters = work.merchant.letters
    return (
        bool(orders_to_look_at(work, connection))
        or bool(due_again(work, connection))
        or bool(numbers_to_look_at(work, connection))
        or _some(work, shipping.orders_to_write(connection, name))
        or _some(work, shipping.orders_that_left(connection, name))
        or _some(work, outbox.pending_orders(connection, name, KINDS))
        or bool(sent_queue.rows_to_acknowledge(connection, name, letters, after=0, limit=1))
        or open_cases.has_case(connection, name, code="FOREIGN_ROWS")
    )


def _documents(work: Work, connection: Connection) -> bool:
    name = work.name
    return (
        bool(documents.at_wemalo(connection, name))
        or open_cases.has_case(connection, name, subject="document:")
        or any(doubt.step == "document" for doubt in writes.in_doubt(connection, name))
        or open_cases.has_waiting_documents(connection, name)
    )


def _returns(work: Work, connection: Connection) -> bool:
    return open_cases.has_returns(connection, work.name) or open_cases.has_case(
        connection, work.name, code="RETURN_"
    )


def _not_due(work: Work, connection: Connection) -> set[str]:
    """Return the tasks that look from time to time only, and whose time has not come."""
    settings = {
        "sync_stock": (measure.CONCERN, work.merchant.stock.every_minutes),
        "sync_products": (sync.CONCERN, work.merchant.products.every_minutes),
    }
    return {
        task
        for task, (concern, minutes) in settings.items()
        if not sync_state.is_due(connection, work.name, concern, timedelta(minutes=minutes) - SOON)
    }


#: the chain behind the extraction, in its order
_CHAIN: dict[str, Asks] = {
    "validate": _validate,
    "load_to_wemalo": _load,
    "writeback_status": _write_back,
    "reconcile_tracking": _reconcile,
}
#: tasks of groups that follow `load_to_wemalo`
_AFTER_LOAD: dict[str, Asks] = {"attach_documents": _documents, "handle_returns": _returns}


# -- by a look at the other system ----------------------------------------------------------------


def _has_left(work: Work) -> bool:
    return any(work.wemalo.sent_queue())


def _has_come_back(work: Work) -> bool:
    settings = work.merchant.returns
    return bool(settings.create and work.wemalo.booked_returns()) or bool(
        settings.announce.statuses and announced_in_plenty(work)
    )


_LOOKS: dict[str, Callable[[Work], bool]] = {
    "reconcile_tracking": _has_left,
    "handle_returns": _has_come_back,
}
