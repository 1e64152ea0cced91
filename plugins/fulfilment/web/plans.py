"""The plan of a dry run as a page."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, select_autoescape

from fulfilment.hooks.ledger import LedgerHook
from include.config.merchants import find
from include.core.dry_run.plan import summary
from include.core.systems.errors import ConfigError
from include.ledger.dry_run import plans
from include.quality.docs import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Template

    from include.core.dry_run.plan import Language

_OWN = Path(__file__).parent / "templates"


def show(merchant: str, run_id: str | None, language: Language | None) -> tuple[HTTPStatus, str]:
    """Return the plan of a run, or the newest one; 404 and a page that says so without one.

    :param language: the merchant's own if left out.
    """
    words = language or _language_of(merchant)
    with LedgerHook().engine.connect() as connection:
        plan = plans.find(connection, merchant, run_id)
        lines = plans.lines_of(connection, plan.plan_id) if plan is not None else []
    html = _template().render(
        merchant=merchant,
        run_id=run_id,
        plan=plan,
        language=words,
        sentences=list(summary(lines, words)),
        lines=[line for line in lines if line.action != "skip"],
        skipped=[line for line in lines if line.action == "skip"],
    )
    return (HTTPStatus.NOT_FOUND if plan is None else HTTPStatus.OK), html


def _language_of(merchant: str) -> Language:
    try:
        return find(merchant).language
    except ConfigError:
        return "en"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader([_OWN, TEMPLATES]), autoescape=select_autoescape(default=True)
    )
    return environment.get_template("plan.j2")
