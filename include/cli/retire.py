"""``fulfil retire <merchant>``: see what is open, finish it or stop it, and end the merchant."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import airflow_api
from include.cli.ledger import connect
from include.cli.standstill import standstill
from include.config.merchants import dag_id, load_all
from include.config.telling import RETIRING
from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError
from include.ledger.exceptions import exceptions
from include.ledger.merchants import merchant_files, pauses
from include.ledger.merchants.open_work import NOT_SENT, Open, open_work
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.stack.api import AirflowApi

BY = "fulfil retire"


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    finish: Annotated[
        bool, typer.Option("--finish", help="Take no new orders; end once nothing is open.")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="End now; what is open is left to people.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --stop.")] = False,
    airflow_url: Annotated[
        str | None, typer.Option(help="Another Airflow than the running stack's.")
    ] = None,
) -> None:
    """Show what is open of a merchant and, if told so, end it.

    At the end its DAG is off, nobody looks for its orders, and its connections are removed. The
    ledger keeps its history for as long as the retention says.
    """
    if finish and stop:
        text = "--finish or --stop, not both."
        raise ConfigError(text)
    left, known = _open(merchant)
    for line in show(merchant, left, known=known):
        typer.echo(line)
    if not (finish or stop):
        return
    if not known:
        raise typer.Exit(1)
    waits = [one for one in left if one.kind != NOT_SENT]
    if finish and waits:
        for line in finish_only(merchant):
            typer.echo(line)
        return
    if stop and waits and not yes:
        typer.confirm("Nobody does this any more, and nobody is told of it. End it?", abort=True)
    for line in end(airflow_api.connect(airflow_url), merchant):
        typer.echo(line)


def _open(merchant: str) -> tuple[list[Open], bool]:
    with connect() as connection:
        return open_work(connection, merchant), merchant in merchant_files.names(connection)


def show(merchant: str, left: Sequence[Open], *, known: bool) -> Iterator[str]:
    """Yield what is open, and what becomes of it.

    :param known: the merchant has worked with this ledger and is not retired.
    """
    if not known:
        yield f"{merchant} never worked with this ledger, or is retired already."
    yield from _listing(merchant, left)
    if known:
        yield (
            f"`fulfil retire {merchant} --finish` takes no new orders and ends once the rest is "
            "finished; `--stop` ends now and leaves it to people."
        )


def _listing(merchant: str, left: Sequence[Open]) -> Iterator[str]:
    if not left:
        yield f"Nothing is open of {merchant}."
    for one in left:
        ids = ", ".join(one.ids) + (" ..." if one.number > len(one.ids) else "")
        yield f"{one.number} {one.kind}: {ids}"
        if one.kind == NOT_SENT:
            yield "  They stay in plentymarkets with their status; nothing has to be undone."


def finish_only(merchant: str) -> Iterator[str]:
    """Let the merchant take no new orders from now on, and yield what is awaited."""
    with connect() as connection:
        pauses.decide(connection, merchant, Mode.FINISH, by=getpass.getuser(), reason=RETIRING)
    yield (
        f"{merchant} takes no new orders from now on; the rest is finished by its runs. Call this "
        "again to end it: once nothing but orders that were not handed over is open."
    )


def end(api: AirflowApi, merchant: str) -> Iterator[str]:
    """End the merchant: nothing is done for it any more; yield what to print.

    :raises ConfigError: a run is active, or Airflow does not answer; nothing was changed.
    """
    good, _ = load_all()
    with connect() as connection:
        versions = merchant_files.last_good(connection, merchant_files.names(connection))
    own = _connections(versions.pop(merchant).settings)
    others = [one.model_dump() for one in good if one.merchant != merchant]
    used = set().union(*map(_connections, [*others, *(one.settings for one in versions.values())]))
    with standstill(api, [merchant], by=BY, reason="retired"), connect() as connection:
        merchant_files.retire(connection, merchant)
        journal = Journal(merchant, "fulfil retire", f"by {getpass.getuser()}", 1)
        exceptions.clear(connection, journal, exceptions.MERCHANT)
    yield f"{merchant} is retired: nothing is read or written for it any more."
    name = dag_id(merchant)
    if name in {dag["dag_id"] for dag in api.dags()}:
        api.call("PATCH", f"dags/{name}", json={"is_paused": True})
        yield f"{name} is off."
    rows = api.call("GET", "connections", params={"limit": 1000})["connections"]
    for conn in sorted((own - used) & {row["connection_id"] for row in rows}):
        api.call("DELETE", f"connections/{conn}")
        yield f"The connection {conn} is removed."
    for conn in sorted(own & used):
        yield f"The connection {conn} stays: another merchant uses it."
    if any(one.merchant == merchant for one in good):
        yield f"Still to do: remove {merchant}.yaml from the folder of merchant files."


def _connections(settings: Mapping[str, Any]) -> set[str]:
    return {settings["plenty"]["connection"], settings["wemalo"]["connection"]}
