"""A change that nobody saw before the goods left is told, although the order ends."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.flow.changes.test_changes import edit_street
from tests.flow.stage import Stage, a_second_later, good_order

DAY_S = 6 * 3600


def handed_over(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    assert stage.plenty_status(1) == Decimal("5.1")
    a_second_later()


@pytest.mark.parametrize("looked", [False, True], ids=["not seen", "seen and not sent"])
def test_a_change_between_the_last_look_and_the_parcel_is_told(stage: Stage, looked: bool) -> None:
    handed_over(stage)
    edit_street(stage)
    if looked:
        stage.step("extract_plenty_orders")
    stage.sandbox.wemalo.clock(advance=DAY_S)

    stage.step("reconcile_tracking")
    stage.run()

    assert not stage.errors
    assert stage.state(1) == "shipped"
    assert "change_too_late" in stage.events(1)
    (note,) = stage.plenty_order(1)["comments"]
    assert "Geändert: Lieferadresse" in note["text"]
    assert stage.wemalo_orders()["1"]["submissions"] == 1


def test_an_order_that_nobody_changed_is_not_read_again_as_it_leaves(stage: Stage) -> None:
    stage.fresh_s = -3600  # every change time counts as long past, as it is hours later
    handed_over(stage)
    stage.run()
    stage.sandbox.wemalo.clock(advance=DAY_S)
    stage.sandbox.plenty.reset_calls()

    stage.step("reconcile_tracking")

    assert stage.state(1) == "shipped"
    assert stage.plenty_order(1)["comments"] == []
    assert (
        stage.sandbox.plenty.calls("alpha")["reads"]["alpha"] == 2
    )  # its packages, by a search and its route
