"""How many calls to plentymarkets each case costs, as docs/status-contract.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flow.stage import Stage, a_second_later, good_order, settings

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 6 * 3600


def leave(stage: Stage) -> None:
    stage.sandbox.wemalo.clock(advance=DAY_S)


def handed_over(stage: Stage) -> None:
    stage.add(good_order(1, packages=[{}]))  # of its shipping rule, as live orders have it
    stage.run()


def bad_address(stage: Stage) -> None:
    stage.add(good_order(1, delivery={"address1": "Weg", "town": "Berlin"}))


def waits(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "reasons": {"1": "STOCK"}}]})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason="")


def cancel(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)


def too_late(stage: Stage) -> None:
    cancel(stage)
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")


def warehouse_cancels(stage: Stage) -> None:
    handed_over(stage)
    stage.sandbox.wemalo.act("cancel", "alpha", order="1")


def changes(stage: Stage) -> None:
    handed_over(stage)
    stage.run()
    a_second_later()
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"address1": "Lindenallee"})
    a_second_later()  # than our own writes


def changes_too_late(stage: Stage) -> None:
    changes(stage)
    stage.sandbox.wemalo.act("start_picking", "alpha", order="1")


def ships(stage: Stage) -> None:
    handed_over(stage)
    leave(stage)


def ships_booked(stage: Stage) -> None:
    settings(stage, goods_issue="book")
    ships(stage)


def ships_status(stage: Stage) -> None:
    statuses = {**stage.merchant.statuses.model_dump(), "shipped": "6"}
    settings(stage, goods_issue="status", statuses=statuses)
    ships(stage)


def number_changes(stage: Stage) -> None:
    ships(stage)
    stage.run()
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", tracking="NEW-1")


#: case -> (before the counted runs, reads beyond the two of an idle run each, writes)
CASES: dict[str, tuple[Callable[[Stage], None], int, int]] = {
    # one search a run for what the warehouse has; once, after our write, content and splits
    "at the warehouse": (handed_over, 4, 0),
    # with twins and credit notes, the countries, read once a day, and where it stands later
    "faulty address": (bad_address, 8, 2),
    "goes on after waiting": (waits, 6, 1),
    "cancelled in time": (cancel, 3, 1),
    "cancelled too late": (too_late, 6, 2),
    "cancelled by the warehouse": (warehouse_cancels, 3, 1),
    "changed": (changes, 6, 0),
    "changed too late": (changes_too_late, 6, 1),  # the note is one more change of ours
    "shipped": (ships, 4, 2),
    "shipped and booked": (ships_booked, 5, 3),
    "shipped, status only": (ships_status, 6, 3),
    "number changed": (number_changes, 1, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_costs_the_calls_that_are_written_down(stage: Stage, case: str) -> None:
    before, reads, writes = CASES[case]
    stage.fresh_s = -3600  # every change time counts as long past, as it is a minute later
    stage.run()  # logs in, and reads what is kept
    before(stage)
    stage.sandbox.plenty.reset_calls()
    for _ in range(2):
        stage.run()
        assert not stage.errors
    calls = stage.sandbox.plenty.calls("alpha")
    assert (calls["reads"]["alpha"] - 4, calls["writes"].get("alpha", 0)) == (reads, writes), calls[
        "counts"
    ]["alpha"]
