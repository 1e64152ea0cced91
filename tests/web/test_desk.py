"""The desk as the API server gives it: who sees what, who may do what, what it costs."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api import security
from fastapi.testclient import TestClient
from fulfilment.web import access
from fulfilment.web.desk import api, pages
from sqlalchemy import event, insert, select, update

from include.core.exceptions.exception_texts import exception_text
from include.core.orders.plenty_order import parse_order
from include.core.orders.states import State
from include.core.systems.errors import AuthError, ContractError
from include.ledger.engine import ledger_engine
from include.ledger.exceptions import exceptions
from include.ledger.orders import batches, orders
from include.ledger.orders.journal import Journal
from include.ledger.systems import circuits, failures
from include.ledger.tables import order_events, parcels
from include.ledger.tables import orders as orders_table
from tests.core.builders import COUNTRIES, order_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

OWN = {access.OWN_HEADER: "1"}
SCRIPT = "<script>alert(1)</script>"
#: who -> the merchants whose DAG may be read, and edited
RIGHTS = {
    "anna": ({"alpha", "beta", "quiet"}, {"alpha"}),
    "otto": (set(), set()),
}


class Rights:
    """Airflow's auth manager, as far as the desk asks it: names as tokens, `RIGHTS` as rights."""

    every: str = ""  # who may do everything with every DAG

    async def get_user_from_token(self, token: str) -> SimpleAuthManagerUser:
        if token not in RIGHTS:
            raise jwt.InvalidTokenError
        return SimpleAuthManagerUser(username=token, role=None)

    def get_authorized_dag_ids(self, *, user: SimpleAuthManagerUser, method: str) -> set[str]:
        names = RIGHTS[user.username][method != "GET"]
        return {f"fulfilment__{name}" for name in names} | {"fulfilment_doctor", "another"}

    def is_authorized_dag(self, *, method: str, user: SimpleAuthManagerUser) -> bool:
        return user.username == self.every


@pytest.fixture
def rights(monkeypatch: pytest.MonkeyPatch) -> Rights:
    manager = Rights()
    monkeypatch.setattr(security, "get_auth_manager", lambda: manager)
    monkeypatch.setattr(access, "get_auth_manager", lambda: manager)
    return manager


@pytest.fixture
def engine(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A ledger with orders and exceptions of alpha, beta and gamma."""
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    for merchant in ("alpha", "beta", "gamma"):
        fill(engine, merchant)
    yield engine
    engine.dispose()


def fill(engine: Engine, merchant: str) -> None:
    """One order of each kind, an item that rests, an acknowledged and a shared exception."""
    journal = Journal(merchant, "test", "run-1", 1)
    one = parse_order(order_json(), COUNTRIES)
    states = [
        State.FETCHED, State.INVALID, State.NO_STOCK, State.QUARANTINED, State.ACCEPTED,
        State.WAITING, State.SHIPPED,
    ]  # fmt: skip
    texts = {"field": "street", "de": f"falsch {SCRIPT}", "en": f"wrong {SCRIPT}"}
    with engine.begin() as connection:
        batch = batches.open_batch(connection, merchant, "run-1", (None, None))
        batches.add_counts(connection, batch, {"released": 7})
        numbered = [
            replace(one, order_id=number, external_order_id=f"shop-{merchant}-{number}")
            for number in range(1, len(states) + 1)
        ]
        orders.put_fetched(connection, journal, batch, numbered)
        for number, state in enumerate(states, 1):
            reason = texts if state is State.INVALID else None
            connection.execute(
                update(orders_table)
                .where(orders_table.c.merchant == merchant, orders_table.c.order_id == number)
                .values(
                    state=state, reason=reason, reason_code="ADDRESS_X" if reason else None,
                    ended_at=orders_table.c.changed_at if state is State.SHIPPED else None,
                )
            )  # fmt: skip
        told = exception_text("CANCEL_AFTER_SHIPPING", at="2026-07-01 12:00")
        exceptions.raise_exception(connection, journal, subject="order:7", **told)
        for code in ("TOLD", "TOLD_TOO"):
            exceptions.raise_exception(
                connection, journal, subject="merchant", code=code, de=SCRIPT, en=SCRIPT,
                action_de="-", action_en="-",
            )  # fmt: skip
        sick = ContractError("The answer is no JSON.", merchant=merchant)
        pause = failures.pause_after(9)
        failures.note(connection, journal, "hand_over", "order:1", sick, pause)
        connection.execute(
            insert(parcels).values(
                merchant=merchant, order_id=7, parcel_id="1214", tracking_number=f"TN{merchant}",
                carrier="DHL", written_number=f"TN{merchant}",
            )
        )  # fmt: skip
    circuits.failed(engine, merchant, "wemalo", AuthError("The token is refused. Renew it."))


def client(who: str = "anna", app: Any = api) -> TestClient:
    return TestClient(app, cookies={"_token": who} if who else None)


def case_of(code: str, merchant: str = "alpha") -> dict[str, Any]:
    cases = client().get("/exceptions", params={"merchant": merchant}).json()["cases"]
    (case,) = [one for one in cases if one["code"] == code]
    return dict(case)


def diary(engine: Engine, order_id: int, merchant: str = "alpha") -> list[tuple[str, Any]]:
    with engine.connect() as connection:
        rows = connection.execute(
            select(order_events.c.kind, order_events.c.data)
            .where(order_events.c.merchant == merchant, order_events.c.order_id == order_id)
            .order_by(order_events.c.event_id)
        )
        return [(row.kind, row.data) for row in rows]


@pytest.mark.usefixtures("rights")
def test_no_route_answers_without_a_login_and_errors_are_problem_details() -> None:
    asked = 0
    for app in (api, pages):
        for route in app.routes:
            for method in sorted(route.methods - {"HEAD"}):  # type: ignore[attr-defined]
                path = re.sub(r"\{\w+\}", "1", route.path)  # type: ignore[attr-defined]
                path = path.replace("/1", "/main.js") if app is pages else path
                answer = client("", app).request(method, path, headers=OWN)
                assert answer.status_code == 401, path
                assert answer.headers["content-type"] == "application/problem+json"
                asked += 1
    assert asked == 10
    assert client("mallory").get("/board").status_code == 403
    assert client("anna", pages).get("/../desk.py").status_code in {404, 422}
    assert client("anna", pages).get("/none.js").status_code == 404


@pytest.mark.usefixtures("engine")
def test_only_merchants_that_may_be_read_are_told_of(rights: Rights) -> None:
    board = client().get("/board").json()
    assert [line["merchant"] for line in board["merchants"]] == ["alpha", "beta", "quiet"]
    alpha, _, quiet = board["merchants"]
    counts = {
        "not_handed_over": 1, "at_warehouse": 1, "waiting_for_goods": 1, "bad_address": 1,
        "no_stock": 1, "set_aside": 1, "shipped_today": 1, "cancelled_too_late": 1,
        # the resting, the faulty, the one set aside and the one that was cancelled too late
        "to_do": 4, "to_do_others": 2,
    }  # fmt: skip
    assert {name: alpha[name] for name in counts} == counts
    codes = ("CANCEL_AFTER_SHIPPING", "STEP_FAILED", "TOLD", "TOLD_TOO")
    assert alpha["exceptions"] == dict.fromkeys(codes, 1)
    (circuit,) = alpha["circuits"]
    assert (circuit["system"], circuit["code"]) == ("wemalo", "AUTH")
    assert circuit["since"] <= board["at"] < circuit["next_try"]
    assert alpha["last_look"] <= board["at"]
    assert {quiet[name] for name in counts} == {0}
    assert (board["totals"]["to_do"], board["totals"]["merchants"]) == (8, 3)
    (down,) = client().get("/summary").json()["down"]
    assert (down["system"], down["merchants"], down["waiting"]) == ("wemalo", 2, 2)

    assert client("otto").get("/board").json()["merchants"] == []
    assert client("otto").get("/exceptions").json()["cases"] == []
    for path in (
        "/exceptions?merchant=gamma", "/orders?state=invalid&merchant=gamma", "/orders/gamma/1",
        "/orders/alpha/99", "/exceptions?merchant=_defaults",
    ):  # fmt: skip
        assert client().get(path).status_code == 404, path
    for words in ("1", "shop-gamma-1", "TNgamma", "1214"):
        hits = client().get("/orders/search", params={"q": words}).json()["orders"]
        assert "gamma" not in {hit["merchant"] for hit in hits}, words


def test_what_is_told_of_all_merchants_is_for_those_who_may_read_all(
    engine: Engine, rights: Rights
) -> None:
    with engine.begin() as connection:
        journal = Journal("_defaults", "test", "run-1", 1)
        text = {"de": "gamma", "en": "gamma", "action_de": "-", "action_en": "-"}
        exceptions.raise_exception(
            connection, journal, subject="merchant", code="MERCHANT_DEFAULTS_BROKEN", **text
        )
    assert "gamma" not in client().get("/exceptions").text
    assert "_defaults" not in client().get("/board").text
    rights.every = "anna"
    assert "gamma" in client().get("/exceptions").text
    assert client().get("/board").json()["merchants"][0]["merchant"] == "_defaults"


@pytest.mark.usefixtures("rights")
def test_a_write_needs_the_right_and_refuses_other_sites(engine: Engine) -> None:
    case = case_of("STEP_FAILED")
    of_beta = case_of("STEP_FAILED", "beta")
    assert (case["may_act"], of_beta["may_act"]) == (True, False)
    with engine.connect() as connection:
        gamma = exceptions.open_exceptions(connection, "gamma")[0].exception_id
    for what in ("acknowledge", "retry"):

        def post(number: int, who: str = "anna", what: str = what, **headers: str) -> int:
            path = f"/exceptions/{number}/{what}"
            return client(who).post(path, json={"note": "x"}, headers=headers).status_code

        mine = case["exception_id"]
        assert post(mine) == 403, "a form of another site has no header of ours"
        foreign = {**OWN, "Sec-Fetch-Site": "cross-site"}
        assert post(mine, **foreign) == 403
        assert post(mine, **{**OWN, "Sec-Fetch-Site": "same-site"}) == 403
        assert post(mine, "", **OWN) == 401
        assert post(mine, "otto", **OWN) == 404
        assert post(of_beta["exception_id"], **OWN) == 403, "seen, but not to be changed"
        assert post(gamma, **OWN) == 404
        assert post(999_999, **OWN) == 404
    assert case_of("STEP_FAILED") == case
    assert case_of("STEP_FAILED", "beta") == of_beta


@pytest.mark.usefixtures("rights")
def test_acknowledging_and_trying_again_name_the_person_in_the_diary(engine: Engine) -> None:
    case = case_of("STEP_FAILED")
    assert case["next_try"] > case["last_seen_at"]
    path = f"/exceptions/{case['exception_id']}"

    seen = client().post(f"{path}/acknowledge", json={"note": f"called {SCRIPT}"}, headers=OWN)
    assert seen.json()["case"]["acknowledged_by"] == "anna"
    assert case_of("STEP_FAILED")["acknowledged_note"] == f"called {SCRIPT}"
    for note in ("x" * 501, "a\x00b", "half \ud83d"):
        body = json.dumps({"note": note})
        sent = {**OWN, "Content-Type": "application/json"}
        refused = client().post(f"{path}/acknowledge", content=body, headers=sent)
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert note[:5] not in refused.text

    assert client().post(f"{path}/retry", json={}, headers=OWN).json()["ended"] == 1
    with engine.connect() as connection:
        assert failures.noted(connection, "alpha", "hand_over", ["order:1"]) == {"order:1": False}
        assert failures.noted(connection, "beta", "hand_over", ["order:1"]) == {"order:1": True}
    assert client().post(f"{path}/retry", json={}, headers=OWN).status_code == 409
    events = [one for one in diary(engine, 1) if one[0] in ("exception_acknowledged", "try_asked")]
    assert [(kind, data["by"]) for kind, data in events] == [
        ("exception_acknowledged", "anna"), ("try_asked", "anna")
    ]  # fmt: skip
    told = client().get("/orders/alpha/1").json()["diary"][-1]
    assert "anna lässt es sofort noch einmal versuchen" in told["de"]
    assert client().post("/exceptions/1/acknowledge", json={}, headers=OWN).status_code == 200


@pytest.mark.usefixtures("rights")
def test_an_order_at_the_warehouse_is_not_hurried_with_its_exception(engine: Engine) -> None:
    """What waits there is asked for by its own time; only what rests here may be ended."""
    with engine.begin() as connection:
        journal = Journal("alpha", "test", "run-1", 1)
        text = {"de": "x", "en": "x", "action_de": "-", "action_en": "-"}
        for number in (4, 5):
            exceptions.raise_exception(
                connection, journal, subject=f"order:{number}", code=f"LATE_{number}", **text
            )
        connection.execute(
            update(orders_table)
            .where(orders_table.c.merchant == "alpha")
            .values(next_attempt_at=orders_table.c.changed_at + failures.pause_after(9))
        )
    assert case_of("LATE_5")["next_try"] is None
    for code, status in (("LATE_5", 409), ("LATE_4", 200)):
        path = f"/exceptions/{case_of(code)['exception_id']}/retry"
        assert client().post(path, json={}, headers=OWN).status_code == status


@pytest.mark.usefixtures("engine", "rights")
def test_an_order_is_found_by_what_people_have_in_hand_and_told_without_personal_data() -> None:
    for words, number in (("2", 2), ("shop-alpha-3", 3), ("TNalpha", 7), (" 7 ", 7)):
        hits = client().get("/orders/search", params={"q": words}).json()["orders"]
        assert [h["order_id"] for h in hits if h["merchant"] == "alpha"] == [number], words
    hits = client().get("/orders/search", params={"q": "1214"}).json()["orders"]
    assert [(hit["merchant"], hit["order_id"]) for hit in hits] == [("alpha", 7), ("beta", 7)]
    for words in ("9" * 40, "' OR 1=1 --", "%", "²"):
        assert client().get("/orders/search", params={"q": words}).json()["orders"] == []

    page = client().get("/orders?state=invalid&state=no_stock&limit=3").json()
    rest = client().get(f"/orders?state=invalid&state=no_stock&limit=3&after={page['next']}").json()
    assert [(o["merchant"], o["order_id"]) for o in page["orders"] + rest["orders"]] == [
        ("alpha", 2), ("alpha", 3), ("beta", 2), ("beta", 3)
    ]  # fmt: skip
    assert client().get("/orders?state=shipped").status_code == 422

    answers = [client().get(f"/orders/alpha/{number}") for number in range(1, 8)]
    for path in ("/board", "/exceptions", "/orders?state=invalid", "/orders/search?q=2"):
        answers.append(client().get(path))
    order = parse_order(order_json(), COUNTRIES)
    assert order.delivery is not None
    personal = [
        value
        for name in ("name2", "name3", "address1", "postal_code", "town", "email", "phone")
        if (value := getattr(order.delivery, name))
    ]
    assert len(personal) >= 4
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"
        assert [word for word in personal if word in answer.text] == []
    faulty, shipped = answers[1].json(), answers[6].json()
    assert faulty["sentence_en"].endswith(f"faulty: wrong {SCRIPT}.")
    assert "fehlerhaft: falsch" in faulty["sentence_de"]
    assert faulty["positions"][0].keys() == {"sku", "variation_id", "quantity"}
    assert shipped["parcels"][0]["tracking_number"] == "TNalpha"
    assert [case["code"] for case in shipped["cases"]] == ["CANCEL_AFTER_SHIPPING"]


@contextmanager
def counted() -> Iterator[list[str]]:
    from sqlalchemy import Engine

    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("rights")
def test_a_page_takes_as_many_statements_for_three_hundred_merchants_as_for_three(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ("/summary", "/board", "/exceptions", "/orders?state=invalid", "/orders/search?q=1")

    def costs(number: int) -> list[int]:
        names = {f"m{n}" for n in range(number)}
        monkeypatch.setitem(RIGHTS, "anna", (names, names))
        found = []
        for path in paths:
            client().get(path)  # a connection's first use asks for the server's version
            with counted() as statements:
                assert client().get(path).status_code == 200
            found.append(len(statements))
        return found

    few = costs(3)
    with engine.begin() as connection:
        for n in range(0, 300, 10):
            journal = Journal(f"m{n}", "test", "run-1", 1)
            text = {"de": "x", "en": "x", "action_de": "-", "action_en": "-"}
            exceptions.raise_exception(connection, journal, subject="order:1", code="X", **text)
    assert costs(300) == few
    assert 1 <= min(few) <= max(few) <= 10
