"""External writes, written ahead: who makes one, and until when an unknown outcome may change.

::

    take      before the call: this process holds the write for its lease, by a fencing number
    allow     after the call's permit, right before it is sent: only who still holds it may send
    end       the outcome is known: the row is gone
    doubt     the outcome is not known: it may still take effect until ``doubt_until``
    let_go    nothing was sent: the next may take it at once

A row whose ``doubt_until`` is null proves that no call has left. A process that dies after `allow`
leaves the row as `allow` wrote it: in doubt for its lease and the time to settle.
`fulfilment.flow.systems.write` is the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.errors import WriteHeld
from include.ledger.tables import write_tokens, writes

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


def take(
    connection: Connection,
    merchant: str,
    step: str,
    subjects: Collection[str],
    *,
    owner: str,
    lease_s: float,
) -> list[Claim]:
    """Take the writes of one step about some subjects; return those that nobody else holds.

    :param lease_s: longer than the wait for a permit and the call can take together.
    """
    if not subjects:
        return []
    lease = func.clock_timestamp() + _seconds(lease_s)
    statement = insert(writes).values(
        [
            {
                "merchant": merchant,
                "step": step,
                "subject": subject,
                "token": write_tokens.next_value(),
                "owner": owner,
                "lease_until": lease,
            }
            for subject in sorted(subjects)
        ]
    )
    rows = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["merchant", "step", "subject"],
            set_={"token": statement.excluded.token, "owner": owner, "lease_until": lease},
            where=writes.c.lease_until <= func.clock_timestamp(),
        ).returning(
            writes.c.subject,
            writes.c.token,
            writes.c.doubt_until,
            writes.c.lookups,
            func.clock_timestamp().label("at"),
        )
    )
    return [
        Claim(merchant, step, row.subject, row.token, row.doubt_until, row.lookups, row.at)
        for row in rows
    ]


def allow(engine: Engine, claims: Sequence[Claim], *, lease_s: float, settle_s: float) -> None:
    """Renew the claims and note that their call leaves now; the call may be sent.

    :param settle_s: how long after it was given up a call may still take effect.
    :raises WriteHeld: one of them was taken over; the call must not be sent.
    """
    now = func.clock_timestamp()
    statement = (
        update(writes)
        .where(_held(claims))
        .values(
            lease_until=now + _seconds(lease_s),
            doubt_until=now + _seconds(lease_s + settle_s),
            doubt_since=func.coalesce(writes.c.doubt_since, now),
            lookups=0,
        )
    )
    with engine.begin() as connection:
        allowed = connection.execute(statement).rowcount
        if allowed != len(claims):
            connection.rollback()
            text = (
                "Another run has taken this over while this one waited; nothing was sent by this "
                "one."
            )
            raise WriteHeld(text, merchant=claims[0].merchant)


def end(connection: Connection, claims: Sequence[Claim]) -> bool:
    """Forget writes whose outcome is known; say whether they were all still held."""
    return connection.execute(delete(writes).where(_held(claims))).rowcount == len(claims)


def doubt(connection: Connection, claims: Sequence[Claim], settle_s: float, code: str) -> None:
    """Note that the outcome of a call that has ended on our side is not known."""
    now = func.clock_timestamp()
    connection.execute(
        update(writes)
        .where(_held(claims))
        .values(lease_until=now, doubt_until=now + _seconds(settle_s), lookups=0, code=code)
    )


def let_go(connection: Connection, claims: Sequence[Claim], *, looked: bool = False) -> bool:
    """Give writes back that were not sent, and say whether they were all still held.

    What was in doubt stays so.

    :param looked: the other system clearly did not show them.
    """
    held = connection.execute(
        delete(writes).where(_held(claims), writes.c.doubt_until.is_(None))
    ).rowcount
    if held < len(claims):
        held += connection.execute(
            update(writes)
            .where(_held(claims))
            .values(lease_until=func.clock_timestamp(), lookups=writes.c.lookups + int(looked))
        ).rowcount
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


def _held(claims: Sequence[Claim]) -> ColumnElement[bool]:
    keys = [(claim.step, claim.subject, claim.token) for claim in claims]
    return and_(
        writes.c.merchant == claims[0].merchant,
        tuple_(writes.c.step, writes.c.subject, writes.c.token).in_(keys),
    )


def _seconds(value: float) -> Any:
    return func.make_interval(0, 0, 0, 0, 0, 0, float(value))
