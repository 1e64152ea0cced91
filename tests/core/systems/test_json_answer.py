from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.systems.json_answer import DEEPEST, REPLACED, read_json


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"a\x00b"', "a\ufffdb"),
        (b'"\\ud83d"', "\ufffd"),
        (b'"\\ude00\\ud83d"', "\ufffd\ufffd"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"M\xfcller"', "M\ufffdller"),
        (b"1e9999", "\ufffd"),
        (b"-1e9999", "\ufffd"),
        (b"NaN", "\ufffd"),
        (b"-Infinity", "\ufffd"),
        (b"9" * 4400, "\ufffd"),
        (b"9" * 19, 9999999999999999999),
        (b"0.1", 0.1),
        (b'"tab\tnew line\n"', "tab\tnew line\n"),
    ],
)
def test_what_cannot_be_stored_is_replaced_and_its_neighbours_stay(raw: bytes, kept: Any) -> None:
    answer = read_json(b'{"before": [1, "x"], "sick": ' + raw + b', "after": {"y": null}}')

    assert answer.data == {"before": [1, "x"], "sick": kept, "after": {"y": None}}
    assert answer.replaced == str(kept).count(REPLACED)


@pytest.mark.parametrize("levels", [DEEPEST + 5, 500, 900, 5000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"[": ', b"}")])
def test_what_is_nested_too_deep_is_cut_off_and_its_neighbours_stay(
    levels: int, opening: bytes, closing: bytes
) -> None:
    deep = opening * levels + b'"]"' + closing * levels

    answer = read_json(b'[{"id": 1, "x": ' + deep + b', "y": "[{"}, {"id": 2}]')

    assert [row["id"] for row in answer.data] == [1, 2]
    assert answer.data[0]["y"] == "[{"
    assert answer.replaced == 1
    assert json.dumps(answer.data).count("\\ufffd") == 1


def test_names_of_fields_are_cleaned_too() -> None:
    assert read_json(b'{"a\\u0000": {"\\ud83d": 1}}').data == {"a\ufffd": {"\ufffd": 1}}


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b"<html>", b'{"a": }', b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever says that it is no JSON
        read_json(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_a_good_answer_stays_as_it_is(data: Any) -> None:
    text = json.dumps(data)
    if "\\u0000" not in text:
        assert read_json(text.encode()).data == data
