"""Fixtures of the tests of this folder."""

from __future__ import annotations

import pytest
from fulfilment.hooks import retries
from fulfilment.hooks.base import ApiHook

from include.ledger.systems import circuits
from tests.flow.stage import Stage


@pytest.fixture
def patient(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Systems that are judged by nobody but this test, and answer at any pace."""
    monkeypatch.setattr(ApiHook, "_take_permit", lambda *_: None)
    monkeypatch.setattr(retries, "READ_PAUSES_S", (0.0,))
    # dozens of sick items in a row: that several are the system is another test's business
    monkeypatch.setattr(circuits, "FAILURES_TO_OPEN", 10**6)
    stage.sandbox.plenty.settings(limits=False)
    stock = {str(n): 10_000 for n in range(2001, 2007)}
    tenant = {"tenant": "alpha", "settings": {"limit_calls": 10**6, "auto": False}, "stock": stock}
    stage.sandbox.wemalo.merge({"tenants": [tenant]})
    return stage
