"""Every compiled expression of ``include.core``, and strings that keep a backtracking engine busy.

The strings are made from the expression itself: for each of its repetitions a text that leads to
it, then what it repeats over and over, then a character that lets the match fail.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import include.core

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_PARSER: Any = re._parser  # type: ignore[attr-defined]
_WORD = re.compile(r"(?<![\\\w])[^\W\d_]{1,8}")
_MANY = 6  # a repetition that may go on for longer than this counts as one without an end
_COMMON = (" ", "1", "a", "x&", "1 ", "a ", "1-", "a1", "1/", ", ", ",", "-", "(1 ", "1,", "st. ")
_TAILS = ("!", " ~ ")
# A character of each class, and how the class is written.
_CLASSES = {
    "CATEGORY_DIGIT": ("1", r"\d"), "CATEGORY_NOT_DIGIT": ("a", r"\D"),
    "CATEGORY_SPACE": (" ", r"\s"), "CATEGORY_NOT_SPACE": ("a", r"\S"),
    "CATEGORY_WORD": ("a", r"\w"), "CATEGORY_NOT_WORD": ("-", r"\W"),
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """A compiled pattern, where it was found, and the methods it is used by."""

    name: str
    pattern: re.Pattern[str]
    methods: tuple[str, ...]


def modules() -> list[ModuleType]:
    """Return every module of ``include.core``."""
    root = include.core
    return [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
    ]


def expressions() -> list[Expression]:
    """Return the patterns that modules hold, alone or in tables, each once."""
    uses = _uses()
    found: dict[tuple[str, int], Expression] = {}
    for module in modules():
        for name, value in vars(module).items():
            for place, pattern in _patterns(value):
                methods = tuple(sorted(uses.get(name, ()))) or ("search", "fullmatch", "match")
                label = f"{module.__name__.removeprefix('include.core.')}.{name}{place}"
                found.setdefault(
                    (pattern.pattern, pattern.flags), Expression(label, pattern, methods)
                )
    return list(found.values())


def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _patterns(value: object) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield "", value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from ((f"[{key}]{place}", pattern) for place, pattern in _patterns(inner))
    elif isinstance(value, (tuple, list, set, frozenset)):
        for place, inner in enumerate(value):
            yield from ((f"[{place}]{more}", pattern) for more, pattern in _patterns(inner))


def _uses() -> dict[str, set[str]]:
    """Return which methods are called on which name, anywhere in ``include.core``."""
    methods = {"match", "search", "fullmatch", "finditer", "findall", "sub", "split"}
    uses: dict[str, set[str]] = {}
    for module in modules():
        for node in ast.walk(ast.parse(_source(module))):
            if not isinstance(node, ast.Attribute) or node.attr not in methods:
                continue
            owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
            name = {ast.Name: "id", ast.Attribute: "attr"}.get(type(owner))
            if name:
                method = node.attr if node.attr in {"match", "fullmatch"} else "search"
                uses.setdefault(getattr(owner, name), set()).add(method)
    return uses


def made_inside_functions() -> list[str]:
    """Return the places where an expression is written where `expressions` does not see it."""
    found = []
    for module in modules():
        for outer in ast.walk(ast.parse(_source(module))):
            if not isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            found += [
                f"{module.__name__}:{node.lineno}"
                for node in ast.walk(outer)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr != "escape"
            ]
    return found


def hostile(pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (head, piece, tail): the piece is repeated between the other two."""
    tree = _PARSER.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    seen = set()
    for head, body in _repetitions(list(tree), ""):
        pieces = list(dict.fromkeys(p for p in islice(_samples(body), 16) if p))
        pairs = (one + two for one, two in product(pieces, pieces) if one != two)
        for piece, tail in product((*pieces, *pairs), _TAILS):
            if (head, piece, tail) not in seen:
                seen.add((head, piece, tail))
                yield head, piece, tail
    for head, piece, tail in product(("", "5 ", "a "), _COMMON, _TAILS):
        yield head, piece, tail
    # What an expression names twice can be read in two ways.
    words = Counter(_WORD.findall(pattern.pattern))
    twice = [word for word, times in words.most_common(24) if times > 1]
    for form, word, tail in product(("{}", "{} ", "{} 1 ", "1 {} ", "1. {} 2 "), twice, _TAILS):
        yield "1 ", form.format(word), tail


def _repetitions(items: list[Any], head: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield (a text that leads there, what is repeated) for each repetition without an end."""
    for op, value in items:
        name = str(op)
        if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            _least, most, body = value
            if most is _PARSER.MAXREPEAT or int(most) > _MANY:
                yield head, list(body)
            yield from _repetitions(list(body), head)
        elif name == "SUBPATTERN":
            yield from _repetitions(list(value[3]), head)
        elif name == "ATOMIC_GROUP":
            yield from _repetitions(list(value), head)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _repetitions(list(branch), head)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield from _repetitions(list(value[1]), head)
        head += next(_samples([(op, value)]), "")


def _samples(items: list[Any]) -> Iterator[str]:
    """Yield some texts that a part of an expression matches, the shortest ones of each branch."""
    if not items:
        yield ""
        return
    first, *rest = items
    tail = next(_samples(rest), "")
    for text in islice(_one(*first), 40):
        yield text + tail
    if rest:
        head = next(_one(*first), "")
        for text in islice(_samples(rest), 1, 40):
            yield head + text


def _one(op: Any, value: Any) -> Iterator[str]:
    name = str(op)
    if name == "LITERAL":
        yield chr(value)
    elif name == "NOT_LITERAL":
        yield "a" if value != ord("a") else "b"
    elif name == "ANY":
        yield from ("a", " ", "1", ",")
    elif name == "IN":
        yield from _in(value)
    elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        least, _most, body = value
        inner = list(_samples(list(body)))
        yield from (text * max(least, 1) for text in inner)
        if least == 0:
            yield ""
    elif name == "SUBPATTERN":
        yield from _samples(list(value[3]))
    elif name == "ATOMIC_GROUP":
        yield from _samples(list(value))
    elif name == "BRANCH":
        for branch in value[1]:
            yield from islice(_samples(list(branch)), 3)
    else:  # a position or a look-around takes no room
        yield ""


def _in(items: list[Any]) -> Iterator[str]:
    if str(items[0][0]) == "NEGATE":
        refused = re.compile(_class(items[1:]))
        yield from [c for c in "a1 ,-." if not refused.fullmatch(c)][:3] or ["~"]
        return
    for op, value in items:
        if str(op) == "LITERAL":
            yield chr(value)
        elif str(op) == "RANGE":
            yield chr(value[0])
        elif str(op) == "CATEGORY":
            yield _CLASSES[str(value)][0]


def _class(items: list[Any]) -> str:
    inside = ""
    for op, value in items:
        if str(op) == "LITERAL":
            inside += re.escape(chr(value))
        elif str(op) == "RANGE":
            inside += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        else:
            inside += _CLASSES[str(value)][1]
    return f"[{inside}]"
