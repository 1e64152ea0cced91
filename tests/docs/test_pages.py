"""What the docs take from the code is current, and every link leads somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from include.core.exceptions.exception_texts import CODES
from include.core.systems import errors
from tests.docs import generate
from tests.docs.shell import PROJECT, pages

if TYPE_CHECKING:
    from pathlib import Path

HANDBOOK = PROJECT / "docs" / "operators-handbook.md"
CASES = re.compile(r'"((?:RETURN|DOCUMENT|PRODUCT)_[A-Z_]+)"')


def test_the_page_of_exceptions_is_current() -> None:
    current = generate.PAGE.read_text(encoding="utf-8")
    assert current == generate.page(), "run: .venv/bin/python -m tests.docs.generate"


def test_the_table_of_how_long_an_order_may_stay_is_current() -> None:
    current = generate.LIMITS.read_text(encoding="utf-8")
    assert current == generate.limits(), "run: .venv/bin/python -m tests.docs.generate"
    assert current.count("| `waiting` |") > 2


def test_the_page_of_exceptions_names_every_code_that_can_be_raised() -> None:
    page = generate.PAGE.read_text(encoding="utf-8")
    sources = [*(PROJECT / "include" / "core").rglob("*.py")]
    sources += (PROJECT / "plugins" / "fulfilment" / "flow").rglob("*.py")
    raised = {code for path in sources for code in CASES.findall(path.read_text(encoding="utf-8"))}
    assert len(raised) > 15
    for code in raised | CODES:
        assert code in page, code


def test_the_handbook_explains_every_kind_of_error() -> None:
    text = HANDBOOK.read_text(encoding="utf-8")
    explained_elsewhere = {"ERROR", "ORDER_INVALID"}  # the base; becomes an exception of an order
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.FulfilmentError):
            assert kind.code in explained_elsewhere or f"`{kind.code}`" in text, name


def test_the_handbook_has_every_task_of_the_dag() -> None:
    from fulfilment.texts import TASKS

    text = HANDBOOK.read_text(encoding="utf-8")
    for task in (*TASKS, "tidy_up", "read_merchant_file"):
        assert f"`{task}`" in text, task


@pytest.mark.parametrize("page", pages(), ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_both_set_up_guides_name_the_same_statuses_and_settings() -> None:
    guides = [
        (PROJECT / "docs" / name).read_text(encoding="utf-8")
        for name in ("plentymarkets-einrichten.md", "setting-up-plentymarkets.md")
    ]
    found = [
        sorted(re.findall(r"^\| (\d[\d.]*) \|", text, re.MULTILINE))
        + sorted(set(re.findall(r"`[\w: ]+`", text)))
        for text in guides
    ]
    assert found[0] == found[1]
    assert "6.2" in found[0]
