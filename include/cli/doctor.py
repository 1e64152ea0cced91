"""``fulfil doctor <merchant>``: compare both systems with the merchant's file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from include.config.merchants import dag_id, find, load_all
from include.core.doctor.report import lines
from include.ledger.doctor import doctor as ledger
from include.stack import airflow_env
from include.stack.layout import Layout

if TYPE_CHECKING:
    from fulfilment.flow.doctor.read import Visit
    from sqlalchemy import Engine

    from include.core.merchants.merchant import Merchant


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    language: Annotated[Literal["de", "en"], typer.Option(help="Language of the report.")] = "en",
) -> None:
    """Compare both systems with the merchant's file and list what to fix; writes nothing there.

    Exit code 1 if orders cannot travel yet.
    """
    use_stack()
    settings = find(merchant)
    _, broken = load_all(dag_id(merchant))
    one = _visit(settings)
    for file in broken:
        typer.echo(file.message)
        typer.echo(file.going_on())
    for line in lines(one.report, language):
        typer.echo(line)
    for check in one.changed:
        before = "Geändert" if language == "de" else "Changed"
        typer.echo(f"{before}: {check.code} {check.text(language)}")
    raise typer.Exit(0 if one.report.ready and not broken else 1)


def newest(merchant: Merchant) -> dict[str, Any]:
    """Return the newest report as JSON (`include.core.doctor.report`); if none is kept: look."""
    use_stack()
    engine = _ledger()
    if engine is not None:
        with engine.connect() as connection:
            kept, _ = ledger.kept(connection, merchant.merchant)
        if kept is not None:
            return kept
    return _visit(merchant).report.to_json()


def _visit(merchant: Merchant) -> Visit:
    use_stack()
    from fulfilment.operators.doctor import call_on  # imports Airflow, in the stack's environment

    return call_on(merchant, _ledger())


def use_stack() -> None:
    """Take the environment of this folder's stack, so that its connections are found."""
    layout = Layout.current()
    if layout.running_file.exists():
        for name, value in airflow_env.environment(layout, layout.ports()).items():
            os.environ.setdefault(name, value)
        # outside of a task, connections come from the metadata database only in this context
        os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")


def _ledger() -> Engine | None:
    """Return the ledger, None if it does not answer: the systems can be looked at without it."""
    from fulfilment.hooks.ledger import LedgerHook

    from include.core.systems.errors import ConfigError, LedgerUnavailable

    try:
        engine = LedgerHook().engine
        engine.connect().close()
    except (ConfigError, LedgerUnavailable):
        return None
    return engine
