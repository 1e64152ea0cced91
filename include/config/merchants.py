"""Read the merchant files: ``include/merchants/<merchant>.yaml``, one merchant each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from include.core.errors import ConfigError
from include.core.merchant import Merchant

FOLDER = Path(__file__).parents[1] / "merchants"


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A merchant file that cannot be used; it becomes a DAG that says so."""

    merchant: str  # from the file's name, made safe for a DAG id
    message: str


def folder() -> Path:
    """Return the folder of merchant files; FULFILMENT_MERCHANTS names another one."""
    return Path(os.environ.get("FULFILMENT_MERCHANTS") or FOLDER)


def load(path: Path) -> Merchant:
    """Read one merchant file.

    :raises ConfigError: the file cannot be read, is no YAML, or has wrong, missing or unknown
        fields; the text names file, field and reason.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _loader())  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        text = f"{path.name}: cannot be read as YAML: {_one_line(error)}"
        raise ConfigError(text) from error
    if not isinstance(data, dict):
        text = f"{path.name}: is empty or not a list of settings."
        raise ConfigError(text)
    try:
        return Merchant.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}"
            for entry in error.errors(include_input=False, include_url=False)
        ]
        text = f"{path.name}: " + "; ".join(lines)
        raise ConfigError(text) from None


def load_all() -> tuple[list[Merchant], list[BrokenFile]]:
    """Read all merchant files, in the order of their names; a broken one hides no other."""
    good: dict[str, tuple[Path, Merchant]] = {}
    broken: list[BrokenFile] = []
    for path in sorted(folder().glob("*.y*ml")):
        try:
            merchant = load(path)
        except ConfigError as error:
            broken.append(BrokenFile(_safe(path.stem), error.operator))
            continue
        if merchant.merchant in good:
            first = good[merchant.merchant][0].name
            text = f"{path.name}: merchant {merchant.merchant!r} is already set up in {first}."
            broken.append(BrokenFile(_safe(path.stem), text))
            continue
        good[merchant.merchant] = (path, merchant)
    taken = set(good)
    return (
        [merchant for _, merchant in good.values()],
        [
            b if b.merchant not in taken else BrokenFile(f"{b.merchant}_file", b.message)
            for b in broken
        ],
    )


def find(name: str) -> Merchant:
    """Return one merchant by its short name.

    :raises ConfigError: there is none, or its file is broken.
    """
    merchants, broken = load_all()
    for merchant in merchants:
        if merchant.merchant == name:
            return merchant
    for entry in broken:
        if entry.merchant == name:
            raise ConfigError(entry.message)
    text = f"There is no merchant {name!r} in {folder()}; known: " + (
        ", ".join(merchant.merchant for merchant in merchants) or "none"
    )
    raise ConfigError(text)


def _loader() -> type[yaml.SafeLoader]:
    """Return the fast loader where libyaml is there; it reads the same language."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _safe(stem: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in stem.lower()) or "unnamed"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
