"""Read one YAML file into plain values, and remember where each of them stands.

Plain scalars are read so that nothing is guessed: ``yes``, ``no``, ``on`` and ``off`` stay words
(the country NO is no switch), numbers keep every digit (`Decimal` instead of float), and numbers of
other bases stay text. Anchors, tags and several documents in one file are refused: the centre's
defaults have a file of their own.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from include.config.problems import BadFile, Path, Place, Problem, dotted

if TYPE_CHECKING:
    import pathlib

#: a merchant file has a few thousand bytes, some hundred values and five levels; what has more than
#: these is refused unread, for it would take the time or the stack of all merchants
LARGEST, MOST_VALUES, DEEPEST = 100_000, 5_000, 20
_INT = re.compile(r"[-+]?[0-9]{1,30}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}\.[0-9]{0,30}")
_WORDS: dict[str, Any] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
}  # fmt: skip
_QUOTED = ("'", '"', "|", ">")
_PREFIX = "tag:yaml.org,2002:"
_PLAIN = {_PREFIX + name for name in ("str", "int", "float", "bool", "null", "timestamp")}
#: what the parser says, and what an operator can do about it
_SAID = (
    ("cannot start any token", "\t", "a tab stands here; YAML is indented with spaces only"),
    ("alias", "", "'*' at the start of a value is an alias in YAML; put the value in quotes"),
    ("anchor", "", "'&' at the start of a value is an anchor in YAML; put the value in quotes"),
    ("mapping values are not allowed", "", "a ':' too many, or the line above is not finished"),
    ("did not find expected key", "", "the indentation does not fit the lines above"),
    ("expected <block end>", "", "the indentation does not fit the lines above"),
    ("could not find expected ':'", "", "a ':' after the name of the setting is missing"),
    ("expected a single document", "", "a second document starts here ('---'); one is allowed"),
    ("control characters", "", "a character that cannot be printed stands here"),
)


class Source:
    """One parsed file.

    :param data: the settings as plain values.
    """

    def __init__(self, file: str, root: MappingNode | None, data: dict[Any, Any]) -> None:
        """Keep the nodes: places are looked up only when something is wrong."""
        self.file = file
        self.data = data
        self._root = root

    def place(self, path: Path, *, value: bool = False) -> Place | None:
        """Return where the field stands, or its value; None if it is not in this file."""
        node: Node | None = self._root
        mark = node.start_mark if node else None
        for part in path:
            if isinstance(node, MappingNode):
                pair = next((p for p in node.value if plain(p[0]) == part), None)
                if pair is None:
                    return None
                mark, node = pair[0].start_mark, pair[1]
            elif isinstance(node, SequenceNode) and part in range(len(node.value)):
                node = node.value[int(part)]
                mark = node.start_mark
            else:
                return None
        if value and node is not None:
            mark = node.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)


def read(path: pathlib.Path) -> Source:
    """Read one file.

    :raises BadFile: it cannot be read, is not UTF-8, is empty, or is no YAML of plain settings.
    """
    text = _text(path)
    try:
        _refuse_monsters(path.name, text)
        root = yaml.compose(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise BadFile([_syntax(path.name, text, error)]) from None
    if root is None:
        raise BadFile([Problem(Place(path.name), "", "the file is empty")])
    if not isinstance(root, MappingNode):
        text = "the file is no list of settings such as 'merchant: alpha'"
        raise BadFile([Problem(_at(path.name, root), "", text)])
    problems: list[Problem] = []
    data = _value(path.name, root, (), set(), problems)
    if problems:
        raise BadFile(problems)
    return Source(path.name, root, data)


def _refuse_monsters(file: str, text: str) -> None:
    """Look at the file token by token, which needs no stack.

    :raises BadFile: it has more values or levels than any merchant file.
    """
    values = depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        values += isinstance(event, yaml.ScalarEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or values > MOST_VALUES:
            much = f"{DEEPEST} levels" if depth > DEEPEST else f"{MOST_VALUES:,} values"
            mark = event.start_mark
            place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
            text = f"the file has more than {much}; this is no merchant file"
            raise BadFile([Problem(place, "", text)])


def plain(node: Node) -> Any:
    """Return the value of a scalar node."""
    if not isinstance(node, ScalarNode):
        return None
    text: str = node.value
    if node.style in _QUOTED or node.tag == _PREFIX + "str":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _value(file: str, node: Node, path: Path, seen: set[int], problems: list[Problem]) -> Any:
    """Return the plain value of a node; what is refused is added to ``problems``."""
    if isinstance(node, ScalarNode):
        if node.tag not in _PLAIN:
            text = "'!' at the start of a value is a tag in YAML; put the value in quotes"
            problems.append(Problem(_at(file, node), dotted(path), text))
        return plain(node)
    if id(node) in seen:
        text = "aliases ('*') are not supported; shared settings belong into _defaults.yaml"
        problems.append(Problem(_at(file, node), dotted(path), text))
        return None
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        return [
            _value(file, child, (*path, place), seen, problems)
            for place, child in enumerate(node.value)
        ]
    values: dict[Any, Any] = {}
    for key_node, child in node.value:
        key = plain(key_node)
        if not isinstance(key, (str, int, Decimal)) or key == "<<":
            text = "the name of a setting must be a word or a number"
            problems.append(Problem(_at(file, key_node), dotted(path), text))
        elif key in values:
            first = next(k for k, _ in node.value if plain(k) == key).start_mark.line + 1
            text = f"is set twice; the first one stands in line {first}"
            problems.append(Problem(_at(file, key_node), dotted((*path, str(key))), text))
        else:
            values[key] = _value(file, child, (*path, str(key)), seen, problems)
    return values


def _text(path: pathlib.Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        text = f"the file cannot be read: {error.strerror}"
        raise BadFile([Problem(Place(path.name), "", text)]) from None
    if len(raw) > LARGEST:
        text = f"the file has more than {LARGEST:,} bytes; this is no merchant file"
        raise BadFile([Problem(Place(path.name), "", text)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        place = Place(path.name, before.count(b"\n") + 1, column)
        text = "a character that is not UTF-8; save the file in the encoding UTF-8"
        raise BadFile([Problem(place, "", text)]) from None


def _syntax(file: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    said = str(getattr(error, "problem", "") or getattr(error, "reason", ""))
    lines = text.splitlines()
    here = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return Problem(place, "", _SAID[0][2])
    for sign, character, meaning in _SAID:
        if sign in said and character in here[place.column - 1 : place.column]:
            return Problem(place, "", meaning)
    # quoted parts may be pieces of a value
    said = re.sub(r"'[^']{2,}'|\"[^\"]{2,}\"", "...", said) or "unreadable"
    return Problem(place, "", f"this is no YAML: {said}")


def _at(file: str, node: Node) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _loader() -> type[Any]:
    """Return the fast loader where libyaml is there; it reads the same language."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
