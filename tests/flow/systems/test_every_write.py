"""Every write that the hooks can make x everything that can happen to it.

The rows are the hooks' own list of calls: a new one without its story fails. What has happened is
told by the sandbox servers, never by the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fulfilment.hooks.write_calls import ACTIONS, UNCLAIMED

from tests.flow.systems.every_write import TROUBLES, Play
from tests.flow.systems.write_stories import NOT_PLAYED, OCCASIONS, STORIES

if TYPE_CHECKING:
    from tests.flow.stage import Stage

PLAYED = {name: (name, story) for name, story in STORIES.items()} | OCCASIONS


def test_every_write_of_the_hooks_has_its_story_or_says_why_not() -> None:
    assert {*STORIES, *NOT_PLAYED} == {*ACTIONS, *UNCLAIMED}
    assert STORIES.keys() & NOT_PLAYED.keys() == set()
    for _, story in PLAYED.values():
        assert story.none.keys() | story.told.keys() <= {*TROUBLES}


@pytest.mark.parametrize("occasion", PLAYED)
def test_a_write_takes_effect_once_whatever_happens_to_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, occasion: str
) -> None:
    call, story = PLAYED[occasion]

    wrong = Play(stage, call, story, monkeypatch).play()

    assert not wrong, "\n".join(f"{cell}: {what}" for cell, what in wrong.items())
