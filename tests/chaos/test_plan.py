from __future__ import annotations

from include.chaos.plan import ACTS, BACKFILL, MISHAPS, TASKS, TROUBLES, Deck, plan


def test_the_same_seed_is_the_same_day_and_another_seed_is_another() -> None:
    day = plan(7, orders=20, rounds=4)

    assert plan(7, orders=20, rounds=4) == day
    assert plan(8, orders=20, rounds=4).rounds != day.rounds


def test_every_order_is_released_once_and_every_task_runs_in_every_round() -> None:
    day = plan(1, orders=23, rounds=4)

    assert [number for one in day.rounds for number in one.orders] == list(range(1, 24))
    for one in day.rounds:
        assert tuple(task.name for task in one.tasks if task.name != BACKFILL) == TASKS


def test_a_day_of_the_usual_size_has_every_kind_of_fault_and_act() -> None:
    for seed in range(20):
        tasks = [task for one in plan(seed, orders=24, rounds=6).rounds for task in one.tasks]

        assert {task.mishap.kind for task in tasks if task.mishap} == MISHAPS.keys()
        assert {one.kind for task in tasks for one in task.troubles} == TROUBLES.keys()
        assert {one.kind for task in tasks for one in task.acts} == ACTS.keys()


def test_no_read_takes_effect_and_no_write_is_a_search() -> None:
    for one in plan(3, orders=60, rounds=20).rounds:
        for trouble in (trouble for task in one.tasks for trouble in task.troubles):
            assert TROUBLES[trouble.kind][trouble.calls == "read"] > 0


def test_a_deck_gives_each_card_as_often_as_its_weight_says() -> None:
    import random

    deck = Deck(random.Random(1), {"a": 3, "b": 1, "c": 0})

    assert sorted(deck.draw() for _ in range(8)) == ["a"] * 6 + ["b"] * 2
