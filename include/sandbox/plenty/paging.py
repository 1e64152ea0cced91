"""The paging envelope of the vendor (contract 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.sandbox.plenty.request import Query
    from include.sandbox.plenty.switches import Switches

DEFAULT_PER_PAGE = 50


def paged(
    rows: Sequence[Any],
    query: Query,
    switches: Switches,
    render: Callable[[Any], Any] = lambda row: row,
    *,
    default: int = DEFAULT_PER_PAGE,
    highest: int | None = None,
) -> dict[str, Any]:
    """Return one page of the rows as they are now: there is no snapshot between two calls.

    A page beyond the end is the last page with its own number, or empty (switch).
    """
    most = highest or switches.max_items_per_page
    per_page = min(max(query.integer("itemsPerPage", default), 1), most)
    last = max(-(-len(rows) // per_page), 1)
    page = max(query.integer("page", 1), 1)
    if page > last and switches.page_beyond_end == "clamp":
        page = last
    first = (page - 1) * per_page
    entries = [render(row) for row in rows[first : first + per_page]]
    return {
        "page": page,
        "totalsCount": len(rows),
        "isLastPage": page >= last,
        "lastPageNumber": last,
        "firstOnPage": first + 1 if entries else 0,
        "lastOnPage": first + len(entries),
        "itemsPerPage": per_page,
        "entries": entries,
    }
