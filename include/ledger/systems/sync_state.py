"""When a concern of a merchant (stock, products) last looked, and how far it has read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from include.ledger.tables import sync_state

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

#: runs do not start on the second: a look that is almost due is due
EARLY = timedelta(seconds=20)


def state_of(connection: Connection, merchant: str, concern: str) -> Row[Any] | None:
    """Return how far a concern has read: ``looked_at``, ``read_until`` (UTC), ``data``."""
    return connection.execute(
        select(sync_state).where(sync_state.c.merchant == merchant, sync_state.c.concern == concern)
    ).one_or_none()


def is_due(connection: Connection, merchant: str, concern: str, every: timedelta) -> bool:
    """Say whether the last complete look is ``every`` ago, on the ledger's clock."""
    young = connection.execute(
        select(sync_state.c.looked_at > func.clock_timestamp() - every + EARLY).where(
            sync_state.c.merchant == merchant, sync_state.c.concern == concern
        )
    ).scalar_one_or_none()
    return not young


def looked(
    connection: Connection, merchant: str, concern: str, read_until: datetime, **data: Any
) -> None:
    """Remember a complete look; ``data`` is added to what is kept."""
    values = {"looked_at": func.clock_timestamp(), "read_until": read_until}
    connection.execute(
        insert(sync_state)
        .values(merchant=merchant, concern=concern, data=data, **values)
        .on_conflict_do_update(
            index_elements=["merchant", "concern"],
            set_={**values, "data": sync_state.c.data.op("||")(data)},
        )
    )


def forget(connection: Connection, merchant: str, concern: str) -> None:
    """Make a concern look at everything again, at once."""
    connection.execute(
        delete(sync_state).where(sync_state.c.merchant == merchant, sync_state.c.concern == concern)
    )


def set_data(connection: Connection, merchant: str, concern: str, **data: Any) -> None:
    """Add to what is kept of a concern without counting as a look."""
    connection.execute(
        insert(sync_state)
        .values(merchant=merchant, concern=concern, data=data)
        .on_conflict_do_update(
            index_elements=["merchant", "concern"],
            set_={"data": sync_state.c.data.op("||")(data)},
        )
    )
