"""Whatever stands in a field: its record is set aside with its reason, its neighbours travel.

The values are put into the sandbox's own answers. Most cases read one record after the other
without a server; some go through the real flow, many sick records at once.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.flow.returns.handle import handle_returns
from fulfilment.hooks.paging import Listing
from fulfilment.hooks.plenty import FULFILMENT_SET
from fulfilment.hooks.wemalo import _status

from include.core.documents.choice import newest
from include.core.orders.plenty_order import goods_issue_booked, parse_order, row_status, row_time
from include.core.orders.search_results import Sightings
from include.core.orders.status_write import OwnStatus, overwritten
from include.core.parcels.sent_rows import sent_row
from include.core.products.wemalo_products import belongs, components, compose
from include.core.returns.return_orders import (
    came_back,
    is_for,
    key_of,
    parent_of,
    positions,
    reasons,
)
from include.core.returns.returned_pieces import return_row
from include.core.returns.settings import Returns
from include.core.stock.settings import Products
from include.core.stock.stock_sync import available_of, movement, postings
from include.core.systems.errors import FulfilmentError
from include.core.systems.failures import Level, level_of
from include.core.systems.json_answer import DEEPEST, read_json
from include.core.systems.values import need_id
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
from tests.flow.orders.hostility import HOSTILE, SEARCH

BOOKED = "GET /v1/returns/booked"


DEEP = 100_000


def paths(data: Any, inside: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place in an answer's record: its fields, and what they hold."""
    if inside:
        yield inside
    if isinstance(data, dict):
        for name, value in data.items():
            yield from paths(value, (*inside, name))
    elif isinstance(data, list):
        for place, value in enumerate(data[:2]):
            yield from paths(value, (*inside, place))


def with_value(data: Any, path: tuple[Any, ...], raw: str) -> Any:
    """Return a record as the door lets it in when ``raw`` stands at ``path``."""
    copy = json.loads(json.dumps(data))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = "<here>"
    text = json.dumps(copy).replace('"<here>"', raw)
    return read_json(text.encode("utf-8", errors="surrogateescape")).data


def unstorable(value: Any) -> bool:
    """Say whether PostgreSQL could not keep what was read."""
    try:
        text = json.dumps(value, default=str, allow_nan=False)
    except ValueError:  # NaN or infinity
        return True
    return "\\u0000" in text or "\\ud83d" in text.replace("\\ud83d\\ud", "")


def depth(value: Any) -> int:
    """Return how deep a value is nested."""
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inside), default=0) if isinstance(value, (dict, list)) else 0


def numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, int):
        yield value


COUNTRIES = {1: "DE"}


def _row(data: Mapping[str, Any]) -> Any:
    return need_id(data, "id"), row_status(data), row_time(data)


def _order(data: Mapping[str, Any]) -> Any:
    return parse_order(data, COUNTRIES).to_json()


def _return_order(data: Mapping[str, Any]) -> Any:
    return (
        parent_of(data), key_of(data), is_for(data, 1), reasons(data), came_back([data]),
        [one.left for one in positions(data, "sku")],
    )  # fmt: skip


def _product(data: Mapping[str, Any]) -> Any:
    product = compose(data, data.get("item") or {}, Products(), COUNTRIES)
    return belongs(data, 1), components([data]), product.body, product.variation_id


def _history(data: Mapping[str, Any]) -> Any:
    own = OwnStatus(1, Decimal("5.1"), frozenset([Decimal(5)]), before=Decimal(5), watched=True)
    return overwritten([data, {**data, "id": 10**9}], [own])


#: what is read -> how. The first ones are read in loops that know our own errors only.
OWN_ERRORS: dict[str, Callable[[Any], Any]] = {
    "order": _order,
    "search row": _row,
    "sent row": lambda data: vars_of(sent_row(data)),
    "return row": lambda data: return_row(data).facts(),
    "goods issue": goods_issue_booked,
}


#: these are read one by one, by loops that take any error for the record's
ANY_ERROR: dict[str, Callable[[Any], Any]] = {
    "return order": _return_order,
    "documents": lambda data: newest(data, "invoice"),
    "variation": _product,
    "history": _history,
    "movement": lambda data: [str(one) for one in movement(data)],
    "posting": lambda data: [vars_of(one) for one in postings(data, "INCOMING")],
    "article": lambda data: str(available_of(data)),
    "wemalo status": lambda data: vars_of(_status(data)),
}


SAMPLED = {"goods issue", "return order", "variation"}


def vars_of(record: Any) -> Any:
    return record and {name: getattr(record, name) for name in record.__slots__}


@pytest.fixture
def shop(stage: Stage) -> Stage:
    """Alpha after a busy day: an order shipped, one on its way, one that came back in part."""
    stage.merchant = stage.merchant.model_copy(
        update={"returns": Returns.model_validate({"status": "9.0.1", "reasons": {"size": 4}})}
    )
    stage.sandbox.plenty.merge({"tenants": [{"tenant": "alpha", "statuses": ["9.01", "9.1"]}]})
    stage.add(*(good_order(n) for n in (1, 2, 3)))
    stage.run()
    stage.sandbox.wemalo.act("ship", "alpha")
    piece = {"product": "2001", "quantity": 1, "reason": "size"}
    return_of = {"order": "1", "items": [piece]}
    stage.run()
    stage.sandbox.wemalo.act("book_return", "alpha", **return_of)
    handle_returns(stage.work("handle_returns"))
    stage.sandbox.plenty.act("make_document", "alpha", order=2, kind="invoice")
    for route in ("requeue",):
        stage.sandbox.wemalo.act(route, "alpha", kind="sent")
    stage.sandbox.wemalo.act("book_return", "alpha", **{**return_of, "order": "2"})
    stage.sandbox.wemalo.act("receive_goods", "alpha", items=[{"product": "2001", "quantity": 7}])
    return stage


def answers(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Return what both systems show: name of a reader -> records."""
    work = stage.work("look")
    plenty, wemalo = work.plenty, work.wemalo
    state = stage.sandbox.plenty.state("alpha")["tenants"]["alpha"]["orders"]
    returns = [int(order["id"]) for order in state.values() if order["typeId"] == 3]
    whole = list(plenty.order_contents([1, 2, 3]).values())
    shown = plenty.rows_by_id([1, 2, 3])
    since = row_time(shown[1]).replace(year=2020)
    return {
        "order": whole,
        "goods issue": whole,
        "search row": list(shown.values()),
        "sent row": [row for page in wemalo.sent_queue() for row in page],
        "return row": wemalo.booked_returns(),
        "return order": list(plenty.rows_by_id(returns, [*FULFILMENT_SET, "comments"]).values()),
        "documents": list(plenty.rows_by_id([2], ["documents"]).values()),
        "variation": plenty.some_variations(1)[:2],
        "history": plenty.status_history(since)[:2],
        "movement": [
            {"id": 7, "variationId": 2001, "quantity": "-2", "reason": 301, "createdAt": "2026"}
        ],
        "posting": wemalo.stock_postings("INCOMING"),
        "article": wemalo.available_stock(since)[:2],
        "wemalo status": [wemalo._get("/goodsOrder/getStatus/{id}", "3")],
    }


def test_every_field_of_every_answer_is_read_or_its_record_is_refused(shop: Stage) -> None:
    read = answers(shop)
    cases, faults = 0, []
    for name, reader in {**OWN_ERRORS, **ANY_ERROR}.items():
        assert read[name], f"the sandbox shows no {name}"
        record = read[name][0]
        reader(record)  # as it is, it can be read
        for place, path in enumerate(paths(record)):
            # orders and rows with each value; of what repeats them, every fourth in turn
            some = list(HOSTILE.items())[place % 4 :: 4] if name in SAMPLED else HOSTILE.items()
            values = dict(some)
            if place % 40 == 0:
                values["deep"] = "[" * DEEP + "]" * DEEP
            for what, raw in values.items():
                cases += 1
                sick = with_value(record, path, raw)
                if unstorable(sick) or depth(sick) > DEEPEST + 2:
                    faults.append(f"{name} {path}, {what}: passed the door")
                elif fault := fault_of(reader, sick, name):
                    faults.append(f"{name} {path}, {what}: {fault}")
    assert faults == []
    assert cases > 3000


def fault_of(reader: Callable[[Any], Any], sick: Any, name: str) -> str:
    """Return what is wrong with how a record is read, "" if it is read or refused as it should."""
    began = time.process_time()
    failure: Exception | None = None
    found: Any = None
    try:
        found = reader(sick)
    except Exception as error:
        failure = error
    if time.process_time() - began > 2:
        return "takes too long"
    if failure is not None:
        if not isinstance(failure, FulfilmentError) and name not in ANY_ERROR:
            return f"ends the loop with {failure!r}"
        if level_of(failure) is not Level.ITEM:
            return f"is not the record's: {failure!r}"
        own = isinstance(failure, FulfilmentError)
        return "quotes the value" if own and "uster" in f"{failure} {failure.log}" else ""
    if unstorable(found):
        return "cannot be stored"
    return "" if all(abs(n) <= 2**63 - 1 for n in numbers(found)) else "does not fit a bigint"


def test_a_row_of_a_search_that_cannot_be_read_leaves_the_others_alone(shop: Stage) -> None:
    rows = answers(shop)["search row"]
    merchant = shop.merchant.plenty

    def ours(row: Mapping[str, Any]) -> bool:
        return (
            row_status(row) > 1
            and need_id(row, "plentyId") == merchant.plenty_id
            and need_id(row, "typeId") in merchant.shippable_types
        )

    faults = []
    for path in paths(rows[1]):
        for what, raw in HOSTILE.items():
            page = [rows[0], with_value(rows[1], path, raw), rows[2]]
            answer = {"page": 1, "totalsCount": 3, "isLastPage": True, "entries": page}
            listing = Listing(SEARCH, "alpha", ours)
            shown = Sightings()
            for some in listing.pages(lambda after, answer=answer: answer):
                for row in some:
                    shown.add(row)
            shown.unreadable |= listing.unreadable
            known = 2 in shown or shown.unreadable or listing.nameless or listing.dropped
            if not (1 in shown and 3 in shown and (known or len(shown) == 3)):
                faults.append(f"{path}: {what}")
    assert faults == []
