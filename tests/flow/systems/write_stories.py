"""One story for each call that changes something at the other systems; see `every_write`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fulfilment.flow.tasks.validate import validate

from include.core.documents.settings import Documents
from include.core.orders.models import Verdict
from include.core.orders.statuses import status
from include.core.returns.settings import Returns
from include.quality.batch import Judgement
from tests.flow.stage import Stage, a_second_later, good_order, settings
from tests.flow.systems.every_write import Story, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pytest

ITEMS = [{"variation": 2001, "quantity": 2}]
DAYS = (datetime.now(UTC) - timedelta(days=2), datetime.now(UTC) + timedelta(days=2))


def tenant(stage: Stage, system: str) -> Any:
    return getattr(stage.sandbox, system).state("alpha")["tenants"]["alpha"]


def plenty_orders(stage: Stage) -> dict[int, Any]:
    return {int(key): order for key, order in tenant(stage, "plenty")["orders"].items()}


def counted(of: Callable[[Any], float]) -> Callable[[Stage], dict[int, float]]:
    """Return what counts something of every order in plentymarkets."""
    return lambda stage: {n: of(order) for n, order in plenty_orders(stage).items()}


def counted_there(of: Callable[[Any], float]) -> Callable[[Stage], dict[int, float]]:
    """Return what counts something of every order at wemalo."""
    return lambda stage: {int(n): of(order) for n, order in stage.wemalo_orders().items()}


# -- orders on their way to the warehouse ---------------------------------------------------------


def passed(orders: Any) -> Judgement:
    return Judgement([Verdict(order.order_id, "ok") for order in orders], None)


def bad(orders: Any) -> Judgement:
    texts = {"code": "ADDRESS_NO_HOUSE_NUMBER", "reason_de": "fehlt", "reason_en": "is missing"}
    return Judgement([Verdict(order.order_id, "bad", **texts) for order in orders], None)


def judge(stage: Stage, verdict: Callable[[Any], Judgement] = passed) -> None:
    stage.step("extract_plenty_orders")
    validate(stage.work("validate"), examine=lambda orders, **_: verdict(orders))


def released(stage: Stage, ids: Sequence[int], **changes: Any) -> None:
    stage.sandbox.plenty.act("set_stock", "alpha", variation=2001, warehouse=3, quantity=1000)
    plenty = {"tenant": "alpha", "statuses": ["9.01", "9.1"]}
    stage.sandbox.plenty.merge({"tenants": [plenty]})
    wemalo = {"tenant": "alpha", "stock": {"2001": 1000}}
    stage.sandbox.wemalo.merge({"tenants": [wemalo]})
    stage.add(*(good_order(n, items=ITEMS, **changes) for n in ids))
    judge(stage)


def released_for_add(stage: Stage, ids: Sequence[int]) -> None:
    wemalo = stage.merchant.wemalo.model_copy(update={"create_route": "add"})
    stage.merchant = stage.merchant.model_copy(update={"wemalo": wemalo})
    released(stage, ids)


def accepted(stage: Stage, ids: Sequence[int], **changes: Any) -> None:
    released(stage, ids, **changes)
    stage.step("load_to_wemalo")
    assert [stage.state(n) for n in ids] == ["accepted"] * len(ids)


def held(stage: Stage, ids: Sequence[int]) -> None:
    stage.add(*(good_order(n) for n in ids))
    judge(stage, bad)


def cancelled(stage: Stage, ids: Sequence[int]) -> None:
    accepted(stage, ids)
    stage.step("writeback_status")
    a_second_later()
    for n in ids:
        stage.sandbox.plenty.act("cancel", "alpha", order=n)
    stage.step("extract_plenty_orders")


def changed(stage: Stage, ids: Sequence[int]) -> None:
    stage.fresh_s = 0
    accepted(stage, ids)
    stage.step("writeback_status")
    a_second_later()
    for n in ids:
        new = {"address1": "Lindenallee"}
        stage.sandbox.plenty.act("edit_address", "alpha", order=n, changes=new)
    judge(stage)


def times_set(value: str) -> Callable[[Any], float]:
    return lambda order: sum(
        status(row["statusId"]) == Decimal(value) for row in order["statusHistory"]
    )


def of_cancellation(order: Any) -> int:
    return sum(state == "CANCELLED" for _, state in order["history"])


def of_change(order: Any) -> int:
    return int(order["meta"]["receiver"][0]["street"] == "Lindenallee")


# -- what left the warehouse ----------------------------------------------------------------------


def shipped(stage: Stage, ids: Sequence[int], **changes: Any) -> None:
    settings(stage, goods_issue="book")
    stage.sandbox.plenty.settings(second_book="again")
    accepted(stage, ids, **changes)
    stage.step("writeback_status")
    for n in ids:
        stage.sandbox.wemalo.act("ship", "alpha", order=str(n))


def shipped_without_package(stage: Stage, ids: Sequence[int]) -> None:
    shipped(stage, ids, packages=[])


def shipped_with_empty_package(stage: Stage, ids: Sequence[int]) -> None:
    shipped(stage, ids, packages=[{}])


def shipped_of_type(type_id: int) -> Callable[[Stage, Sequence[int]], None]:
    def due(stage: Stage, ids: Sequence[int]) -> None:
        shippable = {**stage.merchant.plenty.model_dump(), "shippable_types": [1, 2, 5, 6]}
        settings(stage, plenty=shippable)
        shipped(stage, ids, type=type_id)

    return due


def of_packages(order: Any) -> int:
    return sum(bool(one["packageNumber"]) for one in order["shippingPackages"])


def of_information(order: Any) -> int:
    return int(bool(order["shippingInformation"]))


def goods_issues(stage: Stage) -> Mapping[int, float]:
    rows = tenant(stage, "plenty")["movements"]
    return Counter(int(row["processRowId"]) for row in rows if float(row["quantity"]) < 0)


def sent_rows(stage: Stage) -> dict[str, int]:
    """Return history id -> order of all that left."""
    pages = stage.work("x").wemalo.sent_between(*DAYS)
    rows = (row for page in pages for row in page)
    return {str(row["historyId"]): int(row["externalGoodsOrderId"]) for row in rows}


def sent_rows_off(stage: Stage) -> Mapping[int, float]:
    waiting = {str(number) for number in tenant(stage, "wemalo")["queues"]["sent"]}
    return {item: int(row not in waiting) for row, item in sent_rows(stage).items()}


# -- documents ------------------------------------------------------------------------------------


def documented(stage: Stage, ids: Sequence[int]) -> None:
    wish = Documents.model_validate({"invoice": "optional", "delivery_note": "off"})
    stage.merchant = stage.merchant.model_copy(update={"documents": wish})
    accepted(stage, ids)
    for n in ids:
        stage.sandbox.plenty.act("make_document", "alpha", order=n, kind="invoice")
    stage.sandbox.plenty.clock(advance=60)


# -- returns --------------------------------------------------------------------------------------


def left(stage: Stage, ids: Sequence[int], *, announce: bool = False) -> None:
    """Let orders leave, in a shop that books what comes back."""
    back = Returns.model_validate(
        {"status": "9.0.1", "reasons": {"damaged": 3}, "book_stock": "all",
         "announce": {"statuses": ["9.1"]} if announce else {}}
    )  # fmt: skip
    shipped(stage, ids)
    stage.merchant = stage.merchant.model_copy(update={"returns": back})
    stage.step("reconcile_tracking")


def come_back(stage: Stage, ids: Sequence[int]) -> None:
    left(stage, ids)
    for n in ids:
        goods = [{"product": "2001", "quantity": 2, "reason": "damaged"}]
        stage.sandbox.wemalo.act("book_return", "alpha", order=str(n), items=goods)


def booking_in_doubt(stage: Stage, ids: Sequence[int]) -> None:
    """Let bookings be looked for that never came."""
    come_back(stage, ids)
    route = "POST /rest/returns/{order_id}/book"
    stage.sandbox.plenty.fault(route=route, kind="status", status=500)
    stage.step("handle_returns")
    stage.sandbox.plenty.clear_faults()
    settled(stage)


def entered(stage: Stage, ids: Sequence[int]) -> None:
    """Let a person enter returns, which the warehouse is to expect."""
    left(stage, ids, announce=True)
    for n in ids:
        item = stage.plenty_order(n)["orderItems"][0]["id"]
        stage.work("merchant").plenty.create_return(
            n, status=status("9.1"), warehouse_id=3,
            quantities=[{"orderItemId": item, "quantity": 1}], comment="entered by the shop",
        )  # fmt: skip


def return_orders(stage: Stage) -> dict[int, tuple[int, Any]]:
    """Return return order -> the order that it belongs to, and what it holds."""
    return {
        n: (int(order["orderReferences"][0]["originOrderId"]), order)
        for n, order in plenty_orders(stage).items()
        if order["typeId"] == 3
    }


def return_numbers(stage: Stage) -> dict[str, int]:
    return {str(n): parent for n, (parent, _) in return_orders(stage).items()}


def pieces_back(stage: Stage) -> dict[str, int]:
    """Return history id of a returned piece -> its order."""
    pages = stage.work("x").wemalo.returns_between(*DAYS)
    rows = (row for page in pages for row in page)
    return {str(row["id"]): int(row["goodsOrderExternalId"]) for row in rows}


def returned(stage: Stage) -> dict[str, int]:
    return return_numbers(stage) | pieces_back(stage)


def of_returns(of: Callable[[Any], float]) -> Callable[[Stage], Mapping[int, float]]:
    def count(stage: Stage) -> Mapping[int, float]:
        found: Counter[int] = Counter()
        for parent, order in return_orders(stage).values():
            found[parent] += of(order)  # type: ignore[assignment]
        return found

    return count


def of_reasons(order: Any) -> int:
    return sum(row["typeId"] == 35 for item in order["orderItems"] for row in item["properties"])


def booked_back(stage: Stage) -> Mapping[int, float]:
    parents = return_numbers(stage)
    rows = tenant(stage, "plenty")["movements"]
    return Counter(
        parents[str(row["processRowId"])]
        for row in rows
        if float(row["quantity"]) > 0 and str(row["processRowId"]) in parents
    )


def pieces_off(stage: Stage) -> Mapping[int, float]:
    waiting = {str(number) for number in tenant(stage, "wemalo")["queues"]["returns"]}
    return {item: int(row not in waiting) for row, item in pieces_back(stage).items()}


def announcements(stage: Stage) -> Mapping[int, float]:
    parents = return_numbers(stage)
    rows = tenant(stage, "wemalo")["returns"].values()
    return Counter(parents[str(row["externalId"])] for row in rows)


# -- products and stock ---------------------------------------------------------------------------


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


# -- the table ------------------------------------------------------------------------------------

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
