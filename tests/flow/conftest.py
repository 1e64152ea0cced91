from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from include.config.merchants import find
from include.sandbox.scenarios.demo_orders import ALPHA
from include.sandbox.server import run_sandbox
from tests.flow.stage import Stage, drop_connection, set_up
from tests.troubles import pytest_runtest_call  # noqa: F401 - a fault that hits nothing fails its test

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Merchant alpha between fresh sandbox servers and an empty ledger.

    Its parameter, if any, is how plentymarkets shows its orders.
    """
    monkeypatch.setenv("FULFILMENT_TOKEN_KEY", Fernet.generate_key().decode())
    merchant = find("alpha")
    with run_sandbox() as sandbox:
        sandbox.plenty.settings(order_shape=getattr(request, "param", "live"))
        stage = set_up(sandbox, ledger_url, merchant, ALPHA)
        yield stage
        stage.engine.dispose()
    drop_connection(merchant.plenty.connection)
    drop_connection(merchant.wemalo.connection)
