"""Every position is sent, or told to the picker, or left out by name, or stops the order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.orders.models import order_from_json
from include.ledger.exceptions.exceptions import open_exceptions
from include.sandbox.scenarios.demo_orders import ALPHA
from tests.flow.stage import Stage, a_second_later, good_order, settings

if TYPE_CHECKING:
    import pytest

FIRST = ALPHA.first_variation
SKU, SECOND_SKU = "ALPHA-0", "ALPHA-1"


def article(**changes: Any) -> dict[str, Any]:
    return {"variation": FIRST, "quantity": 2, **changes}


def other(type_id: int, name: str, **changes: Any) -> dict[str, Any]:
    return {"variation": 0, "type": type_id, "name": name, "quantity": 1, **changes}


def sent(stage: Stage, number: int = 1) -> dict[str, Any]:
    return dict(stage.wemalo_orders()[str(number)])


def told(stage: Stage, number: int = 1) -> str:
    return str(sent(stage, number)["meta"].get("pickingInfo") or "")


def data_of(stage: Stage, kind: str, number: int = 1) -> dict[str, Any]:
    return next(dict(e.data) for e in stage.timeline(number).events if e.kind == kind)


def open_rows(stage: Stage) -> list[tuple[str, str, str]]:
    with stage.engine.begin() as connection:
        return [(r.subject, r.code, r.en) for r in open_exceptions(connection, stage.name)]


def quantities(stage: Stage, number: int = 1) -> dict[str, int]:
    return {p["externalId"]: int(p["quantity"]) for p in sent(stage, number)["positions"]}


def test_a_bundle_without_its_components_stops_the_order_and_says_so(stage: Stage) -> None:
    stage.add(
        good_order(1, items=[article(), other(2, "Bundle", variation=FIRST + 1)]),
        good_order(2, items=[article(), other(13, "Set")]),
        good_order(3, items=[article(), {"variation": FIRST + 1, "quantity": 1,
                                         "components": [{"variation": FIRST, "quantity": 1}]}]),
    )  # fmt: skip
    stage.run()
    assert list(stage.wemalo_orders()) == ["3"]
    assert {stage.timeline(n).order.reason_code for n in (1, 2)} == {"ORDER_HEAD_ALONE"}
    assert [code for _, code, _ in open_rows(stage)] == ["ORDER_STOPPED"] * 2
    assert data_of(stage, "fetched", 3)["not_goods"] == ["bundle_head 1", "shipping_costs 1"]


def test_goods_without_a_warehouse_of_their_own_go_by_the_orders(stage: Stage) -> None:
    stage.add(good_order(1, items=[article(warehouse=0)]))
    stage.run()
    assert quantities(stage) == {str(FIRST): 2}
    assert stage.plenty_status(1) == Decimal("5.1")


def test_goods_without_a_warehouse_can_be_cancelled(stage: Stage) -> None:
    stage.add(good_order(1, items=[article(warehouse=0)]))
    stage.run()
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=8)
    stage.run()
    assert stage.plenty_status(1) == Decimal("8.8")
    assert sent(stage)["status"] == "CANCELLED"


def test_gift_wrap_engraving_gift_card_and_the_customers_note_reach_the_picker(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.add(
        good_order(
            1,
            items=[
                article(properties=[{"typeId": 82, "value": "Für Oma"}]),
                other(8, "Geschenkpapier rot", quantity=2),
                other(15, "Gravur", properties=[{"typeId": 82, "value": "Erika &amp; Max"}]),
                other(5, "Gutschein 50 EUR"),
                other(4, "Rabatt"),
            ],
            notes=["Bitte nicht<br>knicken"],
        )
    )
    stage.run()
    assert told(stage).splitlines() == [
        "2 x Geschenkpapier rot",
        "Gravur: Erika & Max",
        "Gutschein 50 EUR",
        f"{SKU}: Für Oma",
        "Bitte nicht knicken",
    ]
    assert quantities(stage) == {str(FIRST): 2}
    read = data_of(stage, "fetched")
    assert (read["positions"], read["goods"]) == (6, 1)
    handed = data_of(stage, "submitting")
    assert handed["sent"] == 1
    assert handed["told"] == ["gift_card 1", "gift_wrap 1", "order_property 1"]
    assert handed["left_out"] == ["coupon 1", "shipping_costs 1"]
    diary = str([e.data for e in stage.timeline(1).events])
    for personal in ("Erika", "Oma", "knicken"):
        assert personal not in diary + caplog.text


def test_what_becomes_of_such_positions_is_a_setting(stage: Stage) -> None:
    settings(stage, positions={"gift_wrap": "stop", "order_property": "leave_out",
                               "customer_notes": "leave_out"})  # fmt: skip
    stage.add(
        good_order(1, items=[article(), other(8, "Papier")]),
        good_order(2, items=[article(), other(15, "Gravur")], notes=["Danke"]),
    )
    stage.run()
    assert list(stage.wemalo_orders()) == ["2"]
    assert told(stage, 2) == ""
    assert data_of(stage, "submitting", 2)["left_out"] == ["order_property 1", "shipping_costs 1"]
    assert stage.timeline(1).order.reason_code == "ORDER_ITEM_TYPE"


def test_a_position_of_an_unknown_type_stops_the_order(stage: Stage) -> None:
    stage.add(good_order(1, items=[article(), other(77, "Neu")]))
    stage.run()
    assert stage.wemalo_orders() == {}
    assert stage.timeline(1).order.reason_code == "ORDER_ITEM_TYPE"


def test_our_own_notes_and_those_of_staff_are_no_notes_of_the_customer(stage: Stage) -> None:
    order = good_order(1)
    bad = {**order, "delivery": {**order["delivery"], "address2": ""}}
    stage.add(bad)
    stage.run()
    assert stage.state(1) == "invalid"
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"address2": "12"})
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    a_second_later()
    stage.run()
    assert told(stage) == ""


def test_a_quantity_set_to_zero_after_the_hand_over_takes_the_item_away(stage: Stage) -> None:
    stage.add(good_order(1, items=[article(), article(variation=FIRST + 1, quantity=1)]))
    stage.run()
    items = [
        {"id": i["id"], "quantity": 0 if int(i["itemVariationId"]) == FIRST else i["quantity"]}
        for i in stage.plenty_order(1)["orderItems"]
        if i["id"]
    ]
    stage.sandbox.plenty.act("edit_items", "alpha", order=1, items=items)
    for _ in range(2):
        stage.run()
    assert not stage.errors
    assert quantities(stage) == {str(FIRST + 1): 1}
    assert sent(stage)["submissions"] == 2
    assert open_rows(stage) == []


def test_all_quantities_set_to_zero_after_the_hand_over_are_told(stage: Stage) -> None:
    stage.add(good_order(1))
    stage.run()
    items = [i for i in stage.plenty_order(1)["orderItems"] if int(i["itemVariationId"]) == FIRST]
    stage.sandbox.plenty.act(
        "edit_items", "alpha", order=1, items=[{"id": items[0]["id"], "quantity": 0}]
    )
    stage.run()
    assert [code for _, code, _ in open_rows(stage)] == ["CHANGE_INVALID"]
    assert quantities(stage) == {str(FIRST): 2}


def test_goods_that_no_delivery_order_carries_are_told_until_one_does(stage: Stage) -> None:
    stage.add(
        good_order(1, items=[article(quantity=3), article(variation=FIRST + 1, quantity=1)]),
        good_order(2, type=2, parent=1, items=[article(quantity=1)]),
    )
    stage.run()
    assert list(stage.wemalo_orders()) == ["2"]
    ((subject, code, text),) = open_rows(stage)
    assert (subject, code) == ("order:1", "DELIVERY_INCOMPLETE")
    assert f"2 x {SKU}" in text
    assert f"1 x {SECOND_SKU}" in text
    rest = [article(quantity=2), article(variation=FIRST + 1, quantity=1)]
    stage.add(good_order(3, type=2, parent=1, items=rest, status=4))
    stage.run()
    assert open_rows(stage) == []


def test_spaces_around_a_sku_are_no_part_of_it(stage: Stage) -> None:
    settings(stage, wemalo={**stage.merchant.wemalo.model_dump(), "product_id": "sku"})
    tenant = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]
    row = dict(tenant["variations"][str(FIRST)])
    stage.sandbox.plenty.merge(
        {"tenants": [{"tenant": "alpha", "variations": [{**row, "number": f"{SKU} "}]}]}
    )
    stage.add(good_order(1))
    stage.run()
    assert not stage.errors
    (position,) = sent(stage)["positions"]
    assert position["externalId"] == str(FIRST)  # by its SKU, and wemalo knows none with spaces


def test_orders_in_flight_are_not_changed_by_an_upgrade(stage: Stage) -> None:
    stage.add(good_order(1, items=[article(), other(8, "Papier")], properties={"3": "2"}))
    stage.run()
    new = ("others", "notes", "payment_method", "consent", "referrer", "ship_from", "same_as",
           "credited_by")  # fmt: skip
    with stage.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE orders SET seen_updated_at = NULL, content = content - %s::text[], "
            "fingerprint = split_part(fingerprint, '.', 2), "
            "sent_fingerprint = split_part(sent_fingerprint, '.', 2)",
            (list(new),),
        )
        content = connection.exec_driver_sql("SELECT content FROM orders").scalar_one()
    assert order_from_json(content).others == ()
    stage.fresh_s = -3600
    for _ in range(2):
        stage.run()
    assert not stage.errors
    assert "change_seen" not in stage.events(1)
    assert sent(stage)["submissions"] == 1
