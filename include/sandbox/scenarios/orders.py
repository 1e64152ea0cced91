"""Scenarios of orders: statuses, cancellations, waiting, shipping, each with its race."""

from __future__ import annotations

from include.sandbox.scenarios.parts import End, Goods, Scenario, merchant, order, warehouse

SEARCH, WRITE = "GET /rest/orders/search", "PUT /rest/orders/{order_id}"
CANCEL = "PUT /v1/goodsOrder/cancel/{external_id}"
ADD = "POST /v1/goodsOrder/addConditional"
LOOK = "GET /v1/goodsOrder/getStatus/{external_id}"
SHIP = warehouse("ship", order=1)
MOVES = merchant("edit_address", order=1, changes={"address2": "99"})
CANCELS = merchant("cancel", order=1)
PICKS = warehouse("start_picking", order=1)
SHIPPED = End(1, "5.1", "SHIPPED", "shipped", numbers=1)
#: two of twenty pieces have left
TWO_LEFT, NONE_LEFT = (Goods(1, 18),), (Goods(1, 20),)

STATUSES = (
    Scenario(
        "shipped", "handed over, shipped in one parcel, told back",
        (order(),), ((), (SHIP,)), (SHIPPED,), TWO_LEFT,
    ),
    Scenario(
        "bad-address", "faulty address: 6.2 and a note; corrected and released, it is sent",
        (order(address2_=""),),
        ((), (merchant("edit_address", order=1, changes={"address2": "12"}),
              merchant("release", order=1)), (SHIP,)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=1),), TWO_LEFT,
    ),
    Scenario(
        "no-stock", "not enough goods: 6.3 and a note, nothing is sent",
        (order(items=[{"variation": 1, "quantity": 50}]),), ((),),
        (End(1, "6.3", None, "no_stock", notes=1),), NONE_LEFT,
    ),
    Scenario(
        "last-pieces", "of two orders the older gets the last pieces",
        (order(1), order(2)), ((), (SHIP,)),
        (SHIPPED, End(2, "6.3", None, "no_stock", notes=1)), (Goods(1, 0),), {1: 2},
    ),
    Scenario(
        "changed-before-sending", "race: the address changes between our read and our sending",
        (order(),),
        ((MOVES.at(SEARCH, "after"),), (), (SHIP,)),
        (SHIPPED,), TWO_LEFT,
    ),
    Scenario(
        "bundle", "a bundle: its components are sent, its head is not",
        (order(items=[{"variation": 3, "quantity": 1, "type": 2},
                      {"variation": 1, "quantity": 1, "type": 3},
                      {"variation": 2, "quantity": 2, "type": 3}]),),
        ((), (SHIP,)), (SHIPPED,), (Goods(1, 19), Goods(2, 18), Goods(3, None)), {1: 20, 2: 20},
        {3: {"bundle": [{"variation": 1, "quantity": 1}, {"variation": 2, "quantity": 2}]}},
    ),
    Scenario(
        "split", "an order split into delivery orders: only those are sent",
        (order(),), ((merchant("delivery_order", order=1),), ()),
        (End(1, "5.1", None, None), End(1, "5.1", "OPEN", "accepted", delivery=True)),
    ),
    Scenario(
        "unmapped-profile", "a shipping profile that is not mapped: an exception, only it waits",
        (order(1, profile=7_777), order(2)), ((), (warehouse("ship", order=2),)),
        (End(1, "5", None, "quarantined", notes=1, cases=("PROFILE_UNMAPPED",)),
         End(2, "5.1", "SHIPPED", "shipped", numbers=1)), TWO_LEFT,
    ),
)  # fmt: skip

CANCELLATIONS = (
    Scenario(
        "cancel-unsent", "cancelled before it was sent: never sent, 8.8",
        (order(),), ((CANCELS.at(SEARCH, "after"),), ()),
        (End(1, "8.8", None, "cancelled"),), NONE_LEFT,
    ),
    Scenario(
        "cancel-in-time", "cancelled before the warehouse has started: items back in stock, 8.8",
        (order(),), ((), (CANCELS,)),
        (End(1, "8.8", "CANCELLED", "cancelled"),), NONE_LEFT,
    ),
    Scenario(
        "cancel-too-late", "cancelled while it is picked: 8.8, note, exception; it ships",
        (order(),), ((), (PICKS, CANCELS)),
        (End(1, "8.8", "INPICKING", "accepted", notes=1, cases=("CANCEL_TOO_LATE",)),),
    ),
    Scenario(
        "cancel-during-hand-over", "race: cancelled right before our 5.1 is written over it",
        (order(),), ((CANCELS.at(WRITE, "before"),), ()),
        (End(1, "8.8", "CANCELLED", "cancelled"),), NONE_LEFT,
    ),
    Scenario(
        "cancel-meets-picking", "race: picking starts between the cancellation and our call",
        (order(),), ((), (CANCELS, PICKS.at(CANCEL, "before")), (SHIP,)),
        (End(1, "8.8", "SHIPPED", "shipped", numbers=1, notes=1,
             cases=("CANCEL_TOO_LATE",)),), TWO_LEFT,
    ),
    Scenario(
        "cancel-after-shipping", "cancelled after it has left: told, not undone",
        (order(),), ((), (SHIP,), (CANCELS,)),
        (End(1, "8.8", "SHIPPED", "shipped", numbers=1, notes=1,
             cases=("CANCEL_AFTER_SHIPPING",)),), TWO_LEFT,
    ),
    Scenario(
        "warehouse-cancels", "cancelled by the warehouse itself: told apart from the merchant's",
        (order(),), ((), (warehouse("cancel", order=1),)),
        (End(1, "5.1", "CANCELLED", "cancelled", notes=1, cases=("WAREHOUSE_CANCELLED",)),),
        NONE_LEFT,
    ),
    Scenario(
        "released-again", "cancelled, then released again: not sent twice, a person decides",
        (order(),), ((), (CANCELS,), (merchant("release", order=1),)),
        (End(1, "5", "CANCELLED", "cancelled", notes=1, cases=("RELEASED_AGAIN",)),), NONE_LEFT,
    ),
)  # fmt: skip

CHANGES = (
    Scenario(
        "change-in-time", "changed after the hand-over, not started: the warehouse gets the change",
        (order(),), ((), (MOVES,), (SHIP,)), (SHIPPED,), TWO_LEFT,
    ),
    Scenario(
        "change-too-late", "changed while it is picked: a note, an exception; it ships as it was",
        (order(),), ((), (PICKS, MOVES)),
        (End(1, "5.1", "INPICKING", "accepted", notes=1, cases=("CHANGED_TOO_LATE",)),),
    ),
    Scenario(
        "change-meets-picking", "race: picking starts just before our change arrives",
        (order(),), ((), (MOVES, PICKS.at(ADD, "before"))),
        (End(1, "5.1", "INPICKING", "accepted", notes=1, cases=("CHANGED_TOO_LATE",)),),
    ),
)  # fmt: skip

WAITING = (
    Scenario(
        "goods-meet-look", "race: the goods come right before our look at the waiting order",
        (order(),), ((warehouse("force_reason", order=1, reason="STOCK", times=99),),
                     (warehouse("force_reason", order=1, reason="").at(LOOK, "before"),), (SHIP,)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=1),), TWO_LEFT,
    ),
    Scenario(
        "waiting-goods", "wemalo lacks goods (PARTIAL): 6.3, and 5.1 again by itself",
        (order(),), ((warehouse("force_reason", order=1, reason="STOCK", times=99),),
                     (warehouse("force_reason", order=1, reason=""),), (SHIP,)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=1),), TWO_LEFT,
    ),
    Scenario(
        "waiting-still", "wemalo lacks goods and they do not come: it stays at 6.3",
        (order(),), ((warehouse("force_reason", order=1, reason="STOCK", times=99),),),
        (End(1, "6.3", "PARTIAL", "waiting", notes=1),),
    ),
)  # fmt: skip

SHIPPING = (
    Scenario(
        "two-parcels", "two parcels become two packages",
        (order(),), ((), (warehouse("pack", order=1, parcels=2), warehouse("hand_over", order=1))),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=2),), TWO_LEFT,
    ),
    Scenario(
        "two-hand-overs", "two hand-overs on two days: the second one ends the order",
        (order(),),
        ((), (warehouse("pack", order=1, parcels=2), warehouse("hand_over", order=1, parcel=1)),
         (warehouse("hand_over", order=1, parcel=2),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=2),), TWO_LEFT,
    ),
    Scenario(
        "first-hand-over", "the first of two parcels has left: the order waits for the second",
        (order(),),
        ((), (warehouse("pack", order=1, parcels=2), warehouse("hand_over", order=1, parcel=1))),
        (End(1, "5.1", "PACKED", "partly_shipped", numbers=1),), (Goods(1, 19),),
    ),
    Scenario(
        "number-changes", "a tracking number that changes later is corrected",
        (order(),),
        ((), (SHIP,), (warehouse("change_tracking", order=1, tracking="00340434161094000009"),)),
        (SHIPPED,), TWO_LEFT,
    ),
    Scenario(
        "late-number", "a parcel without number waits for it",
        (order(),),
        ((), (warehouse("pack", order=1, parcels=[{"tracking": False}]),
              warehouse("hand_over", order=1)),
         (warehouse("change_tracking", order=1, tracking="00340434161094000008"),)),
        (SHIPPED,), TWO_LEFT,
    ),
    Scenario(
        "unmapped-carrier", "a carrier that is not mapped is an exception, never a guess",
        (order(),), ((), (warehouse("pack", order=1, parcels=[{"carrier": "Kurier"}]),
                          warehouse("hand_over", order=1))),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, cases=("CARRIER_UNMAPPED",)),), TWO_LEFT,
    ),
    Scenario(
        "package-race", "race: a shipping rule makes its empty package just before ours",
        (order(),),
        ((), (SHIP, merchant("add_package", order=1, package={}).at(SEARCH, "before"))),
        (SHIPPED,), TWO_LEFT,
    ),
    Scenario(
        "held", "packed, but held in the warehouse: an exception until it is released",
        (order(),), ((), (warehouse("label_error", order=1, message="no service"),
                          warehouse("pack", order=1))),
        (End(1, "5.1", "BLOCKEDPACKED", "accepted", cases=("WAREHOUSE_BLOCKED",)),),
    ),
)  # fmt: skip
