"""Occasions for writes about orders and returns, and how often each of them was made."""

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
from tests.flow.systems.every_write import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


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


def documented(stage: Stage, ids: Sequence[int]) -> None:
    wish = Documents.model_validate({"invoice": "optional", "delivery_note": "off"})
    stage.merchant = stage.merchant.model_copy(update={"documents": wish})
    accepted(stage, ids)
    for n in ids:
        stage.sandbox.plenty.act("make_document", "alpha", order=n, kind="invoice")
    stage.sandbox.plenty.clock(advance=60)


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
