"""Data Docs without personal data, and the daily report."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from include.core.models import Verdict
from include.quality import docs
from include.quality.batch import examine
from include.quality.report import count, report
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_order

if TYPE_CHECKING:
    from pathlib import Path


def test_data_docs_show_codes_and_no_person(tmp_path: Path) -> None:
    secret = replace(GOOD, name3="Geheimnis", address1="Verborgen", address2="", town="Nirgends")
    for merchant in ("alpha", "beta"):
        outcome = examine(
            [an_order(4711001, delivery=secret)],
            merchant=a_merchant(merchant=merchant),
            stock=a_stock(),
            known_products=None,
            now=NOW,
        ).outcome
        assert outcome is not None
        page = docs.write(outcome, merchant=merchant, folder=tmp_path, run="batch-7")
        assert page.is_file()
    pages = {p: p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.html")}
    assert {p.relative_to(tmp_path).parts[0] for p in pages} == {"alpha", "beta"}
    text = "".join(pages.values())
    assert "ADDRESS_NO_HOUSE_NUMBER" in text
    for word in ("Geheimnis", "Verborgen", "Nirgends"):
        assert word not in text


def test_the_report_gives_share_and_trend_per_rule() -> None:
    today = count(
        [
            Verdict(1, "bad", code="ADDRESS_PO_BOX", warnings=("ADDRESS_SCRIPT",)),
            Verdict(2, "ok", warnings=("ADDRESS_SCRIPT",)),
            Verdict(3, "ok"),
            Verdict(4, "ok"),
        ]
    )
    before = Counter({"": 10, "ADDRESS_SCRIPT": 1})
    rows = report(today, before)
    assert [(r.code, r.orders, r.share, r.trend) for r in rows] == [
        ("ADDRESS_SCRIPT", 2, 0.5, 0.4),
        ("ADDRESS_PO_BOX", 1, 0.25, 0.25),
    ]


def test_a_report_of_no_orders_is_empty() -> None:
    assert report(count([]), Counter()) == []
