"""Slices of a batch leave the page that the whole batch would have left."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from include.quality import docs
from include.quality.batch import examine
from include.quality.summing import Summed
from tests.quality.builders import GOOD, NOW, a_merchant, a_stock, an_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.core.orders.models import Order


def page(*batches: Sequence[Order]) -> str:
    found = Summed()
    for orders in batches:
        outcome = examine(
            orders, merchant=a_merchant(), stock=a_stock(), known_products=None, now=NOW
        ).outcome
        assert outcome is not None
        found.add(outcome)
    assert found.orders == sum(map(len, batches))
    return re.sub(r"[0-9a-f]{8}-?[0-9a-f-]*", "", docs.page(found.results, title="alpha"))


def test_slices_leave_the_page_of_the_whole() -> None:
    orders = [
        an_order(1), an_order(2, delivery=replace(GOOD, address2="")), an_order(3, items=()),
        an_order(4, items=()), an_order(5),
    ]  # fmt: skip
    assert page(orders[:1], orders[1:3], orders[3:]) == page(orders)
