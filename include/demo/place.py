"""Where the demo's systems are: the stack on this machine, or what the environment names.

Containers name their services: FULFILMENT_API_URL, FULFILMENT_UI_USER, FULFILMENT_UI_PASSWORD,
FULFILMENT_PLENTY_URL and FULFILMENT_WEMALO_URL.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from include.core.systems.errors import Unavailable
from include.demo.run import Stage, dag_id
from include.sandbox.client import ControlClient
from include.stack import control
from include.stack.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable


def stage() -> Stage:
    """Return the systems of the demo.

    :raises ConfigError: Airflow's address is set, and a variable that goes with it is not.
    """
    layout = Layout.current()
    plenty, wemalo = control.sandbox_urls(layout)
    return Stage(
        api=control.api(layout),
        plenty=ControlClient(plenty),
        wemalo=ControlClient(wemalo),
        plenty_url=plenty,
        wemalo_url=wemalo,
    )


def wait_for_dags(where: Stage, merchants: Iterable[str], seconds: float = 180) -> None:
    """Return once Airflow knows every merchant's DAG: containers start in any order.

    :raises Unavailable: not within ``seconds``.
    """
    wanted = {dag_id(merchant) for merchant in merchants}
    deadline = time.monotonic() + seconds
    while missing := wanted - {str(dag["dag_id"]) for dag in where.api.dags()}:
        if time.monotonic() > deadline:
            text = f"Airflow does not show {', '.join(sorted(missing))} after {seconds:.0f} s."
            raise Unavailable(text)
        time.sleep(1)


def login(where: Stage) -> list[str]:
    """Return the lines that say where the UI is and how to log in."""
    if os.environ.get(control.API_URL):
        return ["The Airflow UI is where docker-compose.yaml publishes it; the login is in .env."]
    secrets = Layout.current().secrets()
    return [
        f"Airflow: {where.api.base_url}",
        f"  user {secrets.user}, password {secrets.password}",
    ]
