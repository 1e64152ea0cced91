"""``fulfil unpause <merchant>``: a merchant goes live: its mode in the ledger, its DAG in Airflow.

Pauses afterwards are those of `include.cli.pause`.
"""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING

from include.cli import ledger
from include.cli.airflow_api import connect, page
from include.config.merchants import dag_id, find
from include.core.errors import ConfigError
from include.core.modes import Mode
from include.ledger import modes, pauses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.stack.api import AirflowApi

PATIENCE_S = 90  # the dag processor looks for new files every few seconds


def unpause(merchant: str) -> Iterator[str]:
    """Unpause the DAG, waiting until Airflow has read the merchant's file.

    :raises ConfigError: the file is broken, Airflow does not answer or does not show the DAG.
    """
    name = dag_id(find(merchant).merchant)
    api = connect(None)
    deadline = time.monotonic() + PATIENCE_S
    while name not in _dags(api, name):
        if time.monotonic() > deadline:
            text = f"Airflow does not show {name} yet; see its import errors."
            raise ConfigError(text)
        time.sleep(1)
    with ledger.connect() as connection:
        modes.decide(connection, merchant, Mode.LIVE, by=getpass.getuser(), reason="went live")
        pauses.tell(connection, merchant)
    api.call("PATCH", f"dags/{name}", json={"is_paused": False})
    yield f"{name} runs from now on; its page in Airflow: {page(api, name)}"


def _dags(api: AirflowApi, name: str) -> set[str]:
    answer = api.call("GET", "dags", params={"dag_id_pattern": name, "limit": 100})
    return {dag["dag_id"] for dag in answer["dags"]}
