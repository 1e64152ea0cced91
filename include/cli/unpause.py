"""``fulfil unpause <merchant>``: let a merchant's DAG run in the stack of this folder."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from include.cli.airflow_api import connect, page
from include.config.merchants import dag_id, find
from include.core.errors import ConfigError

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
    api.call("PATCH", f"dags/{name}", json={"is_paused": False})
    yield f"{name} runs from now on; its page in Airflow: {page(api, name)}"


def _dags(api: AirflowApi, name: str) -> set[str]:
    answer = api.call("GET", "dags", params={"dag_id_pattern": name, "limit": 100})
    return {dag["dag_id"] for dag in answer["dags"]}
