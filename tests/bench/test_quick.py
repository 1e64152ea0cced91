"""Two benchmarks in small: that they run, and what must be true of their figures at any size."""

from __future__ import annotations

import pytest

from include.bench import registry


@pytest.mark.timeout(600)
def test_the_flow_makes_few_calls_per_order_and_the_bare_script_makes_the_same() -> None:
    rows = {row.label.strip(): row for row in registry.benchmark("throughput")(quick=True)}
    assert rows["calls per order, writes"].value < 4
    assert rows["CPU of 1,000 orders"].against == "bare script"


@pytest.mark.timeout(600)
def test_an_idle_merchant_costs_no_more_than_a_read_a_look() -> None:
    reads, *_ = registry.benchmark("idle")(quick=True)
    looks_an_hour = 3600 / 15
    assert 0 < reads.value < looks_an_hour * 1.5  # the looks are spread: a part of one may count
