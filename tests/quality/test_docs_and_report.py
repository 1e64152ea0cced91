"""Data Docs without personal data and without other servers, and the report's figures."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from include.quality import docs
from include.quality.batch import examine
from include.quality.report import report
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_order

SECRET = replace(GOOD, name3="Geheimnis", address1="Verborgen", address2="", town="Nirgends")


def page(**settings: object) -> str:
    outcome = examine(
        [an_order(4711001, delivery=SECRET), an_order(4711002)],
        merchant=a_merchant(**settings),
        stock=a_stock(),
        known_products=None,
        now=NOW,
    ).outcome
    assert outcome is not None
    return docs.page(outcome.results, title="alpha, run-7")


def test_data_docs_name_rule_text_and_orders_and_no_person() -> None:
    text = " ".join(re.sub(r"<[^>]*>", " ", page()).split())
    assert "ADDRESS_NO_HOUSE_NUMBER (stop): Die Hausnummer fehlt." in text
    assert re.search(r"Die Hausnummer fehlt\. 1 unexpected values found.* 1: 4711001 ", text)
    for suite in ("address", "order", "stock"):
        assert f"Suite {suite}: " in text
    for word in ("Geheimnis", "Verborgen", "Nirgends", "Erika", "50667"):
        assert word not in text


def test_data_docs_speak_the_merchants_language() -> None:
    assert "ADDRESS_NO_HOUSE_NUMBER (stop): The house number is missing." in page(language="en")


def test_data_docs_load_nothing_from_other_servers() -> None:
    html = page()
    assert not re.search(r"(?:src|href)=|<script|@import|url\(", html)


def test_the_report_gives_share_and_trend_per_rule() -> None:
    today = Counter({"": 4, "*": 1, "ADDRESS_PO_BOX": 1, "ADDRESS_SCRIPT": 2})
    before = Counter({"": 10, "ADDRESS_SCRIPT": 1})
    rows = report(today, before)
    assert [(r.code, r.orders, r.share, r.trend) for r in rows] == [
        ("ADDRESS_SCRIPT", 2, 0.5, 0.4),
        ("ADDRESS_PO_BOX", 1, 0.25, 0.25),
    ]


def test_a_report_without_days_before_has_no_trend_and_without_orders_no_rows() -> None:
    (row,) = report(Counter({"": 2, "ADDRESS_PO_BOX": 1}), Counter())
    assert row.trend is None
    assert report(Counter(), Counter()) == []
