"""What every day looks like: orders travel to the warehouse and their parcels come back."""

from __future__ import annotations

from decimal import Decimal

from tests.flow.stage import Stage, good_order


def parcels(stage: Stage, order_id: int) -> list[tuple[str, int]]:
    order = stage.plenty_order(order_id)
    rows = [p for p in order["shippingPackages"] if p["packageNumber"]]
    return sorted((p["packageNumber"], int(p["weight"])) for p in rows)


def test_a_good_order_is_handed_over_shipped_and_told_back(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    stage.run()
    assert not stage.errors
    assert stage.plenty_status(1) == Decimal("5.1")
    assert stage.state(1) == "accepted"
    assert stage.wemalo_orders()["1"]["submissions"] == 1
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert not stage.errors
    assert stage.state(1) == "shipped"
    (parcel,) = stage.wemalo_orders()["1"]["parcels"]
    assert parcels(stage, 1) == [(parcel["trackingNumber"], parcel["weight"])]
    information = stage.plenty_order(1)["shippingInformation"]
    assert information["shippingServiceProvider"] == "DHL"
    assert information["transactionId"] == parcel["trackingNumber"]
    tenant = stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]
    assert tenant["queues"]["sent"] == []


def test_replaying_three_times_changes_nothing(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2, delivery={}))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    before = (stage.plenty_order(1), stage.plenty_order(2), stage.wemalo_orders())
    writes = stage.sandbox.plenty.calls("alpha")["writes"]
    for _ in range(3):
        stage.run()
        assert not stage.errors
    assert (stage.plenty_order(1), stage.plenty_order(2), stage.wemalo_orders()) == before
    assert stage.sandbox.plenty.calls("alpha")["writes"] == writes


def test_an_empty_run_writes_nothing_and_reads_once(stage: Stage) -> None:
    stage.run()
    stage.sandbox.plenty.reset_calls()
    stage.run()
    calls = stage.sandbox.plenty.calls("alpha")
    assert calls["writes"].get("alpha", 0) == 0
    assert calls["reads"]["alpha"] <= 4  # by the positions' and by the order's warehouse


def test_several_parcels_become_as_many_packages(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "parcels": {"1": 3}}]})
    items = [{"variation": 2001 + n, "quantity": 2} for n in range(3)]
    stage.add(good_order(1, items=items))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    sent = stage.wemalo_orders()["1"]["parcels"]
    assert len(sent) == 3
    assert parcels(stage, 1) == sorted((p["trackingNumber"], p["weight"]) for p in sent)


def test_an_empty_package_of_a_shipping_rule_is_filled_instead_of_a_second_one_made(
    stage: Stage,
) -> None:
    stage.add(good_order(1, packages=[{"packageId": 1, "weight": 0, "packageNumber": ""}]))
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert len(stage.plenty_order(1)["shippingPackages"]) == 1
    assert parcels(stage, 1)[0][0] == stage.wemalo_orders()["1"]["parcels"][0]["trackingNumber"]


def test_a_faulty_address_is_set_to_its_status_with_a_note_and_sent_once_corrected(
    stage: Stage,
) -> None:
    bad = {**good_order(1)["delivery"], "postalCode": "123"}
    stage.add(good_order(1, delivery=bad))
    stage.run()
    assert stage.plenty_status(1) == Decimal("6.2")
    (note,) = stage.plenty_order(1)["comments"]
    assert "Postleitzahl" in note["text"]
    assert stage.wemalo_orders() == {}
    stage.sandbox.plenty.act("edit_address", "alpha", order=1, changes={"postalCode": "10115"})
    stage.sandbox.plenty.act("set_status", "alpha", order=1, status=5)
    stage.run()
    assert stage.plenty_status(1) == Decimal("5.1")
    assert stage.wemalo_orders()["1"]["meta"]["receiver"][0]["zip"] == "10115"


def test_of_two_orders_the_older_gets_the_last_pieces(stage: Stage) -> None:
    few = [{"variation": 2006, "quantity": 3}]  # four pieces in the story
    stage.add(good_order(1, items=few), good_order(2, items=few))
    stage.run()
    assert (stage.plenty_status(1), stage.plenty_status(2)) == (Decimal("5.1"), Decimal("6.3"))
    assert list(stage.wemalo_orders()) == ["1"]


def test_what_is_not_ours_is_left_alone(stage: Stage) -> None:
    stage.sandbox.plenty.merge(
        {"tenants": [{"tenant": "alpha", "warehouses": [{"id": 4, "name": "Other"}]}]}
    )
    stage.add(
        good_order(1, warehouse=4),
        good_order(2, plenty_id=1999),
        good_order(3, type=7),
        good_order(4, status="4"),
    )
    stage.run()
    assert not stage.errors
    assert stage.wemalo_orders() == {}
    assert [stage.plenty_status(n) for n in (1, 2, 3, 4)] == [5, 5, 5, 4]


def test_an_order_split_into_delivery_orders_is_sent_once_per_delivery_order(stage: Stage) -> None:
    stage.add(good_order(1))
    created = stage.sandbox.plenty.act("delivery_order", "alpha", order=1)
    stage.run()
    assert not stage.errors
    assert "1" not in stage.wemalo_orders()
    assert len(stage.wemalo_orders()) == 1, created


def test_a_malformed_order_is_set_aside_and_the_others_go_on(stage: Stage) -> None:
    stage.add(good_order(1), good_order(2))
    stage.sandbox.plenty.act("set_property", "alpha", order=1, type=2, value="express")
    stage.run()
    assert stage.state(1) == "quarantined"
    assert stage.timeline(1).order.reason["field"] == "properties[2] (shipping profile)"
    assert stage.plenty_status(2) == Decimal("5.1")


def test_waiting_orders_go_on_by_themselves_once_wemalo_has_the_goods(stage: Stage) -> None:
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "reasons": {"1": "STOCK"}}]})
    stage.add(good_order(1))
    stage.run()
    assert stage.state(1) == "waiting"
    assert stage.plenty_status(1) == Decimal("6.3")
    assert "STOCK" in stage.plenty_order(1)["comments"][0]["text"]
    stage.sandbox.wemalo.act("force_reason", "alpha", order="1", reason="")
    stage.run()
    stage.run()
    assert stage.state(1) == "accepted"
    assert stage.plenty_status(1) == Decimal("5.1")


def test_one_read_and_three_writes_per_order_are_enough(stage: Stage) -> None:
    one = [{"variation": 2001, "quantity": 1}]
    ids = range(1, 21)  # what fits into a minute: nothing here is about the limits
    stage.add(*(good_order(n, items=one, packages=[{}]) for n in ids))
    stage.sandbox.plenty.reset_calls()
    stage.run()
    stage.sandbox.wemalo.clock(advance=6 * 3600)
    stage.run()
    assert {stage.state(n) for n in ids} == {"shipped"}
    calls = stage.sandbox.plenty.calls("alpha")
    assert calls["writes"]["alpha"] == 3 * len(ids)
    assert calls["reads"]["alpha"] <= len(ids)
