"""No text keeps an expression busy: twice the text is about twice the work, for each of them."""

from __future__ import annotations

import re
import time
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import pytest

from include.core.address import check
from include.core.address.check import check_address
from include.core.address.countries import country
from include.core.orders.models import Address
from include.core.quality.settings import QualitySettings
from tests.core.address.expressions import (
    Expression,
    expressions,
    hostile,
    made_inside_functions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

POSTAL_COUNTRIES = [a + b for a in ascii_uppercase for b in ascii_uppercase]
LINEAR, NOISE = 2.0, 1.2  # twice the text: twice the work; four times would be quadratic
LONG = 1_000  # characters: four times the longest field that is looked at
TELLING = 0.000_5  # seconds from which on two times can be compared
TRIES = 8


def work(call: Callable[[str], Any], text: str, repeats: int = 1) -> float:
    """Return the least time of some calls, in seconds of this process."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        call(text)
        times.append(time.process_time() - started)
    return min(times)


def growth(call: Callable[[str], Any], attack: tuple[str, str, str]) -> float:
    """Return how much more work twice the text is, at a length where that can be told.

    The text grows from a few pieces on, so that even work that doubles with every piece is seen
    before it takes for ever. A reading that is too high is taken again: only noise goes away.
    """
    head, piece, tail = attack
    pieces, shorter = 4, 0.0
    while True:
        longer = work(call, head + piece * pieces + tail)
        if longer > TELLING and shorter:
            ratio = longer / max(shorter, 1e-6)
            for repeats in range(1, TRIES):
                if ratio <= LINEAR + NOISE:
                    break
                half = work(call, head + piece * (pieces // 2) + tail, repeats)
                ratio = work(call, head + piece * pieces + tail, repeats) / max(half, 1e-6)
            if ratio > LINEAR + NOISE or pieces * len(piece) > LONG:
                return ratio
        if pieces * len(piece) > LONG:
            return 0.0
        pieces, shorter = pieces * 2, longer


def busy(expression: Expression) -> tuple[str, float, tuple[str, str, str]] | None:
    """Return a method and a text for which the work of an expression grows faster than the text."""
    pattern = expression.pattern
    calls: dict[str, Callable[[str], Any]] = {
        "match": pattern.match,
        "fullmatch": pattern.fullmatch,
        "search": lambda text: sum(1 for _ in pattern.finditer(text)),
    }
    for attack in hostile(pattern):
        for method in expression.methods:
            if method == "match" and "search" in expression.methods:
                continue  # a search begins with it
            ratio = growth(calls[method], attack)
            if ratio > LINEAR + NOISE:
                return method, ratio, attack
    return None


def forms_of_postal_codes() -> list[Expression]:
    """Return the expressions made of Google's data, one per form."""
    known = {iso: country(iso) for iso in POSTAL_COUNTRIES}
    forms = {c.postal_code: iso for iso, c in known.items() if c and c.postal_code}
    return [Expression(f"postal code {iso}", form, ("fullmatch",)) for form, iso in forms.items()]


@pytest.mark.parametrize(
    "expression", [*expressions(), *forms_of_postal_codes()], ids=lambda e: e.name
)
def test_twice_the_text_is_twice_the_work(expression: Expression) -> None:
    assert busy(expression) is None


@pytest.mark.parametrize(
    "sick",
    [r"(?:a|a\d?)+", r"\d(?:&[a-z]|&[IVX]{1,4})*", r"(?:\d\.|\d\. ?em|em)+[ ,]*", r"\s+,"],
)
def test_an_expression_that_is_not_linear_is_found(sick: str) -> None:
    pattern = re.compile(sick, re.IGNORECASE)
    assert busy(Expression("sick", pattern, ("fullmatch", "search"))) is not None


def test_every_expression_stands_where_the_test_sees_it() -> None:
    """Only the forms of postal codes are made inside a function; they are tried as well."""
    assert [place.split(":")[0] for place in made_inside_functions()] == [
        "include.core.address.countries"
    ]
    assert len(forms_of_postal_codes()) > 50


@pytest.mark.parametrize("length", [51, 250, 100_000])
def test_an_address_of_any_length_is_judged_at_once(length: int) -> None:
    line = ("5 " + "x&" * length)[: length - 1] + "!"
    for iso in ("DE", "FR", "GB", "FI", "US"):
        lines = {"address1": line, "address2": line, "address3": line}
        result = check_address(Address(name3="Berger", country=iso, **lines), QualitySettings())
        assert ({f.code for f in result.findings} == {"ADDRESS_TOO_LONG"}) == (length > 250)
        assert "ADDRESS_UNCHECKABLE" not in {f.code for f in result.findings}


def test_an_address_that_a_check_fails_on_is_told_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(desk: object) -> None:
        text = "Ehrenstr. 12"
        raise ValueError(text)

    monkeypatch.setattr(check, "_CHECKS", (fails,))
    (finding,) = check_address(Address(address1="Ehrenstr. 12"), QualitySettings()).findings
    assert finding.code == "ADDRESS_UNCHECKABLE"
    assert (finding.rule.severity, finding.rule.outcome) == ("stop", "bad")
    assert "ValueError" in finding.reason_de
    assert "Ehrenstr" not in finding.reason_de + finding.reason_en


def test_an_address_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_SECONDS", 0)
    (finding,) = check_address(Address(address1="Ehrenstr. 12"), QualitySettings()).findings
    assert finding.code == "ADDRESS_UNCHECKABLE"
