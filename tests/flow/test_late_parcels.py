"""Each call about parcels, documents and returns has its effect once, whatever happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.documents import attach_documents
from fulfilment.flow.orders.validate import validate
from fulfilment.flow.parcels.reconcile import reconcile
from fulfilment.flow.returns.handle import handle_returns
from fulfilment.hooks import base
from fulfilment.hooks.base import ApiHook
from fulfilment.hooks.transport import NoAnswer
from sqlalchemy import text, update

from include.core.document_settings import Documents
from include.core.models import Verdict
from include.core.return_settings import Returns
from include.core.statuses import status
from include.demo.stagehand import plenty_stock
from include.ledger import circuits, tables
from include.ledger.exceptions import open_exceptions
from include.quality.batch import Judgement
from tests.flow.stage import Stage, good_order, settings

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS = [{"variation": 2001, "quantity": 2}]


class Death(BaseException):
    """A process that is killed: no handler of ours runs."""


@dataclass
class Wire:
    """Stands where calls leave, and does something to the first that ends in ``ending``."""

    ending: str
    monkeypatch: pytest.MonkeyPatch
    trouble: str = ""
    meanwhile: Callable[[], object] = lambda: None
    fired: bool = False
    on_its_way: list[Callable[[], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        exchange, permit = base.exchange, ApiHook._take_permit

        def leave(session: Any, url: str, request: Any, **options: Any) -> Any:
            def arrive() -> Any:
                return exchange(session, url, request, **options)

            if self._is_the_one(request, zombie=False):
                return self._hit(arrive)
            return arrive()

        def wait_for_turn(hook: ApiHook, request: Any) -> Any:
            if self._is_the_one(request, zombie=True):
                self.meanwhile()
            return permit(hook, request)

        self.monkeypatch.setattr(base, "exchange", leave)
        self.monkeypatch.setattr(ApiHook, "_take_permit", wait_for_turn)

    def arm(self, trouble: str, meanwhile: Callable[[], object]) -> None:
        self.trouble, self.meanwhile, self.fired = trouble, meanwhile, False

    def _is_the_one(self, request: Any, *, zombie: bool) -> bool:
        mine = request.kind == "write" and request.name.endswith(self.ending)
        if self.fired or not self.trouble or not mine or zombie != (self.trouble == "zombie"):
            return False
        self.fired = True
        return True

    def _hit(self, arrive: Callable[[], Any]) -> Any:
        if self.trouble == "late landing":
            self.on_its_way.append(arrive)
            raise NoAnswer
        if self.trouble == "killed before":
            raise Death
        if self.trouble == "two at once":
            self.meanwhile()
        answer = arrive()
        if self.trouble == "killed after":
            raise Death
        if self.trouble == "lost reply":
            raise NoAnswer
        return answer


TROUBLES = ("late landing", "lost reply", "killed before", "killed after", "two at once", "zombie")


@dataclass(frozen=True)
class Kind:
    """One kind of write: how it comes to it, and how often it has taken effect."""

    ending: str
    step: Callable[[Any], object]
    task: str
    occasion: Callable[[Stage, int], object]
    effects: Callable[[Stage], float]
    left: bool = False  # the orders have left before
    own_package: bool = True  # plentymarkets gives an order an empty package


def tenant(stage: Stage, system: str) -> Any:
    return getattr(stage.sandbox, system).state("alpha")["tenants"]["alpha"]


def all_orders(stage: Stage) -> list[Any]:
    return list(tenant(stage, "plenty")["orders"].values())


def numbers(stage: Stage) -> int:
    return sum(bool(p["packageNumber"]) for o in all_orders(stage) for p in o["shippingPackages"])


def pieces_gone(stage: Stage) -> float:
    return (1000 - plenty_stock(tenant(stage, "plenty")).get(2001, 0)) / 2


def informed(stage: Stage) -> int:
    return sum(bool(o["shippingInformation"]) for o in all_orders(stage))


def returns(stage: Stage) -> list[Any]:
    return [order for order in all_orders(stage) if order["typeId"] == 3]


def described(stage: Stage) -> int:
    rows = [row for o in returns(stage) for item in o["orderItems"] for row in item["properties"]]
    return sum(row["typeId"] == 35 for row in rows)


def documents(stage: Stage) -> int:
    return sum(len(order["documents"]) for order in stage.wemalo_orders().values())


def announced(stage: Stage) -> int:
    return len(tenant(stage, "wemalo")["returns"])


def ship(stage: Stage, order_id: int) -> None:
    stage.sandbox.wemalo.act("ship", "alpha", order=str(order_id))


def come_back(stage: Stage, order_id: int) -> None:
    goods = [{"product": "2001", "quantity": 2, "reason": "damaged"}]
    stage.sandbox.wemalo.act("book_return", "alpha", order=str(order_id), items=goods)


def make_invoice(stage: Stage, order_id: int) -> None:
    stage.sandbox.plenty.act("make_document", "alpha", order=order_id, kind="invoice")
    stage.sandbox.plenty.clock(advance=60)


def enter_return(stage: Stage, order_id: int) -> None:
    item = stage.plenty_order(order_id)["orderItems"][0]["id"]
    stage.work("merchant").plenty.create_return(
        order_id, status=status("9.1"), warehouse_id=3,
        quantities=[{"orderItemId": item, "quantity": 1}], comment="entered by the shop",
    )  # fmt: skip


PACKAGES = "/shipping/packages"
KINDS = {
    "a package that is made": Kind(
        f"POST /rest/orders/{{order_id}}{PACKAGES}", reconcile, "reconcile_tracking", ship, numbers,
        own_package=False,
    ),
    "a package that is filled": Kind(
        f"{PACKAGES}/{{package_id}}", reconcile, "reconcile_tracking", ship, numbers
    ),
    "shipping information": Kind(
        "/shipping/shipping_information", reconcile, "reconcile_tracking", ship, informed
    ),
    "goods issue": Kind(
        "/rest/sales_orders/{order_id}/book", reconcile, "reconcile_tracking", ship, pieces_gone
    ),
    "a document": Kind(
        "/addDocument/{id}", attach_documents, "attach_documents", make_invoice, documents
    ),
    "a return order": Kind(
        "POST /rest/orders/{order_id}/returns", handle_returns, "handle_returns", come_back,
        lambda stage: len(returns(stage)), left=True,
    ),
    "a return's reasons": Kind(
        "PUT /rest/returns/{return_id}", handle_returns, "handle_returns", come_back, described,
        left=True,
    ),
    "a return's booking": Kind(
        "POST /rest/returns/{return_id}/book", handle_returns, "handle_returns", come_back,
        lambda stage: -pieces_gone(stage), left=True,
    ),
    "an announcement": Kind(
        "/returns/announceConditional", handle_returns, "handle_returns", enter_return, announced,
        left=True,
    ),
}  # fmt: skip


def opened(stage: Stage, kind: Kind) -> None:
    """Open a shop whose orders, one per trouble, are in the warehouse or have left."""
    settings(stage, goods_issue="book")
    wish = Documents.model_validate({"invoice": "optional", "delivery_note": "off"})
    back = Returns.model_validate(
        {"status": "9.0.1", "reasons": {"damaged": 3}, "book_stock": "all",
         "announce": {"statuses": ["9.1"]} if kind.effects is announced else {}}
    )  # fmt: skip
    stage.merchant = stage.merchant.model_copy(update={"documents": wish, "returns": back})
    plenty = stage.sandbox.plenty
    plenty.settings(second_book="again")
    plenty.act("set_stock", "alpha", variation=2001, warehouse=3, quantity=1000)
    plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01", "9.1"]}]})
    stage.sandbox.wemalo.settings(auto=False)
    packages: list[dict[str, Any]] = [{}] if kind.own_package else []
    ids = range(1, len(TROUBLES) + 1)
    stage.add(*(good_order(n, items=ITEMS, packages=packages) for n in ids))
    stage.step("extract_plenty_orders")
    validate(stage.work("validate"), examine=lambda orders, **_: passed(orders))
    stage.step("load_to_wemalo")
    assert [stage.state(n) for n in ids] == ["accepted"] * len(ids)
    if kind.left:
        stage.sandbox.wemalo.act("ship", "alpha")
        stage.step("reconcile_tracking")


def passed(orders: Any) -> Judgement:
    return Judgement([Verdict(order.order_id, "ok") for order in orders], None)


def later(stage: Stage) -> None:
    """Let so much time pass that every lease is over and nothing can arrive any more."""
    with stage.engine.begin() as connection:
        connection.execute(text(
            "UPDATE writes SET lease_until = now(), doubt_until = LEAST(doubt_until, now())"
        ))  # fmt: skip
        for table in (
            tables.returns,
            tables.return_rows,
            tables.announced_returns,
            tables.documents,
        ):
            connection.execute(update(table).values(next_attempt_at=None))


def doubts(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return list(connection.execute(text("SELECT subject FROM writes")).scalars())


def told(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        return [row.code for row in open_exceptions(connection, stage.name)]


@pytest.mark.parametrize("name", KINDS)
def test_a_call_takes_effect_once_whatever_happens_to_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind = KINDS[name]
    opened(stage, kind)
    wire = Wire(kind.ending, monkeypatch)

    def step() -> None:
        for system in ("plenty", "wemalo"):
            circuits.succeeded(stage.engine, stage.name, system)
        kind.step(stage.work(kind.task))

    for order_id, trouble in enumerate(TROUBLES, 1):
        stage.lease_s, stage.settle_s = (0 if trouble == "zombie" else 300), 300
        kind.occasion(stage, order_id)
        before = kind.effects(stage)
        wire.arm(trouble, step)
        if trouble.startswith("killed"):
            with pytest.raises(Death):
                step()
        else:
            step()
        assert wire.fired, trouble
        if trouble == "late landing":
            step()
            assert kind.effects(stage) == before, "it may still be on its way"
            wire.on_its_way.pop()()
        for _ in range(3):
            later(stage)
            step()
        # wemalo cannot be asked for documents: one that never came is a person's to see
        lost = kind.effects is documents and trouble == "killed before"
        assert kind.effects(stage) - before == (0 if lost else 1), trouble
        if kind.effects is documents:
            unclear = trouble not in ("two at once", "zombie")
            assert ("DOCUMENT_UNCLEAR" in told(stage)) is unclear, trouble
            stage.sandbox.wemalo.act("ship", "alpha", order=str(order_id))
            stage.step("reconcile_tracking")
            step()
        assert (doubts(stage), told(stage)) == ([], []), trouble


def test_a_number_that_changes_while_its_package_is_in_doubt_ends_in_one_package(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS["a package that is made"]
    opened(stage, kind)
    wire = Wire(kind.ending, monkeypatch)
    ship(stage, 1)
    wire.arm("late landing", lambda: None)
    stage.step("reconcile_tracking")
    assert wire.fired
    stage.sandbox.wemalo.act("change_tracking", "alpha", order="1", tracking="NEW-NUMBER-1")
    stage.step("reconcile_tracking")
    assert numbers(stage) == 0
    wire.on_its_way.pop()()

    for _ in range(3):
        later(stage)
        stage.step("reconcile_tracking")

    packages = stage.plenty_order(1)["shippingPackages"]
    assert [p["packageNumber"] for p in packages] == ["NEW-NUMBER-1"]
    assert stage.plenty_order(1)["shippingInformation"]["transactionId"] == "NEW-NUMBER-1"
    assert (doubts(stage), told(stage)) == ([], [])
