from __future__ import annotations

import pytest
from pydantic import ValidationError

from include.core.merchant import Statuses


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"handed_over": 5}, "fetch and handed_over must differ (5)"),
        ({"address_error": "5.0"}, "fetch and address_error must differ (5)"),
        ({"no_stock": 5}, "fetch and no_stock must differ"),
        ({"shipped": 5}, "fetch and shipped must differ"),
        ({"cancel_done": 5, "cancel_too_late": 5}, "fetch and cancel_done, cancel_too_late must"),
        ({"cancel_too_late": 8}, "cancel_requested and cancel_too_late must differ (8)"),
        ({"cancel_done": 8}, "cancelled by the merchant once more in every run"),
        ({"cancel_done": "5.1"}, "a cancelled order could not be told from one that ships"),
        ({"shipped": "6.2"}, "shipped and address_error must differ"),
        ({"handed_over": "8.2"}, "handed_over must not lie from 8 to 8.9999 (8.2)"),
        ({"fetch": 8}, "fetch must not lie from 8 to 8.9999"),
        ({"no_stock": "8.9999"}, "no_stock must not lie from 8"),
    ],
)
def test_statuses_that_would_make_the_flow_answer_itself_are_refused(
    settings: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Statuses.model_validate(settings)
    assert said in str(caught.value)


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
    assert Statuses.model_validate(settings)
