"""The fields of a merchant file, as the model knows them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from include.core.merchants.merchant import Merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from include.config.problems import Path


def section_at(path: Path) -> type[BaseModel] | None:
    """Return the model that stands at ``path``; None where it is a plain value or a mapping."""
    model: type[BaseModel] | None = Merchant
    for part in path:
        field = model.model_fields.get(str(part)) if model else None
        model = section_of(field) if field else None
    return model


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model that a field holds, None if it holds something else."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def walk(model: type[BaseModel] = Merchant, path: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Yield every field with its path, sections before what is in them."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        yield here, field
        section = section_of(field)
        if section is not None:
            yield from walk(section, here)


@cache
def homes() -> dict[str, tuple[str, ...]]:
    """Return field name -> the sections (dotted, "" for the top) that have such a field."""
    found: dict[str, list[str]] = {}
    for path, _ in walk():
        found.setdefault(str(path[-1]), []).append(".".join(map(str, path[:-1])))
    return {name: tuple(sections) for name, sections in found.items()}


def choices(field: FieldInfo) -> tuple[Any, ...]:
    """Return the values a field is limited to, none if it is not a choice."""
    return get_args(field.annotation) if "Literal" in str(field.annotation) else ()
