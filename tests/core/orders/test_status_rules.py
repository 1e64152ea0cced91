from __future__ import annotations

import pytest

from include.core.merchants.merchant import Statuses
from include.core.orders.status_rules import contradictions


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"handed_over": 5}, {"handed_over": "must differ from statuses.fetch (5): what we set"}),
        ({"address_error": "5.0"}, {"address_error": "must differ from statuses.fetch (5)"}),
        ({"no_stock": 5}, {"no_stock": "be fetched again in every run"}),
        ({"shipped": 5}, {"shipped": "must differ from statuses.fetch"}),
        (
            {"cancel_done": 5, "cancel_too_late": 5},
            {"cancel_done": "statuses.fetch", "cancel_too_late": "statuses.fetch"},
        ),
        ({"cancel_too_late": 8}, {"cancel_too_late": "differ from statuses.cancel_requested (8)"}),
        ({"cancel_done": 8}, {"cancel_done": "by the merchant once more in every run"}),
        ({"cancel_done": "5.1"}, {"handed_over": "could not be told from one that ships"}),
        ({"shipped": "6.2"}, {"address_error": "must differ from statuses.shipped (6.2)"}),
        ({"handed_over": "8.2"}, {"handed_over": "must not lie from 8 to 8.9999 (8.2)"}),
        ({"no_stock": "8.9999"}, {"no_stock": "must not lie from 8"}),
    ],
)
def test_statuses_that_would_make_the_flow_answer_itself_are_named(
    settings: dict[str, object], said: dict[str, str]
) -> None:
    found = dict(contradictions(Statuses.model_validate(settings)))
    assert found.keys() == said.keys()
    assert all(text in found[name] for name, text in said.items())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"cancel_too_late": "5.1"},  # the order goes on, and shows it
        {"address_error": "6.3"},  # one status for all that is faulty
        {"shipped": 7, "cancel_done": "8.1"},
        {"shipped": "5.1"},
    ],
)
def test_statuses_that_are_alike_and_do_no_harm_are_accepted(settings: dict[str, object]) -> None:
    assert contradictions(Statuses.model_validate(settings)) == []
