"""The commands of the docs' shell blocks, word by word."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`((?:fulfil|make)\s[^`]+)`(?!`)")
_LEFT_OPEN = re.compile(r" \.\.\.$")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
_PLACEHOLDER = re.compile(r"<([\w-]+)>")
#: what a page leaves to the reader, for the parsers
FILLED_IN = {"merchant": "alpha", "id": "100000", "from": "2026-01-05", "to": "2026-01-11"}
_BETWEEN = {"&&", "||", ";", "|"}


@dataclass(frozen=True)
class Command:
    """One simple command: its words, without variables before it, pipes and redirections.

    Words that the page leaves to the reader, like ``<merchant>``, are filled in.
    """

    page: str
    line: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def pages() -> list[Path]:
    """Return every page that people read."""
    return [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]


def commands() -> list[Command]:
    """Return every command of every shell block, in the order of the pages."""
    return [
        Command(str(page.relative_to(PROJECT)), line, words)
        for page in pages()
        for block in _BLOCK.findall(page.read_text(encoding="utf-8"))
        for line in block.replace("\\\n", " ").splitlines()
        for words in _simple(line)
    ]


def named_in_sentences() -> list[Command]:
    """Return the commands of this project that stand inside sentences, in backticks."""
    return [
        Command(str(page.relative_to(PROJECT)), line, words)
        for page in pages()
        for line in _INLINE.findall(page.read_text(encoding="utf-8"))
        for words in _simple(_plain(line))
    ]


def _plain(line: str) -> str:
    """Return a command with its optional words, the first of several, and no dots at its end."""
    text = _LEFT_OPEN.sub("", " ".join(line.split()))
    return re.sub(r"(\w)\|[\w|]+", r"\1", text.replace("[", "").replace("]", ""))


def _simple(line: str) -> Iterator[tuple[str, ...]]:
    line = _PLACEHOLDER.sub(lambda found: FILLED_IN.get(found[1], "1"), line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    current: list[str] = []
    redirected = False
    for word in [*lexer, ";"]:
        if word in _BETWEEN:
            while current and _ASSIGNMENT.fullmatch(current[0]):
                current.pop(0)
            if current:
                yield tuple(current)
            current = []
        elif set(word) <= set("<>"):
            redirected = True
        elif redirected:
            redirected = False
        else:
            current.append(word)
