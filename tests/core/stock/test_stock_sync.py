from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from include.core.stock.settings import StockSync
from include.core.stock.stock_sync import (
    Case,
    Decision,
    Line,
    available_of,
    decide,
    hold_mass_zero,
    is_approved,
    movement,
    on_hand,
    postings,
    signature,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
D = Decimal
RULES = StockSync(settle_minutes=30)


def case(delta: int, **values: object) -> Case:
    return Case(variation_id=1, delta=D(delta), booked=D(values.pop("booked", 10)), **values)  # type: ignore[arg-type]


def test_a_difference_that_postings_explain_is_booked_at_once_with_their_reasons() -> None:
    explained = {"receipt": D(5), "inventory_out": D(-2)}
    found = decide(case(3, explained=explained), RULES, NOW)
    assert found.outcome == "book"
    assert found.lines == (Line("inventory_out", D(-2)), Line("receipt", D(5)))


def test_a_difference_without_postings_must_stand_for_a_while() -> None:
    assert decide(case(-3), RULES, NOW).outcome == "wait"
    young = case(-3, seen_delta=D(-3), seen_since=NOW - timedelta(minutes=29))
    assert decide(young, RULES, NOW).outcome == "wait"
    other = case(-3, seen_delta=D(-4), seen_since=NOW - timedelta(hours=5))
    assert decide(other, RULES, NOW).outcome == "wait"
    old = case(-3, seen_delta=D(-3), seen_since=NOW - timedelta(minutes=30))
    assert decide(old, RULES, NOW).lines == (Line("correction_out", D(-3)),)


def test_b_goods_are_posted_and_never_booked() -> None:
    seen = {"seen_delta": D(0), "seen_since": NOW - timedelta(hours=1)}
    found = decide(case(0, explained={"receipt": D(4)}, **seen), RULES, NOW)
    assert (found.outcome, found.lines) == ("book", ())


def test_returns_that_the_returns_flow_books_are_not_booked_here() -> None:
    found = decide(case(2, foreign=D(2)), RULES, NOW)
    assert (found.outcome, found.total, found.foreign) == ("book", 0, 2)
    blocked = case(0, foreign=D(2), seen_delta=D(0), seen_since=NOW - timedelta(hours=1))
    assert decide(blocked, RULES, NOW).foreign == 0


def test_an_absurd_jump_is_held_until_it_is_confirmed() -> None:
    rules = StockSync(jump_pieces=100, jump_factor=5)
    explained = {"receipt": D(500)}
    assert decide(case(500, explained=explained), rules, NOW).code == "STOCK_JUMP"
    assert decide(case(500, explained=explained, booked=200), rules, NOW).outcome == "book"
    confirmed = case(500, explained=explained, approved=D(500))
    assert decide(confirmed, rules, NOW).outcome == "book"
    assert not is_approved(D(501), D(500))
    assert not is_approved(D(-5), D(500))


def fall(
    falling: int, stocked: int, *, emptied: int = 0, pieces: int = 10, rules: StockSync = RULES
) -> set[str]:
    """What becomes of so many of so many products that fall to zero, ten pieces each."""
    gone = Decision("book", (Line("inventory_out", D(-pieces)),))
    cases = {n: Case(n, D(-pieces), D(pieces)) for n in range(falling)}
    others = {n: D(10) for n in range(falling, stocked)}
    before = {n: D(10) for n in range(100, 100 + emptied)}
    found = hold_mass_zero(
        cases, dict.fromkeys(cases, gone), {n: D(pieces) for n in cases} | others, before, rules
    )
    return {decision.code or decision.outcome for decision in found.values()}


def test_many_products_at_zero_are_held_and_a_few_are_not() -> None:
    assert fall(9, 16) == {"STOCK_MASS_ZERO"}
    assert fall(3, 6) == {"STOCK_MASS_ZERO"}
    assert fall(2, 6) == {"book"}
    assert fall(3, 7) == {"book"}
    assert fall(3, 7, pieces=20) == {"STOCK_MASS_ZERO"}, "more than half of all pieces"
    assert fall(100, 1000) == {"book"}


def test_a_small_merchant_is_protected_when_all_it_has_falls_to_zero() -> None:
    assert fall(2, 2) == {"STOCK_MASS_ZERO"}
    assert fall(1, 1) == {"book"}
    assert fall(1, 1, rules=StockSync(mass_zero_all=1)) == {"STOCK_MASS_ZERO"}


def test_a_fall_that_comes_product_by_product_is_seen_as_one() -> None:
    assert fall(1, 4, emptied=1) == {"book"}
    assert fall(1, 4, emptied=3) == {"STOCK_MASS_ZERO"}


def test_what_a_person_confirmed_is_no_fall() -> None:
    gone = Decision("book", (Line("inventory_out", D(-10)),))
    cases = {n: Case(n, D(-10), D(10), approved=D(-10)) for n in range(5)}
    some = dict.fromkeys(cases, gone)
    found = hold_mass_zero(cases, some, dict.fromkeys(cases, D(10)), {}, RULES)
    assert {decision.outcome for decision in found.values()} == {"book"}


def test_pieces_in_the_house_are_what_is_free_and_what_orders_hold() -> None:
    assert on_hand(D(-3), D(8), RULES) == 5
    assert on_hand(D(-9), D(8), RULES) == 0
    assert on_hand(D(-9), D(8), StockSync(negatives="keep")) == -1


def test_only_the_default_quality_counts() -> None:
    article = {
        "attributes": [{"isDefault": True, "quantity": "4"}, {"isDefault": False, "quantity": 9}]
    }
    assert available_of(article) == 4


def test_a_posting_is_one_piece_per_history_id() -> None:
    entry = {
        "quantity": 3,
        "sku": "A",
        "externalIds": [{"value": "shop", "key": "2001"}],
        "bookingHistoryEntries": [{"historyId": n} for n in (5, 6, 7)],
    }
    found = postings(entry, "INCOMING")
    assert [(p.history_id, p.quantity, p.external_id) for p in found] == [
        (5, 1, "2001"),
        (6, 1, "2001"),
        (7, 1, "2001"),
    ]


def test_the_journal_is_matched_whatever_sign_and_type_its_numbers_have() -> None:
    rows = [
        {"variationId": "1", "quantity": "-2.0", "reason": "202"},
        {"variationId": 1, "quantity": 2, "reason": 202},
    ]
    assert {movement(row) for row in rows} == {signature(1, D(2), 202)}
