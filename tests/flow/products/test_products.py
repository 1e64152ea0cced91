"""Variations reach wemalo with what picking needs, and only when something changed."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from fulfilment.flow.products.sync import products
from fulfilment.hooks.plenty import PlentyHook
from sqlalchemy import text

from include.core.merchants.merchant import Merchant
from include.ledger.exceptions import exceptions
from tests.flow.stage import Stage, a_second_later


def configure(stage: Stage, **settings: Any) -> None:
    data = stage.merchant.model_dump(mode="json")
    data["products"] = {"enabled": True, "every_minutes": 0, **settings}
    stage.merchant = Merchant.model_validate(data)


def look(stage: Stage) -> dict[str, int]:
    return products(stage.work("products"))


def at_wemalo(stage: Stage) -> dict[str, Any]:
    return dict(stage.sandbox.wemalo.state(stage.name)["tenants"][stage.name]["products"])


def add(stage: Stage, *variations: dict[str, Any]) -> None:
    rows = [{"tenant": stage.name, "variations": list(variations)}]
    stage.sandbox.plenty.merge({"tenants": rows})
    a_second_later()


def exceptions_of(stage: Stage) -> list[Any]:
    with stage.engine.begin() as connection:
        return list(exceptions.open_exceptions(connection, stage.name))


def calls(stage: Stage) -> dict[str, int]:
    return dict(stage.sandbox.wemalo.calls("alpha")["counts"].get("alpha", {}))


GOOD = {
    "id": 5001,
    "number": "SKU-1",
    "name": 'Cable 3" „blue“',
    "barcode": "4006381333931",
    "weight_g": 250,
    "length_mm": 125,
    "width_mm": 80,
    "customs_tariff_number": "85444290",
}


def test_a_variation_reaches_wemalo_in_its_units(stage: Stage) -> None:
    configure(stage)
    add(stage, GOOD)
    look(stage)
    found = at_wemalo(stage)["5001"]
    assert found["sku"] == "SKU-1"
    assert found["name"] == "Cable 3' 'blue'"
    assert found["ean"] == "4006381333931"
    assert (found["netWeight"], found["depth"], found["width"]) == (250, 12.5, 8)
    assert found["customsTariffNumber"] == "85444290"
    assert found["active"] is True


def test_nothing_is_sent_when_nothing_changed(stage: Stage) -> None:
    configure(stage, overlap_minutes=60)
    add(stage, GOOD)
    assert look(stage)["sent"] == 7  # six of the story and this one; no head of a bundle
    stage.sandbox.wemalo.reset_calls()
    for _ in range(3):
        assert look(stage)["sent"] == 0
    assert not any("addMultiple" in route for route in calls(stage))


def test_an_idle_look_costs_two_reads(stage: Stage) -> None:
    configure(stage, overlap_minutes=0)
    look(stage)
    with stage.engine.begin() as connection:  # the story's variations are of this very second
        later = "UPDATE sync_state SET read_until = read_until + interval '1 minute'"
        connection.execute(text(later))
    stage.sandbox.plenty.reset_calls()
    look(stage)
    assert stage.sandbox.plenty.calls("alpha")["reads"]["alpha"] == 2


def test_a_changed_variation_is_sent_again_and_alone(stage: Stage) -> None:
    configure(stage, overlap_minutes=60)
    add(stage, GOOD)
    look(stage)
    add(stage, {**GOOD, "weight_g": 300, "active": False})
    assert look(stage)["sent"] == 1
    found = at_wemalo(stage)["5001"]
    assert (found["netWeight"], found["active"]) == (300, False)


def test_components_of_a_bundle_are_sent_and_its_head_is_not(stage: Stage) -> None:
    configure(stage)
    other = {**GOOD, "id": 5002, "number": "SKU-2", "itemId": 105002, "mainWarehouseId": 99}
    add(
        stage,
        {**other, "variationBarcodes": [], "variationBundleComponents": []},
        {"id": 5003, "number": "SET", "bundle": [{"variation": 5002, "quantity": 2}]},
    )
    look(stage)
    assert "5002" in at_wemalo(stage)
    assert "5003" not in at_wemalo(stage)


def test_variations_of_other_warehouses_are_left_alone(stage: Stage) -> None:
    configure(stage)
    add(stage, {**GOOD, "itemId": 105001, "mainWarehouseId": 99, "variationBarcodes": []})
    look(stage)
    assert "5001" not in at_wemalo(stage)


def test_a_product_that_lacks_a_field_is_an_exception_that_names_it(stage: Stage) -> None:
    configure(stage, required=["ean"])
    add(stage, {**GOOD, "barcode": "4006381333932"})
    look(stage)
    row = next(r for r in exceptions_of(stage) if r.subject == "item:5001")
    assert row.code == "PRODUCT_NO_EAN"
    assert "variationBarcodes" in row.action_en
    assert "4006381333932" in row.en
    assert "5001" not in at_wemalo(stage)
    add(stage, GOOD)
    look(stage)
    assert "5001" in at_wemalo(stage)
    assert not [r for r in exceptions_of(stage) if r.subject == "item:5001"]


def test_one_refused_product_does_not_stop_the_batch(stage: Stage) -> None:
    configure(stage)
    taken = {"externalId": "old", "sku": "SKU-2", "name": "Old"}
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "products": [taken]}]})
    add(stage, GOOD, {**GOOD, "id": 5002, "number": "SKU-2"}, {**GOOD, "id": 5003, "number": "S3"})
    counts = look(stage)
    assert counts["product_refused"] == 1
    assert {"5001", "5003"} <= at_wemalo(stage).keys()
    (row,) = [r for r in exceptions_of(stage) if r.code == "PRODUCT_REFUSED"]
    assert row.subject == "item:5002"


def test_more_than_a_batch_is_sent_in_several(stage: Stage) -> None:
    configure(stage)
    add(stage, *({**GOOD, "id": 6000 + n, "number": f"N-{n}"} for n in range(130)))
    stage.sandbox.wemalo.reset_calls()
    look(stage)
    assert len([key for key in at_wemalo(stage) if key.startswith("6")]) == 130
    assert sum(n for route, n in calls(stage).items() if "addMultiple" in route) == 2


def test_a_lost_reply_is_repeated_without_harm(stage: Stage) -> None:
    configure(stage)
    add(stage, GOOD)
    stage.sandbox.wemalo.fault(kind="lost_reply", match="addMultiple", times=1)
    assert look(stage)["sent"] == 7, "telling it twice changes nothing"
    assert exceptions_of(stage) == []
    assert at_wemalo(stage)["5001"]["sku"] == "SKU-1"


def test_an_old_call_that_lands_over_a_newer_one_is_made_good(stage: Stage) -> None:
    configure(stage)
    look(stage)
    add(stage, GOOD)
    stage.settle_s = 8
    name = f"AIRFLOW_CONN_{stage.merchant.wemalo.connection.upper()}"
    patient = os.environ[name]
    stage.sandbox.wemalo.fault(kind="delay", match="addMultiple", seconds=6, times=1)
    os.environ[name] = patient + "?timeout=2"
    assert look(stage)["failing"] == 1
    os.environ[name] = patient
    add(stage, {**GOOD, "number": "SKU-NEW"})
    assert look(stage)["sent"] == 1
    time.sleep(6)
    assert at_wemalo(stage)["5001"]["sku"] == "SKU-1", "the old call has landed"
    time.sleep(2)

    look(stage)

    assert at_wemalo(stage)["5001"]["sku"] == "SKU-NEW"
    assert exceptions_of(stage) == []


def test_one_product_that_wemalo_fails_on_does_not_stop_the_others(stage: Stage) -> None:
    configure(stage)
    add(stage, *({**GOOD, "id": 6000 + n, "number": f"N-{n}"} for n in range(12)))
    stage.sandbox.wemalo.fault(kind="status", status=500, match='"6007"')
    assert look(stage)["sent"] == 17
    assert [(r.subject, r.code) for r in exceptions_of(stage)] == [("item:6007", "STEP_FAILED")]
    stage.sandbox.wemalo.clear_faults()
    assert look(stage)["sent"] == 1
    assert exceptions_of(stage) == []


def test_a_variation_that_cannot_be_read_is_told_and_read_again_by_its_id(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(stage, overlap_minutes=0)
    add(stage, GOOD, {**GOOD, "id": 5002, "number": "SKU-2"})
    whole = PlentyHook._variations

    def sick(hook: PlentyHook, *args: Any, **more: Any) -> dict[int, dict[str, Any]]:
        bad = {"variationBarcodes": "none", "variationWarehouses": 7, "itemId": []}
        return {n: {**row, **bad} if n == 5001 else row for n, row in
                whole(hook, *args, **more).items()}  # fmt: skip

    with monkeypatch.context() as patch:
        patch.setattr(PlentyHook, "_variations", sick)
        for _ in range(2):
            look(stage)
    assert "5002" in at_wemalo(stage)
    assert "5001" not in at_wemalo(stage)
    assert [(r.subject, r.code) for r in exceptions_of(stage)] == [("item:5001", "STEP_FAILED")]
    with stage.engine.begin() as connection:
        later = "UPDATE sync_state SET read_until = read_until + interval '1 minute'"
        connection.execute(text(later))
    look(stage)
    assert "5001" in at_wemalo(stage)
    assert exceptions_of(stage) == []
