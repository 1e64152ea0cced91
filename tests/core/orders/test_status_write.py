from __future__ import annotations

from decimal import Decimal as D

import pytest

from include.core.orders.status_write import (
    OwnStatus,
    Write,
    before_write,
    overwritten,
    says_the_same,
)


@pytest.mark.parametrize(
    ("current", "target", "expected", "action"),
    [
        ("5", "5.1", {"5"}, Write.WRITE),
        ("5.1", "5.1", {"5"}, Write.DONE),
        ("8", "5.1", {"5"}, Write.CANCELLED),
        ("8.1", "6.2", {"5"}, Write.CANCELLED),
        ("7", "6.3", {"5"}, Write.MOVED),
        ("3", "5.1", {"5"}, Write.MOVED),
        ("8", "8.8", {"8"}, Write.WRITE),
        ("8.1", "8.8", {"8"}, Write.MOVED),
    ],
)
def test_a_status_is_written_only_over_what_was_expected(
    current: str, target: str, expected: set[str], action: Write
) -> None:
    assert before_write(D(current), D(target), {D(e) for e in expected}) is action


def test_a_status_that_an_earlier_write_of_ours_may_have_set_is_decided_by_the_history() -> None:
    assert before_write(D("5.1"), D("8.8"), {D(8)}, may_land={D("5.1")}) is Write.LATER
    assert before_write(D("5.1"), D("8.8"), {D(8)}) is Write.MOVED


@pytest.mark.parametrize(
    ("current", "target", "same"),
    [
        ("8.1", "8.8", True),
        ("5.1", "8.8", False),
        ("7", "6.5", True),
        ("7.2", "6.5", True),
        ("8", "6.5", False),
        ("3", "6.5", False),
    ],
)
def test_a_status_that_stands_may_say_what_ours_would_have_said(
    current: str, target: str, same: bool
) -> None:
    assert says_the_same(D(current), D(target)) is same


def history(*statuses: str) -> list[dict[str, object]]:
    return [{"id": n, "orderId": 1, "statusId": s} for n, s in enumerate(statuses, 100)]


def own(number: int, target: str, *expected: str, **more: object) -> OwnStatus:
    given = {"done": not more.get("dropped"), "watched": True, **more}
    return OwnStatus(number, D(target), frozenset(map(D, expected)), **given)  # type: ignore[arg-type]


HANDED_OVER = own(1, "5.1", "5", "6.2", "6.3", before=D(5))
LATE = own(1, "5.1", "5", "6.2", "6.3", before=D(5), doubted=True, done=False)


def lost(statuses: tuple[str, ...], *rows: OwnStatus, waiting: bool = False) -> str | None:
    found = overwritten(reversed(history(*statuses)), rows, waiting=waiting)
    assert found is None or (found.over, found.over_id) == (D(statuses[-1]), 99 + len(statuses))
    return str(found.status) if found else None


@pytest.mark.parametrize(
    ("statuses", "back"),
    [
        (("5", "8", "5.1"), "8"),  # cancelled between our read and our write
        (("5", "8.1", "5.10"), "8.1"),
        (("5", "7", "5.1"), "7"),  # booked as shipped meanwhile
        (("5", "4", "5.1"), None),  # by falling stock: the hand-over ends the release
        (("5", "5.1"), None),
        (("5", "5.1", "8"), None),  # cancelled after: nothing overwritten, the next run sees it
        (("8", "5", "5.1"), None),  # released again before we read
        (("5", "8", "3", "5.1"), None),  # the merchant took the cancellation back
        (("5.1",), None),
        ((), None),
    ],
)
def test_the_history_tells_what_a_write_overwrote(
    statuses: tuple[str, ...], back: str | None
) -> None:
    assert lost(statuses, HANDED_OVER) == back


@pytest.mark.parametrize("over", ["8", "8.1", "7", "6", "4", "3", "9"])
def test_whatever_a_late_write_overwrote_is_put_back(over: str) -> None:
    assert lost(("5", over, "5.1"), LATE) == over


@pytest.mark.parametrize(
    ("statuses", "back"),
    [
        (("5", "8", "5.1", "6.3"), "8"),  # what followed is ours, too
        (("5", "8", "5.1", "6.2"), None),  # somebody has set another status since
        (("5", "8", "5.1", "8"), None),  # cancelled once more: seen like any cancellation
    ],
)
def test_a_history_that_is_read_late_tells_it_as_long_as_only_we_wrote_since(
    statuses: tuple[str, ...], back: str | None
) -> None:
    assert lost(statuses, HANDED_OVER, own(2, "6.3", "5", "5.1")) == back


CANCELLED = own(2, "8.8", "8", watched=False)
SHIPPED = own(2, "6.5", "5", "5.1", "6.2", "6.3", watched=False)
WAITING = own(2, "6.3", "5", "5.1", "6.2", "6.3", watched=False)
FAULT = own(1, "6.2", "5", doubted=True, dropped=True)


@pytest.mark.parametrize(
    ("statuses", "rows", "back"),
    [
        (("5", "8", "8.8", "5.1"), (LATE, CANCELLED), "8.8"),
        (("5", "5.1", "8", "8.8", "5.1"), (LATE, CANCELLED), "8.8"),
        (("5", "6.5", "5.1"), (LATE, SHIPPED), "6.5"),
        (("5", "6.3", "5.1"), (LATE, WAITING), "6.3"),
        (("5", "5.1", "6.3"), (LATE, WAITING), None),
        (("5", "6.3", "5.1"), (LATE, WAITING, own(3, "5.1", "6.3")), None),  # it went on
        (("5", "6.3", "5.1"), (LATE, WAITING, own(3, "6.3", "5.1")), "6.3"),
        (("5", "6.3", "5", "5.1"), (LATE, WAITING), "5"),  # released again in between
        (("5", "5.1", "6.2"), (FAULT, own(2, "5.1", "5", "6.2")), "5.1"),
        (("5", "6.2", "5.1"), (FAULT, own(2, "5.1", "5", "6.2")), None),
    ],
)
def test_a_later_status_of_ours_is_put_back_over_an_earlier_one_that_landed_after_it(
    statuses: tuple[str, ...], rows: tuple[OwnStatus, ...], back: str | None
) -> None:
    assert lost(statuses, *rows) == back


def test_an_overtaken_fault_that_lands_gives_way_unless_a_later_status_waits() -> None:
    assert lost(("5", "6.2"), FAULT) == "5"
    assert lost(("5", "6.2"), FAULT, waiting=True) is None


def test_what_was_put_back_is_the_word_of_who_set_it() -> None:
    back = own(2, "8", "5.1", after=102)

    assert lost(("5", "8", "5.1", "8"), LATE, back) is None
    assert lost(("5", "8", "5.1", "8", "8.8"), LATE, back, own(3, "8.8", "8")) is None
    # it was in doubt itself, and landed over what had been settled
    assert lost(("5", "8", "5.1", "8", "8.8", "8"), back, own(3, "8.8", "8")) == "8.8"
    found = overwritten(history("5", "8", "5.1", "8", "5.1"), [LATE, back])
    assert (found and (found.status, found.ours)) == (D(8), False)


def test_only_the_merchants_own_cancellation_is_started_by_putting_it_back() -> None:
    settled = overwritten(history("5", "8", "8.8", "5.1"), [LATE, CANCELLED])
    asked = overwritten(history("5", "8.1", "5.1"), [LATE])

    assert settled is not None
    assert asked is not None
    assert (settled.ours, asked.ours) == (True, False)


def test_our_own_cancel_done_over_the_cancel_we_read_is_no_loss() -> None:
    assert lost(("5", "8", "8.8"), own(2, "8.8", "8")) is None
