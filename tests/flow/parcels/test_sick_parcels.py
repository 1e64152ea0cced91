"""One sick parcel, queue row, return or document harms only itself, and somebody hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfilment.flow.documents.attach import attach_documents
from fulfilment.flow.returns.handle import handle_returns

from include.core.documents.settings import Documents
from include.ledger.exceptions.exceptions import open_exceptions
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    import pytest
    from fulfilment.hooks.plenty import PlentyHook

PACKAGE = "POST /rest/orders/{order_id}/shipping/packages"
PACKAGES = "GET /v1/goodsOrder/packages"


def told(stage: Stage) -> set[tuple[str, str]]:
    with stage.engine.begin() as connection:
        return {(row.subject, row.code) for row in open_exceptions(connection, stage.name)}


def shipped(stage: Stage, *ids: int) -> None:
    stage.sandbox.wemalo.settings(auto=False)
    items = [{"variation": 2001, "quantity": 1}]
    stage.add(*(good_order(n, items=items, packages=[]) for n in ids))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")


def numbers(stage: Stage, order_id: int) -> list[str]:
    packages = stage.plenty_order(order_id)["shippingPackages"]
    return sorted(p["packageNumber"] for p in packages if p["packageNumber"])


def queue(stage: Stage) -> list[dict[str, Any]]:
    return [row for page in stage.work("reconcile_tracking").wemalo.sent_queue() for row in page]


def test_a_package_that_fails_stops_no_other_and_heals_by_itself(stage: Stage) -> None:
    stage.settle_s = 0
    shipped(stage, 1, 2, 3)
    stage.sandbox.plenty.fault(
        route=PACKAGE, match="/rest/orders/1/", kind="status", status=500, times=1
    )
    stage.run()
    assert not stage.errors
    assert [stage.state(n) for n in (1, 2, 3)] == ["partly_shipped", "shipped", "shipped"]
    ((subject, code),) = told(stage)
    assert subject.startswith("parcel:1:")
    assert code == "STEP_FAILED"
    stage.step("reconcile_tracking")
    assert numbers(stage, 1) == [], "one look does not prove that it will not come"
    stage.run()
    assert stage.state(1) == "shipped"
    assert len(numbers(stage, 1)) == 1
    assert told(stage) == set()


def test_a_weight_that_cannot_be_read_stops_no_number(stage: Stage) -> None:
    shipped(stage, 1, 2)
    stage.sandbox.wemalo.fault(
        route=PACKAGES, match="externalOrderId=1", kind="status", status=500, times=1
    )
    stage.run()
    assert not stage.errors
    assert [stage.state(n) for n in (1, 2)] == ["shipped", "shipped"]
    assert len(numbers(stage, 1)) == 1


def test_a_row_that_cannot_be_read_is_set_aside_and_its_page_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(stage, 1, 2)
    sick = next(row for row in queue(stage) if row["externalGoodsOrderId"] == "1")
    real = type(stage.work("x").wemalo)._rows

    def rows(self: Any, data: Any, name: str, route: str) -> Any:
        found = real(self, data, name, route)
        for row in found:
            if row.get("historyId") == sick["historyId"]:
                row["packageId"] = None
        return found

    with monkeypatch.context() as patch:
        patch.setattr(type(stage.work("x").wemalo), "_rows", rows)
        stage.run()
    assert not stage.errors
    assert stage.state(2) == "shipped"
    assert told(stage) == {(f"row:{sick['historyId']}", "STEP_FAILED")}
    stage.run()
    assert stage.state(1) == "shipped"
    assert told(stage) == set()


def test_a_row_without_its_id_does_not_hide_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(stage, 1, 2)
    hook = type(stage.work("x").wemalo)
    real = hook._rows

    def rows(self: Any, data: Any, name: str, route: str) -> Any:
        found = real(self, data, name, route)
        return [
            {**row, "historyId": None} if row.get("externalGoodsOrderId") == "1" else row
            for row in found
        ]

    monkeypatch.setattr(hook, "_rows", rows)
    stage.run()
    assert not stage.errors
    assert stage.state(2) == "shipped"
    assert told(stage) == {("row:?", "STEP_FAILED")}


def test_a_row_that_wemalo_no_longer_knows_counts_as_acknowledged_if_the_queue_agrees(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(stage, 1, 2, 3)
    first, second = sorted(int(row["historyId"]) for row in queue(stage))[:2]
    unknown = {"Success": False, "status": 404, "message": "unknown"}
    for number in (first, second):
        stage.sandbox.wemalo.fault(
            route="*", match=f"/packages/sent/{number}", kind="status", status=404, body=unknown
        )
    hook = type(stage.work("x").wemalo)
    real = hook.sent_queue_of
    monkeypatch.setattr(hook, "sent_queue_of", lambda self, number: real(self, number) - {first})
    stage.run()
    assert not stage.errors
    assert sorted(int(row["historyId"]) for row in queue(stage)) == [first, second]
    assert told(stage) == {(f"row:{second}", "STEP_FAILED")}, "the queue still shows the second"


def test_a_search_that_lags_doubles_no_package(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(stage, 1, 2)
    stage.sandbox.plenty.fault(route=PACKAGE, kind="lost_reply", times=2)
    stage.run()
    hook = type(stage.work("x").plenty)
    real = hook.rows_by_id

    def lagging(self: PlentyHook, ids: Any, with_: Any = (), **options: Any) -> Any:
        """Show order 1 as it was before, and order 2 not at all."""
        found = real(self, ids, with_, **options)
        found.pop(2, None)
        if 1 in found:
            found[1] = {**found[1], "shippingPackages": []}
        return found

    monkeypatch.setattr(hook, "rows_by_id", lagging)
    stage.step("reconcile_tracking")
    assert [len(numbers(stage, n)) for n in (1, 2)] == [1, 1]
    assert [stage.state(n) for n in (1, 2)] == ["shipped", "shipped"]


def test_a_parcel_of_a_deleted_order_is_that_orders_exception(stage: Stage) -> None:
    shipped(stage, 1, 2)
    stage.sandbox.plenty.act("delete", "alpha", order=1)
    stage.step("reconcile_tracking")
    assert stage.state(2) == "shipped"
    assert ("order:1", "STEP_FAILED") in told(stage)
    assert [row["externalGoodsOrderId"] for row in queue(stage)] == ["1"], "it was acknowledged"


def test_a_return_that_fails_stops_no_other(stage: Stage) -> None:
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01"]}]})
    shipped(stage, 1, 2)
    stage.run()
    for n in ("1", "2"):
        goods = [{"product": "2001", "quantity": 1, "reason": "damaged"}]
        stage.sandbox.wemalo.act("book_return", "alpha", order=n, items=goods)
    stage.sandbox.plenty.fault(
        route="POST /rest/orders/{order_id}/returns/validate",
        match="/rest/orders/1/", kind="status", status=500,
    )  # fmt: skip
    counts = handle_returns(stage.work("handle_returns"))
    assert (counts["returns_created"], counts["failing"]) == (1, 1)
    assert ("order:1", "STEP_FAILED") in told(stage)


def test_a_document_that_fails_stops_no_other(stage: Stage) -> None:
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(*(good_order(n, items=[{"variation": 2001, "quantity": 1}]) for n in (1, 2)))
    stage.run()
    wish = Documents.model_validate({"invoice": "required", "delivery_note": "off"})
    stage.merchant = stage.merchant.model_copy(update={"documents": wish})
    for n in (1, 2):
        stage.sandbox.plenty.act("make_document", "alpha", order=n, kind="invoice")
    stage.sandbox.plenty.clock(advance=60)
    stage.sandbox.plenty.fault(
        route="GET /rest/orders/{order_id}/documents/{type}/recent",
        match="/rest/orders/1/", kind="status", status=500,
    )  # fmt: skip
    counts = attach_documents(stage.work("attach_documents"))
    assert (counts["documents_attached"], counts["failing"]) == (1, 1)
    assert told(stage) == {("document:1:invoice", "STEP_FAILED")}
