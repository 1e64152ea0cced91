"""The desk's modules: their words in both languages, and what they load; their login: test_desk."""

from __future__ import annotations

import json
import re
from string import Formatter

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient
from fulfilment.web.desk import PAGES, pages
from fulfilment_plugin import FulfilmentPlugin

from include.core.orders import in_words, in_words_de
from include.core.orders.states import State


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    source = (PAGES / "texts.js").read_text(encoding="utf-8")
    texts = json.loads(source[source.index("= {") + 2 :].strip().rstrip(";"))
    pairs = [
        (texts["en"], texts["de"]),
        (in_words._EVENTS, in_words_de.EVENTS),
        (in_words._STANDING, in_words_de.STANDING),
    ]
    for english, german in pairs:
        assert english.keys() == german.keys()
        for key in english:
            assert places(english[key]) == places(german[key]), key
    assert {f"state_{state}" for state in State} <= texts["en"].keys()
    used = set()
    for path in PAGES.glob("*.js"):
        used |= set(re.findall(r"\bt\(\"(\w+)\"", path.read_text(encoding="utf-8")))
    assert len(used) > 30
    assert used - texts["en"].keys() == set()


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_pages_are_served_as_modules_that_load_nothing_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(pages.dependency_overrides, get_user, lambda: None)
    apps = FulfilmentPlugin.react_apps
    assert [one["destination"] for one in apps] == ["nav", "dag", "dashboard"]
    main = TestClient(pages).get("/main.js")
    for one in apps:
        assert f'globalThis["{one["name"]}"]' in main.text
        assert one["bundle_url"] == "fulfilment/desk/main.js"
    for path in sorted(PAGES.iterdir()):
        answer = TestClient(pages).get(f"/{path.name}")
        kind = "text/javascript; charset=utf-8" if path.suffix == ".js" else "image/svg+xml"
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        for word in ("innerHTML", "dangerously", "eval(", "insertAdjacent", "document.write"):
            assert word not in answer.text
        for address in re.findall(r"https?://[^\s\"']+", answer.text):
            assert address == "http://www.w3.org/2000/svg"
        for module in re.findall(r"from \"([^\"]+)\"", answer.text):
            assert (PAGES / module).is_file()
