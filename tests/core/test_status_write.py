from __future__ import annotations

from decimal import Decimal as D

import pytest

from include.core.status_write import Write, before_write, overwritten_cancel


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


def history(*statuses: str) -> list[dict[str, object]]:
    return [{"id": n, "orderId": 1, "statusId": s} for n, s in enumerate(statuses, 100)]


@pytest.mark.parametrize(
    ("statuses", "lost"),
    [
        (["5", "8", "5.1"], "8"),  # cancelled between our read and our write
        (["5", "8.1", "5.10"], "8.1"),
        (["5", "5.1"], None),
        (["5", "5.1", "8"], None),  # cancelled after: nothing overwritten, the next run sees it
        (["8", "5", "5.1"], None),  # released again before we read
        (["5", "8", "3", "5.1"], None),  # the merchant took the cancellation back
        (["5.1"], None),
        ([], None),
    ],
)
def test_the_history_tells_which_cancellation_was_overwritten(
    statuses: list[str], lost: str | None
) -> None:
    rows = history(*statuses)
    found = overwritten_cancel(reversed(rows), D("5.1"), D("5"))
    assert found == (D(lost) if lost else None)


@pytest.mark.parametrize(
    ("statuses", "lost"),
    [
        (["5", "8", "5.1", "6.3"], "8"),  # what followed is ours, too
        (["5", "8", "5.1", "6.2"], None),  # somebody has set another status since
        (["5", "8", "5.1", "8"], None),  # cancelled once more: seen like any cancellation
    ],
)
def test_a_history_that_is_read_late_tells_it_as_long_as_only_we_wrote_since(
    statuses: list[str], lost: str | None
) -> None:
    found = overwritten_cancel(history(*statuses), D("5.1"), D("5"), later={D("5.1"), D("6.3")})
    assert found == (D(lost) if lost else None)


def test_our_own_cancel_done_over_the_cancel_we_read_is_no_loss() -> None:
    assert overwritten_cancel(history("5", "8", "8.8"), D("8.8"), D("8")) is None
