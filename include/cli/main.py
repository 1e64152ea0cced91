"""``fulfil``: what the ledger knows, for people at a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli import order
from include.core.errors import FulfilmentError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Order fulfilment between plentymarkets and wemalo.",
)


@app.callback()
def main() -> None:
    """Order fulfilment between plentymarkets and wemalo."""


@app.command("order")
def order_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    order_id: Annotated[int, typer.Argument(help="plentymarkets order id.")],
) -> None:
    """Tell where one order stands, and everything that happened to it."""
    for line in order.describe(merchant, order_id):
        typer.echo(line)


def run() -> None:
    """Run the command; an error of ours is one line, not a traceback."""
    try:
        app()
    except FulfilmentError as error:
        typer.echo(error.operator, err=True)
        raise SystemExit(1) from None
