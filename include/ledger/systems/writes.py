"""External writes, written ahead: who makes one, and until when an unknown outcome may change.

::

    take      before the call: this process holds the write for its lease, by a fencing number
    allow     after the call's permit, right before it is sent: only who still holds it may send
    end       the outcome is known: the row is gone
    doubt     the outcome is not known: it may still take effect until ``doubt_until``
    let_go    nothing was sent: the next may take it at once

Writes are taken and ended some at a time, and allowed as they leave. A row whose ``doubt_until``
is null proves that no call has left. A process that dies after `allow`
leaves the row as `allow` wrote it: in doubt for its lease and the time to settle.
`fulfilment.flow.systems.write` is the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, text

from include.core.systems.errors import WriteHeld
from include.ledger.tables import writes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row
    from sqlalchemy.sql.elements import ColumnElement


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one write, as it was taken.

    :param doubt_until: an earlier call may take effect until then; None: none has left.
    :param lookups: how often the other system clearly did not show it since.
    :param at: the ledger's time when it was taken.
    """

    merchant: str
    step: str
    subject: str
    token: int
    doubt_until: datetime | None
    lookups: int
    at: datetime


_TAKE = text("""
    INSERT INTO writes AS w (merchant, step, subject, token, owner, lease_until)
    SELECT :merchant, :step, wanted.subject, nextval('write_tokens'), :owner,
        clock_timestamp() + make_interval(secs => :lease_s)
    FROM unnest(CAST(:subjects AS text[])) AS wanted (subject)
    ORDER BY wanted.subject
    ON CONFLICT (merchant, step, subject) DO UPDATE SET
        token = excluded.token, owner = excluded.owner, lease_until = excluded.lease_until
    WHERE w.lease_until <= clock_timestamp() AND (:doubted OR w.doubt_until IS NULL)
    RETURNING w.subject, w.token, w.doubt_until, w.lookups, clock_timestamp() AS at
""")
_HELD = """
    merchant = :merchant AND (step, subject, token) IN (
        SELECT * FROM unnest(
            CAST(:steps AS text[]), CAST(:subjects AS text[]), CAST(:tokens AS bigint[])
        )
    )
"""
_ALLOW = text(f"""
    UPDATE writes SET
        lease_until = clock_timestamp() + make_interval(secs => :lease_s),
        doubt_until = clock_timestamp() + make_interval(secs => :lease_s + :settle_s),
        doubt_since = coalesce(doubt_since, clock_timestamp()),
        lookups = 0
    WHERE {_HELD}
""")  # noqa: S608 - of constants, as the next ones are
_END = text(f"DELETE FROM writes WHERE {_HELD}")  # noqa: S608
_GIVE_UP = text(f"DELETE FROM writes WHERE {_HELD} RETURNING subject")  # noqa: S608
_DOUBT = text(f"""
    UPDATE writes SET
        lease_until = clock_timestamp(),
        doubt_until = clock_timestamp() + make_interval(secs => :settle_s),
        lookups = 0,
        code = :code
    WHERE {_HELD}
""")  # noqa: S608
_LET_GO = text(f"DELETE FROM writes WHERE {_HELD} AND doubt_until IS NULL")  # noqa: S608
_LEAVE_IN_DOUBT = text(f"""
    UPDATE writes SET lease_until = clock_timestamp(), lookups = lookups + :looked WHERE {_HELD}
""")  # noqa: S608


def take(
    connection: Connection,
    merchant: str,
    step: str,
    subjects: Collection[str],
    *,
    owner: str,
    lease_s: float,
    doubted: bool = True,
) -> list[Claim]:
    """Take the writes of one step about some subjects; return those that nobody else holds.

    :param lease_s: longer than the wait for a permit and the call can take together.
    :param doubted: also those of which an earlier call may have left.
    """
    if not subjects:
        return []
    values = {
        "merchant": merchant,
        "step": step,
        "subjects": sorted(subjects),
        "owner": owner,
        "lease_s": lease_s,
        "doubted": doubted,
    }
    return [
        Claim(merchant, step, row.subject, row.token, row.doubt_until, row.lookups, row.at)
        for row in connection.execute(_TAKE, values)
    ]


def allow(engine: Engine, claims: Sequence[Claim], *, lease_s: float, settle_s: float) -> None:
    """Renew the claims and note that their call leaves now; the call may be sent.

    :param settle_s: how long after it was given up a call may still take effect.
    :raises WriteHeld: one of them was taken over; the call must not be sent.
    """
    values = {**_keys(claims), "lease_s": float(lease_s), "settle_s": float(settle_s)}
    with engine.begin() as connection:
        allowed = connection.execute(_ALLOW, values).rowcount
        if allowed != len(claims):
            connection.rollback()
            words = (
                "Another run has taken this over while this one waited; nothing was sent by this "
                "one."
            )
            raise WriteHeld(words, merchant=claims[0].merchant)


def end(connection: Connection, claims: Sequence[Claim]) -> bool:
    """Forget writes whose outcome is known; say whether they were all still held."""
    return connection.execute(_END, _keys(claims)).rowcount == len(claims)


def give_up(connection: Connection, claims: Sequence[Claim]) -> set[str]:
    """Forget writes of which certainly no call has left; return those that were still held.

    Of none an earlier call may have left: taken without those that were in doubt.
    """
    return set(connection.execute(_GIVE_UP, _keys(claims)).scalars()) if claims else set()


def doubt(connection: Connection, claims: Sequence[Claim], settle_s: float, code: str) -> None:
    """Note that the outcome of a call that has ended on our side is not known."""
    values = {**_keys(claims), "settle_s": float(settle_s), "code": code}
    connection.execute(_DOUBT, values)


def let_go(connection: Connection, claims: Sequence[Claim], *, looked: bool = False) -> bool:
    """Give writes back that were not sent, and say whether they were all still held.

    What was in doubt stays so.

    :param looked: the other system clearly did not show them.
    """
    held = connection.execute(_LET_GO, _keys(claims)).rowcount
    if held < len(claims):
        values = {**_keys(claims), "looked": int(looked)}
        held += connection.execute(_LEAVE_IN_DOUBT, values).rowcount
    return held == len(claims)


def may_land(connection: Connection, merchant: str, step: str, subject: str) -> bool:
    """Say whether an earlier call may still take effect."""
    statement = select(writes.c.doubt_until > func.clock_timestamp()).where(
        *_one(merchant, step, subject)
    )
    return bool(connection.execute(statement).scalar_one_or_none())


def forget_settled(connection: Connection, merchant: str, step: str, subject: str) -> None:
    """Forget a write that nobody holds: whether it took effect matters no longer."""
    connection.execute(
        delete(writes).where(
            *_one(merchant, step, subject), writes.c.lease_until <= func.clock_timestamp()
        )
    )


def in_doubt(
    connection: Connection, merchant: str, subjects: Collection[str] | None = None
) -> Sequence[Row[Any]]:
    """Return a merchant's writes whose outcome is not known, the oldest first.

    :param subjects: only those about these.
    """
    where = [writes.c.merchant == merchant, writes.c.doubt_until.is_not(None)]
    if subjects is not None:
        where.append(writes.c.subject.in_(list(subjects)))
    return connection.execute(
        select(writes).where(*where).order_by(writes.c.doubt_since, writes.c.subject)
    ).all()


def _one(merchant: str, step: str, subject: str) -> tuple[ColumnElement[bool], ...]:
    return (writes.c.merchant == merchant, writes.c.step == step, writes.c.subject == subject)


def _keys(claims: Sequence[Claim]) -> dict[str, Any]:
    return {
        "merchant": claims[0].merchant,
        "steps": [claim.step for claim in claims],
        "subjects": [claim.subject for claim in claims],
        "tokens": [claim.token for claim in claims],
    }
