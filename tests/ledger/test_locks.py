from __future__ import annotations

import pytest
from sqlalchemy import create_engine

from include.core.errors import TransientError
from include.ledger.locks import exclusive


def test_a_task_of_a_merchant_runs_once_at_a_time_and_others_are_not_held_up(
    ledger_url: str,
) -> None:
    engine = create_engine(ledger_url)
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
