"""Every call with which the hooks change something, and which of them need no claim.

The hooks refuse a call of the flow that changes something and is not in here, or that is made
without a claim (`fulfilment.flow.systems.write`) and not in `UNCLAIMED`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.systems.errors import UnclaimedWrite

if TYPE_CHECKING:
    from fulfilment.hooks.transport import Request

_PACKAGES = "/rest/orders/{order_id}/shipping/packages"
_STOCK = "/rest/stockmanagement/warehouses/{warehouse_id}/stock/"
#: method and route -> action of a dry run's plan; "" for what only asks or only acknowledges
ACTIONS = {
    "PUT /rest/orders/{order_id}": "status",
    "POST /rest/comments": "note",
    f"POST {_PACKAGES}": "package",
    f"PUT {_PACKAGES}/{{package_id}}": "package",
    "POST /rest/orders/shipping/shipping_information": "tracking",
    "POST /rest/sales_orders/{order_id}/book": "goods_issue",
    "POST /rest/delivery_orders/{order_id}/book": "goods_issue",
    "POST /rest/warranties/{order_id}/book": "goods_issue",
    "POST /rest/repairs/{order_id}/book": "goods_issue",
    "POST /rest/orders/{order_id}/returns/validate": "",
    "POST /rest/orders/{order_id}/returns": "return",
    "PUT /rest/returns/{return_id}": "",
    "POST /rest/returns/{return_id}/book/validate": "",
    "POST /rest/returns/{return_id}/book": "return_stock",
    f"PUT {_STOCK}bookIncomingItems": "stock",
    f"PUT {_STOCK}bookOutgoingItems": "stock",
    f"PUT {_STOCK}correction": "stock",
    "POST /goodsOrder/addConditional": "send",
    "POST /goodsOrder/add": "send",
    "PUT /goodsOrder/cancel/{id}": "cancel",
    "PUT /goodsOrder/updateMeta/{id}": "change",
    "PUT /goodsOrder/note/{id}": "note",
    "PUT /goodsOrder/packages/sent/{id}": "",
    "POST /product/addMultiple": "product",
    "PUT /returns/booked/{id}": "",
    "POST /returns/announceConditional": "announce",
    "POST /goodsOrder/addDocument/{id}": "document",
    "PUT /product/bookings/flag": "",
}
_TWICE = "a row that is off its queue stays off, and it is done after everything else about it"
_ASKS = "it asks, and changes nothing"
#: method and route -> why making it again, late or by two at once changes nothing
UNCLAIMED = {
    "POST /rest/login": "it changes nothing but the token, which is nobody's data",
    "POST /rest/orders/{order_id}/returns/validate": _ASKS,
    "POST /rest/returns/{return_id}/book/validate": _ASKS,
    "PUT /goodsOrder/packages/sent/{id}": _TWICE,
    "PUT /returns/booked/{id}": _TWICE,
    "PUT /product/bookings/flag": _TWICE,
    "POST /product/addMultiple": "it inserts or updates, and what an old call may have undone is "
    "told once more (`fulfilment.flow.products.sync`)",
}


def need_claim(request: Request, merchant: str, *, claimed: bool) -> None:
    """Refuse what changes something and that nobody has claimed.

    :param claimed: by the one way to write, `fulfilment.flow.systems.write`.
    :raises UnclaimedWrite: nothing was sent.
    """
    if (
        request.method == "GET"
        or request.name in UNCLAIMED
        or (claimed and request.name in ACTIONS)
    ):
        return
    text = (
        f"{request.name} changes something and was not called: this code has not claimed it "
        "first. It is a fault of this version; report it with this line."
    )
    raise UnclaimedWrite(text, merchant=merchant)
