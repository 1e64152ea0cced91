"""One story for each call that changes something at the other systems; see `every_write`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.flow.stage import Stage, a_second_later, settings
from tests.flow.systems.every_write import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pytest
from tests.flow.systems.write_occasions import (
    accepted,
    announcements,
    booked_back,
    booking_in_doubt,
    cancelled,
    changed,
    come_back,
    counted,
    counted_there,
    documented,
    entered,
    goods_issues,
    held,
    of_cancellation,
    of_change,
    of_information,
    of_packages,
    of_reasons,
    of_returns,
    pieces_off,
    released,
    released_for_add,
    return_numbers,
    returned,
    sent_rows,
    sent_rows_off,
    shipped,
    shipped_of_type,
    shipped_with_empty_package,
    shipped_without_package,
    tenant,
    times_set,
)


def variations(stage: Stage, ids: Sequence[int]) -> None:
    rows = [
        {"id": n, "number": f"SKU-{n}", "name": "Cable", "weight_g": 100, "stock": 0} for n in ids
    ]
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": rows}]})


def new_products(stage: Stage, ids: Sequence[int]) -> None:
    settings(stage, products={"enabled": True, "every_minutes": 0})
    stage.step("sync_products")  # what the demo has already
    variations(stage, ids)
    a_second_later()


def products_there(stage: Stage) -> Mapping[int, float]:
    return {
        int(n): row["name"] == "Cable" for n, row in tenant(stage, "wemalo")["products"].items()
    }


def in_stock(stage: Stage, ids: Sequence[int], **changes: Any) -> None:
    """Let both stocks of some products agree."""
    variations(stage, ids)
    known = [{"externalId": str(n), "sku": f"SKU-{n}", "name": "Cable"} for n in ids]
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "products": known}]})
    settings(
        stage, goods_issue="book",
        stock={"enabled": True, "every_minutes": 0, "settle_minutes": 0,
               "confirm_first_run": False, **changes},
    )  # fmt: skip
    receive(stage, ids, 10)
    for _ in range(2):
        stage.step("sync_stock")


def receive(stage: Stage, ids: Sequence[int], quantity: int) -> None:
    items = [{"product": str(n), "quantity": quantity} for n in ids]
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=items)


def received(stage: Stage, ids: Sequence[int]) -> None:
    in_stock(stage, ids)
    receive(stage, ids, 7)


def counted_short(stage: Stage, ids: Sequence[int], **changes: Any) -> None:
    in_stock(stage, ids, **changes)
    for n in ids:
        stage.sandbox.wemalo.act("inventory", "alpha", product=str(n), delta=-3)


def counted_absolute(stage: Stage, ids: Sequence[int]) -> None:
    counted_short(stage, ids, mode="absolute")


def moved(quantity: float) -> Callable[[Stage], Mapping[int, float]]:
    return lambda stage: Counter(
        int(row["variationId"])
        for row in tenant(stage, "plenty")["movements"]
        if float(row["quantity"]) == quantity
    )


def waiting_postings(stage: Stage) -> dict[str, int]:
    """Return history id of a goods receipt that waits in wemalo's queue -> its variation."""
    return {
        str(row["historyId"]): int(entry["externalIds"][0]["key"])
        for entry in stage.work("x").wemalo.stock_postings("INCOMING")
        for row in entry["bookingHistoryEntries"]
    }


class Postings:
    """Goods receipts as they were before anything was acknowledged: a queue forgets."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}

    def due(self, stage: Stage, ids: Sequence[int]) -> None:
        received(stage, ids)
        self.rows = waiting_postings(stage)

    def names(self, _: Stage) -> Mapping[str, int]:
        return self.rows

    def off(self, stage: Stage) -> Mapping[int, float]:
        waiting = waiting_postings(stage)
        return {item: int(row not in waiting) for row, item in self.rows.items()}


def one_at_a_time(patch: pytest.MonkeyPatch) -> None:
    """Give every item a call of its own: what a batch does is played in other tests."""
    for name in (
        "fulfilment.flow.stock.book.STOCK_ROWS", "fulfilment.flow.stock.absolute.STOCK_ROWS",
        "fulfilment.flow.stock.sync.FLAGGED", "fulfilment.flow.products.sync.BATCH",
    ):  # fmt: skip
        patch.setattr(name, 1)


NO_SEARCH = {"absent from search": "no search is asked by this task"}


#: the outcome of the call is not known
UNKNOWN = (
    "late landing", "lost reply", "absent from search", "500 for one item",
    "killed before", "killed after",
)  # fmt: skip


_STATUS, _SHIP, _BACK = ("writeback_status",), ("reconcile_tracking",), ("handle_returns",)


_LOAD, _STOCK, _PAPERS = ("load_to_wemalo",), ("sync_stock",), ("attach_documents",)


_JOURNAL = "/rest/stockmanagement/warehouses/{warehouse_id}/stock/"


_ORDER = "/rest/orders/{order_id}"


_POSTINGS = Postings()


STORIES: dict[str, Story] = {
    f"PUT {_ORDER}": Story(accepted, _STATUS, counted(times_set("5.1"))),
    "POST /rest/comments": Story(
        held, _STATUS, counted(lambda order: len(order["comments"])), none=NO_SEARCH
    ),
    f"POST {_ORDER}/shipping/packages": Story(shipped_without_package, _SHIP, counted(of_packages)),
    f"PUT {_ORDER}/shipping/packages/{{package_id}}": Story(
        shipped_with_empty_package, _SHIP, counted(of_packages)),
    "POST /rest/orders/shipping/shipping_information": Story(
        shipped, _SHIP, counted(of_information)
    ),
    "POST /rest/sales_orders/{order_id}/book": Story(shipped, _SHIP, goods_issues),
    "POST /rest/delivery_orders/{order_id}/book": Story(shipped_of_type(2), _SHIP, goods_issues),
    "POST /rest/warranties/{order_id}/book": Story(shipped_of_type(5), _SHIP, goods_issues),
    "POST /rest/repairs/{order_id}/book": Story(shipped_of_type(6), _SHIP, goods_issues),
    f"POST {_ORDER}/returns/validate": Story(
        come_back, _BACK, of_returns(lambda _: 1), returned, asks=True
    ),
    f"POST {_ORDER}/returns": Story(come_back, _BACK, of_returns(lambda _: 1), returned),
    "PUT /rest/returns/{return_id}": Story(come_back, _BACK, of_returns(of_reasons), returned),
    "POST /rest/returns/{return_id}/book/validate": Story(
        booking_in_doubt, _BACK, booked_back, returned, asks=True
    ),
    "POST /rest/returns/{return_id}/book": Story(come_back, _BACK, booked_back, returned),
    f"PUT {_JOURNAL}bookIncomingItems": Story(
        received, _STOCK, moved(7), prepare=one_at_a_time, search=f"GET {_JOURNAL}movements",
        told={"404": "STOCK_REFUSED"},
    ),
    f"PUT {_JOURNAL}bookOutgoingItems": Story(
        counted_short, _STOCK, moved(-3), prepare=one_at_a_time, search=f"GET {_JOURNAL}movements",
        told={"404": "STOCK_REFUSED"},
    ),
    f"PUT {_JOURNAL}correction": Story(
        counted_absolute, _STOCK, moved(-3), prepare=one_at_a_time,
        search=f"GET {_JOURNAL[:-1]}",
    ),
    "POST /goodsOrder/addConditional": Story(
        released, _LOAD, counted_there(lambda order: order["submissions"])
    ),
    "POST /goodsOrder/add": Story(
        released_for_add, _LOAD, counted_there(lambda order: order["submissions"])
    ),
    "PUT /goodsOrder/cancel/{id}": Story(cancelled, _LOAD, counted_there(of_cancellation)),
    "PUT /goodsOrder/packages/sent/{id}": Story(
        shipped, _SHIP, sent_rows_off, sent_rows, asks=True, none=NO_SEARCH
    ),
    "POST /product/addMultiple": Story(
        new_products, ("sync_products",), products_there, prepare=one_at_a_time, asks=True,
        search="GET /rest/items/variations",
    ),
    "PUT /product/bookings/flag": Story(
        _POSTINGS.due, _STOCK, _POSTINGS.off, _POSTINGS.names, prepare=one_at_a_time,
        asks=True, none=NO_SEARCH,
    ),
    "PUT /returns/booked/{id}": Story(
        come_back, _BACK, pieces_off, returned, asks=True, none=NO_SEARCH
    ),
    "POST /returns/announceConditional": Story(entered, _BACK, announcements, return_numbers),
    "POST /goodsOrder/addDocument/{id}": Story(
        documented, _PAPERS, counted_there(lambda order: len(order["documents"])),
        told=dict.fromkeys(UNKNOWN, "DOCUMENT_UNCLEAR"),  # wemalo cannot be asked for it
    ),
}  # fmt: skip


#: another occasion for a call that has a row above
OCCASIONS: dict[str, tuple[str, Story]] = {
    "a change": (
        "POST /goodsOrder/addConditional",
        Story(changed, _LOAD, counted_there(of_change), none=NO_SEARCH),
    ),
}  # fmt: skip


#: calls of which no item can be played, and why
NOT_PLAYED = {
    "POST /rest/login": "about no item: what happens to it is the whole system's "
    "(tests/hooks/test_login.py)",
    "PUT /goodsOrder/updateMeta/{id}": "made by no step of the flow",
    "PUT /goodsOrder/note/{id}": "made by no step of the flow",
}
