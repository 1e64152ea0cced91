"""A copy of one merchant's ledger that can be worked with and is thrown away: nothing is kept.

The copy is made of temporary tables in one session. PostgreSQL looks for a name there first, so
the same queries that work on the ledger work on the copy, and the ledger itself is out of reach of
a session that only ever says ``orders`` and never ``public.orders``. It holds no lock on a row of
the ledger, so live runs go on beside it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Identity, MetaData, text
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from include.core.orders.states import ENDED
from include.ledger.engine import ledger_engine
from include.ledger.tables import (
    circuits,
    data_docs,
    metadata,
    order_events,
    plan_lines,
    plans,
    quality_days,
    quality_seen,
    rate_budget,
    shadow_results,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine, Table

#: calls are really made, so their limits, logins and failures are kept in the ledger itself
_SHARED = {
    table.name for table in (circuits, rate_budget, tokens, plans, plan_lines, shadow_results)
}
#: a merchant's past that decides nothing
_EMPTY = {table.name for table in (order_events, data_docs, quality_days, quality_seen)}
#: what is long and decides nothing once the row is over: table -> column, value, when
_SHORTENED = {
    ("orders", "content"): (
        "CASE WHEN state IN ({}) THEN NULL ELSE content END".format(
            ", ".join(f"'{state}'" for state in sorted(ENDED))
        )
    ),
    ("outbox", "payload"): (
        "CASE WHEN state IN ('done', 'dropped') AND unchecked_since IS NULL THEN '{}' "
        "ELSE payload END"
    ),
}


@contextmanager
def paper_ledger(engine: Engine, merchant: str) -> Iterator[Engine]:
    """Give an engine whose only session sees a copy of the merchant's rows, as of now.

    It serves one thread. The copy vanishes with the block, and with the process.
    """
    # the password is not in the text of a URL, so the URL itself is handed on
    paper = ledger_engine(engine.url, application="fulfilment-plan", poolclass=StaticPool)
    try:
        with paper.connect() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            schema = connection.execute(text("SELECT current_schema()")).scalar_one()
            for table in metadata.sorted_tables:
                if table.name not in _SHARED:
                    _copy(connection, table, str(schema), merchant)
            connection.commit()
        yield paper
    finally:
        paper.dispose()


def _copy(connection: Connection, table: Table, schema: str, merchant: str) -> None:
    made = table.to_metadata(MetaData(naming_convention=metadata.naming_convention))
    made._prefixes = ["TEMPORARY"]
    made.dialect_options["postgresql"]["partition_by"] = None  # it has no months to put rows into
    for key in list(made.foreign_key_constraints):
        made.constraints.remove(key)  # the rows come from tables that keep them right
    connection.execute(CreateTable(made))
    if table.name in _EMPTY:
        return
    names = [column.name for column in table.columns]
    values = [_SHORTENED.get((table.name, name), f'"{name}"') for name in names]
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        text(
            f'INSERT INTO pg_temp."{table.name}" ({columns}) SELECT {", ".join(values)} '  # noqa: S608
            f'FROM "{schema}"."{table.name}" WHERE merchant = :merchant'
        ),
        {"merchant": merchant},
    )
    for index in made.indexes:
        connection.execute(CreateIndex(index))
    for column in table.columns:
        if isinstance(column.server_default, Identity):
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('pg_temp.{table.name}', "  # noqa: S608
                    f"'{column.name}'), coalesce(max(\"{column.name}\"), 0) + 1, false) "
                    f'FROM pg_temp."{table.name}"'
                )
            )
    connection.execute(text(f'ANALYZE pg_temp."{table.name}"'))
