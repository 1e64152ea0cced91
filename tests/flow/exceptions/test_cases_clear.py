"""Exceptions of returns, documents, stock and products end once their cause is gone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fulfilment.flow.documents.attach import attach_documents
from fulfilment.flow.products.sync import products
from fulfilment.flow.returns.handle import handle_returns
from fulfilment.flow.stock.sync import stock
from sqlalchemy import text
from typer.testing import CliRunner

from include.cli.main import app
from include.core.stock.stock_sync import postings
from include.ledger.exceptions import exceptions
from tests.flow.stage import Stage, a_second_later, good_order

ADD_DOCUMENT = "POST /v1/goodsOrder/addDocument/{external_id}"
DESCRIBE, BOOK = "PUT /rest/returns/{order_id}", "POST /rest/returns/{order_id}/book"
RETURNS = {"status": "9.0.1", "reasons": {"damaged": 3}, "conditions": {"2": 2}}
STEPS = {
    "returns": handle_returns, "documents": attach_documents, "stock": stock, "products": products,
}  # fmt: skip


def use(stage: Stage, **sections: Any) -> None:
    data = stage.merchant.model_dump(mode="json")
    stage.merchant = type(stage.merchant).model_validate({**data, **sections})


def step(stage: Stage, group: str, *, late: bool = True) -> dict[str, int]:
    """Run a group; ``late``: every pause before a next try is over."""
    if late:
        with stage.engine.begin() as connection:
            for table in ("returns", "return_rows", "announced_returns", "documents"):
                connection.execute(text(f"UPDATE {table} SET next_attempt_at = NULL"))  # noqa: S608
            connection.execute(text("UPDATE stock_bookings SET called_at = now() - interval '2 h'"))
    return STEPS[group](stage.work(group))


def codes(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in exceptions.open_exceptions(connection, stage.name))


def return_orders(stage: Stage) -> list[dict[str, Any]]:
    rows = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"].values()
    return [row for row in rows if row["typeId"] == 3]


def queue(stage: Stage) -> list[int]:
    return list(stage.sandbox.wemalo.state("alpha")["tenants"]["alpha"]["queues"]["returns"])


def enter_return(stage: Stage, status: str = "9", quantity: int = 2) -> int:
    item = stage.plenty_order(1)["orderItems"][0]["id"]
    return stage.work("merchant").plenty.create_return(
        1, status=Decimal(status), warehouse_id=3, comment="by hand",
        quantities=[{"orderItemId": item, "quantity": quantity}],
    )  # fmt: skip


@pytest.fixture
def shipped(stage: Stage) -> Stage:
    """Alpha with order 1, two pieces of 2001, shipped."""
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01", "9.1"]}]})
    stage.add(good_order(1))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha", order="1")
    stage.run()
    use(stage, returns={**RETURNS, "book_stock": "all"})
    return stage


def come_back(stage: Stage, **item: Any) -> None:
    items = [{"product": "2001", "quantity": 2, "reason": "damaged", **item}]
    stage.sandbox.wemalo.act("book_return", "alpha", order="1", items=items)


def lose(stage: Stage) -> int:
    """Let our return order be made, and deleted before its end; return its id."""
    come_back(stage)
    stage.sandbox.plenty.fault(route=DESCRIBE, kind="status", status=503)
    step(stage, "returns")
    assert codes(stage) == ["STEP_FAILED"]
    (made,) = return_orders(stage)
    stage.sandbox.plenty.act("delete", "alpha", order=made["id"])
    stage.sandbox.plenty.clear_faults()
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM circuits"))
    step(stage, "returns")
    assert codes(stage) == ["RETURN_LOST"]
    return int(made["id"])


def test_a_return_order_made_by_hand_takes_the_place_of_a_lost_one(shipped: Stage) -> None:
    shipped.settle_s = 0  # what is in doubt cannot land any more
    lost = lose(shipped)
    made = enter_return(shipped)
    for _ in range(4):
        step(shipped, "returns")
    assert codes(shipped) == []
    assert queue(shipped) == []
    (there,) = return_orders(shipped)
    assert (there["id"], there["id"] > lost) == (made, True)
    assert {"return_replaced", "return_done"} <= set(shipped.events(1))


def test_a_lost_return_whose_pieces_the_warehouse_settled_is_no_case_any_more(
    shipped: Stage,
) -> None:
    lose(shipped)
    for piece in queue(shipped):
        shipped.work("warehouse").wemalo.acknowledge_return(piece)
    step(shipped, "returns")
    assert codes(shipped) == []
    assert "return_given_up" in shipped.events(1)
    assert return_orders(shipped) == []


@pytest.mark.parametrize("by_hand", [False, True], ids=["taken later", "booked by hand"])
def test_a_booking_that_was_refused_is_a_case_until_it_is_booked(
    shipped: Stage, *, by_hand: bool
) -> None:
    come_back(shipped)
    shipped.sandbox.plenty.fault(route=BOOK, kind="status", status=422)
    step(shipped, "returns")
    assert codes(shipped) == ["RETURN_NOT_BOOKED"]
    shipped.sandbox.plenty.clear_faults()
    if by_hand:
        (made,) = return_orders(shipped)
        rows = [{"orderItemId": i["id"], "quantity": i["quantity"]} for i in made["orderItems"]]
        shipped.work("merchant").plenty.book_return(made["id"], rows)
    step(shipped, "returns")
    assert codes(shipped) == []
    assert queue(shipped) == []
    intakes = shipped.sandbox.plenty.state("alpha")["tenants"]["alpha"]["movements"]
    assert [row["quantity"] for row in intakes if row["reason"] == 150] == [2]


@pytest.mark.parametrize("by_hand", [False, True], ids=["taken later", "completed by hand"])
def test_a_return_without_its_reasons_is_a_case_until_it_has_them(
    shipped: Stage, *, by_hand: bool
) -> None:
    come_back(shipped)
    shipped.sandbox.plenty.fault(route=DESCRIBE, kind="status", status=422)
    step(shipped, "returns")
    assert codes(shipped) == ["RETURN_NOT_DESCRIBED"]
    assert queue(shipped) == [], "the return itself stands"
    if by_hand:
        shipped.sandbox.plenty.clear_faults()
        (made,) = return_orders(shipped)
        items = [
            {**item, "properties": [{"typeId": 35, "value": "3"}]} for item in made["orderItems"]
        ]
        shipped.work("merchant").plenty.update_return(made["id"], items=items)
        shipped.sandbox.plenty.fault(
            route=DESCRIBE, kind="status", status=422, may_not_fire="it is described already"
        )
    else:
        step(shipped, "returns")
        assert codes(shipped) == ["RETURN_NOT_DESCRIBED"]
        shipped.sandbox.plenty.clear_faults()
    step(shipped, "returns")
    assert codes(shipped) == []
    (item,) = return_orders(shipped)[0]["orderItems"]
    assert [row["value"] for row in item["properties"] if row["typeId"] == 35] == ["3"]


@pytest.mark.parametrize("gone", ["its status", "the setting"])
def test_an_announcement_that_nobody_wants_any_more_is_no_case(shipped: Stage, gone: str) -> None:
    use(shipped, returns={**RETURNS, "announce": {"statuses": ["9.1"]}})
    entered = enter_return(shipped, "9.1")
    route = "POST /v1/returns/announceConditional"
    shipped.sandbox.wemalo.fault(route=route, kind="status", status=422)
    step(shipped, "returns")
    assert codes(shipped) == ["RETURN_NOT_ANNOUNCED"]
    if gone == "its status":
        shipped.sandbox.plenty.act("set_status", "alpha", order=entered, status="9")
    else:
        use(shipped, returns=RETURNS)
    step(shipped, "returns")
    assert codes(shipped) == []
    assert "return_withdrawn" in shipped.events(1)


# -- documents ------------------------------------------------------------------------------------


def papers(stage: Stage, invoice: str = "required") -> None:
    use(stage, documents={"invoice": invoice, "patience_minutes": 0})


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """Alpha with order 1 in the warehouse, which does nothing by itself."""
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1))
    stage.run()
    papers(stage)
    return stage


def generate(stage: Stage) -> None:
    route = "/rest/orders/{order_id}/documents/invoice/generate"
    stage.work("merchant").plenty._post(route, {}, order_id=1)
    stage.sandbox.plenty.clock(advance=60)


@pytest.mark.parametrize("kind", ["refused", "unclear"])
def test_a_document_that_did_not_get_there_is_no_case_once_the_order_has_left(
    waiting: Stage, kind: str
) -> None:
    generate(waiting)
    if kind == "refused":
        waiting.sandbox.wemalo.fault(route=ADD_DOCUMENT, kind="status", status=422, times=1)
        step(waiting, "documents")
    else:
        waiting.settle_s = 0
        waiting.sandbox.wemalo.fault(route=ADD_DOCUMENT, kind="lost_reply", cut=True, times=1)
        step(waiting, "documents")
        step(waiting, "documents")
    assert codes(waiting) == [f"DOCUMENT_{kind.upper()}"]
    step(waiting, "documents", late=False)
    assert codes(waiting) == [f"DOCUMENT_{kind.upper()}"]
    waiting.sandbox.wemalo.act("ship", "alpha", order="1")
    waiting.run()
    step(waiting, "documents")
    assert codes(waiting) == []


@pytest.mark.parametrize("wish", ["optional", "off"])
def test_a_document_that_is_not_required_any_more_is_no_case(waiting: Stage, wish: str) -> None:
    step(waiting, "documents")
    assert codes(waiting) == ["DOCUMENT_MISSING"]
    papers(waiting, wish)
    step(waiting, "documents")
    assert codes(waiting) == []
    papers(waiting)
    step(waiting, "documents")
    assert codes(waiting) == ["DOCUMENT_MISSING"]


# -- stock and products ---------------------------------------------------------------------------

NOW = {"enabled": True, "every_minutes": 0, "settle_minutes": 0, "confirm_first_run": False}


def receive(stage: Stage, product: str) -> None:
    items = [{"product": product, "quantity": 2}]
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=items)


def add_product(stage: Stage, external_id: str, sku: str = "X-9") -> None:
    row = {"externalId": external_id, "sku": sku, "name": "Unknown there"}
    stage.sandbox.wemalo.merge({"tenants": [{"tenant": "alpha", "products": [row]}]})


def test_a_refused_booking_is_tried_again_by_itself_and_then_no_case(stage: Stage) -> None:
    use(stage, stock=NOW)
    step(stage, "stock")
    add_product(stage, "9999")
    receive(stage, "9999")
    step(stage, "stock", late=False)
    assert codes(stage) == ["STOCK_REFUSED"]
    step(stage, "stock", late=False)
    row = {"id": 9999, "number": "X-9", "name": "Known now"}
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": [row]}]})
    step(stage, "stock")
    assert codes(stage) == []
    moved = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["movements"]
    assert [row["quantity"] for row in moved if row["variationId"] == 9999] == [2]


def test_postings_of_a_foreign_product_are_told_until_they_are_gone(stage: Stage) -> None:
    use(stage, stock=NOW)
    step(stage, "stock")
    add_product(stage, "of-somebody-else", "S-77")
    receive(stage, "of-somebody-else")
    for _ in range(2):
        step(stage, "stock")
    assert codes(stage) == ["STOCK_FOREIGN_PRODUCT"]
    with stage.engine.begin() as connection:
        (row,) = exceptions.open_exceptions(connection, "alpha")
    assert "S-77" in row.en
    work = stage.work("warehouse")
    for entry in work.wemalo.stock_postings("INCOMING"):
        work.wemalo.acknowledge_postings([p.history_id for p in postings(entry, "INCOMING")])
    step(stage, "stock")
    assert codes(stage) == []


def test_goods_of_a_product_that_is_younger_than_the_list_of_numbers_are_booked(
    stage: Stage,
) -> None:
    data = stage.merchant.model_dump(mode="json")
    use(stage, stock=NOW, wemalo={**data["wemalo"], "product_id": "sku"})
    step(stage, "stock")
    row = {"id": 5001, "number": "SKU-1", "name": "Cable", "weight_g": 250}
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": [row]}]})
    use(stage, products={"enabled": True, "every_minutes": 0})
    step(stage, "products")
    receive(stage, "5001")
    step(stage, "stock")
    assert codes(stage) == []
    moved = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["movements"]
    assert [row["quantity"] for row in moved if row["variationId"] == 5001] == [2]


def test_stock_that_is_not_carried_over_any_more_asks_nobody(stage: Stage) -> None:
    use(stage, stock={**NOW, "confirm_first_run": True})
    step(stage, "stock")
    assert codes(stage) == ["STOCK_FIRST_RUN"]
    use(stage, stock={"enabled": False})
    stage.run()
    assert codes(stage) == []


def test_an_order_waits_for_its_own_product_only_and_goes_on_by_itself(stage: Stage) -> None:
    lacking = {"id": 5001, "number": "SKU-1", "name": "Cable", "weight_g": 250}
    use(stage, products={"enabled": True, "every_minutes": 0, "required": ["ean"]})
    barcode = {"barcode": "4006381333931"}
    rows = [lacking, *({"id": 2001 + n, "number": f"ALPHA-{n}", **barcode} for n in range(6))]
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": rows}]})
    a_second_later()
    stage.add(good_order(1, items=[{"variation": 5001, "quantity": 1}]), good_order(2))
    step(stage, "products")
    stage.run()
    step(stage, "products")
    assert codes(stage) == ["PRODUCT_NO_EAN", "PRODUCT_UNKNOWN"]
    assert stage.plenty_status(2) == Decimal("5.1")
    fixed = [{**lacking, **barcode}]
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": fixed}]})
    a_second_later()
    step(stage, "products")
    stage.sandbox.wemalo.act("set_stock", "alpha", product="5001", quantity=9)
    with stage.engine.begin() as connection:  # as if the pause before the next try were over
        connection.execute(text("UPDATE orders SET next_attempt_at = NULL"))
    stage.run()
    assert stage.plenty_status(1) == Decimal("5.1")
    assert "PRODUCT_UNKNOWN" not in codes(stage)


def test_a_product_that_wemalo_refused_is_told_again_and_one_that_is_deleted_is_forgotten(
    stage: Stage,
) -> None:
    use(stage, products={"enabled": True, "every_minutes": 0, "required": []})
    add_product(stage, "old", "SKU-2")
    row = {"id": 5002, "number": "SKU-2", "name": "Cable", "weight_g": 250}
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "variations": [row]}]})
    step(stage, "products")
    assert codes(stage) == ["PRODUCT_REFUSED"]
    add_product(stage, "old", "SKU-OLD")
    with stage.engine.begin() as connection:  # nothing changed in plentymarkets since
        later = "UPDATE sync_state SET read_until = read_until + interval '1 hour'"
        connection.execute(text(later))
    step(stage, "products")
    assert codes(stage) == []


# -- where an operator sees it --------------------------------------------------------------------


def test_an_order_shows_the_exceptions_of_its_returns_documents_and_items(
    waiting: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = waiting.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", url)
    step(waiting, "documents")
    use(waiting, products={"enabled": True, "every_minutes": 0, "required": ["ean"]})
    step(waiting, "products")
    come_back(waiting, product="2003")
    use(waiting, returns=RETURNS)
    step(waiting, "returns")
    shown = CliRunner().invoke(app, ["order", "alpha", "1"]).output
    for code in ("DOCUMENT_MISSING", "PRODUCT_NO_EAN", "RETURN_FOREIGN_ITEM"):
        assert code in shown
    assert "item:2001" in shown
    assert "item:2002" not in shown, "that is no item of this order"
    assert "document invoice is awaited: it is missing" in shown
    assert "2003 came back" in shown
