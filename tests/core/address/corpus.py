"""The address corpora: what each is, and how its figures are counted.

``good.jsonl``, ``tricky.jsonl`` and ``bad.jsonl`` grew together with the rules. ``rounds.jsonl``
are rounds written before the rules saw them, each mended for afterwards. ``held_out.jsonl`` was
written before any of that and run once all of it was done. Addresses are public buildings and
streets everybody knows, written the ways shops hand them over; the persons are made up.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.cli.check_address import check_address
from include.core.address.text import key

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def verdicts(addresses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(v) for v in check_address(json.dumps(a) for a in addresses)]


def own_cases() -> list[dict[str, Any]]:
    """Return everything the rules were mended by, in the form of the rounds."""
    good = [
        {**c, "expect": "good", "street": [c["street"]], "house_number": [c["house_number"]]}
        for c in rows("good.jsonl") + rows("tricky.jsonl")
    ]
    bad = [{**c, "expect": "bad"} for c in rows("bad.jsonl")]
    return good + bad + rows("rounds.jsonl")


@dataclass(frozen=True)
class Figures:
    """What went wrong in a corpus; each list holds the cases, each share is of its own kind."""

    good: int
    bad: int
    split: int
    stopped: list[Any]
    passed: list[Any]
    split_wrong: list[Any]

    @property
    def wrongly_stopped(self) -> float:
        return len(self.stopped) / self.good

    @property
    def wrongly_passed(self) -> float:
        return len(self.passed) / self.bad

    @property
    def split_right(self) -> float:
        return 1 - len(self.split_wrong) / self.split

    def __str__(self) -> str:
        return (
            f"wrongly stopped {self.wrongly_stopped:.2%} of {self.good}, "
            f"wrongly passed {self.wrongly_passed:.2%} of {self.bad}, "
            f"street and number right {self.split_right:.2%} of {self.split}"
        )


def measure(cases: list[dict[str, Any]]) -> Figures:
    """Count the mistakes; a stopped address counts for the split as well."""
    stopped, passed, split_wrong = [], [], []
    for case, verdict in zip(cases, verdicts([c["address"] for c in cases]), strict=True):
        is_bad = verdict["verdict"] == "bad"
        told = (case["address"], verdict["code"], verdict["street"], verdict["house_number"])
        if case["expect"] == "bad":
            passed += [] if is_bad else [told]
            continue
        stopped += [told] if is_bad else []
        if "street" in case and not _same_split(case, verdict):
            split_wrong.append(told)
    return Figures(
        good=sum(c["expect"] == "good" for c in cases),
        bad=sum(c["expect"] == "bad" for c in cases),
        split=sum("street" in c and c["expect"] == "good" for c in cases),
        stopped=stopped,
        passed=passed,
        split_wrong=split_wrong,
    )


def _same_split(case: dict[str, Any], verdict: dict[str, Any]) -> bool:
    return any(_street(verdict["street"]) == _street(s) for s in case["street"]) and any(
        key(verdict["house_number"]) == key(n) for n in case["house_number"]
    )


def _street(text: str) -> str:
    return re.sub("str$", "strasse", key(text))
