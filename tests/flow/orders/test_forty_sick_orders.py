"""Two hundred orders, forty of them sick in forty ways: the others arrive as if these were not."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fulfilment.hooks import base, retries
from fulfilment.hooks.base import ApiHook
from sqlalchemy import text

from include.ledger.exceptions.exceptions import open_exceptions
from include.ledger.systems import circuits
from tests.flow.stage import Stage, good_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fulfilment.hooks.transport import Reply

    from include.stack.postgres import PostgresServer

HEALTHY, FIRST_SICK = 160, 5000
CANARIES = ("Kanarienvogel", "Zeisigallee", "canary@", "+49 151 700")
DELIVERY = {
    "name2": "Karla",
    "name3": "Kanarienvogel",
    "address1": "Zeisigallee",
    "address2": "12",
    "postalCode": "10115",
    "town": "Berlin",
    "country": "DE",
    "email": "canary@example.org",
    "phone": "+49 151 7001234",
}
ADD = "POST /v1/goodsOrder/addConditional"
SET_STATUS = "PUT /rest/orders/{order_id}"

#: what plentymarkets answers of an order instead: where, and the JSON as it is sent
HOSTILE: tuple[tuple[str, str], ...] = (
    ("itemVariationId", "[]"),
    ("itemVariationId", "1e9999"),
    ("itemVariationId", '"1e1000000"'),
    ("itemVariationId", "NaN"),
    ("itemVariationId", '"' + "9" * 4400 + '"'),
    ("itemVariationId", '{"id": 2001}'),
    ("quantity", "[2]"),
    ("quantity", "1e9999"),
    ("quantity", '"two"'),
    ("quantity", "Infinity"),
    ("quantity", "-2"),
    ("quantity", '"' + "1" * 4400 + '"'),
    ("createdAt", '"0001-01-01T00:00:00+00:00"'),
    ("createdAt", '"9999-12-31T23:59:59-14:00"'),
    ("createdAt", "{}"),
    ("createdAt", "1e9999"),
)
BAD_ADDRESSES: tuple[dict[str, str], ...] = (
    {"address2": ""},
    {"postalCode": ""},
    {"postalCode": "1011"},
    {"town": ""},
    {"address1": ""},
    {"name2": "", "name3": "", "name1": ""},
    {"address1": "Kanarienvogel \ud83d", "address2": ""},
    {"postalCode": "\u0000"},
)
ITEMS: tuple[list[dict[str, Any]], ...] = (
    [{"variation": 2001, "quantity": 10**6}],
    [{"variation": 2001, "quantity": 1}, {"variation": 2002, "quantity": 10**6}],
    [{"variation": 9901, "quantity": 1}, {"variation": 9902, "quantity": 1}],
    [{"variation": 9901, "quantity": 1}] * 2 + [{"variation": 9902, "quantity": 1}] * 2,
    [{"variation": 2001, "quantity": 0}, {"variation": 2002, "quantity": 0}],
)
PROFILES = (990, 991)  # not mapped
#: of the hand-over, the last one of the status
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "html", "status": 403},
    {"kind": "status", "status": 404},
    {"kind": "status", "status": 422},
    {"kind": "status", "status": 409},
    {"kind": "status", "status": 500},
    {"kind": "cut"},
    {"kind": "malformed"},
    {"kind": "empty"},
    {"kind": "html", "status": 413},
)


def sick_orders() -> list[dict[str, Any]]:
    ways: list[dict[str, Any]] = [{} for _ in HOSTILE]
    ways += [{"delivery": {**DELIVERY, **change}} for change in BAD_ADDRESSES]
    ways += [{"items": items} for items in ITEMS]
    ways += [{"profile": profile} for profile in PROFILES]
    ways += [{} for _ in FAULTS]
    return [order(FIRST_SICK + 25 * place, **way) for place, way in enumerate(ways)]


def order(number: int, **changes: Any) -> dict[str, Any]:
    return good_order(number, **{"delivery": DELIVERY, **changes})


def make_hostile(stage: Stage, monkeypatch: pytest.MonkeyPatch, sick: Mapping[int, int]) -> None:
    """Let plentymarkets' answers hold hostile values in the orders that are due for one.

    :param sick: order id -> which of `HOSTILE`.
    """
    real = base.exchange

    def exchange(*args: Any, **more: Any) -> Reply:
        reply: Reply = real(*args, **more)
        if b'"orderItems"' not in reply.body:
            return reply
        answer = json.loads(reply.body)
        wanted = {}
        for row in answer.get("entries", []):
            if row.get("id") in sick:
                name, value = HOSTILE[sick[row["id"]]]
                mark = f"@{row['id']}@"
                wanted[json.dumps(mark)] = value
                (row if name in row else row["orderItems"][0])[name] = mark
        body = json.dumps(answer)
        for mark, value in wanted.items():
            body = body.replace(mark, value)
        return replace(reply, body=body.encode())

    monkeypatch.setattr(base, "exchange", exchange)


def calls(stage: Stage) -> int:
    systems = (stage.sandbox.plenty, stage.sandbox.wemalo)
    return sum(sum(one.calls("alpha")["counts"].get("alpha", {}).values()) for one in systems)


def run(stage: Stage) -> int:
    """Run once; return the number of calls. Every task ends well."""
    for system in (stage.sandbox.plenty, stage.sandbox.wemalo):
        system.reset_calls()
    stage.run()
    assert {task: str(error) for task, error in stage.errors.items()} == {}
    return calls(stage)


@pytest.mark.timeout(900)
def test_forty_sick_orders_are_named_and_hold_nobody_up(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    postgres_server: PostgresServer,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(ApiHook, "_take_permit", lambda *_: None)
    monkeypatch.setattr(retries, "READ_PAUSES_S", (0.0,))
    # nine orders fail one after the other here: that it is the system is another test's business
    monkeypatch.setattr(circuits, "FAILURES_TO_OPEN", 10**6)
    stage.sandbox.plenty.settings(limits=False)
    stock = {str(n): 5_000 for n in range(2001, 2007)}
    tenant = {"tenant": "alpha", "settings": {"limit_calls": 10**6, "auto": False}, "stock": stock}
    stage.sandbox.wemalo.merge({"tenants": [tenant]})
    sick = sick_orders()
    assert len(sick) == 40

    stage.add(*(order(number) for number in range(1, HEALTHY + 1)))
    alone = run(stage)
    assert len(stage.wemalo_orders()) == HEALTHY

    first = len(HOSTILE) + len(BAD_ADDRESSES) + len(ITEMS) + len(PROFILES)
    for place, fault in enumerate(FAULTS):
        number = sick[first + place]["id"]
        if fault is FAULTS[-1]:
            stage.sandbox.plenty.fault(route=SET_STATUS, match=f"/orders/{number}?", **fault)
        else:
            stage.sandbox.wemalo.fault(route=ADD, match=f'"externalId": "{number}"', **fault)
    make_hostile(stage, monkeypatch, {row["id"]: place for place, row in
                                      enumerate(sick[: len(HOSTILE)])})  # fmt: skip
    healthy = [FIRST_SICK + 25 * (n // 4) + 1 + n % 4 for n in range(HEALTHY)]
    stage.add(*(order(number) for number in healthy), *sick)
    among = run(stage)

    there = stage.wemalo_orders()
    sent = {n: there[str(n)]["submissions"] for n in healthy if str(n) in there}
    assert sent == dict.fromkeys(healthy, 1), "all of them, in the same run, and once"
    with stage.engine.begin() as connection:
        told = open_exceptions(connection, "alpha")
        rows = connection.execute(text("SELECT order_id, state, reason_code FROM orders")).all()
    subjects = {row.subject for row in told}
    aside = {r.order_id: r.state for r in rows if r.reason_code and
             r.state in ("invalid", "no_stock", "quarantined")}  # fmt: skip
    ids = [row["id"] for row in sick]
    assert [n for n in ids if f"order:{n}" not in subjects and n not in aside] == []
    assert [n for n in healthy if f"order:{n}" in subjects or n in aside] == []
    per_sick = (among - alone) / len(sick)
    assert per_sick < 12, "a sick order costs calls of its own, none of the others'"

    words = [record.getMessage() for record in caplog.records]
    words += [record.exc_text or "" for record in caplog.records]
    words += [str(tuple(row)) for row in told]
    log_file = postgres_server.data.parent / "log"
    words += log_file.read_text(errors="replace").splitlines()
    assert [word for word in words if any(canary in word for canary in CANARIES)] == []
