"""Shadow mode: beside another connection nothing is written, and every day is compared."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from fulfilment.flow.dry_run.rehearse import rehearse, tell
from fulfilment.flow.shadow.compare import compare_days

from include.cli import shadow as sheet
from include.core.shadow.comparison import may_go_live
from include.core.systems.window import EVERYTHING
from include.ledger.shadow import shadow
from include.quality.batch import examine
from tests.flow.stage import good_order

if TYPE_CHECKING:
    import pytest

    from tests.flow.stage import Stage


def test_a_day_is_compared_with_what_really_happened(
    stage: Stage, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add(good_order(5), good_order(6))
    stage.run()  # what the other connection does: hand over, ship, write one of two numbers
    stage.sandbox.wemalo.act("ship", "alpha", order="5")
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha", order="6")
    stage.merchant = stage.merchant.model_copy(update={"mode": "shadow"})
    bad = good_order(2)
    bad["delivery"]["address2"] = ""
    stage.add(good_order(1), bad, good_order(3))
    plan = rehearse(stage.merchant, stage.engine, run_id="shadow-1", examine=examine)
    assert (
        "fulfil plan alpha shadow-1"
        in list(tell(stage.merchant, stage.engine, "shadow-1", EVERYTHING, plan))[-1]
    )
    stage.add(good_order(4))  # between two of our runs
    for order_id in (1, 2, 4):
        stage.sandbox.plenty.act("set_status", "alpha", order=order_id, status="5.1")

    now = datetime.now(UTC)
    assert compare_days(stage.merchant, stage.engine, "shadow-2", examine, now) == []
    over = datetime.combine(now.date() + timedelta(days=1), time(2), UTC)
    days = compare_days(stage.merchant, stage.engine, "shadow-2", examine, over)
    assert days == [now.date()]
    assert compare_days(stage.merchant, stage.engine, "shadow-3", examine, over) == []

    with stage.engine.begin() as connection:
        rows = shadow.results(connection, "alpha", now.date())
    found = {(row.order_id, row.verdict): row for row in rows}
    assert set(found) == {
        (1, "agreed"), (2, "only_they_sent"), (3, "only_we_sent"), (4, "agreed"),
        (5, "agreed"), (6, "agreed"), (5, "tracking_agreed"), (6, "tracking_missing"),
    }  # fmt: skip
    assert "Hausnummer" in found[2, "only_they_sent"].de

    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    german = list(sheet.describe("alpha", 7, "de"))
    assert german[0].startswith("alpha: 1 Tag(e) verglichen")
    assert any("2  sie haben übergeben, wir hätten angehalten" in line for line in german)
    assert "ERGEBNIS: noch nicht" in german
    assert "RESULT: no-go" in list(sheet.describe("alpha", 7, "en"))


def test_a_merchant_may_go_live_when_enough_was_decided_alike() -> None:
    assert may_go_live({"agreed": 200, "only_they_sent": 1, "tracking_missing": 3}, 0) == []
    (few,) = may_go_live({"agreed": 5}, 0)
    assert "at least 20" in few[1]
    (unlike,) = may_go_live({"agreed": 90, "only_they_sent": 10}, 0)
    assert "90 of 100" in unlike[1]
    (broken,) = may_go_live({"agreed": 100}, 2)
    assert "2 dry run(s)" in broken[1]
