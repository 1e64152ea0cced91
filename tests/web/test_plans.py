"""The page of a plan; that it needs a login: tests/end_to_end."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from fulfilment.web.app import allowed, app

from include.core.dry_run.plan import PlanLine, skip
from include.ledger.dry_run import plans
from include.ledger.engine import ledger_engine


@pytest.fixture
def client(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("FULFILMENT_DATABASE_URL", ledger_url)
    engine = ledger_engine(ledger_url)
    lines = [
        PlanLine(4711, "status", "6.2", "Hausnummer fehlt <x>", "house number missing <x>"),
        skip(4712, "ACCEPTED"),
    ]
    with engine.begin() as connection:
        plans.keep(connection, "alpha", "run-a", "dry_run", (None, None), lines, ["no answer"])
    engine.dispose()
    monkeypatch.setitem(app.dependency_overrides, allowed, lambda: None)
    return TestClient(app)


def test_a_plan_is_shown_with_its_reasons_in_the_merchants_language_or_another(
    client: TestClient,
) -> None:
    german = client.get("/plan/alpha", params={"run": "run-a"})
    assert german.status_code == 200
    assert "würde 1 Status setzen: 1 6.2" in german.text
    assert "Hausnummer fehlt &lt;x&gt;" in german.text
    assert "no answer" in german.text
    english = client.get("/plan/alpha", params={"language": "en"}).text
    assert "house number missing" in english
    assert "already at the warehouse" in english


def test_a_run_without_a_plan_says_why(client: TestClient) -> None:
    answer = client.get("/plan/alpha", params={"run": "another"})
    assert answer.status_code == 404
    assert "dry_run" in answer.text
