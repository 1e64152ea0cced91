"""From plain settings to a `Merchant`, or to problems that an operator can act on."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from include.config.fields import homes, section_at
from include.config.problems import BadFile, Path, Place, Problem, dotted
from include.config.refused import secrets_in
from include.core.merchants.merchant import Merchant
from include.core.orders.status_rules import contradictions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic_core import ErrorDetails

    from include.config.source import Source

#: pydantic's kind of error -> what an operator reads; the rest keeps pydantic's sentence
_TEXTS = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text; put a number in quotes",
    "list_type": "must be a list such as [1, 2]",
    "dict_type": "must be a list of 'name: value' lines",
    "model_type": "must be a section with settings of its own",
    "model_attributes_type": "must be a section with settings of its own",
}
_STATUS = ": a number such as 5.1, from 1 to 19.9999"


def merchant_of(own: Source, defaults: Source | None) -> Merchant:
    """Return the merchant of a file, the centre's defaults below it.

    :raises BadFile: with every problem of both files that concerns this merchant.
    """
    data = merged(defaults.data, own.data) if defaults else own.data
    sources = [own, defaults] if defaults else [own]

    def where(path: Path, value: bool = False) -> Place:
        return _where(sources, path, value=value)

    secrets = list(secrets_in(data, where))
    try:
        merchant = Merchant.model_validate(data)
    except ValidationError as error:
        problems = _problems(error, data, sources, {problem.field for problem in secrets})
        raise BadFile([*secrets, *problems]) from None
    problems = [*secrets, *_contradictions(merchant, where)]
    if problems:
        raise BadFile(problems)
    return merchant


def _contradictions(merchant: Merchant, where: Callable[[Path, bool], Place]) -> Iterable[Problem]:
    """Yield a problem for each status that contradicts another, at the one that was written."""
    for name, text in contradictions(merchant.statuses):
        path = ("statuses", name)
        yield Problem(where(path, True), dotted(path), text)


def merged(below: dict[Any, Any], above: dict[Any, Any]) -> dict[Any, Any]:
    """Return ``above`` with what only ``below`` has; mappings are merged, lists are replaced."""
    result = dict(below)
    for key, value in above.items():
        lower = result.get(key)
        if isinstance(lower, dict) and isinstance(value, dict):
            result[key] = merged(lower, value)
        else:
            result[key] = value
    return result


def _problems(
    error: ValidationError, data: dict[Any, Any], sources: list[Source], said: set[str]
) -> Iterable[Problem]:
    problems, renamed = [], set()
    details = error.errors(include_url=False)
    for detail in details:
        path = _path(detail)
        if dotted(path) in said:
            continue
        if detail["type"] == "extra_forbidden":
            text, instead = _unknown(path, data)
            renamed.add(instead)
        else:
            text = _text(detail, path)
        by_value = detail["type"] not in ("extra_forbidden", "missing")
        problems.append((detail["type"], path, text, by_value))
    for kind, path, text, by_value in problems:
        # a field that is there, but misspelt, is one mistake and not two
        if kind == "missing" and dotted(path) in renamed:
            continue
        yield Problem(_where(sources, path, value=by_value), dotted(path), text)


def _path(detail: ErrorDetails) -> Path:
    """Return the field's path without what pydantic adds for keys and unions."""
    return tuple(part for part in detail["loc"] if not str(part).startswith(("[", "function-")))


def _where(sources: list[Source], path: Path, *, value: bool) -> Place:
    """Return the place of a field, or that of the nearest section around it."""
    for length in range(len(path), -1, -1):
        for source in sources:
            place = source.place(path[:length], value=value and length == len(path) > 0)
            if place is not None and (length or source is sources[0]):
                return place
    return Place(sources[0].file)


def _unknown(path: Path, data: dict[Any, Any]) -> tuple[str, str]:
    """Return what to say of an unknown field, and the field that was meant, "" if none."""
    section = section_at(path[:-1])
    name = str(path[-1])
    there: Any = data
    for part in path[:-1]:
        there = there.get(part, {}) if isinstance(there, dict) else {}
    free = [field for field in section.model_fields if field not in there] if section else []
    close = get_close_matches(name.lower().replace("-", "_"), free, n=1, cutoff=0.6)
    if close:
        return f"is no setting; did you mean {close[0]}?", dotted((*path[:-1], close[0]))
    elsewhere = [f"under '{home}'" if home else "at the top" for home in homes().get(name, ())]
    if elsewhere:
        home = homes()[name][0]
        meant = f"{home}.{name}" if home else name
        return f"does not belong here but {' or '.join(elsewhere[:3])}", meant
    return "is no setting; `fulfil schema` lists them", ""


def _text(detail: ErrorDetails, path: Path) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return _choice(detail)
    if kind == "value_error":
        # our own validators; a value they quote stands after the colon
        said = str(detail.get("ctx", {}).get("error", "")).split(": ")[0]
        return said + _STATUS if said == "not a status id" else said
    if "[key]" in detail["loc"]:
        return f"the name before the ':' {_TEXTS.get(kind, detail['msg'].lower())}"
    if kind in _TEXTS:
        return _TEXTS[kind]
    return re.sub(r"^Input should be", "must be", detail["msg"]).lower() if path else detail["msg"]


def _choice(detail: ErrorDetails) -> str:
    expected = str(detail["ctx"]["expected"]).replace(" or ", ", ")
    options = [option.strip().strip("'") for option in expected.split(",")]
    close = get_close_matches(str(detail["input"]).lower(), options, n=1, cutoff=0.6)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"must be one of {', '.join(options)}{hint}"
