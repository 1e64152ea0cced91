"""``make play``: list the sandbox's scenarios, or play one against the running pipeline."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from include.cli.ledger import connect
from include.core.systems.errors import FulfilmentError
from include.demo import place
from include.demo.run import next_id, prepare, run_all, unpause
from include.demo.scenarios import Stagehand
from include.sandbox.scenarios.catalogue import PARTS, SCENARIOS
from include.sandbox.scenarios.demo_orders import ALPHA
from include.sandbox.scenarios.parts import Numbers

if TYPE_CHECKING:
    from include.demo.run import Stage
    from include.sandbox.scenarios.parts import Scenario

#: runs after the last step, for what a race has left to the next one
MORE_RUNS = 2


def main(names: list[str]) -> int:
    """Play the scenario named first, or list all; return 1 if it did not end as it must."""
    scenario = SCENARIOS.get(names[0]) if names else None
    if scenario is None:
        for part, some in PARTS.items():
            typer.echo(f"\n{part}")
            for one in some:
                typer.echo(f"  {one.name:<26} {one.row}")
        return 1 if names else 0
    try:
        faults = _play(scenario)
    except FulfilmentError as error:
        typer.echo(f"The scenario stopped: {error.operator}", err=True)
        return 1
    for fault in faults:
        typer.echo(f"  WRONG {fault}", err=True)
    if not faults:
        typer.echo("It ended as it must, in plentymarkets, in wemalo and in the ledger.")
    return 1 if faults else 0


def _play(scenario: Scenario) -> list[str]:
    """Play one scenario and return what was not as it says.

    :raises FulfilmentError: the stack does not run, or a run failed.
    """
    where = place.stage()
    place.wait_for_dags(where, [ALPHA.name])
    if ALPHA.name not in where.plenty.state()["tenants"]:
        prepare(where)
    unpause(where, [ALPHA.name])
    numbers = Numbers(next_id(where, ALPHA))
    with connect() as connection:
        hand = Stagehand(where.plenty, where.wemalo, connection.engine)
    typer.echo(f"{scenario.name}: {scenario.row}\nOrder 1 is {numbers.of(1)}.")
    try:
        _by_hand(where, by_hand=True)
        hand.put(scenario, numbers)
        for acts in [*scenario.steps, *[()] * MORE_RUNS]:
            for act in acts:
                typer.echo(f"  {act.words()}")
                hand.do(act, numbers)
            typer.echo("  a run")
            run_all(where, [ALPHA.name])
        return list(hand.faults(scenario, numbers))
    finally:
        _by_hand(where, by_hand=False)


def _by_hand(where: Stage, *, by_hand: bool) -> None:
    """Let the warehouse do only what it is told, or work by itself again."""
    settings = {"auto": not by_hand}
    where.wemalo.merge({"tenants": [{"tenant": ALPHA.name, "settings": settings}]})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
