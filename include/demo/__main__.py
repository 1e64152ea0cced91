"""``make demo``: orders travel through both sandbox systems and back, and the result is checked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from include.cli.ledger import connect
from include.config.merchants import find
from include.core.systems.errors import FulfilmentError
from include.demo import place
from include.demo.check import Findings, check
from include.demo.run import calls_per_order, prepare, tell
from include.sandbox.scenarios.demo_orders import MERCHANTS
from include.stack.control import typed

if TYPE_CHECKING:
    from include.demo.run import Stage
    from include.sandbox.scenarios.demo_orders import StoryOrder

COLUMNS = (
    "fetched",
    "handed over",
    "bad address",
    "no stock",
    "cancelled",
    "too late",
    "changed",
    "shipped with tracking",
    "parcels",
    "documents",
    "returned",
    "set aside",
    "stock difference",
)


def main() -> int:
    """Tell the story, print the table; return 1 if anything was lost, doubled or silent."""
    try:
        stage = place.stage()
        place.wait_for_dags(stage, [merchant.name for merchant in MERCHANTS])
    except FulfilmentError as error:
        typer.echo(f"The demo cannot start: {error.operator}", err=True)
        return 1
    stage.plenty.reset_calls()
    stories = prepare(stage)
    count = sum(len(story) for story in stories.values())
    typer.echo(f"\n{count} orders of {len(stories)} merchants wait in plentymarkets.")
    try:
        tell(stage, stories, typer.echo)
    except FulfilmentError as error:
        typer.echo(f"The demo stopped: {error.operator}", err=True)
        return 1
    found = _check(stage, stories)
    _print_table(found)
    for findings in found:
        calls = calls_per_order(stage, findings.merchant, findings.counts["handed over"])
        typer.echo(
            f"{findings.merchant}: plentymarkets was read {calls['reads']} times "
            f"({calls['reads_per_order']:.2f} per order handed over) and written to "
            f"{calls['writes']} times; an order shipped in one parcel took "
            f"{findings.plain_writes / max(findings.plain_orders, 1):.2f} writes"
        )
    faults = [f"{f.merchant}: {text}" for f in found for text in f.faults]
    for text in faults:
        typer.echo(f"  WRONG {text}", err=True)
    if faults:
        typer.echo(f"The three-way check found {len(faults)} fault(s).", err=True)
        return 1
    typer.echo("Three-way check of plentymarkets, wemalo and ledger: nothing lost, nothing twice.")
    for line in place.login(stage):
        typer.echo(line)
    first = next(iter(stories.values()))[0].order_id
    fulfil = typed(".venv/bin/fulfil", "run --rm cli fulfil")
    typer.echo(f"Look at one order: {fulfil} order {next(iter(stories))} {first}")
    return 0


def _check(stage: Stage, stories: dict[str, list[StoryOrder]]) -> list[Findings]:
    with connect() as connection:
        return [
            check(
                find(name),
                story,
                stage.plenty.state(name)["tenants"][name],
                stage.wemalo.state(name)["tenants"][name],
                connection,
            )
            for name, story in stories.items()
        ]


def _print_table(found: list[Findings]) -> None:
    typer.echo("")
    typer.echo("merchant" + "".join(f"  {column}" for column in COLUMNS))
    for findings in found:
        cells = [f"  {findings.counts[column]:>{len(column)}}" for column in COLUMNS]
        typer.echo(findings.merchant.ljust(len("merchant")) + "".join(cells))
    typer.echo("")


if __name__ == "__main__":
    sys.exit(main())
