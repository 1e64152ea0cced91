"""``fulfil plan <merchant> [run]``: what a dry run would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.ledger import connect
from include.core.dry_run.plan import Language, PlanLine, detail, summary
from include.core.systems.errors import ConfigError
from include.ledger.dry_run import plans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row

_WORDS = {
    "de": ("Plan {plan_id} von {merchant}, {made_at:%Y-%m-%d %H:%M} UTC, Lauf {run_id}",
           "Zeitraum {since:%Y-%m-%d %H:%M} bis {until:%Y-%m-%d %H:%M} UTC",
           "Unvollständig: "),
    "en": ("Plan {plan_id} of {merchant}, {made_at:%Y-%m-%d %H:%M} UTC, run {run_id}",
           "window {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC",
           "Incomplete: "),
}  # fmt: skip


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    run: Annotated[str | None, typer.Argument(help="Run id; the newest plan if left out.")] = None,
    language: Annotated[Language, typer.Option(help="Language of the texts.")] = "en",
    skipped: Annotated[
        bool, typer.Option("--skipped", help="List skipped orders one by one, too.")
    ] = False,
) -> None:
    """Show what a dry run would have done."""
    for line in describe(merchant, run, language, skipped=skipped):
        typer.echo(line)


def read(merchant: str, run_id: str | None) -> tuple[Row[Any], list[PlanLine]]:
    """Return a merchant's newest plan, or that of one run, with its lines.

    :raises ConfigError: there is none, or the ledger cannot be reached.
    """
    with connect() as connection:
        plan = plans.find(connection, merchant, run_id)
        if plan is None:
            of = f"run {run_id} of {merchant}" if run_id else merchant
            text = (
                f"There is no plan of {of}. Trigger its DAG with dry_run, or see "
                f"`fulfil backfill {merchant} <from> <to>`."
            )
            raise ConfigError(text, code="NO_PLAN")
        return plan, plans.lines_of(connection, plan.plan_id)


def describe(
    merchant: str, run_id: str | None, language: Language, *, skipped: bool
) -> Iterator[str]:
    """Yield the lines to print.

    :param skipped: list the orders that would be left alone, too, one by one.
    :raises ConfigError: see `read`.
    """
    yield from listing(*read(merchant, run_id), language, skipped=skipped)


def listing(
    plan: Row[Any], lines: Sequence[PlanLine], language: Language, *, skipped: bool
) -> Iterator[str]:
    """Yield head, summary and the orders of a plan."""
    head, window, incomplete = _WORDS[language]
    yield head.format(**plan._mapping)
    if plan.window_start and plan.window_end:
        yield window.format(since=plan.window_start, until=plan.window_end)
    yield from (incomplete + trouble for trouble in plan.troubles)
    yield ""
    yield from summary(lines, language)
    shown = [line for line in lines if skipped or line.action not in {"skip", "note"}]
    if shown:
        yield ""
    yield from (detail(line, language) for line in shown)
