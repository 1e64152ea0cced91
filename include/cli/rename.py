"""``fulfil rename <old> <new>``: a merchant gets another name, and loses nothing by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import airflow_api
from include.cli.ledger import connect
from include.cli.standstill import standstill
from include.config.merchants import folder, merchant_files, name_of_file
from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError
from include.ledger.merchants import modes, renaming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.api import AirflowApi

BY = "fulfil rename"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


def command(
    old: Annotated[str, typer.Argument(help="Short name that the merchant had.")],
    new: Annotated[str, typer.Argument(help="Short name that it has from now on.")],
    airflow_url: Annotated[
        str | None, typer.Option(help="Another Airflow than the running stack's.")
    ] = None,
) -> None:
    """Move all that the ledger knows of a merchant to its new name; refused while a run is active.

    Rename the file first, and `merchant:` in it.
    """
    for line in rename(airflow_api.connect(airflow_url), old, new):
        typer.echo(line)


def rename(api: AirflowApi, old: str, new: str) -> Iterator[str]:
    """Rename and yield what to print.

    :raises ConfigError: the names, a file, orders under the new name or an active run stand in the
        way; nothing was changed.
    """
    if not _NAME.fullmatch(new) or new == old:
        text = "The new name has 2 to 40 small letters, digits and _, a letter first."
        raise ConfigError(text)
    files = {name_of_file(path): path.name for path in merchant_files()}
    if old in files:
        text = (
            f"{files[old]} is still there in {folder()}. Rename it to {new}.yaml, write "
            f"`merchant: {new}` into it, and try again."
        )
        raise ConfigError(text, code="OLD_FILE")
    with connect() as connection:
        if not renaming.work_of(connection, old):
            text = f"The ledger knows no merchant {old}."
            raise ConfigError(text, code="NO_MERCHANT")
        taken = renaming.work_of(connection, new)
    if taken:
        what = ", ".join(f"{name}: {count}" for name, count in taken.items())
        text = (
            f"{new} is a merchant of its own in the ledger ({what}): the orders of both would get "
            "mixed up. Choose another name."
        )
        raise ConfigError(text, code="NAME_TAKEN")
    with connect() as connection:
        was = modes.of(connection, old)
    with standstill(api, [old, new], by=BY, reason=f"renamed to {new}"), connect() as connection:
        moved = renaming.rename(connection, old, new)
        # what still runs under the old name, the look for orders above all, has nothing to do
        modes.decide(connection, old, Mode.PAUSED, by=BY, reason=f"renamed to {new}")
        by, reason = was.by or BY, was.reason or f"it was {old}"
        modes.decide(connection, new, was.mode, by=by, reason=reason, until=was.until)
    yield f"{old} is {new} now: {moved} rows of the ledger were moved."
    if new not in files:
        yield f"Still to do: {folder() / new}.yaml with `merchant: {new}`."
    yield f"Its DAG is a new one, and off at first: fulfil unpause {new}"
