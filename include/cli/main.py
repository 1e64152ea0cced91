"""``fulfil``: what the ledger knows, for people at a terminal."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import Annotated, Literal

import typer

from include.cli import (
    backfill,
    check_address,
    doctor,
    exceptions,
    lint,
    new,
    order,
    pause,
    plan,
    quality,
    rename,
    retire,
    sandbox,
    schema,
    shadow,
    stock,
    unpause,
    what_if,
)
from include.cli.ledger import name_it
from include.core.systems.errors import FulfilmentError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Order fulfilment between plentymarkets and wemalo.",
)


@app.callback()
def main() -> None:
    """Order fulfilment between plentymarkets and wemalo."""


app.command("check-address")(check_address.command)
app.command("doctor")(doctor.command)
app.command("lint")(lint.command)
app.command("new")(new.command)
app.command("schema")(schema.command)
app.command("plan")(plan.command)
app.command("backfill")(backfill.command)
app.command("shadow")(shadow.command)
app.command("rename")(rename.command)
app.command("retire")(retire.command)


app.command("pause")(pause.pause_command)
app.command("resume")(pause.resume_command)


@app.command("unpause")
def unpause_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also if the doctor does not find it ready.")
    ] = False,
) -> None:
    """Let the merchant's DAG run in the stack of this folder, once the doctor finds it ready."""
    for line in unpause.unpause(merchant, anyway=anyway):
        typer.echo(line)


sandbox_app = typer.Typer(no_args_is_help=True, help="The sandbox of both remote systems.")
app.add_typer(sandbox_app, name="sandbox")


@sandbox_app.command("add-merchant")
def sandbox_add_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    orders: Annotated[int, typer.Option(min=0, max=30, help="Released orders to begin with.")] = 10,
) -> None:
    """Open a merchant in the sandbox and print what `fulfil new` asks for."""
    for line in sandbox.add_merchant(merchant, orders):
        typer.echo(line)


@sandbox_app.command("warehouse-day")
def sandbox_day_command() -> None:
    """Let the sandbox's warehouse ship what it has."""
    for line in sandbox.warehouse_day():
        typer.echo(line)


@app.command("order")
def order_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    order_id: Annotated[int, typer.Argument(help="plentymarkets order id.")],
) -> None:
    """Tell where one order stands, and everything that happened to it."""
    for line in order.describe(merchant, order_id):
        typer.echo(line)


@app.command("exceptions")
def exceptions_command(
    merchant: Annotated[str | None, typer.Argument(help="Only this merchant.")] = None,
    language: Annotated[Literal["de", "en"], typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """List what a person should look at, and what to do about it."""
    for line in exceptions.describe(merchant, language):
        typer.echo(line)


@app.command("acknowledge")
def acknowledge_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    subject: Annotated[str, typer.Argument(help="As `fulfil exceptions` shows it: order:123.")],
    code: Annotated[str, typer.Argument(help="Code of the exception.")],
    note: Annotated[str, typer.Option(help="What was done about it.")] = "",
    by: Annotated[str, typer.Option(help="Who; by default the user of this machine.")] = "",
) -> None:
    """Note that an exception was seen; what tells of something past is closed by that."""
    for line in exceptions.acknowledge(merchant, subject, code, note, by):
        typer.echo(line)


@app.command("quality")
def quality_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="Days up to today (UTC).")] = 7,
    language: Annotated[Literal["de", "en"], typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Tell how many orders broke which rule, and how that changes."""
    for line in quality.describe(merchant, days, language):
        typer.echo(line)


@app.command("what-if")
def what_if_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    rules: Annotated[
        Path,
        typer.Option(help="YAML with a `quality:` section or more, laid over the merchant's file."),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="Orders first read since then.")] = 14,
) -> None:
    """Tell what changed rules would have decided differently; nothing is written."""
    for line in what_if.describe(merchant, rules, days):
        typer.echo(line)


stock_app = typer.Typer(no_args_is_help=True, help="Stock on its way to plentymarkets.")
app.add_typer(stock_app, name="stock")


@stock_app.command("show")
def stock_show_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
) -> None:
    """Show what was booked per product, what differs and what waits for a person."""
    for line in stock.show(merchant):
        typer.echo(line)


@stock_app.command("approve")
def stock_approve_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    product: Annotated[
        list[int] | None, typer.Option(help="Only this variation; may be given several times.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who confirms; your login name by default.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Show held changes of stock, ask, and confirm them; the next look books them."""
    for line in stock.approve(merchant, product or (), by=by, sure=yes):
        typer.echo(line)


def run() -> None:
    """Run the command; an error of ours is one line, not a traceback."""
    try:
        name_it()
        app()
    except FulfilmentError as error:
        typer.echo(error.operator, err=True)
        raise SystemExit(1) from None
