"""Read the merchant files: ``include/merchants/<merchant>.yaml``, one merchant each.

A merchant's file is called like the merchant, so that the name alone says which file counts: a task
start reads one file, not a thousand. Of two files with one name (``alpha.yaml``, ``alpha.yml``)
none is used, for nobody can tell which one is right; a copy under another name that still says
``merchant: alpha`` is refused and named, and ``alpha.yaml`` goes on. ``_defaults.yaml`` holds what
is the same for all merchants of the centre; a merchant's own value wins.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.config.check import merchant_of
from include.config.problems import BadFile, Place, Problem
from include.config.source import read
from include.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.config.source import Source
    from include.core.merchant import Merchant

FOLDER = Path(__file__).parents[1] / "merchants"
DEFAULTS = "_defaults.yaml"
PREFIX = "fulfilment__"
_ODD = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A merchant file that cannot be used; it becomes a DAG that says so."""

    merchant: str  # from the file's name, made safe for a DAG id
    message: str
    problems: tuple[Problem, ...] = ()


def folder() -> Path:
    """Return the folder of merchant files; FULFILMENT_MERCHANTS names another one.

    :raises ConfigError: it does not exist; merchants never vanish silently.
    """
    path = Path(os.environ.get("FULFILMENT_MERCHANTS") or FOLDER)
    if not path.is_dir():
        text = f"The folder of merchant files {path} does not exist. Check FULFILMENT_MERCHANTS."
        raise ConfigError(text, code="MERCHANTS_FOLDER")
    return path


def dag_id(merchant: str) -> str:
    """Return the id of a merchant's DAG."""
    return f"{PREFIX}{merchant}"


def load_beside(path: Path) -> Merchant:
    """Read one merchant file as it counts in its folder: with its defaults and its namesakes.

    :raises BadFile: with the place, the field and the reason of everything that is wrong.
    """
    name, paths = _safe(path.stem), [path]
    if path.parent.is_dir():
        paths = _by_name(path.parent, name).get(name, paths)
    return _one(name, paths, _defaults(path.parent))


def load_all(wanted: str | None = None) -> tuple[list[Merchant], list[BrokenFile]]:
    """Read all merchant files, in the order of their names; a broken one hides no other.

    Of two merchants that would get in each other's way (`same_orders`) the first by name goes on.

    :param wanted: only the merchant of this DAG id: no other merchant's file is opened, so what
        only shows beside the others is not seen.
    """
    good: dict[str, Merchant] = {}
    broken: list[BrokenFile] = []
    place = folder()
    if wanted is None:
        files = _by_name(place)
    else:
        files = _by_name(place, wanted.removeprefix(PREFIX)) if wanted.startswith(PREFIX) else {}
    defaults: Source | None = None
    bad_defaults: BadFile | None = None
    if files:
        try:
            defaults = _defaults(place)
        except BadFile as error:
            bad_defaults = error
    for name, paths in files.items():
        try:
            if bad_defaults is not None:
                raise bad_defaults
            good[paths[0].name] = _one(name, paths, defaults)
        except BadFile as error:
            broken.append(_broken(name, error))
    for problem in same_orders(good.items()):
        twin = good.pop(problem.place.file)
        broken.append(_broken(twin.merchant, BadFile([problem])))
    return list(good.values()), broken


def same_orders(good: Iterable[tuple[str, Merchant]]) -> list[Problem]:
    """Return a problem for each file that would get in the way of the orders of one before it.

    That is: one that fetches the same orders, or one whose orders come into the same wemalo client
    or shop. Order ids of two plentymarkets systems are alike, so there one merchant's order would
    take the place of the other's; two warehouses of one system share their ids and may share it.

    :param good: file names and their merchants.
    """
    problems = []
    used: list[tuple[str, Merchant]] = []
    for file, merchant in good:
        found = next(filter(None, (_clash(file, merchant, *other) for other in used)), None)
        if found is None:
            used.append((file, merchant))
        else:
            problems.append(found)
    return problems


def _clash(file: str, merchant: Merchant, first: str, other: Merchant) -> Problem | None:
    """Return what is wrong with a file beside one that goes on."""
    mine, its = merchant.plenty, other.plenty
    same_system = mine.connection == its.connection
    same_warehouse = mine.warehouse_id == its.warehouse_id
    if same_system and same_warehouse and mine.plenty_id == its.plenty_id:
        text = (
            f"connection, plentyID and warehouse are those of {first}, which goes on; {file} "
            "is not used, for both would fetch the same orders and send them twice"
        )
        return Problem(Place(file), "plenty", text)
    if same_system and not same_warehouse:
        return None
    for name, what in (("connection", "the connection"), ("shop", "the shop")):
        value = _bare(getattr(merchant.wemalo, name))
        if value and value == _bare(getattr(other.wemalo, name)):
            text = (
                f"{what} {value} is that of {first}, which goes on; {file} is not used, for the "
                "orders of both would take each other's place in the warehouse. Give it the "
                f"{name} of its own wemalo client; only warehouses of one plentymarkets system "
                "(the same plenty.connection) may share one"
            )
            return Problem(Place(file), f"wemalo.{name}", text)
    return None


def _bare(value: str) -> str:
    return value.strip().casefold()


def _broken(merchant: str, error: BadFile) -> BrokenFile:
    return BrokenFile(merchant, error.operator, tuple(error.problems))


def find(name: str) -> Merchant:
    """Return one merchant by its short name.

    :raises ConfigError: there is none, or its file is broken.
    """
    good, broken = load_all(dag_id(name))
    if good:
        return good[0]
    if broken:
        raise ConfigError(broken[0].message, code=BadFile.code)
    known = ", ".join(_by_name(folder())) or "none"
    text = f"There is no merchant {name!r} in {folder()}; known: {known}"
    raise ConfigError(text)


def _by_name(place: Path, only: str | None = None) -> dict[str, list[Path]]:
    """Return merchant name -> its files, sorted; more than one is a mistake.

    :param only: this merchant's alone.
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(os.listdir(place)):  # noqa: PTH208 - a Path for each is what takes long
        stem, dot, kind = file.rpartition(".")
        if dot and kind in ("yaml", "yml") and not stem.startswith(("_", ".")):
            name = _safe(stem)
            if only in (None, name):
                found.setdefault(name, []).append(place / file)
    return found


def _one(name: str, paths: list[Path], defaults: Source | None) -> Merchant:
    """Return the merchant called ``name``.

    :raises BadFile: its file is broken, or there is more than one.
    """
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        text = (
            f"{names} are both files of merchant {name}. None of them is used, so that nothing is "
            "sent twice: remove the wrong one"
        )
        raise BadFile([Problem(Place(paths[0].name), "", text)])
    path = paths[0]
    own = read(path)
    merchant = merchant_of(own, defaults)
    if merchant.merchant == name:
        return merchant
    text = f"this file must be called {merchant.merchant}.yaml, like its merchant"
    others = _by_name(path.parent, merchant.merchant).get(merchant.merchant)
    if others:
        text = (
            f"{merchant.merchant} is already set up in {others[0].name}, which goes on; "
            f"{path.name} is not used, so that nothing is sent twice. Give it a merchant name of "
            "its own or remove it"
        )
    place = own.place(("merchant",), value=True) or Place(path.name)
    raise BadFile([Problem(place, "merchant", text)])


def _defaults(place: Path) -> Source | None:
    """Return the centre's defaults, None if there are none.

    :raises BadFile: the file is there and cannot be read, or names a merchant.
    """
    path = place / DEFAULTS
    if not path.exists():
        return None
    source = read(path)
    if "merchant" in source.data:
        text = "the defaults are for all merchants; only a merchant's own file names it"
        raise BadFile([Problem(source.place(("merchant",)) or Place(DEFAULTS), "merchant", text)])
    return source


def merchant_files() -> Iterator[Path]:
    """Yield all merchant files, in the order of their names."""
    for paths in _by_name(folder()).values():
        yield from paths


def name_of_file(path: Path) -> str:
    """Return the merchant that a file is for, by its name."""
    return _safe(path.stem)


def _safe(stem: str) -> str:
    return _ODD.sub("_", stem.lower()) or "unnamed"
