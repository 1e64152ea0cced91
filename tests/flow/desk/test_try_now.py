"""What rests is tried by the next run once a person has asked for it, and not before."""

from __future__ import annotations

from include.ledger.desk import inbox
from include.ledger.orders.journal import Journal
from tests.flow.stage import Stage, good_order


def test_the_next_run_tries_what_a_person_has_let_go(stage: Stage) -> None:
    stage.pause_s = 60
    stage.sandbox.plenty.fault(
        route="PUT /rest/orders/{order_id}", kind="html", status=403, times=1
    )
    stage.add(good_order(1))
    stage.run()
    with stage.engine.begin() as connection:
        (case,) = inbox.cases(connection, [stage.name])
    assert (case.code, case.order_id) == ("STEP_FAILED", 1)
    stage.run()
    assert "status_written" not in stage.events(1)

    with stage.engine.begin() as connection:
        journal = Journal(stage.name, "desk", "by anna", 1)
        assert inbox.try_now(connection, journal, case, "anna") == 1
    stage.run()

    assert stage.events(1)[-2:] == ["status_written", "exception_cleared"]
    with stage.engine.begin() as connection:
        assert inbox.groups(connection, [stage.name]) == []
