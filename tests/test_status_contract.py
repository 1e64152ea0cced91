"""docs/status-contract.md names tests and scenarios that exist, and leaves none of them out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.demo import play
from include.sandbox.scenarios.catalogue import PARTS, SCENARIOS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "status-contract.md").read_text()
#: a test is named by a sentence, so it has more words than any setting or field
SENTENCE = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`")


def names_in(path: Path) -> set[str]:
    """Return the tests of a file, or of all files of a folder."""
    files = path.glob("test_*.py") if path.is_dir() else [path]
    return {
        name
        for file in files
        for name in re.findall(r"^(?:async )?def test_(\w+)\(", file.read_text(), re.MULTILINE)
    }


def only(folder: str, name: str) -> Path:
    """Return the one file of a name, in whichever room it is."""
    (path,) = (ROOT / "tests" / folder).rglob(name)
    return path


def files() -> dict[str, set[str]]:
    """Return the tests of what the document calls each file, or files, of tests."""
    head = " ".join(TEXT.split("## Statuses")[0].split())
    found = {
        name: [
            ROOT / path if "/" in path else only("flow", path)
            for path in re.findall(r"[\w/]+\.py", paths)
        ]
        for name, paths in re.findall(r"`([\w-]+)` = ((?:(?: and )?`[\w/]+\.py`)+)", head)
    }
    found |= {
        name: [ROOT / "tests" / "flow" / name]
        for name in ("stock", "products", "returns", "documents")
    }
    cores = {
        "core-products": "test_wemalo_products.py",
        "core-stock": "test_stock_sync.py",
        "core-tracking": "test_tracking.py",
    }
    found |= {name: [only("core", file)] for name, file in cores.items()}
    return {name: set().union(*map(names_in, paths)) for name, paths in found.items()}


def test_every_test_that_is_named_exists() -> None:
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in names_in(path)}
    named = set(SENTENCE.findall(TEXT))
    assert len(named) > 100
    assert named - there == set()


def test_every_test_is_in_the_file_that_is_named_with_it() -> None:
    known = files()
    wrong = [
        f"{file}: {name}"
        for file, names in re.findall(
            r"([\w-]+): ((?:`[a-z0-9_]+`(?: \([^)]*\))?(?:,\s+)?)+)", TEXT
        )
        for name in SENTENCE.findall(names)
        if file in known and name not in known[file]
    ]
    assert wrong == []


def test_every_exception_has_a_row_that_says_when_it_is_over() -> None:
    explained = (ROOT / "docs" / "exceptions.md").read_text()
    codes = {
        code
        for title in re.findall(r"^### (.+)$", explained, re.MULTILINE)
        for code in title.split(", ")
    }
    rows = TEXT.split("## 9. Exceptions")[1].split("\n## ")[0]
    kinds = tuple(re.findall(r"`([A-Z_]+_)\.\.\.`", rows))
    assert len(codes) > 50
    assert sorted(c for c in codes if f"`{c}`" not in rows and not c.startswith(kinds)) == []


def test_every_scenario_is_named_and_every_part_but_products_has_a_race() -> None:
    assert [name for name in SCENARIOS if f"`{name}`" not in TEXT] == []
    races = {
        part: [one.name for one in some if any(act.is_race for step in one.steps for act in step)]
        for part, some in PARTS.items()
    }
    # a product that is told twice, in whatever order, ends as it is in plentymarkets
    assert [part for part, some in races.items() if not some] == ["products"]


def test_all_scenarios_are_listed_and_an_unknown_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert play.main([]) == 0
    told = capsys.readouterr().out
    assert [name for name in SCENARIOS if f"  {name} " not in told] == []
    assert play.main(["no-such-scenario"]) == 1
