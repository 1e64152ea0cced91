"""``fulfil pause`` and ``fulfil resume``: how much of a merchant's work is done from now on."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import airflow_api
from include.cli.ledger import check_known, connect
from include.config.merchants import dag_id
from include.core.merchants.modes import Mode
from include.core.merchants.pause_texts import DagState, waits
from include.core.systems.errors import ConfigError
from include.ledger.merchants import modes, pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.api import AirflowApi


def pause_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    reason: Annotated[str, typer.Option(help="Why; everybody who looks reads it.")],
    new_orders: Annotated[
        bool, typer.Option("--new-orders", help="Take nothing new; finish what the warehouse has.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--everything", help="Let all stand, what is out included.")
    ] = False,
    until: Annotated[
        str, typer.Option(help="When it ends by itself: 2026-12-24T18:00 (UTC, or with a zone).")
    ] = "",
    by: Annotated[str, typer.Option(help="Who; by default the user of this machine.")] = "",
) -> None:
    """Let a merchant take no new orders, or let everything stand; say what stays undone."""
    if new_orders == everything:
        text = "Say what to pause: --new-orders or --everything."
        raise ConfigError(text, code="PAUSE_WHAT", merchant=merchant)
    mode = Mode.FINISH if new_orders else Mode.PAUSED
    for line in pause(merchant, mode, reason, _time(until), by or getpass.getuser()):
        typer.echo(line)


def resume_command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    by: Annotated[str, typer.Option(help="Who; by default the user of this machine.")] = "",
) -> None:
    """End a pause: the ledger's, and that of the DAG in Airflow."""
    for line in resume(merchant, by or getpass.getuser()):
        typer.echo(line)


def pause(merchant: str, mode: Mode, reason: str, until: datetime | None, by: str) -> Iterator[str]:
    """Put a mode in force and yield what that means.

    :raises ConfigError: the merchant or the ledger is not there, or an argument makes no sense.
    """
    with connect() as connection:
        check_known(connection, merchant)
        counts = pauses.decide(connection, merchant, mode, by=by, reason=reason, until=until)
        standing = modes.of(connection, merchant)
    yield standing.left_undone
    yield f"Waiting now: {waits(counts)['waits_en']}."


def resume(merchant: str, by: str) -> Iterator[str]:
    """Make a merchant live, switch its DAG on, and yield what was done.

    :raises ConfigError: the merchant, the ledger or Airflow is not there.
    """
    with connect() as connection:
        check_known(connection, merchant)
        pauses.decide(connection, merchant, Mode.LIVE, by=by, reason="resumed")
    yield f"{merchant} is live: what waited goes on within a minute."
    yield from switch_on(merchant)


def switch_on(merchant: str) -> Iterator[str]:
    """Switch the merchant's DAG on in Airflow where it is paused."""
    name = dag_id(merchant)
    api = airflow_api.connect(None)
    paused = {dag["dag_id"]: dag["is_paused"] for dag in api.dags()}
    if name not in paused:
        yield f"Airflow shows no {name}: is the merchant's file there (`fulfil lint`)?"
    elif paused[name]:
        let_run(api, merchant)
        yield f"{name} was paused in Airflow and is switched on."


def let_run(api: AirflowApi, merchant: str) -> None:
    """Switch the merchant's DAG on, and close what was told of its pause."""
    api.call("PATCH", f"dags/{dag_id(merchant)}", json={"is_paused": False})
    with connect() as connection:
        pauses.tell(connection, merchant, DagState(paused=False))


def check_live(merchant: str) -> None:
    """Make sure that a merchant's work does not stand.

    :raises ConfigError: somebody paused it; the text says what is left undone.
    """
    with connect() as connection:
        standing = modes.of(connection, merchant)
    if standing.mode is not Mode.LIVE:
        raise ConfigError(standing.left_undone, code="PAUSED", merchant=merchant)


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time. Write it like 2026-12-24T18:00 (UTC)."
        raise ConfigError(message, code="TIME") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
