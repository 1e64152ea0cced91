"""``fulfil backfill``: show what would be repaired, ask, replay it, tell what was repaired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import airflow_api, plan
from include.cli.backfill_runs import Replay
from include.cli.ledger import connect
from include.cli.pause import check_live
from include.config.merchants import find, load_all
from include.core.dry_run.plan import Language  # noqa: TC001 - typer looks at it
from include.core.replay import repaired
from include.core.replay.date_range import date_range
from include.core.systems.errors import ConfigError, FulfilmentError
from include.ledger.replay import replays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.stack.api import AirflowApi

_WORDS = {
    "de": {
        "window": "{merchant}: {since:%Y-%m-%d %H:%M} bis {until:%Y-%m-%d %H:%M} UTC. Es wird "
        "geplant, ohne etwas zu schreiben ...",
        "orders": "{merchant}: Auftrag {orders}. Es wird geplant, ohne etwas zu schreiben ...",
        "ask": "Das in {runs} Lauf/Läufen reparieren?",
        "no": "Nichts angelegt.",
        "made": "{merchant}: {runs} Lauf/Läufe angelegt. Sie gehen auch ohne dieses Terminal "
        "weiter: {url}",
        "progress": "{merchant}: {done}/{total} {what}",
        "tasks": "Schritte",
        "runs": "Läufe",
        "repaired": "{merchant} repariert:",
        "failed": "{merchant}: rot: {runs}. Das Protokoll der roten Schritte sagt, warum: {url}",
        "after": "Was offen ist: `fulfil exceptions {merchant}`; einzelne Aufträge: `fulfil order "
        "{merchant} <Auftrag>`.",
        "left": "{merchant} übergangen: {why}",
        "shadow": "{merchant} läuft mit `mode: shadow`: es wird nichts geschrieben.",
    },
    "en": {
        "window": "{merchant}: {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC. Planning, "
        "without writing anything ...",
        "orders": "{merchant}: order {orders}. Planning, without writing anything ...",
        "ask": "Repair this, in {runs} run(s)?",
        "no": "Nothing was created.",
        "made": "{merchant}: {runs} run(s) created. They go on without this terminal, too: {url}",
        "progress": "{merchant}: {done}/{total} {what}",
        "tasks": "steps",
        "runs": "runs",
        "repaired": "{merchant} repaired:",
        "failed": "{merchant}: red: {runs}. The log of the red steps says why: {url}",
        "after": "What is open: `fulfil exceptions {merchant}`; single orders: `fulfil order "
        "{merchant} <order>`.",
        "left": "{merchant} left out: {why}",
        "shadow": "{merchant} has `mode: shadow`: nothing is written.",
    },
}


def command(
    given: Annotated[
        list[str],
        typer.Argument(
            metavar="[MERCHANT] [FROM TO]",
            help="Short name of the merchant, first and last day (UTC, both included) or moment. "
            "No name with --all, no days with --order.",
        ),
    ],
    every: Annotated[bool, typer.Option("--all", help="All merchants, one after another.")] = False,
    order: Annotated[
        list[int] | None, typer.Option(min=1, help="Only this order; may be given several times.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[
        bool, typer.Option(help="Stay until it is done and tell what was repaired.")
    ] = True,
    language: Annotated[Language, typer.Option(help="Language of the texts.")] = "en",
    airflow_url: Annotated[
        str | None, typer.Option(help="Another Airflow than the running stack's.")
    ] = None,
) -> None:
    """Show what a replay of these days or orders would repair, ask, and do it in Airflow.

    Exit code 1 if a run is red, or if a merchant of --all had to be left out.
    """
    asked = request(given, order or (), every=every)
    api = airflow_api.connect(airflow_url)

    def agree(question: str) -> bool:
        return yes or typer.confirm(question)

    good = True
    for merchant in asked.merchants:
        told = Backfill(api, merchant, asked, language, wait=wait)
        try:
            for line in told.lines(agree):
                typer.echo(line)
        except FulfilmentError as error:
            if not every:
                raise
            typer.echo(_WORDS[language]["left"].format(merchant=merchant, why=error.operator))
            good = False
        good = good and not told.red
    raise typer.Exit(0 if good else 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants repaired.

    :param window: closed-open, aware UTC; None for single orders.
    """

    merchants: tuple[str, ...]
    window: tuple[datetime, datetime] | None
    orders: tuple[int, ...] = ()


def request(given: Sequence[str], orders: Sequence[int], *, every: bool) -> Asked:
    """Read the words; wrong ones are told before anything is asked of a system.

    :raises ConfigError: too few or too many words, no such merchant, no such days.
    """
    merchants, days = ([], list(given)) if every else (list(given[:1]), list(given[1:]))
    if len(days) != (0 if orders else 2) or (every and orders):
        text = (
            "Write: fulfil backfill <merchant> <from> <to>, or --all <from> <to>, or "
            "<merchant> --order <order>."
        )
        raise ConfigError(text, code="BACKFILL_WORDS")
    if every:
        found, broken = load_all()
        merchants = sorted({one.merchant for one in found} | {file.merchant for file in broken})
    else:
        find(merchants[0])
    window = None
    if not orders:
        since, until = date_range(days[0], days[1], datetime.now(UTC))
        window = since, until.replace(microsecond=0) + timedelta(seconds=1)  # its last is included
    return Asked(tuple(merchants), window, tuple(orders))


class Backfill:
    """One merchant's: `lines` does it and tells it.

    :param red: whether a run of it ended red, once the lines are over.
    """

    def __init__(
        self, api: AirflowApi, merchant: str, asked: Asked, language: Language, *, wait: bool
    ) -> None:
        """Keep what is asked for."""
        self.red = False
        self._merchant, self._asked, self._language, self._wait = merchant, asked, language, wait
        self._words = _WORDS[language]
        self._api = api

    def lines(self, agree: Callable[[str], bool]) -> Iterator[str]:
        """Yield what to print; start the repair once ``agree`` says yes to its question.

        :raises ConfigError: the merchant, the days, another backfill, or Airflow stand in the way.
        """
        asked = self._asked
        merchant = find(self._merchant)
        run = Replay(self._api, merchant, asked.window, asked.orders)
        check_live(self._merchant)
        if asked.window:
            yield self._say("window", since=asked.window[0], until=asked.window[1])
        else:
            yield self._say("orders", orders=", ".join(map(str, asked.orders)))
        made, lines = plan.read(self._merchant, run.plan())
        yield from plan.listing(made, lines, self._language, skipped=bool(asked.orders))
        wanted = {line.order_id for line in lines if line.action != "skip"}
        if not (made.troubles or wanted):
            return  # the plan says that there is nothing to do
        if merchant.mode == "shadow":
            yield self._say("shadow")
            return
        runs = run.choose(len(wanted))
        if not agree(self._say("ask", runs=runs)):
            yield self._words["no"]
            return
        with connect(read_only=True) as connection:
            before = replays.newest_event(connection)
        run.start()
        yield self._say("made", runs=runs, url=run.page)
        if self._wait:
            yield from self._follow(run, before)
        yield self._say("after")

    def _follow(self, run: Replay, before: int) -> Iterator[str]:
        for done, total, what in run.progress():
            yield self._say("progress", done=done, total=total, what=self._words[what])
        states = run.states()
        with connect(read_only=True) as connection:
            events = replays.events_of(
                connection, self._merchant, states, repaired.KINDS, after=before
            )
        yield self._say("repaired")
        yield from (f"  {line}" for line in repaired.summary(events, self._language))
        red = sorted(name for name, state in states.items() if state == "failed")
        self.red = bool(red)
        if red:
            yield self._say("failed", runs=", ".join(red), url=run.page)

    def _say(self, name: str, **values: object) -> str:
        return self._words[name].format(merchant=self._merchant, **values)
