"""Scenarios of returns, documents, stock and products, each with its race."""

from __future__ import annotations

from include.sandbox.scenarios.orders import NONE_LEFT, SHIP, SHIPPED, TWO_LEFT
from include.sandbox.scenarios.parts import (
    End,
    Goods,
    Scenario,
    merchant,
    operator,
    order,
    warehouse,
)

MAKE_RETURN = "POST /rest/orders/{order_id}/returns"
ADD_DOCUMENT = "POST /v1/goodsOrder/addDocument/{external_id}"


def back(quantity: int, product: int = 1, **item: object) -> dict[str, object]:
    """Return pieces that come back, as the warehouse books them."""
    return {"product": product, "quantity": quantity, **item}


RETURNS = (
    Scenario(
        "return", "both pieces come back: one return order, linked, with its note",
        (order(),), ((), (SHIP,), (warehouse("book_return", order=1, items=[back(2)]),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=1, returns=(2,)),), NONE_LEFT,
    ),
    Scenario(
        "return-in-two", "the pieces come back on two days: two return orders",
        (order(),), ((), (SHIP,), (warehouse("book_return", order=1, items=[back(1)]),),
                     (warehouse("book_return", order=1, items=[back(1)]),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=2, returns=(1, 1)),), NONE_LEFT,
    ),
    Scenario(
        "return-surplus", "more comes back than was sent: the rest is an exception",
        (order(),), ((), (SHIP,), (warehouse("book_return", order=1, items=[back(3)]),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=1, returns=(2,),
             cases=("RETURN_SURPLUS",)),), (Goods(1, 21),),
    ),
    Scenario(
        "return-foreign", "goods of another order come back: an exception, no return order",
        (order(),),
        ((), (SHIP,), (warehouse("book_return", order=1, items=[back(1, 2)]),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, cases=("RETURN_FOREIGN_ITEM",)),),
        (Goods(1, 18), Goods(2, 21)), {1: 20, 2: 20},
    ),
    Scenario(
        "return-unsellable", "a B piece comes back: its return order, but no sellable stock",
        (order(),),
        ((), (SHIP,), (warehouse("book_return", order=1, items=[back(1, attribute="2")]),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, notes=1, returns=(1,)),), TWO_LEFT,
    ),
    Scenario(
        "return-meets-merchant", "race: the merchant enters the return right before we make it",
        (order(),),
        ((), (SHIP,),
         (warehouse("book_return", order=1, items=[back(2)]),
          merchant("enter_return", order=1, items={"1": 2}).at(MAKE_RETURN, "before"))),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, returns=(2,), cases=("RETURN_REFUSED",)),),
        NONE_LEFT,
    ),
    Scenario(
        "return-announced", "a return entered in plentymarkets is announced to wemalo",
        (order(),),
        ((), (SHIP,), (merchant("enter_return", order=1, items={"1": 2}, status="9.1"),)),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, returns=(2,)),), TWO_LEFT,
    ),
)  # fmt: skip

DOCUMENTS = (
    Scenario(
        "documents", "invoice and delivery note are attached, each once",
        (order(),),
        ((), (merchant("make_document", order=1, kind="invoice"),
              merchant("make_document", order=1, kind="delivery_note")), ()),
        (End(1, "5.1", "OPEN", "accepted", documents=("BILL", "GOODSORDERDELIVERYNOTE")),),
    ),
    Scenario(
        "documents-of-main-order", "a delivery order gets the invoice of its main order",
        (order(),),
        ((merchant("delivery_order", order=1), merchant("make_document", order=1, kind="invoice")),
         (), ()),
        (End(1, "5.1", "OPEN", "accepted", documents=("BILL",), delivery=True),),
    ),
    Scenario(
        "document-meets-hand-over", "race: the order leaves just before its invoice is attached",
        (order(),),
        ((), (merchant("make_document", order=1, kind="invoice"), SHIP.at(ADD_DOCUMENT, "before")),
         ()),
        (End(1, "5.1", "SHIPPED", "shipped", numbers=1, documents=("BILL",)),), TWO_LEFT,
    ),
)  # fmt: skip

STOCK = (
    Scenario(
        "goods-receipt", "goods received are booked once, with their reason",
        (), ((), (warehouse("receive_goods", items=[back(7)]),)), (), (Goods(1, 27),),
    ),
    Scenario(
        "stocktaking", "stocktaking in both directions",
        (), ((), (warehouse("inventory", product=1, delta=-3),
                  warehouse("inventory", product=2, delta=5))),
        (), (Goods(1, 17), Goods(2, 25)), {1: 20, 2: 20},
    ),
    Scenario(
        "b-goods", "goods of second quality never reach the sellable stock",
        (), ((), (warehouse("receive_goods", items=[back(4, attribute="2")]),)), (), NONE_LEFT,
    ),
    Scenario(
        "blocked-goods", "blocked goods leave the stock though nothing posts them",
        (), ((), (warehouse("block_stock", product=1, quantity=6),), ()), (), (Goods(1, 14),),
    ),
    Scenario(
        "reserved", "an open order does not change the physical stock",
        (order(),), ((),), (End(1, "5.1", "OPEN", "accepted"),), NONE_LEFT,
    ),
    Scenario(
        "receipt-crosses-shipment", "race: an order leaves while the stock is being read",
        (order(),),
        ((), (warehouse("receive_goods", items=[back(3)]),
              warehouse("ship", order=1).at(match="availableStock", own=False)), ()),
        (SHIPPED,), (Goods(1, 21),),
    ),
    Scenario(
        "goods-issue-crosses", "race: somebody books goods issue just before we book it out",
        (order(),),
        ((), (SHIP, merchant("book", order=1).at(match="bookOutgoingItems", own=False)),
         (operator("let an hour pass"),), ()),
        (End(1, "7", "SHIPPED", "shipped", numbers=1),), (Goods(1, 18),),
    ),
    Scenario(
        "absurd-jump", "an absurd jump is held until a person confirms it",
        (),
        ((), (), (warehouse("receive_goods", items=[back(5000)]),), (operator("approve stock"),)),
        (), (Goods(1, 5020),),
    ),
)  # fmt: skip

PRODUCTS = (
    Scenario(
        "new-product", "a new variation reaches wemalo, and its goods can be received",
        (), ((), (warehouse("receive_goods", items=[back(5)]),)), (), (Goods(1, 5),), {}, {1: {}},
    ),
    Scenario(
        "incomplete-product", "a product without number is an exception; only its order waits",
        (order(1, items=[{"variation": 2, "quantity": 1}]), order(2)),
        ((), (warehouse("ship", order=2),)),
        (End(1, "5", None, "quarantined", notes=1, cases=("PRODUCT_NO_NUMBER", "PRODUCT_UNKNOWN")),
         End(2, "5.1", "SHIPPED", "shipped", numbers=1)),
        (Goods(1, 18), Goods(2, None, cases=("PRODUCT_NO_NUMBER",))), {1: 20}, {2: {"number": ""}},
    ),
)  # fmt: skip
