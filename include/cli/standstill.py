"""Make sure that nobody works for a merchant while the ledger's rows of it are moved or closed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fulfilment import texts

from include.cli.ledger import connect
from include.config.merchants import dag_id
from include.core.merchants.modes import Mode
from include.core.systems.errors import ConfigError
from include.ledger.merchants import modes
from include.ledger.systems import locks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from include.stack.api import AirflowApi

#: a task that has just failed is tried again after half a minute, and then skips
PATIENCE_S, ASK_EVERY_S = 180.0, 2.0


@contextmanager
def standstill(api: AirflowApi, merchants: list[str], *, by: str, reason: str) -> Iterator[None]:
    """Pause merchants, wait until no run of them is active, and go on.

    What happens inside decides about their modes; if it fails, they are as they were.

    :param by: the command, as `fulfil exceptions` and the mode show it.
    :raises ConfigError: code ``RUN_ACTIVE``: a run did not end in time; nothing was changed.
    """
    with connect() as connection:
        before = [modes.of(connection, name) for name in merchants]
        for name in merchants:
            modes.decide(connection, name, Mode.PAUSED, by=by, reason=reason)
    try:
        _wait(api, merchants)
        yield
    except BaseException:
        with connect() as connection:
            for was in before:
                modes.decide(
                    connection, was.merchant, was.mode, by=was.by or by, reason=was.reason,
                    until=was.until,
                )  # fmt: skip
        raise


def _wait(api: AirflowApi, merchants: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        active = _active(api, merchants)
        with connect() as connection:
            busy = [name for name in merchants if _at_work(connection, name)]
        if not active and not busy:
            return
        if time.monotonic() > deadline:
            what = ", ".join(active) or f"a task of {', '.join(busy)}"
            text = (
                f"{what} is still active after {PATIENCE_S:.0f} seconds. Wait for its end, or mark "
                "it as failed in Airflow (nothing is lost by that), and try again. Nothing was "
                "changed."
            )
            raise ConfigError(text, code="RUN_ACTIVE")
        time.sleep(ASK_EVERY_S)


def _active(api: AirflowApi, merchants: list[str]) -> list[str]:
    params = {"state": ["running", "queued"], "limit": 1000}
    runs = api.call("GET", "dags/~/dagRuns", params=params)["dag_runs"]
    names = {dag_id(merchant) for merchant in merchants}
    return [f"run {run['dag_run_id']} of {run['dag_id']}" for run in runs if run["dag_id"] in names]


def _at_work(connection: Connection, merchant: str) -> bool:
    return locks.at_work(connection, merchant, sorted(texts.TASKS))
