"""``fulfil``: what the ledger knows, for people at a terminal."""

from __future__ import annotations

import os

import typer

from include.cli.lazy import lazy_group
from include.core.systems.errors import FulfilmentError
from include.ledger import URL_VARIABLE
from include.stack.layout import Layout

COMMANDS = {
    "check-address": (
        "check_address:command",
        "Check addresses from standard input, one JSON object per line.",
    ),
    "doctor": (
        "doctor:command",
        "Compare both systems with the merchant's file and list what to fix; writes nothing there.",
    ),
    "lint": (
        "lint:command",
        "Check merchant files: no database, no network; exit code 1 if anything is wrong.",
    ),
    "new": (
        "new:command",
        "Set a merchant up: tries both systems, asks for what is missing, writes file and "
        "connections.",
    ),
    "schema": (
        "schema:command",
        "Print the JSON Schema of merchant files, for editors and other programs.",
    ),
    "plan": ("plan:command", "Show what a dry run would have done."),
    "backfill": (
        "backfill:command",
        "Show what a replay of these days or orders would repair, ask, and do it in Airflow.",
    ),
    "shadow": (
        "shadow:command",
        "Tell what we would have done beside another connection, and whether to go live.",
    ),
    "rename": (
        "rename:command",
        "Move all that the ledger knows of a merchant to its new name; refused while a run is "
        "active.",
    ),
    "retire": ("retire:command", "Show what is open of a merchant and, if told so, end it."),
    "status": (
        "desk:status_command",
        "Show all merchants side by side, the one that needs a person first.",
    ),
    "orders": (
        "desk:orders_command",
        "List a merchant's orders that have not ended, and why they are where they are.",
    ),
    "pause": (
        "pause:pause_command",
        "Let a merchant take no new orders, or let everything stand; say what stays undone.",
    ),
    "resume": (
        "pause:resume_command", "End a pause: the ledger's, and that of the DAG in Airflow."
    ),
    "unpause": (
        "unpause:command",
        "Let the merchant's DAG run in the stack of this folder, once the doctor finds it ready.",
    ),
    "order": (
        "order:command", "Tell where one order stands, and everything that happened to it."
    ),
    "exceptions": (
        "exceptions:command", "List what a person should look at, and what to do about it."
    ),
    "acknowledge": (
        "exceptions:acknowledge_command",
        "Note that an exception was seen; what tells of something past is closed by that.",
    ),
    "quality": (
        "quality:command", "Tell how many orders broke which rule, and how that changes."
    ),
    "what-if": (
        "what_if:command",
        "Tell what changed rules would have decided differently; nothing is written.",
    ),
}  # fmt: skip
GROUPS = {
    "sandbox": (
        "The sandbox of both remote systems.",
        {
            "add-merchant": (
                "sandbox:add_command",
                "Open a merchant in the sandbox and print what `fulfil new` asks for.",
            ),
            "warehouse-day": (
                "sandbox:day_command", "Let the sandbox's warehouse ship what it has."
            ),
        },
    ),
    "stock": (
        "Stock on its way to plentymarkets.",
        {
            "show": (
                "stock:show_command",
                "Show what was booked per product, what differs and what waits for a person.",
            ),
            "approve": (
                "stock:approve_command",
                "Show held changes of stock, ask, and confirm them; the next look books them.",
            ),
        },
    ),
}  # fmt: skip

app = typer.Typer(
    cls=lazy_group(COMMANDS, GROUPS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Order fulfilment between plentymarkets and wemalo.",
)


@app.callback()
def main() -> None:
    """Order fulfilment between plentymarkets and wemalo."""


def _name_ledger() -> None:
    """Name the ledger of this folder's stack to all that asks the environment for one."""
    layout = Layout.current()
    if layout.running_file.exists():
        from include.stack.airflow_env import ledger_url  # what `--help` can do without

        os.environ.setdefault(URL_VARIABLE, ledger_url(layout))


def run() -> None:
    """Run the command; an error of ours is one line, not a traceback."""
    try:
        _name_ledger()
        app()
    except FulfilmentError as error:
        typer.echo(error.operator, err=True)
        raise SystemExit(1) from None
