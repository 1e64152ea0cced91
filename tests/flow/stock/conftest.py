"""Fixtures of the tests of this folder."""

from __future__ import annotations

import pytest

from tests.flow.stage import Stage
from tests.flow.stock.stocks import (
    approve,
    configure,
    look,
    plenty_stock,
    wemalo_stock,
)


@pytest.fixture
def running(stage: Stage) -> Stage:
    """A merchant whose first comparison is confirmed and booked."""
    configure(stage)
    look(stage)
    approve(stage)
    look(stage)
    assert plenty_stock(stage) == wemalo_stock(stage)
    return stage
