"""``fulfil backfill <merchant> <from> <to>``: show what would be repaired, ask, then replay it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from include.cli import airflow_api, plan
from include.cli.pause import check_live
from include.config.merchants import find
from include.core.date_range import date_range, window_over
from include.core.errors import ConfigError
from include.core.plan import Language  # noqa: TC001 - typer looks at it

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.stack.api import AirflowApi

#: of the backfill's runs so many at a time; live runs are not counted
RUNS_AT_A_TIME = 2
PLAN_WAIT_S = 900.0

_WORDS = {
    "de": {
        "planning": "{merchant}: {runs} Läufe von {since:%Y-%m-%d %H:%M} bis "
        "{until:%Y-%m-%d %H:%M} UTC. Es wird geplant, ohne etwas zu schreiben ...",
        "ask": "Diesen Backfill anlegen?",
        "no": "Nichts angelegt.",
        "made": "Backfill {id} angelegt. Fortschritt: {url}",
        "after": "Danach: `fulfil exceptions {merchant}`; einzelne Aufträge: `fulfil order "
        "{merchant} <Auftrag>`.",
    },
    "en": {
        "planning": "{merchant}: {runs} runs from {since:%Y-%m-%d %H:%M} to "
        "{until:%Y-%m-%d %H:%M} UTC. Planning, without writing anything ...",
        "ask": "Create this backfill?",
        "no": "Nothing was created.",
        "made": "Backfill {id} created. Follow it at {url}",
        "after": "Afterwards: `fulfil exceptions {merchant}`; single orders: `fulfil order "
        "{merchant} <order>`.",
    },
}


def command(
    merchant: Annotated[str, typer.Argument(help="Short name of the merchant.")],
    first: Annotated[str, typer.Argument(metavar="FROM", help="First day (UTC) or moment.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last day, included, or moment.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    language: Annotated[Language, typer.Option(help="Language of the texts.")] = "en",
    airflow_url: Annotated[
        str | None, typer.Option(help="Another Airflow than the running stack's.")
    ] = None,
) -> None:
    """Show what a replay of these days would repair, ask, and create it in Airflow."""
    find(merchant)
    date_range(first, last, datetime.now(UTC))  # wrong words are told before anything is asked
    api = airflow_api.connect(airflow_url)

    def agree(question: str) -> bool:
        return yes or typer.confirm(question)

    for line in backfill(api, merchant, first, last, language, agree):
        typer.echo(line)


def backfill(
    api: AirflowApi,
    merchant: str,
    first: str,
    last: str,
    language: Language,
    agree: Callable[[str], bool],
) -> Iterator[str]:
    """Yield what to print; create the backfill once ``agree`` says yes to its question.

    :raises ConfigError: the merchant, the dates, another backfill, or Airflow stand in the way.
    """
    settings = find(merchant)
    words = _WORDS[language]
    # a run covers the time after its date: the last one is over
    over = datetime.now(UTC) - timedelta(minutes=settings.schedule_minutes)
    since, until = date_range(first, last, datetime.now(UTC))
    until = min(until, over)
    dag_id = f"fulfilment__{merchant}"
    _check_dag(api, dag_id)
    body = {
        "dag_id": dag_id,
        "from_date": since.isoformat(),
        "to_date": until.isoformat(),
        "reprocess_behavior": "completed",
        "max_active_runs": RUNS_AT_A_TIME,
    }
    runs = _runs(api, body) if since <= until else []
    if not runs:
        text = (
            f"No run of {dag_id} lies between {first} and {last}: it runs every "
            f"{settings.schedule_minutes} minutes (UTC). Choose a longer range."
        )
        raise ConfigError(text, code="BACKFILL_EMPTY")
    check_live(merchant)
    window = window_over(runs, settings.schedule_minutes)
    yield words["planning"].format(
        merchant=merchant, runs=len(runs), since=window[0], until=window[1]
    )
    run_id = _plan(api, dag_id, window)
    made_plan, lines = plan.read(merchant, run_id)
    yield from plan.listing(made_plan, lines, language, skipped=False)
    if not (made_plan.troubles or any(line.action != "skip" for line in lines)):
        return  # the plan says that there is nothing to do
    if not agree(words["ask"]):
        yield words["no"]
        return
    made = api.call("POST", "backfills", json=body)
    url = airflow_api.page(api, f"{dag_id}/backfills")
    yield words["made"].format(id=made["id"], url=url)
    yield words["after"].format(merchant=merchant)


def _check_dag(api: AirflowApi, dag_id: str) -> None:
    there = {dag["dag_id"]: dag for dag in api.dags()}
    if dag_id not in there:
        text = f"Airflow has no DAG {dag_id} yet. It appears half a minute after its file."
        raise ConfigError(text, code="NO_DAG")
    if there[dag_id]["is_paused"]:
        text = f"{dag_id} is paused: its plan and its backfill would wait for ever. Unpause it."
        raise ConfigError(text, code="DAG_PAUSED")
    found = api.call("GET", "backfills", params={"dag_id": dag_id, "limit": 100})["backfills"]
    for one in found:
        if one["completed_at"] is None:
            text = (
                f"Backfill {one['id']} of {dag_id} ({one['from_date'][:10]} to "
                f"{one['to_date'][:10]}) is still active, and there is one at a time. Wait for "
                f"it, or cancel it at {airflow_api.page(api, f'{dag_id}/backfills')}."
            )
            raise ConfigError(text, code="BACKFILL_ACTIVE")


def _runs(api: AirflowApi, body: dict[str, Any]) -> list[datetime]:
    answer = api.call("POST", "backfills/dry_run", json=body)
    return [
        datetime.fromisoformat(row["logical_date"])
        for row in answer["backfills"]
        if row["logical_date"]
    ]


def _plan(api: AirflowApi, dag_id: str, window: tuple[datetime, datetime]) -> str:
    """Let Airflow rehearse the window, with its own connections; return the run's id."""
    conf = {
        "dry_run": True,
        "window_from": window[0].isoformat(),
        "window_to": window[1].isoformat(),
    }
    made = api.call("POST", f"dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
    run_id = str(made["dag_run_id"])
    deadline = time.monotonic() + PLAN_WAIT_S
    while time.monotonic() < deadline:
        state = api.call("GET", f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")["state"]
        if state == "success":
            return run_id
        if state == "failed":
            where = airflow_api.page(api, f"{dag_id}/runs/{quote(run_id, safe='')}")
            text = (
                f"The plan could not be made. The log of extract_plenty_orders in run {run_id} "
                f"says why: {where}"
            )
            raise ConfigError(text, code="PLAN_FAILED")
        time.sleep(1)
    text = f"Run {run_id} has not made its plan within {PLAN_WAIT_S:.0f} s; look at it in Airflow."
    raise ConfigError(text, code="PLAN_FAILED")
