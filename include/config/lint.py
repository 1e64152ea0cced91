"""Check merchant files as they lie in their folder, with what only shows beside the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config import merchants
from include.config.problems import BadFile, Place, Problem

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
    problems.update(_same_orders(good))
    return Report(len(wanted), sorted(problems))


def _same_orders(good: Iterable[tuple[str, Merchant]]) -> Iterable[Problem]:
    """Yield a problem for files that would fetch the same orders under two names."""
    seen: dict[tuple[str, int, int], str] = {}
    for file, merchant in good:
        plenty = merchant.plenty
        scope = (plenty.connection, plenty.plenty_id, plenty.warehouse_id)
        first = seen.setdefault(scope, file)
        if first != file:
            text = (
                f"connection, plentyID and warehouse are those of {first}: both would fetch the "
                "same orders and send them twice"
            )
            yield Problem(Place(file), "plenty", text)
