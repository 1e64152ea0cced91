"""Invoice and delivery note reach the order in wemalo, each once, or somebody hears of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fulfilment.flow.documents.attach import attach_documents
from sqlalchemy import func, update

from include.core.documents.settings import Documents
from include.ledger.exceptions import exceptions
from include.ledger.tables import documents as documents_table
from include.ledger.tables import writes
from tests.flow.stage import Stage, good_order

ADD_DOCUMENT = "POST /v1/goodsOrder/addDocument/{external_id}"
BOTH = {"invoice": "required", "delivery_note": "optional", "patience_minutes": 0}


def use(stage: Stage, **changes: Any) -> None:
    settings = Documents.model_validate({**BOTH, **changes})
    stage.merchant = stage.merchant.model_copy(update={"documents": settings})


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """Alpha with order 1 in the warehouse, which does nothing by itself."""
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1))
    stage.run()
    use(stage)
    stage.sandbox.plenty.reset_calls()
    return stage


def step(stage: Stage) -> dict[str, int]:
    return attach_documents(stage.work("attach_documents"))


def generate(stage: Stage, order_id: int, kind: str) -> None:
    plenty = stage.work("merchant").plenty
    plenty._post(f"/rest/orders/{{order_id}}/documents/{kind}/generate", {}, order_id=order_id)
    stage.sandbox.plenty.clock(advance=60)


def upload(stage: Stage, order_id: int, content: bytes) -> None:
    body = {"documents": [{"content": base64.b64encode(content).decode()}]}
    plenty = stage.work("merchant").plenty
    plenty._post("/rest/orders/{order_id}/documents/invoice", body, order_id=order_id)


def attached(stage: Stage, order_id: int = 1) -> list[str]:
    return sorted(row["docType"] for row in stage.wemalo_orders()[str(order_id)]["documents"])


def open_cases(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return sorted(row.code for row in exceptions.open_exceptions(connection, "alpha"))


def settled(stage: Stage) -> None:
    """Let so much time pass that no call can arrive any more, and what waits is due."""
    with stage.engine.begin() as connection:
        connection.execute(update(documents_table).values(next_attempt_at=None))
        past = {"lease_until": func.now(), "doubt_until": func.least(
            writes.c.doubt_until, func.now())}  # fmt: skip
        connection.execute(update(writes).values(past))


def test_both_documents_are_attached_once_however_often_it_runs(shop: Stage) -> None:
    generate(shop, 1, "invoice")
    generate(shop, 1, "delivery_note")
    assert step(shop)["documents_attached"] == 2
    for _ in range(3):
        step(shop)
    assert attached(shop) == ["BILL", "GOODSORDERDELIVERYNOTE"]
    assert shop.events(1).count("document_attached") == 2
    assert open_cases(shop) == []


def test_nothing_is_read_where_nothing_is_wanted_or_missing(shop: Stage) -> None:
    use(shop, invoice="off", delivery_note="off")
    step(shop)
    assert shop.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0
    use(shop, delivery_note="off")
    generate(shop, 1, "invoice")
    step(shop)
    shop.sandbox.plenty.reset_calls()
    step(shop)
    assert shop.sandbox.plenty.calls("alpha")["reads"].get("alpha", 0) == 0


def test_all_missing_documents_are_looked_up_in_one_search(shop: Stage) -> None:
    shop.add(*(good_order(n, items=[{"variation": 2001, "quantity": 1}]) for n in range(2, 12)))
    shop.run()
    shop.sandbox.plenty.reset_calls()
    assert step(shop)["documents_awaited"] == 22
    assert shop.sandbox.plenty.calls("alpha")["reads"]["alpha"] == 1


def test_the_documents_of_a_delivery_order_are_those_of_its_main_order(stage: Stage) -> None:
    stage.sandbox.wemalo.settings(auto=False)
    stage.add(good_order(1))
    made = stage.sandbox.plenty.act("delivery_order", "alpha", order=1)["id"]
    stage.run()
    use(stage)
    generate(stage, 1, "invoice")
    step(stage)
    assert attached(stage, made) == ["BILL"]


def test_a_missing_required_document_is_a_case_and_a_note_until_it_comes(shop: Stage) -> None:
    for _ in range(3):
        step(shop)
    assert open_cases(shop) == ["DOCUMENT_MISSING"]  # the delivery note is optional
    shop.step("writeback_status")
    (note,) = [c["text"] for c in shop.plenty_order(1)["comments"] if "document:" in c["text"]]
    assert "Die Rechnung zu Auftrag 1 fehlt noch" in note
    assert shop.events(1).count("document_awaited") == 2
    generate(shop, 1, "invoice")
    step(shop)
    assert attached(shop) == ["BILL"]
    assert open_cases(shop) == []


def test_a_required_document_is_given_time_before_anybody_is_told(shop: Stage) -> None:
    use(shop, patience_minutes=30)
    step(shop)
    assert open_cases(shop) == []


def test_a_faulty_document_waits_and_says_so(shop: Stage) -> None:
    shop.sandbox.plenty.settings(faulty_documents=1.0)
    generate(shop, 1, "invoice")
    step(shop)
    assert attached(shop) == []
    assert open_cases(shop) == ["DOCUMENT_FAULTY"]


def test_a_pending_document_waits_and_is_attached_when_it_is_done(shop: Stage) -> None:
    shop.sandbox.plenty.settings(document_seconds=3600)
    generate(shop, 1, "invoice")
    step(shop)
    assert open_cases(shop) == ["DOCUMENT_PENDING"]
    shop.sandbox.plenty.clock(advance=3600)
    step(shop)
    assert (attached(shop), open_cases(shop)) == (["BILL"], [])


def test_what_is_no_pdf_is_refused_once_and_a_newer_one_is_taken(shop: Stage) -> None:
    upload(shop, 1, b"GIF89a")
    for _ in range(2):
        step(shop)
    assert (attached(shop), open_cases(shop)) == ([], ["DOCUMENT_NOT_PDF"])
    generate(shop, 1, "invoice")
    step(shop)
    assert (attached(shop), open_cases(shop)) == (["BILL"], [])


@pytest.mark.parametrize(("wanted", "bills"), [(False, 1), (True, 2)])
def test_a_corrected_document_goes_along_only_where_the_merchant_wants_it(
    shop: Stage, wanted: bool, bills: int
) -> None:
    use(shop, delivery_note="off", attach_corrections=wanted)
    generate(shop, 1, "invoice")
    step(shop)
    generate(shop, 1, "invoice")
    for _ in range(3):
        step(shop)
    assert attached(shop) == ["BILL"] * bills


def test_an_order_that_waits_for_its_invoice_goes_on_when_it_has_come(stage: Stage) -> None:
    stage.sandbox.wemalo.settings(auto=False, bill_required=True)
    stage.add(good_order(1))
    stage.run()
    assert stage.state(1) == "waiting"
    use(stage)
    generate(stage, 1, "invoice")
    step(stage)
    stage.run()
    assert stage.state(1) == "accepted"


def test_a_lost_answer_is_not_followed_by_a_second_copy(shop: Stage) -> None:
    use(shop, delivery_note="off")
    generate(shop, 1, "invoice")
    shop.sandbox.wemalo.fault(route=ADD_DOCUMENT, kind="lost_reply", cut=True, times=1)
    step(shop)
    assert attached(shop) == ["BILL"]
    assert open_cases(shop) == ["STEP_FAILED"]  # it may still be on its way
    for _ in range(3):
        settled(shop)
        step(shop)
    assert attached(shop) == ["BILL"]
    assert open_cases(shop) == ["DOCUMENT_UNCLEAR"]


def test_a_lost_call_is_repeated_while_wemalo_still_asks_for_the_invoice(stage: Stage) -> None:
    stage.sandbox.wemalo.settings(auto=False, bill_required=True)
    stage.add(good_order(1))
    stage.run()
    use(stage, delivery_note="off")
    generate(stage, 1, "invoice")
    stage.sandbox.wemalo.fault(route=ADD_DOCUMENT, kind="cut", times=1)
    step(stage)
    step(stage)
    assert attached(stage) == [], "it may still be on its way"
    for _ in range(2):
        settled(stage)
        step(stage)
    assert attached(stage) == ["BILL"]
    assert open_cases(stage) == []


def test_a_process_killed_during_the_call_leaves_one_copy_and_a_case(shop: Stage) -> None:
    use(shop, delivery_note="off")
    generate(shop, 1, "invoice")

    class Killed(BaseException):
        pass

    work = shop.work("attach_documents")
    send = work.wemalo.add_document

    def send_and_die(*args: str) -> None:
        send(*args)
        raise Killed

    work.wemalo.add_document = send_and_die  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        attach_documents(work)
    step(shop)
    assert open_cases(shop) == []  # the call may still be on its way
    for _ in range(2):
        settled(shop)
        step(shop)
    assert (attached(shop), open_cases(shop)) == (["BILL"], ["DOCUMENT_UNCLEAR"])


def test_a_document_that_never_came_is_no_case_once_the_order_has_left(shop: Stage) -> None:
    step(shop)
    assert open_cases(shop) == ["DOCUMENT_MISSING"]
    shop.sandbox.wemalo.act("ship", "alpha", order="1")
    shop.run()
    step(shop)
    assert open_cases(shop) == []
    assert "left_without_document" in shop.events(1)
