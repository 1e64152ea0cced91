"""Pages of Data Docs as the API server gives them; that they need a login: tests/end_to_end."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.serialization.serialized_objects import OperatorSerialization
from fastapi.testclient import TestClient
from fulfilment.operators.validate import ValidateOrdersOperator
from fulfilment.web.app import allowed, app

from include.ledger.engine import ledger_engine
from include.ledger.quality import data_docs
from tests.quality.builders import a_merchant

RUN = "manual__2026-03-02T08:00:00+00:00_<b>"


@pytest.fixture
def client(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A client that is logged in, and a ledger with two pages of alpha and one of beta."""
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    with engine.begin() as connection:
        for merchant, run, page in (
            ("alpha", "early", "page one"),
            ("alpha", RUN, "page two"),
            ("beta", RUN, "page three"),
        ):
            data_docs.keep(
                connection, merchant, run, page, orders=5, not_sent=2,
                max_age=timedelta(days=1), max_pages=10,
            )  # fmt: skip
    engine.dispose()
    monkeypatch.setitem(app.dependency_overrides, allowed, lambda: None)
    return TestClient(app)


def test_a_run_shows_its_page_and_only_the_merchants_own(client: TestClient) -> None:
    assert client.get("/data-docs/alpha", params={"run": RUN}).text == "page two"
    assert client.get("/data-docs/beta", params={"run": RUN}).text == "page three"


def test_a_run_without_a_page_says_so_and_lists_the_others(client: TestClient) -> None:
    answer = client.get("/data-docs/alpha", params={"run": "<i>late</i>"})
    assert answer.status_code == 200
    assert "The run &lt;i&gt;late&lt;/i&gt; has no page" in answer.text
    assert "&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text
    assert answer.text.count("<td>5</td><td>2</td>") == 2


def test_the_links_of_the_list_lead_to_the_pages(client: TestClient) -> None:
    assert 'href="alpha/2"' in client.get("/data-docs/alpha").text
    assert client.get("/data-docs/alpha/2").text == "page two"


def test_a_page_of_another_merchant_or_none_is_not_found(client: TestClient) -> None:
    for address in ("alpha/3", "alpha/99", "beta/1"):
        answer = client.get(f"/data-docs/{address}")
        assert answer.status_code == 404
        assert "That page is not there" in answer.text


@pytest.mark.parametrize(
    "address",
    ["alpha/../../etc/passwd", "alpha/%2e%2e%2fsecrets.json", "..%2f..%2fetc/1", "Alpha/1",
     "alpha/1.html", "alpha/1/2"],
)  # fmt: skip
def test_nothing_but_names_and_numbers_is_an_address(client: TestClient, address: str) -> None:
    assert client.get(f"/data-docs/{address}").status_code in {404, 422}


def test_pages_may_load_nothing_and_are_kept_by_no_cache(client: TestClient) -> None:
    headers = client.get("/data-docs/alpha/1").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "private, no-store"


def test_every_route_asks_who_it_is() -> None:
    routes = [route for route in app.routes if hasattr(route, "dependant")]
    assert len(routes) == 3  # Data Docs: the list and a page; the plan of a run
    for route in routes:
        assert allowed in {dependency.call for dependency in route.dependant.dependencies}


def test_the_task_links_to_the_page_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/centre/")
    operator = ValidateOrdersOperator(task_id="validate", merchant=a_merchant())
    (link,) = operator.operator_extra_links
    url = link.get_link(operator, ti_key=SimpleNamespace(run_id="manual__1+00:00"))
    assert url == (
        "https://airflow.example/centre/fulfilment/data-docs/alpha?run=manual__1%2B00%3A00"
    )
    # what Airflow keeps of the DAG: the link's name, and where its tasks leave the address
    assert OperatorSerialization.serialize_operator(operator)["_operator_extra_links"] == {
        "Data Docs": "_link_DataDocsLink"
    }
