"""Data Docs in the ledger: every worker writes there, every API server can show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select

from include.ledger.tables import data_docs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Row


def keep(
    connection: Connection,
    merchant: str,
    run_id: str,
    page: str,
    *,
    orders: int,
    not_sent: int,
    max_age: timedelta,
    max_pages: int,
) -> None:
    """Keep the page of one batch and remove the merchant's old ones."""
    connection.execute(
        insert(data_docs).values(
            merchant=merchant, run_id=run_id, page=page, orders=orders, not_sent=not_sent
        )
    )
    newest = (
        select(data_docs.c.page_id)
        .where(data_docs.c.merchant == merchant)
        .order_by(data_docs.c.page_id.desc())
        .limit(max_pages)
    )
    connection.execute(
        delete(data_docs).where(
            data_docs.c.merchant == merchant,
            or_(
                data_docs.c.page_id.not_in(newest),
                data_docs.c.written_at < func.now() - max_age,
            ),
        )
    )


def listed(connection: Connection, merchant: str, run_id: str | None = None) -> Sequence[Row[Any]]:
    """Return a merchant's pages, or those of one run, newest first, without their text."""
    where = [data_docs.c.merchant == merchant]
    if run_id is not None:
        where.append(data_docs.c.run_id == run_id)
    columns = [column for column in data_docs.c if column.name != "page"]
    return connection.execute(
        select(*columns).where(*where).order_by(data_docs.c.page_id.desc())
    ).all()


def page(connection: Connection, merchant: str, page_id: int) -> str | None:
    """Return one page (HTML), None when it is not there (any more)."""
    return connection.execute(
        select(data_docs.c.page).where(
            data_docs.c.merchant == merchant, data_docs.c.page_id == page_id
        )
    ).scalar_one_or_none()
