"""Merchants' DAGs that are paused in Airflow: told, and put right where nobody paused them.

Runs as one thread of the API server, the only part of Airflow with its database and this project's
code that lives all the time; of several servers one at a time looks. A paused DAG has no run and no
watcher of its own that could tell.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import State
from sqlalchemy import and_, or_, select

from fulfilment.hooks.ledger import LedgerHook
from include.config.merchants import dag_id
from include.core.merchants.modes import Mode
from include.core.merchants.pause_texts import DagState
from include.core.systems.failures import as_own
from include.ledger.merchants import modes, pauses
from include.ledger.systems import locks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

log = logging.getLogger("fulfilment.dag_watch")

EVERY_S = 20.0
PREFIX = dag_id("")
#: who switches a DAG on again that nobody paused
OURSELVES = "fulfilment"
_BY_API, _BY_COMMAND = ("patch_dag", "patch_dags"), ("cli_dag_pause", "cli_dag_unpause")
_PUT_RIGHT = "fulfilment_unpause"
_NEWEST = 50  # entries of the audit log about a DAG; most say nothing of a pause
_started_in: int | None = None


def start() -> None:
    """Begin to look, once per process."""
    global _started_in
    if _started_in == os.getpid():
        return
    _started_in = os.getpid()
    threading.Thread(target=_look_for_ever, name="dag_watch", daemon=True).start()


def _look_for_ever() -> None:
    trouble = ""
    while True:
        time.sleep(EVERY_S)
        try:
            look(LedgerHook().engine)
            trouble = ""
        except Exception as error:  # a database that is away comes back
            own = as_own(error)
            if own.code != trouble:
                log.warning("paused DAGs cannot be looked for: %s", own)
                trouble = own.code


def look(engine: Engine) -> list[str]:
    """Look at all merchants' DAGs once; return the merchants whose DAG was switched on again."""
    put_right: list[str] = []
    with engine.begin() as connection:
        if not locks.only_one(connection, "dag_watch"):
            return []
        told = {row.merchant for row in pauses.open_pauses(connection)}
        stands = {
            name
            for name, standing in modes.decided(connection).items()
            if standing.mode is not Mode.LIVE
        }
        with create_session() as session:
            dags = _dags(session)
            paused = {name for name, is_paused in dags.items() if is_paused}
            for name in sorted(paused | told | stands):
                dag = _state(session, name, paused=name in paused) if name in dags else None
                if pauses.tell(connection, name, dag):
                    _switch_on(session, name)
                    put_right.append(name)
    return put_right


def _dags(session: Session) -> dict[str, bool]:
    """Return the merchants that have a DAG, and whether it is paused."""
    rows = session.execute(
        select(DagModel.dag_id, DagModel.is_paused).where(
            DagModel.dag_id.startswith(PREFIX, autoescape=True), DagModel.is_stale.is_(False)
        )
    )
    return {row.dag_id.removeprefix(PREFIX): bool(row.is_paused) for row in rows}


def _state(session: Session, merchant: str, *, paused: bool) -> DagState:
    if not paused:
        return DagState(paused=False)
    name = dag_id(merchant)
    by, since = _who_paused(session, name)
    return DagState(paused=True, by=by, since=since, open_tasks=_open_tasks(session, name))


def _who_paused(session: Session, name: str) -> tuple[str, datetime | None]:
    """Return who paused a DAG and when, by the audit log; nobody if its last word is another."""
    rows = session.execute(
        select(Log.event, Log.owner, Log.extra, Log.dttm)
        .where(
            Log.event.in_([*_BY_API, *_BY_COMMAND, _PUT_RIGHT]),
            or_(Log.dag_id == name, and_(Log.dag_id.is_(None), Log.event == "patch_dags")),
        )
        .order_by(Log.dttm.desc())
        .limit(_NEWEST)
    )
    for row in rows:
        word = _is_pause(row.event, row.extra)
        if word is not None:
            return (row.owner or "?", row.dttm) if word else ("", None)
    return "", None


def _is_pause(event: str, extra: str | None) -> bool | None:
    """Say whether an entry pauses (True) or unpauses (False); None where it does neither."""
    if event in _BY_COMMAND:
        return event == "cli_dag_pause"
    if event == _PUT_RIGHT:
        return False
    try:
        word: Any = json.loads(extra or "{}").get("is_paused")
    except (ValueError, AttributeError):
        return None
    if word is None:
        return None
    return str(word).lower() == "true"


def _open_tasks(session: Session, name: str) -> dict[str, list[str]]:
    """Return the runs that have begun and not ended, with the tasks that have not."""
    rows = session.execute(
        select(TaskInstance.run_id, TaskInstance.task_id)
        .join(DagRun, and_(DagRun.dag_id == TaskInstance.dag_id,
                           DagRun.run_id == TaskInstance.run_id))
        .where(
            TaskInstance.dag_id == name,
            DagRun.state == "running",
            or_(TaskInstance.state.is_(None), TaskInstance.state.not_in(State.finished)),
        )
        .order_by(TaskInstance.run_id, TaskInstance.task_id)
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(row.task_id)
    return found


def _switch_on(session: Session, merchant: str) -> None:
    name = dag_id(merchant)
    dag = session.get(DagModel, name)
    if dag is None:
        return
    dag.is_paused = False
    session.add(
        Log(
            event=_PUT_RIGHT,
            owner=OURSELVES,
            dag_id=name,
            extra=json.dumps({"is_paused": False, "why": "nobody had paused it"}),
        )
    )
    log.warning("%s was paused and nobody had paused it: switched on again", name)
