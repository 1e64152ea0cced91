"""The oracle sees every kind of difference, and says whether somebody is told."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from include.chaos.oracle import Facts, judge

if TYPE_CHECKING:
    from collections.abc import Callable

World = dict[str, Any]


def history(*rows: tuple[object, int]) -> list[dict[str, Any]]:
    return [{"statusId": status, "userId": user, "procedureText": ""} for status, user in rows]


def good_world() -> World:
    """One order shipped in one parcel, one of its two pieces back; all three say the same."""
    address = {"id": 801, "address1": "Ringstraße", "address2": "4"}
    order = {
        "id": 1,
        "typeId": 1,
        "statusId": 7,
        "statusHistory": history((5, 0), (5.1, 9), (7, 9)),
        "comments": [],
        "shippingPackages": [{"packageNumber": "T1"}],
        "shippingInformation": {"shippingServiceProvider": "DHL"},
        "orderItems": [{"itemVariationId": 2001, "quantity": 2}],
        "orderReferences": [],
        "addressRelations": [{"typeId": 2, "addressId": 801}],
        "addresses": [address],
    }
    back = {
        "id": 2,
        "typeId": 3,
        "statusId": 9,
        "statusHistory": [],
        "orderItems": [{"itemVariationId": 2001, "quantity": 1}],
        "orderReferences": [{"originOrderId": 1}],
    }
    issue = {"processRowType": 2, "processRowId": 1, "variationId": 2001, "quantity": -2}
    items = [{"externalId": "2001", "quantity": 2}]
    sent = {
        "status": "SHIPPED",
        "submissions": 1,
        "parcels": [{"trackingNumber": "T1", "handedOver": "2026-01-02", "items": items}],
        "positions": items,
        "meta": {"receiver": [{"street": "Ringstraße", "streetNumber": "4"}]},
    }
    return {
        "plenty": {
            "orders": {"1": order, "2": back},
            "movements": [issue],
            "stock": [{"variationId": 2001, "stockPhysical": 99}],
        },
        "wemalo": {
            "orders": {"1": sent},
            "stock": {"2001": {"shelf": {"1": 99}, "picked": 0, "returned": 1}},
            "queues": {"sent": [], "returns": [], "postings": {"SENT": 2}},
        },
        "ledger": {1: "shipped"},
        "told": frozenset(),
        "edits": Counter(),
    }


def ours(world: World) -> Any:
    return world["plenty"]["orders"]["1"]


def theirs(world: World) -> Any:
    return world["wemalo"]["orders"]["1"]


def cancelled(world: World, at_wemalo: str, shown: object, ledger: str) -> None:
    """Let the merchant have cancelled the order, before anything of it came back."""
    del world["plenty"]["orders"]["2"]
    world["wemalo"]["stock"]["2001"]["returned"] = 0
    ours(world)["statusHistory"] = history((5, 0), (5.1, 9), (8, 0), (shown, 9))
    ours(world)["statusId"] = shown
    theirs(world)["status"] = at_wemalo
    world["ledger"][1] = ledger
    if at_wemalo != "SHIPPED":
        theirs(world)["parcels"] = ours(world)["shippingPackages"] = []
        world["plenty"]["movements"] = []


def never_arrived(world: World) -> None:
    world["wemalo"]["orders"] = {}
    ours(world)["statusId"] = 5
    ours(world)["shippingPackages"], world["plenty"]["movements"] = [], []


CASES: dict[str, tuple[Callable[[World], Any], set[tuple[str, str]]]] = {
    "never sent": (
        never_arrived,
        {("lost", "it never reached the warehouse"), ("wrong", "the state in the ledger")},
    ),
    "cancellation swallowed": (
        lambda w: cancelled(w, "OPEN", 5.1, "accepted"),
        {("lost", "the cancellation")},
    ),
    "cancellation unanswered": (
        lambda w: cancelled(w, "CANCELLED", 8, "cancelled"),
        {("lost", "the answer to a cancellation")},
    ),
    "shipped though cancelled": (
        lambda w: cancelled(w, "SHIPPED", 8.8, "shipped"),
        {("lost", "the goods left although the order was cancelled")},
    ),
    "cancelled by nobody": (
        lambda w: (
            theirs(w).update(status="CANCELLED", parcels=[])
            or ours(w).update(shippingPackages=[])
            or w["plenty"].update(movements=[])
            or w["ledger"].update({1: "cancelled"})
        ),
        {("wrong", "cancelled although nobody wanted it")},
    ),
    "status of what left": (
        lambda w: ours(w).update(statusId=5.1),
        {("lost", "the status of what left")},
    ),
    "ledger": (
        lambda w: w["ledger"].update({1: "accepted"}),
        {("wrong", "the state in the ledger")},
    ),
    "parcel": (
        lambda w: ours(w).update(shippingPackages=[{"packageNumber": ""}]),
        {("lost", "a parcel")},
    ),
    "parcel twice": (
        lambda w: ours(w)["shippingPackages"].append({"packageNumber": "T1"}),
        {("doubled", "a package")},
    ),
    "parcel of nobody": (
        lambda w: ours(w)["shippingPackages"].append({"packageNumber": "T9"}),
        {("wrong", "a package that wemalo does not know")},
    ),
    "shipping information": (
        lambda w: ours(w).update(shippingInformation=None),
        {("lost", "the shipping information")},
    ),
    "note twice": (
        lambda w: ours(w).update(comments=[{"text": "a"}, {"text": "a"}]),
        {("doubled", "a note")},
    ),
    "goods issue twice": (
        lambda w: w["plenty"]["movements"].append(w["plenty"]["movements"][0]),
        {("doubled", "the goods issue")},
    ),
    "goods issue": (lambda w: w["plenty"]["movements"].clear(), {("lost", "the goods issue")}),
    "hand-over twice": (
        lambda w: theirs(w).update(submissions=2),
        {("doubled", "the hand-over")},
    ),
    "goods": (
        lambda w: ours(w)["orderItems"].append({"itemVariationId": 2002, "quantity": 1}),
        {("wrong", "the goods")},
    ),
    "address": (
        lambda w: ours(w)["addresses"][0].update(address2="5"),
        {("wrong", "the address differs")},
    ),
    "foreign order": (
        lambda w: w["wemalo"]["orders"].update({"7": theirs(w)}),
        {("wrong", "wemalo has an order that nobody knows")},
    ),
    "stock": (
        lambda w: w["plenty"]["stock"][0].update(stockPhysical=98),
        {("wrong", "the stock")},
    ),
    "return": (lambda w: w["plenty"]["orders"].pop("2"), {("lost", "a return")}),
    "return twice": (
        lambda w: w["plenty"]["orders"].update({"3": {**w["plenty"]["orders"]["2"], "id": 3}}),
        {("doubled", "a return")},
    ),
    "queue": (
        lambda w: w["wemalo"]["queues"]["sent"].append(1),
        {("lost", "rows of wemalo's queue")},
    ),
    "postings": (
        lambda w: w["wemalo"]["queues"]["postings"].update(INCOMING=1),
        {("lost", "rows of wemalo's queue")},
    ),
}


def test_where_all_three_say_the_same_nothing_is_found() -> None:
    assert judge(Facts(**good_world())).lines == []


@pytest.mark.parametrize("case", CASES)
def test_a_difference_is_found_and_is_silent_unless_an_exception_names_it(case: str) -> None:
    change, wanted = CASES[case]
    world = good_world()
    change(world)

    silent = judge(Facts(**world))
    subjects = frozenset((one.subject, "STEP_FAILED") for one in silent.differences)
    told = judge(Facts(**{**copy.deepcopy(world), "told": subjects}))

    assert {(one.kind, one.what) for one in silent.differences} == wanted
    assert silent.counts["silent"] == len(wanted)
    assert {(one.kind, one.what) for one in told.differences} == wanted
    assert told.counts["silent"] == 0


def test_a_late_cancellation_is_a_fact_once_it_is_told_or_the_goods_came_back() -> None:
    world = good_world()
    cancelled(world, "SHIPPED", 8.8, "shipped")
    told = frozenset({("order:1", "CANCEL_AFTER_SHIPPING")})
    back = good_world()
    ours(back)["statusHistory"] = history((5, 0), (8, 0), (8.8, 9))
    ours(back)["statusId"] = 8.8

    assert judge(Facts(**{**world, "told": told})).lines == []
    assert judge(Facts(**back)).lines == []


def test_a_change_that_came_too_late_is_a_fact_once_a_note_says_so() -> None:
    world = good_world()
    ours(world)["addresses"][0]["address2"] = "5"
    ours(world)["comments"] = [{"text": "too late"}]

    assert judge(Facts(**world)).lines == []


def test_an_exception_without_a_difference_is_a_false_alarm() -> None:
    world = good_world()
    world["told"] = frozenset({("order:1", "STEP_FAILED")})

    assert judge(Facts(**world)).lines == ["false alarm: order:1 STEP_FAILED"]


def test_an_order_that_was_changed_may_be_sent_once_more_per_change() -> None:
    world = good_world()
    theirs(world)["submissions"] = 2
    world["edits"][1] = 1

    assert judge(Facts(**world)).lines == []


def deleted(world: World, at_wemalo: str, state: str) -> None:
    """Let the order be gone in plentymarkets, and its goods issue with it."""
    del world["plenty"]["orders"]["1"], world["plenty"]["orders"]["2"]
    world["plenty"]["movements"] = []
    world["wemalo"]["stock"]["2001"]["returned"] = 0
    world["deleted"] = frozenset({1})
    world["ledger"][1] = state
    theirs(world)["status"] = at_wemalo
    if at_wemalo != "SHIPPED":
        theirs(world)["parcels"] = []


@pytest.mark.parametrize(
    ("at_wemalo", "state", "wanted"),
    [
        ("CANCELLED", "cancelled", None),
        ("CANCELLED", "accepted", "the state in the ledger"),
        ("OPEN", "accepted", "the deletion"),
        ("SHIPPED", "accepted", "the goods left although the order was deleted"),
    ],
)
def test_a_deleted_order_is_cancelled_at_the_warehouse_or_somebody_is_told(
    at_wemalo: str, state: str, wanted: str | None
) -> None:
    world = good_world()
    deleted(world, at_wemalo, state)
    if at_wemalo == "SHIPPED":  # nobody can book it, and its row stays
        world["wemalo"]["stock"]["2001"]["shelf"]["1"] -= 2
        world["wemalo"]["queues"]["sent"] = [7]
    told = frozenset({("order:1", "ORDER_DELETED")})

    found = judge(Facts(**world)).differences
    assert [one.what for one in found] == ([wanted] if wanted else [])
    assert all(one.silent for one in found)
    if at_wemalo == "SHIPPED":
        assert judge(Facts(**{**world, "told": told})).lines == []


def test_goods_that_differ_are_a_fact_once_it_is_told_that_the_change_came_too_late() -> None:
    world = good_world()
    ours(world)["orderItems"][0]["quantity"] = 3
    world["plenty"]["movements"][0]["quantity"] = -3
    told = frozenset({("order:1", "CHANGED_TOO_LATE")})

    found = judge(Facts(**world)).differences
    assert {one.what for one in found} == {"the goods", "the goods issue"}
    assert judge(Facts(**{**world, "told": told})).lines == []


def test_a_parcel_without_goods_is_none() -> None:
    world = good_world()
    theirs(world)["parcels"].append({"trackingNumber": "T2", "handedOver": "x", "items": []})

    assert judge(Facts(**world)).lines == []
