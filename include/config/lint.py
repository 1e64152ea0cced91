"""Check merchant files as they lie in their folder, with what only shows beside the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config import merchants
from include.config.problems import BadFile, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.core.merchant import Merchant


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and everything that is wrong, by place."""

    files: int
    problems: list[Problem]


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
    return Report(len(wanted), sorted(problems))
