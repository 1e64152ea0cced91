"""A dry run: everything is read and decided, nothing is written, and the plan comes true."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fulfilment.flow.dry_run.rehearse import Plan, rehearse
from sqlalchemy import text

from include.core.dry_run.plan import summary
from include.ledger.dry_run import plans
from include.quality.batch import examine
from tests.flow.stage import Stage, good_order, settings


def plan_of(stage: Stage, **options: Any) -> Plan:
    return rehearse(stage.merchant, stage.engine, run_id="dry", examine=examine, **options)


def everything(stage: Stage) -> dict[str, Any]:
    """Return both systems and every table of the ledger that a run works with."""
    with stage.engine.begin() as connection:
        ledger = {
            table: connection.execute(
                text(f"SELECT row_to_json(t)::text FROM {table} t ORDER BY 1")  # noqa: S608
            )
            .scalars()
            .all()
            for table in (
                "orders", "order_events", "outbox", "parcels", "sent_rows", "exceptions",
                "batches", "returns", "return_rows", "stock_mirror", "reference_data",
            )
        }  # fmt: skip
    plenty = stage.sandbox.plenty.state(stage.name)["tenants"][stage.name]["orders"]
    return {"ledger": ledger, "plenty": plenty, "wemalo": stage.wemalo_orders()}


def a_mixed_day(stage: Stage) -> None:
    """Leave orders in many places: shipped, at the warehouse, cancelled, faulty, new."""
    stage.add(*(good_order(n) for n in (1, 2, 3)))
    stage.run()
    stage.sandbox.wemalo.act("ship", stage.name, order="1")
    stage.sandbox.plenty.act("set_status", stage.name, order=2, status="8")
    stage.add(good_order(4), good_order(5), good_order(6, warehouse=99))
    bad = good_order(7)
    bad["delivery"]["address2"] = ""
    stage.add(bad)


def test_a_dry_run_changes_nothing_at_all_and_its_plan_comes_true(stage: Stage) -> None:
    a_mixed_day(stage)
    before = everything(stage)
    plan = plan_of(stage)
    assert everything(stage) == before
    assert plan.troubles == []

    counts = stage.run()
    assert stage.errors == {}
    did = Counter(line.action for line in plan.lines)
    assert did["send"] == counts["load_to_wemalo"]["accepted"] == 2
    assert did["cancel"] == counts["load_to_wemalo"]["cancelled"] == 1
    assert did["status"] == counts["writeback_status"]["statuses"] == 4
    assert did["note"] == counts["writeback_status"]["notes"]
    assert did["package"] == counts["reconcile_tracking"]["packages"] == 1
    assert sorted(line.code for line in plan.lines if line.action == "status") == [
        "5.1", "5.1", "6.2", "8.8",
    ]  # fmt: skip


def test_a_plan_names_the_order_and_the_reason_in_both_languages(stage: Stage) -> None:
    a_mixed_day(stage)
    lines = plan_of(stage).lines
    (faulty,) = (line for line in lines if line.order_id == 7 and line.action == "status")
    assert (faulty.code, faulty.de != faulty.en) == ("6.2", True)
    assert "Hausnummer" in faulty.de
    assert next(iter(summary(lines, "en"))) == "would send 2 order(s) to wemalo"
    assert "would set 4 status(es): 2 5.1, 1 8.8, 1 6.2" in list(summary(lines, "en"))
    assert list(summary([], "de")) == ["Nichts zu tun."]


def test_a_second_dry_run_says_the_same_and_a_quiet_merchant_has_an_empty_plan(
    stage: Stage,
) -> None:
    settings(stage, products={})  # and no stock: its first comparison waits for a person
    a_mixed_day(stage)
    assert plan_of(stage).lines == plan_of(stage).lines
    stage.run()
    stage.run()
    assert [line for line in plan_of(stage).lines if line.action != "skip"] == []


def test_a_system_that_is_down_is_part_of_the_plan(stage: Stage) -> None:
    a_mixed_day(stage)
    stage.sandbox.wemalo.fault(route="GET /v1/goodsOrder/packages/sent/", kind="status", status=500)
    plan = plan_of(stage)
    assert [error.merchant for error in plan.troubles] == [stage.name]
    assert Counter(line.action for line in plan.lines)["send"] == 2  # the other steps went on


def test_a_kept_plan_is_read_back_as_it_was_made(stage: Stage) -> None:
    a_mixed_day(stage)
    plan = plan_of(stage)
    with stage.engine.begin() as connection:
        number = plans.keep(
            connection, stage.name, "run-a", "dry_run", (None, None), plan.lines, ["one trouble"]
        )
        plans.keep(connection, stage.name, "run-b", "dry_run", (None, None), [], [])
        found = plans.find(connection, stage.name, "run-a")
        assert found is not None
        assert (found.plan_id, found.troubles) == (number, ["one trouble"])
        assert plans.lines_of(connection, number) == plan.lines
        newest = plans.find(connection, stage.name)
        assert newest is not None
        assert newest.run_id == "run-b"
