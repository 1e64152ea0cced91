"""Slow-moving facts of the other systems (countries, shipping providers), kept for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.ledger.tables import reference_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from sqlalchemy import Engine


def cached(
    engine: Engine, merchant: str, name: str, max_age: timedelta, load: Callable[[], Any]
) -> Any:
    """Return the kept value of ``name`` if it is younger than ``max_age``, else load and keep it.

    :param load: returns a JSON value; object keys come back as text, as JSON has no others.
    """
    key = (reference_data.c.merchant == merchant, reference_data.c.name == name)
    with engine.connect() as connection:
        row = connection.execute(
            select(reference_data.c.value).where(
                *key, reference_data.c.fetched_at > func.clock_timestamp() - max_age
            )
        ).one_or_none()
    if row is not None:
        return row.value
    value = load()
    kept = {"value": value, "fetched_at": func.clock_timestamp()}
    with engine.begin() as connection:
        stored = connection.execute(
            insert(reference_data)
            .values(merchant=merchant, name=name, **kept)
            .on_conflict_do_update(
                index_elements=[reference_data.c.merchant, reference_data.c.name], set_=kept
            )
            .returning(reference_data.c.value)
        )
        return stored.scalar_one()
