"""The one way to write to the other systems: written ahead, fenced, never repeated blindly.

::

    claim     one transaction: the write is this process's, and what it is about is noted
    look      an earlier call may have left: what the other system shows decides; what is there is
              taken, what is not there is waited for until it cannot come any more, looked for
              once more, and only then sent again
    permit    the hook waits for the call's turn
    allow     one statement, right before the call leaves: only who still holds the claim sends,
              and the call is in doubt from then on
    call
    end       one transaction: what came of it is noted, and the claim is gone
              an unknown outcome stays in doubt; a clear no ends it

A process that dies anywhere leaves a row that says how far it came. One that wakes up after its
lease finds its claim taken over and sends nothing.

`fulfilment.flow.systems.groups` makes many by the same protocol, some at a time.

The hooks refuse every other write. Which calls need no claim, and why, is said in one table:
`fulfilment.hooks.write_calls.UNCLAIMED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from include.core.systems.errors import (
    AmbiguousWrite,
    AuthError,
    ConfigError,
    ContractError,
    Forbidden,
    FulfilmentError,
    InDoubt,
    NotFound,
    OrderRejected,
    RateLimited,
    Unavailable,
    WriteHeld,
)
from include.core.systems.failures import Level, level_of
from include.ledger.systems import writes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.base import ApiHook
    from include.ledger.systems.writes import Claim

Result = TypeVar("Result")

#: so many clear looks, the last of them after the time to settle, before a write is repeated
LOOKS = 2
#: a clear no, or never sent: nothing can have happened
_NOTHING_HAPPENED = (
    OrderRejected, NotFound, Forbidden, RateLimited, AuthError, ConfigError, WriteHeld,
)  # fmt: skip
_NOTHING_HAPPENED_CODES = frozenset({"UNREACHABLE", "BLOCKED", "FOREIGN", "HTML", "CIRCUIT_OPEN"})


@dataclass(frozen=True, slots=True)
class Write:
    """What one call writes.

    :param step: a key of `include.core.systems.failures.STEPS`.
    :param subjects: what it is about, as exceptions name it: one, or those of a batch.
    :param what: for texts: "the package of parcel 7".
    """

    step: str
    subjects: tuple[str, ...]
    what: str


def write(
    work: Work,
    hook: ApiHook,
    about: Write,
    send: Callable[[], Result],
    *,
    look: Callable[[], Result | None] | None = None,
    begin: Callable[[Connection], bool] | None = None,
    end: Callable[[Connection, Result, bool], None] | None = None,
    ends: list[Callable[[], object]] | None = None,
) -> Result:
    """Make one external write by the protocol above and return its result.

    :param send: makes the one call; whatever it reads before may be read in ``look``.
    :param look: what the other system shows of an earlier call: its result, or None for a clear
        "not there". Without one the write may be repeated once it has settled: doing it twice is
        the same as once.
    :param begin: in the transaction of the claim: checks that the write is still to be made, by
        rows that it locks, and notes it; False: it is not, and nothing is sent.
    :param end: in the transaction that ends the claim: notes the result, and whether it was found
        by the look instead of sent.
    :param ends: takes in what ends a write that was sent, to be called once more is known; one that
        is never called leaves the write in doubt, as a lost answer does.
    :raises WriteHeld: another process makes it, or ``begin`` said no; nothing was sent.
    :raises InDoubt: an earlier call may still take effect.
    :raises AmbiguousWrite: the outcome is not known.
    :raises FulfilmentError: as the hook says; nothing happened there.
    """
    claims = _claim(work, about, begin)
    doubt = max((c.doubt_until for c in claims if c.doubt_until), default=None)
    if doubt is not None:
        found = _look(work, about, claims, doubt, look)
        if found is not None:
            return _end(work, claims, found, end, adopted=True)
    result = _send(work, hook, about, claims, send)
    if ends is not None:
        ends.append(partial(_end, work, claims, result, end, adopted=False))
        return result
    return _end(work, claims, result, end, adopted=False)


def settle(
    work: Work,
    about: Write,
    look: Callable[[], Result | None],
    end: Callable[[Connection, Result | None], None],
) -> Result | None:
    """Find out what came of an earlier call without making another one.

    For writes that are decided anew before they are repeated.

    :param end: in the transaction that ends the claim: notes what was found, None where it is
        certain that the call never took effect and never will.
    :raises WriteHeld: another process holds it.
    :raises InDoubt: it may still take effect.
    """
    claims = _claim(work, about, None)
    doubt = max((c.doubt_until for c in claims if c.doubt_until), default=None)
    found = _look(work, about, claims, doubt, look) if doubt is not None else None
    with work.engine.begin() as connection:
        if writes.end(connection, claims):
            end(connection, found)
            return found
        connection.rollback()
    raise held_elsewhere(work, about)


def _claim(work: Work, about: Write, begin: Callable[[Connection], bool] | None) -> Sequence[Claim]:
    with work.engine.begin() as connection:
        claims = writes.take(
            connection, work.name, about.step, about.subjects,
            owner=work.owner, lease_s=work.lease_s,
        )  # fmt: skip
        mine = len(claims) == len(about.subjects)
        if mine and (begin is None or begin(connection)):
            return claims
        connection.rollback()
    if mine:
        text = f"{about.what} is no longer to be written; nothing was sent."
        raise WriteHeld(text, merchant=work.name)
    raise held_elsewhere(work, about)


def held_elsewhere(work: Work, about: Write) -> WriteHeld:
    """Return the error of a write that is another process's to make."""
    text = f"{about.what} is being written by another run; nothing was sent by this one."
    return WriteHeld(text, merchant=work.name)


def _look(
    work: Work,
    about: Write,
    claims: Sequence[Claim],
    doubt: datetime,
    look: Callable[[], Result | None] | None,
) -> Result | None:
    """Return what the other system shows; None where the write may be sent (again).

    :raises InDoubt: it is not there, and may still come.
    """
    looks = min(claim.lookups for claim in claims)
    settled = claims[0].at >= doubt
    try:
        found = look() if look is not None else None
    except BaseException:
        with work.engine.begin() as connection:
            writes.let_go(connection, claims)
        raise
    if found is not None or (settled and (look is None or looks + 1 >= LOOKS)):
        return found
    with work.engine.begin() as connection:
        writes.let_go(connection, claims, looked=True)
    text = (
        f"Whether {about.what} took effect is not known. It is looked up again, and repeated only "
        f"if it is not there after {doubt:%Y-%m-%d %H:%M:%S} UTC."
    )
    raise InDoubt(text, until=doubt, merchant=work.name)


def _send(
    work: Work,
    hook: ApiHook,
    about: Write,
    claims: Sequence[Claim],
    send: Callable[[], Result],
) -> Result:
    allowed = False
    held = True

    def allow() -> None:
        nonlocal allowed
        work.check_lock()
        writes.allow(work.engine, claims, lease_s=work.lease_s, settle_s=work.settle_s)
        allowed = True

    try:
        with hook.allowed_by(allow):
            return send()
    except Exception as error:
        with work.engine.begin() as connection:
            if not allowed:
                held = writes.let_go(connection, claims)
            elif nothing_happened(error):
                writes.end(connection, claims)
            else:
                code = getattr(error, "code", type(error).__name__)
                writes.doubt(connection, claims, work.settle_s, code)
        if not held and level_of(error) is Level.ITEM:
            # what it met on the way may be what the other run has done
            raise held_elsewhere(work, about) from error
        raise


def nothing_happened(error: Exception) -> bool:
    """Say whether a call that failed certainly had no effect on the other side.

    An exception that is not ours may have come after a good answer: then something did.
    """
    if isinstance(error, AmbiguousWrite):
        return False
    if isinstance(error, (Unavailable, ContractError)):
        return error.code in _NOTHING_HAPPENED_CODES
    return isinstance(error, _NOTHING_HAPPENED) or (
        isinstance(error, FulfilmentError) and error.code in _NOTHING_HAPPENED_CODES
    )


def _end(
    work: Work,
    claims: Sequence[Claim],
    result: Result,
    end: Callable[[Connection, Result, bool], None] | None,
    *,
    adopted: bool,
) -> Result:
    with work.engine.begin() as connection:
        if end is not None:
            end(connection, result, adopted)
        writes.end(connection, claims)
    return result
