"""What changes while the call about a package is still on its way."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.hooks import base
from fulfilment.hooks.transport import NoAnswer

from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.systems import writes
from tests.flow.systems.every_write import settled
from tests.flow.systems.write_occasions import of_packages, shipped_without_package

if TYPE_CHECKING:
    import pytest

    from tests.flow.stage import Stage

PACKAGE = "POST /rest/orders/{order_id}/shipping/packages"


def test_a_number_that_changes_while_its_package_is_in_doubt_ends_in_one_package(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.settle_s = 300
    stage.sandbox.wemalo.settings(auto=False)
    shipped_without_package(stage, [1])
    late: list[Any] = []
    exchange = base.exchange

    def leave(session: Any, url: str, request: Any, **options: Any) -> Any:
        if request.name == PACKAGE and not late:
            late.append(partial(exchange, session, url, request, **options))
            raise NoAnswer
        return exchange(session, url, request, **options)

    monkeypatch.setattr(base, "exchange", leave)
    stage.step("reconcile_tracking")
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", tracking="00340434001001219999")
    stage.step("reconcile_tracking")
    assert of_packages(stage.plenty_order(1)) == 0
    late[0]()

    for _ in range(3):
        settled(stage)
        stage.step("reconcile_tracking")

    order = stage.plenty_order(1)
    assert [p["packageNumber"] for p in order["shippingPackages"]] == ["00340434001001219999"]
    assert order["shippingInformation"]["transactionId"] == "00340434001001219999"
    with stage.engine.begin() as connection:
        assert writes.in_doubt(connection, stage.name) == []
        assert open_exceptions(connection, stage.name) == []
