"""Data Docs as they are shown: the page Great Expectations made, or a list of pages."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, select_autoescape

from fulfilment.hooks.ledger import LedgerHook
from include.ledger.quality import data_docs
from include.quality.docs import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Template


def overview(merchant: str, run_id: str | None) -> tuple[HTTPStatus, str]:
    """Return the newest page of a run; without a run, or without a page of it, the list."""
    with LedgerHook().engine.connect() as connection:
        rows = data_docs.listed(connection, merchant)
        of_run = [row for row in rows if row.run_id == run_id]
        shown = data_docs.page(connection, merchant, of_run[0].page_id) if of_run else None
    if shown is not None:
        return HTTPStatus.OK, shown
    return HTTPStatus.OK, _list().render(merchant=merchant, run_id=run_id, rows=rows)


def one(merchant: str, page_id: int) -> tuple[HTTPStatus, str]:
    """Return one page; 404 and the list where it is not there, or of another merchant."""
    with LedgerHook().engine.connect() as connection:
        shown = data_docs.page(connection, merchant, page_id)
        rows = [] if shown is not None else data_docs.listed(connection, merchant)
    if shown is not None:
        return HTTPStatus.OK, shown
    return HTTPStatus.NOT_FOUND, _list().render(merchant=merchant, gone=True, rows=rows)


@cache
def _list() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(default=True)
    )
    return environment.get_template("list.j2")
