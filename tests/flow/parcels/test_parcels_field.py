"""Parcels as warehouses really send them: letters, odd numbers, twins, short shipments."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.parcels import ship

from include.ledger.exceptions.exceptions import acknowledge, open_exceptions
from include.ledger.stock.stock_sync import approve
from tests.flow.stage import Stage, good_order, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

BOOK = "POST /rest/sales_orders/{order_id}/book"
A, B = "00340434161094000001", "00340434161094000002"
GOODS = [{"variation": 2001, "quantity": 1}, {"variation": 2002, "quantity": 1}]


def told(stage: Stage) -> dict[str, str]:
    with stage.engine.begin() as connection:
        return {row.code: row.en for row in open_exceptions(connection, stage.name)}


def numbers(stage: Stage) -> list[str]:
    packages = stage.plenty_order(1)["shippingPackages"]
    return sorted(p["packageNumber"] for p in packages if p["packageNumber"])


def queue(stage: Stage) -> list[dict[str, Any]]:
    return [row for page in stage.work("x").wemalo.sent_queue() for row in page]


def information(stage: Stage) -> dict[str, Any]:
    return dict(stage.plenty_order(1)["shippingInformation"] or {})


def leaves(stage: Stage, parcels: Sequence[dict[str, Any]], *, runs: int = 1) -> None:
    """Let order 1 leave in these parcels, see `include.sandbox.wemalo.actions`."""
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1, items=GOODS))
    stage.run()
    stage.sandbox.wemalo.act("pack", "alpha", order="1", parcels=list(parcels))
    stage.sandbox.wemalo.act("hand_over", "alpha", order="1")
    for _ in range(runs):
        stage.run()
        assert not stage.errors


def test_letters_end_without_a_number_where_the_merchant_says_so(stage: Stage) -> None:
    settings(stage, number_patience_minutes=0)
    letter = {"carrier": "Deutsche Post", "tracking": "-"}
    leaves(stage, [letter])
    assert stage.state(1) == "partly_shipped"
    assert list(told(stage)) == ["PARCEL_WITHOUT_NUMBER"]
    carriers = {**stage.merchant.carriers, "Deutsche Post": "Post"}
    settings(stage, number_patience_minutes=0, without_number=["deutsche post"], carriers=carriers)
    stage.run()
    assert (stage.state(1), numbers(stage), queue(stage)) == ("shipped", [], [])
    assert information(stage)["shippingServiceProvider"] == "Post"
    assert told(stage) == {}


def test_letters_may_be_named_by_their_shipping_profile(stage: Stage) -> None:
    settings(stage, number_patience_minutes=0, without_number=[7])
    leaves(stage, [{"tracking": "-"}])
    assert stage.state(1) == "partly_shipped", "profile 6 has numbers"
    assert list(told(stage)) == ["PARCEL_WITHOUT_NUMBER"]
    settings(stage, number_patience_minutes=0, without_number=[6])
    stage.run()
    assert (stage.state(1), numbers(stage), queue(stage)) == ("shipped", [], [])
    assert told(stage) == {}


def test_a_number_in_no_form_of_its_carrier_is_written_and_told_until_it_is_corrected_or_seen(
    stage: Stage,
) -> None:
    odd = A[:-1]
    leaves(stage, [{"tracking": odd}, {"tracking": B}], runs=2)
    assert numbers(stage) == sorted([odd, B])
    assert (stage.state(1), queue(stage)) == ("shipped", [])
    assert "DHL" in told(stage)["TRACKING_NUMBER_ODD"]
    assert odd not in told(stage)["TRACKING_NUMBER_ODD"], "who types may have typed a name"
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", parcel=1, tracking=A)
    stage.run()
    assert numbers(stage) == [A, B]
    assert told(stage) == {}
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", parcel=1, tracking=odd)
    stage.run()
    assert list(told(stage)) == ["TRACKING_NUMBER_ODD"]
    with stage.engine.begin() as connection:
        journal = stage.work("person").journal
        acknowledge(connection, journal, "order:1", "TRACKING_NUMBER_ODD", "me", "it is right")
    stage.run()
    assert told(stage) == {}


@pytest.mark.parametrize("case", ["unknown carrier", "switched off"])
def test_numbers_of_unknown_carriers_are_not_told_nor_where_the_merchant_wants_no_hint(
    stage: Stage, case: str
) -> None:
    carrier = "Bote" if case == "unknown carrier" else "DHL"
    hint = "off" if case == "switched off" else "hint"
    settings(stage, carriers={"Bote": "Bote", "DHL": "DHL"}, number_forms=hint)
    leaves(stage, [{"carrier": carrier, "tracking": "FAHRT-4711"}])
    assert numbers(stage) == ["FAHRT-4711"]
    assert told(stage) == {}


@pytest.mark.parametrize(
    ("entered", "written"),
    [
        ("0034 0434\t1610 9400 0001", [A]),
        (f"https://carrier.example/track?lang=de&piececode={A}", [A]),
        (f"{A}, {B}", [A, B]),
    ],
)
def test_a_number_is_written_as_it_is_meant(stage: Stage, entered: str, written: list[str]) -> None:
    leaves(stage, [{"tracking": entered}])
    assert numbers(stage) == written
    assert information(stage)["transactionId"] == ",".join(written)
    assert (stage.state(1), queue(stage)) == ("shipped", [])


def test_two_parcels_with_one_number_are_two_packages_and_one_renumbered_keeps_the_other(
    stage: Stage,
) -> None:
    leaves(stage, [{"tracking": A}, {"tracking": A}])
    assert numbers(stage) == [A, A]
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", parcel=2, tracking=B)
    stage.run()
    assert numbers(stage) == [A, B]
    assert information(stage)["transactionId"] == f"{A},{B}"


def test_every_carrier_of_an_order_is_mapped_or_told(stage: Stage) -> None:
    carriers = dict(stage.merchant.carriers)
    leaves(stage, [{"carrier": "Bote", "tracking": A}, {"carrier": "DHL", "tracking": B}])
    assert "Bote" in told(stage)["CARRIER_UNMAPPED"]
    assert numbers(stage) == [A, B]
    settings(stage, carriers={**carriers, "Bote": "Bote"})
    stage.run()
    assert information(stage)["transactionId"] == f"{A},{B}"
    assert told(stage) == {}


def test_a_parcel_told_after_the_end_is_in_the_shipping_information(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = type(stage.work("x").wemalo)
    real = hook.sent_queue
    with monkeypatch.context() as patch:
        patch.setattr(hook, "sent_queue", lambda self: (page[1:] for page in real(self)))
        leaves(stage, [{"tracking": A}, {"tracking": B}])
    assert stage.state(1) == "shipped"
    stage.run()
    assert numbers(stage) == [A, B]
    assert set(information(stage)["transactionId"].split(",")) == {A, B}


def stocks(stage: Stage) -> tuple[Decimal, Decimal]:
    """Return the pieces of product 2001 in plentymarkets, and in wemalo's house."""
    plenty = stage.sandbox.plenty.state(stage.name)["tenants"][stage.name]["stock"]
    wemalo = stage.sandbox.wemalo.state(stage.name)["tenants"][stage.name]["stock"]["2001"]
    there = [row["stockPhysical"] for row in plenty if int(row["variationId"]) == 2001]
    return Decimal(str(there[0])), Decimal(wemalo["shelf"].get("1", 0) + wemalo["picked"])


@pytest.mark.parametrize("case", ["short pick", "late change", "rest cancelled"])
def test_what_did_not_leave_is_told_and_both_stocks_agree(stage: Stage, case: str) -> None:
    now = {"enabled": True, "every_minutes": 0, "settle_minutes": 0}
    settings(stage, goods_issue="book", stock=now)
    stage.sandbox.wemalo.settings(auto=False, short_pick="ship_partly")
    act = stage.sandbox.wemalo.act
    stage.run(groups=True)
    with stage.engine.begin() as connection:
        approve(connection, stage.name)
    stage.run(groups=True)
    before = stocks(stage)
    assert before[0] == before[1]
    stage.add(good_order(1, items=[{"variation": 2001, "quantity": 3}]))
    stage.run(groups=True)
    if case == "short pick":
        act("pick", "alpha", order="1", short={"2001": 1})
    elif case == "late change":
        act("start_picking", "alpha", order="1")
        item = next(i for i in stage.plenty_order(1)["orderItems"] if i["itemVariationId"] == 2001)
        stage.sandbox.plenty.act(
            "edit_items", "alpha", order=1, items=[{"id": item["id"], "quantity": 5}]
        )
        stage.run(groups=True)
    act("pack", "alpha", order="1", parcels=2)
    act("hand_over", "alpha", order="1", parcel=1)
    if case == "rest cancelled":
        stage.run(groups=True)
        act("cancel", "alpha", order="1", reason="damaged")
    else:
        act("hand_over", "alpha", order="1")
    for _ in range(4):
        stage.run(groups=True)
        assert not stage.errors
    assert stage.state(1) == "shipped"
    assert stage.plenty_status(1) == Decimal(7)
    assert "goods_issue_corrected" in stage.events(1)
    if case != "late change":  # told when the change came
        assert "× " in told(stage)["SHIPPED_SHORT"]
    after = stocks(stage)
    assert after[0] == after[1] < before[0]


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


@pytest.mark.parametrize("killed", [False, True], ids=["goes on", "killed behind the booking"])
@pytest.mark.parametrize("pieces", [5, 1])
def test_an_order_that_is_edited_while_its_goods_issue_is_booked_leaves_both_stocks_equal(
    stage: Stage, pieces: int, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    stage.settle_s = 0
    now = {"enabled": True, "every_minutes": 0, "settle_minutes": 0}
    settings(stage, goods_issue="book", stock=now)
    stage.sandbox.plenty.settings(second_book="again")
    stage.sandbox.wemalo.settings(auto=False)
    stage.run(groups=True)
    with stage.engine.begin() as connection:
        approve(connection, stage.name)
    stage.run(groups=True)
    stage.add(good_order(1, items=[{"variation": 2001, "quantity": 3}]))
    stage.run(groups=True)
    before = stocks(stage)
    assert before[0] == before[1]
    item = next(i for i in stage.plenty_order(1)["orderItems"] if i["itemVariationId"] == 2001)
    edit = {"action": "edit_items", "order": 1, "items": [{"id": item["id"], "quantity": pieces}]}
    stage.sandbox.plenty.hook(route=BOOK, when="before", action=edit)
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    real = ship.read_orders

    def deadly(*args: Any) -> Any:
        if stage.plenty_status(1) == Decimal(7):
            raise Death
        return real(*args)

    if killed:
        stage.lease_s = 0
        with monkeypatch.context() as patch:
            patch.setattr(ship, "read_orders", deadly)
            with pytest.raises(Death):
                stage.step("reconcile_tracking")
    for _ in range(3):
        stage.run(groups=True)
        assert not stage.errors
    assert stage.sandbox.plenty.calls("alpha")["counts"]["alpha"][BOOK] == 1
    assert "goods_issue_corrected" in stage.events(1)
    assert stocks(stage) == (before[0] - 3, before[1] - 3)
    assert told(stage) == {}


def test_another_systems_order_on_the_same_client_is_not_ours(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1, items=GOODS), good_order(2, items=GOODS))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    hook = type(stage.work("x").wemalo)
    real = hook.sent_queue

    def foreign(self: Any) -> Any:
        for page in real(self):
            for row in page:
                if row["externalGoodsOrderId"] == "1":
                    row["externalGoodsOrderId"] = "0001"
                else:
                    row["orderInfo"] = {"extraInfo": "plentyId=77"}
            yield page

    monkeypatch.setattr(hook, "sent_queue", foreign)
    stage.run()
    assert [stage.state(n) for n in (1, 2)] == ["accepted", "accepted"]
    assert numbers(stage) == []
    assert "0001, 2" in told(stage)["FOREIGN_ROWS"]
    assert len({row["historyId"] for row in queue(stage)}) == 4, "a foreign row was acknowledged"


def test_a_return_of_what_has_not_left_is_surplus(stage: Stage) -> None:
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1, items=[{"variation": 2001, "quantity": 2}]))
    stage.run(groups=True)
    goods = [{"product": "2001", "quantity": 1, "ready": True}]
    stage.sandbox.wemalo.act("book_return", "alpha", order="1", items=goods)
    stage.run(groups=True)
    assert "RETURN_SURPLUS" in told(stage)
    orders = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"].values()
    assert [row["id"] for row in orders if row["typeId"] == 3] == []
