"""Reading lists that change while they are read.

Three habits of these systems make page numbers unsafe (plentymarkets contract 1 and 19): a page
beyond the end comes back as another page, rows that leave the result shift the pages behind them,
and a filter may be ignored without an error. So order searches go on from the last id instead of
counting pages, every row is checked, and the number of rows is compared at the end.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from include.core.systems.errors import ContractError, Malformed, OrderInvalid
from include.core.systems.slices import slices
from include.core.systems.values import identifier, need_id, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

PAGE_SIZE = 250  # the largest in use (plentymarkets contract 3.2)
MOST_PAGES = 4000
_READINGS = 3  # of a list whose number of rows does not come out
_STRAY_SHARE = 0.05  # rows beside the filter, in a second answer: more means it was ignored

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of an order search (plentymarkets contract 6.2).

    :param operator: ``eq not in nin null nn lt lte gt gte between``.
    :param value: number, text, bool, aware time, or a sequence of them for ``in``, ``nin`` and
        ``between``.
    """

    field: str
    operator: str
    value: Any = None

    def text(self) -> str:
        """Return the query form, for example ``in:5,5.6``."""
        if self.operator in ("null", "nn"):
            return self.operator
        values = (
            self.value if isinstance(self.value, (list, tuple, set, frozenset)) else [self.value]
        )
        texts = ",".join(_text(value) for value in values)
        if self.operator == "eq" and isinstance(self.value, bool):
            return texts
        return f"{self.operator}:{texts}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            msg = "a time without zone means another moment on the other side"
            raise ValueError(msg)
        return value.isoformat(timespec="seconds")
    return str(value)


def params(filters: Iterable[Filter]) -> list[tuple[str, str]]:
    """Return query parameters; conditions on the same field are joined by AND."""
    joined: dict[str, str] = {}
    for condition in filters:
        text = condition.text()
        known = joined.get(condition.field)
        joined[condition.field] = f"{known} AND {text}" if known else text
    return list(joined.items())


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer, whether it came in an envelope or as a bare array (contract 3.2)."""

    rows: list[Row]
    number: int | None
    total: int | None
    last: bool | None


def read_page(data: Any, what: str, merchant: str) -> Page:
    """Read an envelope or a bare array.

    :raises ContractError: it is neither, or its entries are not objects.
    """
    if isinstance(data, list):
        page = Page(data, None, len(data), last=True)
    elif isinstance(data, dict) and isinstance(data.get("entries"), list):
        page = Page(
            data["entries"],
            whole(data.get("page")),
            whole(data.get("totalsCount")),
            _flag(data.get("isLastPage")),
        )
    else:
        raise _contract(what, "is not a list", merchant)
    if not all(isinstance(row, dict) for row in page.rows):
        raise _contract(what, "holds entries that are not objects", merchant)
    return page


def _flag(value: object) -> bool | None:
    known = {"true": True, "1": True, "false": False, "0": False}
    return value if isinstance(value, bool) else known.get(str(value).lower())


def _contract(what: str, wrong: str, merchant: str, code: str = "CONTRACT") -> ContractError:
    text = (
        f"{merchant}: the answer to {what} {wrong}. Nothing of it was used; if it happens again, "
        "ask the other system's support."
    )
    return ContractError(text, code=code, merchant=merchant)


def passes(row: Row, expect: Callable[[Row], bool]) -> bool:
    """Say whether a row is one that was asked for; an unreadable one is not."""
    return _judged(row, expect) is True


def _judged(row: Row, expect: Callable[[Row], bool] | None) -> bool | None:
    """Say whether a row is one that was asked for, None where it cannot be read."""
    try:
        return expect is None or bool(expect(row))
    except (Malformed, OrderInvalid, ValueError, TypeError, LookupError, ArithmeticError):
        return None
    except AttributeError:  # a text or a list where an object belongs
        return None


@dataclass(slots=True)
class Listing:
    """Reads a list as a whole.

    :param what: method and route, for error texts.
    :param expect: says whether a row is one that was asked for.
    :param dropped: rows left out so far that were not asked for.
    :param missing: rows the other side counted in the last reading but did not give.
    :param unreadable: ids of rows left out because a field cannot be read.
    :param nameless: rows of the last reading that have no usable id.
    """

    what: str
    merchant: str
    expect: Callable[[Row], bool] | None = None
    dropped: int = field(default=0, init=False)
    missing: int = field(default=0, init=False)
    unreadable: set[int] = field(default_factory=set, init=False)
    nameless: int = field(default=0, init=False)

    def by_id(self, fetch: Callable[[int], Any]) -> dict[int, Row]:
        """Read an id-sorted list from the last id on, until its number of rows comes out.

        :param fetch: returns the first page of the rows with an id above the given one, ascending.
        :raises ContractError: a filter or the order is ignored.
        """
        found = {need_id(row, "id"): row for rows in self.pages(fetch) for row in rows}
        return dict(sorted(found.items()))

    def pages(self, fetch: Callable[[int], Any]) -> Iterator[list[Row]]:
        """Yield what `by_id` reads page by page; a row may come once per reading, the newest last.

        For lists of any length: no page is kept here.
        """
        for _ in range(_READINGS):
            counted: list[int | None] = []
            kept = self.nameless = 0
            for rows in self._reading(fetch, counted):
                kept += len(rows)
                yield rows
            (total,) = counted
            self.missing = 0 if total is None else max(total - kept, 0)
            # Rows that left while we read are no loss, and the caller looks again before it
            # writes. Rows that joined behind our back are worth another look.
            if total is None or kept == total:
                return

    def _reading(
        self, fetch: Callable[[int], Any], counted: list[int | None]
    ) -> Iterator[list[Row]]:
        """Yield the pages of one reading; put its right number of rows into ``counted``."""
        total: int | None = None
        seen = kept = last = 0
        for number in range(MOST_PAGES):
            page = self._checked(partial(fetch, last))
            if number == 0:
                total = page.total
            ended = page.last if page.total is None else page.total <= len(page.rows)
            ids = self._in_order(page, last)
            if page.rows and not ids and not ended:
                raise _contract(self.what, "holds entries without ids", self.merchant)
            wanted = []
            for row_id, row in ids.items():
                judged = _judged(row, self.expect)
                if judged:
                    wanted.append(row)
                elif judged is None:
                    self.unreadable.add(row_id)
                else:
                    self.dropped += 1
            yield wanted
            seen += len(page.rows)
            kept += len(wanted)
            self.nameless += len(page.rows) - len(ids)
            last = max(ids, default=last)
            if ended or not page.rows:
                # What was dropped has been counted by the other side, too.
                counted.append(None if total is None else total - (seen - kept))
                return
        raise _contract(self.what, "never ends", self.merchant)

    def _in_order(self, page: Page, last: int) -> dict[int, Row]:
        """Return the rows with an id that is theirs: above ``last`` and ascending.

        One row with the id of another, or with one that cannot be, is left out; more of them show
        that the other side does not keep to what was asked for.
        """
        named = [(identifier(row.get("id")), row) for row in page.rows]
        ids = [row_id for row_id, _ in named if row_id is not None]
        kept = set(_longest_ascending([i for i in ids if i > last]))
        strange = len(ids) - len(kept)
        if strange > max(1, len(ids) * _STRAY_SHARE) or (strange and not kept):
            raise _contract(
                self.what, "ignores the ids or the order asked for", self.merchant, "IGNORED"
            )
        found: dict[int, Row] = {}
        for row_id, row in named:
            if row_id in kept and row_id is not None:
                found.setdefault(row_id, row)
        return found

    def _checked(self, fetch: Callable[[], Any]) -> Page:
        """Fetch a page; if rows on it were not asked for, once more.

        A row that changed between filter and answer is gone the second time. Rows that stay show
        that the filter was ignored (plentymarkets contract 1, facts 2 and 3).
        """
        page = read_page(fetch(), self.what, self.merchant)
        if not self._strays(page):
            return page
        page = read_page(fetch(), self.what, self.merchant)
        strays = self._strays(page)
        if strays > max(1, len(page.rows) * _STRAY_SHARE):
            raise _contract(
                self.what,
                f"holds {strays} of {len(page.rows)} rows that were not asked for: its filter is "
                "ignored",
                self.merchant,
                "FILTER_IGNORED",
            )
        return page

    def _strays(self, page: Page) -> int:
        return sum(1 for row in page.rows if _judged(row, self.expect) is False)

    def by_number(
        self,
        fetch: Callable[[int], Any],
        key: Callable[[Row], Any],
        *,
        first: int = 1,
        keep: Callable[[Row], bool] | None = None,
    ) -> list[Row]:
        """Read a list that only grows, page by page; repeated rows count once.

        :param fetch: returns the page of a number.
        :param key: tells rows apart.
        :param keep: says which rows to return; the others are counted and let go.
        :raises ContractError: the number of rows does not come out in several readings.
        """
        for _ in range(_READINGS):
            total, rows = self._pass_by_number(fetch, key, first, keep)
            if total is None or len(rows) >= total:
                return [row for row in rows.values() if row is not None]
        raise _contract(self.what, "holds fewer rows than it says", self.merchant)

    def _pass_by_number(
        self,
        fetch: Callable[[int], Any],
        key: Callable[[Row], Any],
        first: int,
        keep: Callable[[Row], bool] | None,
    ) -> tuple[int | None, dict[int, Row | None]]:
        rows: dict[int, Row | None] = {}  # by the key's hash: a number instead of three objects
        unwanted: set[int] = set()
        nameless: set[str] = set()  # rows that cannot be told apart by their key, or not read
        total: int | None = None
        for number in range(first, first + MOST_PAGES):
            page = self._checked(partial(fetch, number))
            if page.number is not None and page.number != number:
                break  # beyond the end: another page came back instead
            total = page.total
            before = len(rows) + len(unwanted) + len(nameless)
            for row in page.rows:
                judged = _judged(row, self.expect)
                name = _name(key, row)
                if name is None or judged is None:
                    nameless.add(repr(row))
                elif judged:
                    rows[name] = row if keep is None or keep(row) else None
                else:
                    unwanted.add(name)
            left_out = len(unwanted) + len(nameless)
            if not page.rows or page.last or len(rows) + left_out == before:
                break
        self.dropped += len(unwanted)
        self.nameless = len(nameless)
        return (None if total is None else total - len(unwanted) - len(nameless)), rows


def _name(key: Callable[[Row], Any], row: Row) -> int | None:
    """Return the hash of a row's key, None where the key is none: a list, an object, nothing."""
    found = key(row)
    parts = found if isinstance(found, tuple) else (found,)
    if parts[0] is None or any(isinstance(part, (dict, list)) for part in parts):
        return None
    return hash(found)


def _longest_ascending(numbers: Sequence[int]) -> list[int]:
    """Return a longest ascending selection in order: what is left out of it stands wrongly."""
    tails: list[int] = []  # place in `numbers` of the smallest end of a selection of each length
    before: list[int | None] = []
    ends: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(tails[length - 1] if length else None)
        if length == len(tails):
            tails.append(place)
            ends.append(number)
        else:
            tails[length], ends[length] = place, number
    found: list[int] = []
    at = tails[-1] if tails else None
    while at is not None:
        found.append(numbers[at])
        at = before[at]
    return found[::-1]


def chunks(ids: Iterable[int], size: int = PAGE_SIZE) -> list[list[int]]:
    """Split ids, ascending and without repetition, into lists of at most ``size``."""
    return [list(some) for some in slices(sorted(set(ids)), size)]
