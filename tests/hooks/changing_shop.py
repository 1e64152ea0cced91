"""A shop whose orders change while they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.orders.statuses import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hooks.hostile import Seen


FULL_PARTS: dict[str, Any] = {
    name: []
    for name in (
        "addresses", "amounts", "dates", "orderItems", "orderReferences", "properties",
        "comments", "relations", "shippingPackages",
    )
}  # fmt: skip


class Shop:
    """Orders behind a search that pages, sorts and filters by status and id, and counts calls."""

    def __init__(self, statuses: dict[int, Any], *, most: int = 250) -> None:
        self.statuses = statuses
        self.most = most
        self.before_page: Callable[[int], None] = lambda call: None
        self.calls = 0
        self.asked: list[Seen] = []

    def __call__(self, seen: Seen) -> Any:
        if seen.path == "/rest/login":
            return {"access_token": "t", "expires_in": 3600}
        self.calls += 1
        self.asked.append(seen)
        self.before_page(self.calls)
        full = seen.param("lazyLoaded") == "false"
        rows = [
            {"id": number, "statusId": value, **(FULL_PARTS if full else {})}
            for number, value in sorted(self.statuses.items())
            if self._passes(seen, number, value)
        ]
        return self.page(seen, rows)

    def page(self, seen: Seen, rows: list[dict[str, Any]]) -> Any:
        size = min(int(seen.param("itemsPerPage")), self.most)
        last = max(-(-len(rows) // size), 1)
        number = min(int(seen.param("page")), last)  # beyond the end: the last page again
        return {
            "page": str(number),
            "totalsCount": str(len(rows)),
            "isLastPage": number == last,
            "lastPageNumber": last,
            "entries": rows[(number - 1) * size : number * size],
        }

    def _passes(self, seen: Seen, number: int, value: Any) -> bool:
        wanted = seen.param("statusId").removeprefix("eq:")
        if wanted and status(value) != status(wanted):
            return False
        for part in filter(None, seen.param("orderId").split(" AND ")):
            operator, _, text = part.partition(":")
            if operator == "gt" and number <= int(text):
                return False
            if operator == "in" and str(number) not in text.split(","):
                return False
        return True
