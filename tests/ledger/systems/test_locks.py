from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text

from include.core.systems.errors import TransientError
from include.ledger.engine import ledger_engine
from include.ledger.systems import locks
from include.ledger.systems.locks import StandBack, exclusive


def test_a_task_of_a_merchant_runs_once_at_a_time_and_others_are_not_held_up(
    ledger_url: str,
) -> None:
    engine = ledger_engine(ledger_url)
    with exclusive(engine, "alpha", "load_to_wemalo"):
        with exclusive(engine, "beta", "load_to_wemalo"), exclusive(engine, "alpha", "validate"):
            pass
        with (
            pytest.raises(TransientError, match="Another run of load_to_wemalo"),
            exclusive(engine, "alpha", "load_to_wemalo", wait_s=1),
        ):
            pass
    with exclusive(engine, "alpha", "load_to_wemalo", wait_s=1):
        pass
    engine.dispose()


def _waiting(ledger_url: str) -> int:
    engine = ledger_engine(ledger_url)
    with engine.connect() as connection:
        number = connection.execute(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        ).scalar_one()
    engine.dispose()
    return int(number)


def test_a_live_run_goes_before_every_backfill_that_asked_earlier(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "ASK_EVERY_S", 0.02)
    engine = ledger_engine(ledger_url, pool_size=8)
    order: list[str] = []

    def run(name: str, *, yields: bool) -> None:
        with exclusive(engine, "alpha", "load_to_wemalo", yields=yields):
            order.append(name)

    with exclusive(engine, "alpha", "load_to_wemalo"):
        threads = [
            threading.Thread(target=run, args=(f"backfill {n}",), kwargs={"yields": True})
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.2)  # they have asked, all of them
        live = threading.Thread(target=run, args=("live",), kwargs={"yields": False})
        live.start()
        while not _waiting(ledger_url):
            time.sleep(0.01)
    for thread in [live, *threads]:
        thread.join(timeout=30)
    assert order[0] == "live"
    assert len(order) == 4
    engine.dispose()


def test_a_backfill_stands_back_from_a_long_live_run_and_leaves_no_lock_behind(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "ASK_S", 0.1)
    engine = ledger_engine(ledger_url)
    with exclusive(engine, "alpha", "validate"):
        for _ in range(2):  # the second would meet the first one's own turn
            with (
                pytest.raises(StandBack, match="comes back by itself"),
                exclusive(engine, "alpha", "validate", yields=True),
            ):
                pass
    with exclusive(engine, "alpha", "validate", yields=True):
        pass
    with exclusive(engine, "alpha", "validate", wait_s=1):
        pass
    engine.dispose()
