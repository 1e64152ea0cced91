"""Troubles of calls, as the sandbox servers make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.chaos.plan import Trouble
    from include.chaos.process import Times

#: what ``share`` of a trouble means for search results
LAGGING = 3
SEARCHES = ("GET /rest/orders/search", "POST /rest/orders/search", "GET /rest/orders")


def faults(one: Trouble, times: Times, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return the faults that make a trouble.

    :param numbers: of all orders, ascending: some of them are left out by a search that lags.
    """
    once: dict[str, Any] = {"calls": one.calls, "times": 1}
    late = times.answer + 0.1 + one.share * times.latest
    known: dict[str, dict[str, Any]] = {
        "late landing": {"kind": "delay", "seconds": late},
        "lost reply": {"kind": "lost_reply"},
        "cut behind it": {"kind": "lost_reply", "cut": True},
        "server error": {"kind": "status", "status": 500 + int(one.share * 4)},
        "call limit": {"kind": "limit"},
        "firewall page": {"kind": "html", "status": 403},
        "half an answer": {"kind": "malformed"},
    }
    if one.kind != "search that lags":
        return [{**once, **known[one.kind]}]
    first = int(one.share * len(numbers))
    hidden = {"kind": "omit", "rows": list(numbers[first : first + LAGGING]), "times": 2}
    return [{"route": route, **hidden} for route in SEARCHES]
