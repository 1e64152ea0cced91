"""A dry run: the very steps of a real run, over a copy of the ledger, with no write that leaves.

Every decision is made by the code that makes it in a real run. Reads go to both systems; writes are
noted and answered by `fulfilment.hooks.rehearsal`; what the steps write down goes to a copy of the
merchant's ledger that is thrown away. What remains is the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fulfilment.flow.steps import steps_of
from fulfilment.flow.systems.opening import DryRun, open_work
from fulfilment.flow.systems.work import log
from fulfilment.hooks.rehearsal import Rehearsal
from include.core.dry_run.plan import PlanLine, detail, skip, summary
from include.core.systems.failures import Level, as_own, level_of
from include.core.systems.window import EVERYTHING
from include.ledger.dry_run import plans
from include.ledger.dry_run.ledger_copy import paper_ledger
from include.ledger.orders.batches import open_batch, scope_of
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Engine, Row

    from fulfilment.flow.systems.work import Work
    from fulfilment.flow.tasks.validate import Examine
    from include.core.merchants.merchant import Merchant
    from include.core.systems.errors import FulfilmentError
    from include.core.systems.window import Window

#: made by the rehearsal itself: a return order that was not created cannot be found
_ARTEFACTS = frozenset({"RETURN_LOST"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, and what kept the plan from being complete."""

    lines: list[PlanLine]
    troubles: list[FulfilmentError]


def rehearse(
    merchant: Merchant,
    engine: Engine,
    *,
    run_id: str,
    examine: Examine,
    window: Window = EVERYTHING,
    order_ids: Sequence[int] = (),
) -> Plan:
    """Return what a run with this window or these orders would do now.

    Calls are made with the lowest priority: a plan never slows a live run down. A step that fails
    does not stop the others; its error is part of the plan.
    """
    name = merchant.merchant
    rehearsal = Rehearsal()
    works: list[Work] = []
    troubles: list[FulfilmentError] = []
    with paper_ledger(engine, name) as paper:
        with paper.begin() as connection:
            newest = plans.newest_exception(connection)
            batch_id = open_batch(connection, name, run_id, window)
        for task, step in steps_of(examine, window, order_ids).items():
            with paper.begin() as connection:
                scope = scope_of(connection, batch_id)
            work = open_work(
                merchant,
                engine,
                Journal(name, task, run_id, 1),
                batch_id,
                priority="backfill",
                scope=scope,
                dry=DryRun(paper, rehearsal),
            )
            works.append(work)
            try:
                step(work)
            except Exception as error:
                if level_of(error) is Level.PLATFORM:
                    raise
                own = as_own(error, name)
                own.merchant = own.merchant or name
                log.warning("%s %s: %s", name, task, own)
                troubles.append(own)
        left = {order_id: why for work in works for order_id, why in (work.left or {}).items()}
        with paper.begin() as connection:
            lines = _lines(connection, merchant, rehearsal.lines, left, newest)
    return Plan(lines, troubles)


def tell(
    merchant: Merchant, engine: Engine, run_id: str, window: Window, plan: Plan
) -> Iterator[str]:
    """Keep a plan in the ledger and yield it for the task log, in the merchant's language."""
    kind = "shadow" if merchant.mode == "shadow" else "dry_run"
    troubles = [error.operator for error in plan.troubles]
    with engine.begin() as connection:
        number = plans.keep(
            connection, merchant.merchant, run_id, kind, window, plan.lines, troubles
        )
    yield from summary(plan.lines, merchant.language)
    for line in plan.lines:
        if line.action not in {"skip", "note"}:
            yield detail(line, merchant.language)
    yield from troubles
    yield f"fulfil plan {merchant.merchant} {run_id} (plan {number})"


def _lines(
    connection: Connection,
    merchant: Merchant,
    noted: Sequence[PlanLine],
    left: Mapping[int, str],
    newest: int,
) -> list[PlanLine]:
    """Return what was noted with its reasons, what was decided without a call, what was left."""
    events = plans.events(connection)
    opened = [
        PlanLine(_order_of(row.subject), "exception", row.code, row.de, row.en)
        for row in plans.exceptions_after(connection, newest)
        if row.code not in _ARTEFACTS
    ]
    adopted = [
        PlanLine(order_id, "adopt")
        for order_id, kinds in sorted(events.items())
        if "adopted" in kinds
    ]
    acted = [*noted, *adopted, *opened]
    done = {line.order_id for line in acted}
    rest = sorted(({*left, *events} - {0}) - done)
    rows = plans.standing(connection, merchant.merchant, {*rest, *(i for i in done if i)})
    faults = {merchant.statuses.address_error, merchant.statuses.no_stock}
    lines = []
    for line in acted:
        row = rows.get(line.order_id or 0)
        if line.action == "send" and "change_submitting" in events.get(line.order_id or 0, ()):
            lines.append(replace(line, action="change"))
        elif row is not None and line.action == "status" and line.code in map(str, faults):
            lines.append(_with_reason(line, row))
        else:
            lines.append(line)
    for order_id in rest:
        row = rows.get(order_id)
        why = left.get(order_id) or (row.state.upper() if row is not None else "NOT_RELEASED")
        lines.append(skip(order_id, why))
    return lines


def _with_reason(line: PlanLine, row: Row[Any]) -> PlanLine:
    if not row.reason_code:
        return line
    german, english = ((row.reason or {}).get(key, "") for key in ("de", "en"))
    return replace(line, de=f"{row.reason_code}: {german}", en=f"{row.reason_code}: {english}")


def _order_of(subject: str) -> int | None:
    kind, _, number = subject.partition(":")
    return int(number) if kind == "order" and number.isdecimal() else None
