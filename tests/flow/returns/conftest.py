"""Fixtures of the tests of this folder."""

from __future__ import annotations

import pytest

from tests.flow.returns.shop import (
    use,
)
from tests.flow.stage import Stage, good_order


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """Alpha with two shipped orders: order 1 of two pieces, order 2 of two products."""
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01", "9.1"]}]})
    items = [{"variation": 2001, "quantity": 2}, {"variation": 2002, "quantity": 1}]
    stage.add(good_order(1), good_order(2, items=items))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    stage.run()
    assert stage.state(1) == "shipped"
    use(stage)
    stage.sandbox.plenty.reset_calls()
    return stage
