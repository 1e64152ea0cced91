"""Wrong settings and sick systems: one clear error each, nothing lost, others go on."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from include.core.systems.errors import AuthError, ConfigError, ContractError, Unavailable
from include.ledger.systems import circuits
from tests.flow.stage import PASSWORD, TOKEN, drop_connection, good_order, set_connection

if TYPE_CHECKING:
    from tests.flow.stage import Stage


def heal(stage: Stage) -> None:
    """Let the resting systems be tried again, as time or a tested connection does."""
    for system in ("plenty", "wemalo"):
        circuits.succeeded(stage.engine, stage.name, system)


def all_handed_over(stage: Stage, *ids: int) -> None:
    stage.run()
    assert not stage.errors
    assert {stage.plenty_status(n) for n in ids} == {Decimal("5.1")}
    assert {stage.wemalo_orders()[str(n)]["submissions"] for n in ids} == {1}


def test_a_wrong_password_names_the_merchant_and_the_connection(stage: Stage) -> None:
    stage.add(good_order(1))
    plenty = stage.merchant.plenty.connection
    set_connection(plenty, "plenty", stage.sandbox.plenty_url, "fulfilment_alpha", "wrong")
    stage.run()
    error = stage.errors["extract_plenty_orders"]
    assert isinstance(error, AuthError)
    assert "alpha" in str(error)
    assert "plenty_alpha" in str(error)
    assert "wrong" not in str(error)
    set_connection(plenty, "plenty", stage.sandbox.plenty_url, "fulfilment_alpha", PASSWORD)
    heal(stage)
    all_handed_over(stage, 1)


def test_a_wrong_wemalo_token_keeps_the_orders_waiting(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    wemalo = stage.merchant.wemalo.connection
    set_connection(wemalo, "wemalo", stage.sandbox.wemalo_url, "", "wrong")
    stage.run()
    error = stage.errors["load_to_wemalo"]
    assert "alpha" in str(error)
    assert "wrong" not in str(error)
    assert {stage.plenty_status(n) for n in (1, 2)} == {Decimal(5)}
    set_connection(wemalo, "wemalo", stage.sandbox.wemalo_url, "", TOKEN)
    heal(stage)
    all_handed_over(stage, 1, 2)


def test_a_dead_host_is_named_and_nothing_is_lost(stage: Stage) -> None:
    stage.add(good_order(1))
    plenty = stage.merchant.plenty.connection
    set_connection(plenty, "plenty", "http://127.0.0.1:9", "fulfilment_alpha", PASSWORD)
    stage.run()
    error = stage.errors["extract_plenty_orders"]
    assert isinstance(error, Unavailable)
    assert "alpha" in str(error)
    set_connection(plenty, "plenty", stage.sandbox.plenty_url, "fulfilment_alpha", PASSWORD)
    heal(stage)
    all_handed_over(stage, 1)


def test_a_missing_connection_says_which_one_to_create(stage: Stage) -> None:
    drop_connection(stage.merchant.plenty.connection)
    stage.run()
    error = stage.errors["extract_plenty_orders"]
    assert isinstance(error, ConfigError)
    assert "plenty_alpha" in str(error)


def test_a_wemalo_that_answers_html_is_a_clear_error_and_no_order_is_sent_twice(
    stage: Stage,
) -> None:
    stage.lease_s = 0
    stage.settle_s = 0
    stage.add(good_order(1), good_order(2))
    stage.sandbox.wemalo.fault(route="*", kind="html")
    stage.run()
    errors = [stage.errors[task] for task in stage.errors]
    assert errors
    assert any(isinstance(error, ContractError) for error in errors)
    assert all("alpha" in str(error) for error in errors)
    assert stage.wemalo_orders() == {}
    stage.sandbox.wemalo.clear_faults()
    for _ in range(3):
        heal(stage)
        stage.run()
    all_handed_over(stage, 1, 2)


def test_no_personal_data_is_logged_whatever_goes_wrong(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stage.add(
        good_order(1), good_order(2, delivery={"name3": "Musterfrau", "address1": "Geheimweg"})
    )
    stage.sandbox.wemalo.fault(route="POST /v1/goodsOrder/addConditional", kind="html", times=1)
    stage.sandbox.plenty.fault(route="PUT /rest/orders/{order_id}", kind="malformed", times=1)
    for _ in range(2):
        stage.run()
    for word in ("Musterfrau", "Hauptstraße", "Geheimweg", "erika@", PASSWORD, TOKEN):
        assert word not in caplog.text
