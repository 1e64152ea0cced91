"""What is wrong in a merchant file, and where: file, line, column, field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct. The text never repeats a value: it could be a secret."""

    place: Place
    field: str  # dotted, "" where the file as a whole is meant
    text: str

    def __str__(self) -> str:
        where = f"{self.place.file}, line {self.place.line}, column {self.place.column}"
        return f"{where}: {self.field}: {self.text}" if self.field else f"{where}: {self.text}"


class BadFile(ConfigError):
    """A merchant file, or the defaults below it, cannot be used; one line per problem."""

    code = "MERCHANT_FILE"

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Sort the problems by place."""
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: Path) -> str:
    """Return ``plenty.warehouse_id`` for the path of a field."""
    return ".".join(str(part) for part in path)
