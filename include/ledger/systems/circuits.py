"""Circuit breakers: a merchant's system that failed rests for a while, for all processes.

One row per merchant and system. A refused login or a wrong setting opens the circuit at once;
an unreachable or failing system opens it after `FAILURES_TO_OPEN` failures in a row of different
calls: one call that fails again and again is a sick item, not a sick system. When the
rest is over exactly one call is let through as a trial; its outcome closes or reopens the circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    CircuitOpen,
    ConfigError,
    ContractError,
    FulfilmentError,
    Timeout,
    Unavailable,
)
from include.core.systems.failures import Level, level_of
from include.ledger.tables import circuits

if TYPE_CHECKING:
    from sqlalchemy import Engine

FAILURES_TO_OPEN = 5
REST_AFTER_REFUSAL = timedelta(minutes=10)  # wrong login or setting: somebody has to act
REST_FIRST = timedelta(seconds=60)  # unreachable system; doubles with each failed trial
REST_LONGEST = timedelta(minutes=15)
TRIAL = timedelta(seconds=90)  # how long one trial call keeps the others waiting

_FAILING = (Unavailable, Timeout, ContractError, AmbiguousWrite)


@dataclass(frozen=True, slots=True)
class Pass:
    """The permission to make one call.

    :param trial: the circuit was open, this is the one call that tries again.
    :param failures: failures in a row before this call.
    """

    trial: bool = False
    failures: int = 0


def check(engine: Engine, merchant: str, system: str) -> Pass:
    """Return a `Pass` if ``merchant`` may call ``system`` ("plenty", "wemalo") now.

    :raises CircuitOpen: the system rests; the text repeats what the operator should do.
    """
    key = (circuits.c.merchant == merchant, circuits.c.system == system)
    now = func.clock_timestamp()
    with engine.begin() as connection:
        row = connection.execute(select(circuits, now.label("now")).where(*key)).one_or_none()
        if row is None:
            return Pass()
        if row.open_until is None:
            return Pass(failures=row.failures)
        if row.open_until <= row.now:
            trial = connection.execute(
                update(circuits)
                .where(*key, circuits.c.open_until == row.open_until)
                .values(open_until=now + TRIAL)
            )
            if trial.rowcount == 1:
                return Pass(trial=True, failures=row.failures)
        until: datetime = max(row.open_until, row.now)
    reason = row.operator_text or f"{system} failed {row.failures} times in a row."
    text = f"{reason} Not tried again before {until:%H:%M:%S} UTC."
    raise CircuitOpen(text, until=until, merchant=merchant)


def failed(
    engine: Engine,
    merchant: str,
    system: str,
    error: FulfilmentError,
    gate: Pass | None = None,
    *,
    call: str = "",
) -> None:
    """Record that a call failed with ``error``; errors of single orders do not count.

    :param call: tells this call from others; "" where the failure cannot be one call's own.
    """
    refused = isinstance(error, (AuthError, ConfigError))
    if not refused and not isinstance(error, _FAILING):
        return
    gate = gate or Pass()
    now = func.clock_timestamp()
    alone = call if level_of(error) is Level.ITEM and not gate.trial else ""
    values = {
        "code": error.code,
        "operator_text": error.operator,
        "changed_at": now,
        "call": alone or None,
    }
    counted = circuits.c.failures + (case((circuits.c.call == alone, 0), else_=1) if alone else 1)
    statement = insert(circuits).values(
        merchant=merchant,
        system=system,
        failures=1,
        open_until=now + REST_AFTER_REFUSAL if refused else None,
        **values,
    )
    statement = statement.on_conflict_do_update(
        index_elements=[circuits.c.merchant, circuits.c.system],
        set_={"failures": counted, **values},
    )
    with engine.begin() as connection:
        row = connection.execute(statement.returning(circuits.c.failures)).one()
        rest = _rest(row.failures, refused=refused, trial=gate.trial)
        if rest is not None:
            connection.execute(
                update(circuits)
                .where(circuits.c.merchant == merchant, circuits.c.system == system)
                .values(open_until=func.clock_timestamp() + rest)
            )


def _rest(failures: int, *, refused: bool, trial: bool) -> timedelta | None:
    if refused:
        return REST_AFTER_REFUSAL
    if not trial and failures < FAILURES_TO_OPEN:
        return None
    doublings = min(max(failures - FAILURES_TO_OPEN, 0), 10)
    rest: timedelta = REST_FIRST * (1 << doublings)
    return min(rest, REST_LONGEST)


def succeeded(engine: Engine, merchant: str, system: str) -> None:
    """Close the circuit of ``merchant`` and ``system``; nothing to do if it is closed."""
    with engine.begin() as connection:
        connection.execute(
            delete(circuits).where(circuits.c.merchant == merchant, circuits.c.system == system)
        )
