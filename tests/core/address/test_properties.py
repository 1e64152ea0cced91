"""Whatever a shop hands over, the rules answer; nothing raises out of them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from include.cli.check_address import check_address as check_lines
from include.core.address.check import check_address
from include.core.models import Address
from include.core.quality_settings import QualitySettings, Repairs
from include.core.rules import RULES

TEXT = st.text(max_size=60) | st.from_regex(r"[A-Za-zäöß. ]{0,20}[ ,/]\d{0,5}[a-z /,.-]{0,6}")
COUNTRY = st.sampled_from(["DE", "AT", "FR", "GB", "NL", "ES", "CZ", "US", "", "XI", "ZZ"]) | TEXT
VALUES: dict[str, Any] = {
    f.name: COUNTRY if f.name == "country" else TEXT
    for f in fields(Address)
    if f.name != "country_id"
}
ADDRESSES = st.builds(Address, country_id=st.integers(), **VALUES)
ALL_REPAIRS = QualitySettings(repairs=Repairs(label_lines=True))
NO_REPAIRS = QualitySettings(repairs=Repairs(**dict.fromkeys(Repairs.model_fields, False)))


@settings(max_examples=300, deadline=None)
@given(ADDRESSES)
def test_no_address_raises_and_every_finding_is_in_the_catalogue(address: Address) -> None:
    for rules in (ALL_REPAIRS, NO_REPAIRS):
        result = check_address(address, rules)
        assert {f.code for f in result.findings} <= set(RULES)
        assert all(f.field and f.reason_de and f.reason_en for f in result.findings)


@settings(max_examples=100, deadline=None)
@given(ADDRESSES)
def test_without_repairs_nothing_is_reported_as_repaired(address: Address) -> None:
    result = check_address(address, NO_REPAIRS)
    assert result.repairs == ()
    assert not result.changed


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["name1", "name3", "address1", "address2", "postalCode", "town", "country",
                         "countryId", "state", "post_number", "email", "x"])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=50) | st.dictionaries(NAMES, JSON).map(json.dumps), max_size=4))
def test_check_address_gives_one_json_verdict_per_line(lines: list[str]) -> None:
    answers = [json.loads(answer) for answer in check_lines(lines)]
    assert len(answers) == len(lines)
    assert {a["verdict"] for a in answers} <= {"ok", "repaired", "warn", "bad", "error"}


def test_a_text_of_any_length_is_refused_before_it_is_read() -> None:
    result = check_address(Address(address1="1 a" * 100_000, country="DE"), QualitySettings())
    assert [f.code for f in result.findings] == ["ADDRESS_TOO_LONG"]
