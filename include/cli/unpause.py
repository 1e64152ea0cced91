"""``fulfil unpause <merchant>``: a merchant goes live: its mode in the ledger, its DAG in Airflow.

Pauses afterwards are those of `include.cli.pause`.
"""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import doctor, ledger
from include.cli.airflow_api import connect, page
from include.cli.pause import let_run
from include.config.merchants import dag_id, find
from include.core.doctor.report import to_do
from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError
from include.ledger.merchants import modes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.core.merchants.merchant import Merchant
    from include.stack.api import AirflowApi

PATIENCE_S = 90  # the dag processor looks for new files every few seconds


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also if the doctor does not find it ready.")
    ] = False,
) -> None:
    """Let the merchant's DAG run in the stack of this folder, once the doctor finds it ready."""
    for line in unpause(merchant, anyway=anyway):
        typer.echo(line)


def unpause(merchant: str, *, anyway: bool = False) -> Iterator[str]:
    """Unpause the DAG, waiting until Airflow has read the merchant's file.

    :param anyway: also a merchant that the doctor does not find ready.
    :raises ConfigError: the file is broken, the doctor says "not ready", Airflow does not answer or
        does not show the DAG.
    """
    settings = find(merchant)
    name = dag_id(settings.merchant)
    api = connect(None)
    if not anyway:
        _need_ready(settings)
    deadline = time.monotonic() + PATIENCE_S
    while name not in _dags(api, name):
        if time.monotonic() > deadline:
            text = f"Airflow does not show {name} yet; see its import errors."
            raise ConfigError(text)
        time.sleep(1)
    with ledger.connect() as connection:
        modes.decide(connection, merchant, Mode.LIVE, by=getpass.getuser(), reason="went live")
    let_run(api, merchant)
    yield f"{name} runs from now on; its page in Airflow: {page(api, name)}"


def _need_ready(merchant: Merchant) -> None:
    """Ask the doctor's newest report; where there is none, the doctor looks now.

    :raises ConfigError: the merchant is not ready; with the list of what to do.
    """
    report = doctor.newest(merchant)
    if report["ready"]:
        return
    fixes = "\n".join(f"  {line}" for line in to_do(report, "en"))
    name = merchant.merchant
    text = (
        f"{name} is not ready ({report['score']} / 100), so it stays paused:\n{fixes}\n"
        f"Then: fulfil doctor {name}, and again. `--anyway` lets it run all the same."
    )
    raise ConfigError(text, code="NOT_READY", merchant=name)


def _dags(api: AirflowApi, name: str) -> set[str]:
    answer = api.call("GET", "dags", params={"dag_id_pattern": name, "limit": 100})
    return {dag["dag_id"] for dag in answer["dags"]}
