"""Check merchant files as they lie in their folder, with what only shows beside the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config import merchants
from include.config.problems import BadFile, Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.core.merchants.merchant import Merchant


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and everything that is wrong, by place.

    :param going_on: what becomes of the merchants meanwhile, where a ledger is named and answers.
    """

    files: int
    problems: list[Problem]
    going_on: list[str]


def lint(files: Iterable[Path] = ()) -> Report:
    """Check these files, or all of the folder.

    :raises ConfigError: the folder does not exist.
    """
    problems: set[Problem] = set()
    good: list[tuple[str, Merchant]] = []
    wanted = list(files) or list(merchants.merchant_files())
    for path in wanted:
        try:
            good.append((path.name, merchants.load_beside(path)))
        except BadFile as error:
            problems.update(error.problems)
    problems.update(merchants.same_orders(good))
    going_on = []
    if not files:
        for file in merchants.load_all()[1]:
            if file.gone:
                problems.add(Problem(Place(f"{file.merchant}.yaml"), "", file.message))
            if file.since:
                going_on.append(file.going_on())
    return Report(len(wanted), sorted(problems), going_on)
