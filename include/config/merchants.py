"""Read the merchant files: ``include/merchants/<merchant>.yaml``, one merchant each.

A merchant's file is called like the merchant, so that the name alone says which file counts: a task
start reads one file, not a thousand. Of two files with one name (``alpha.yaml``, ``alpha.yml``)
none is used, for nobody can tell which one is right; a copy under another name that still says
``merchant: alpha`` is refused and named, and ``alpha.yaml`` goes on. ``_defaults.yaml`` holds what
is the same for all merchants of the centre; a merchant's own value wins.

A file that tasks have run with and that is broken or gone since goes on by its last good version,
which the ledger keeps. Without a ledger it stands still.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from include.config import last_good
from include.config.check import merchant_of
from include.config.problems import BadFile, Place, Problem
from include.config.source import read
from include.core.merchants.merchant import Merchant
from include.core.systems.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from include.config.source import Source
    from include.ledger.merchants.merchant_files import LastGood

FOLDER = Path(__file__).parents[1] / "merchants"
DEFAULTS = "_defaults.yaml"
PREFIX = "fulfilment__"
_ODD = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A merchant file that cannot be used.

    :param merchant: from the file's name, made safe for a DAG id.
    :param message: what is wrong, one line per problem.
    :param since: the merchant goes on by its last good version, first used then (UTC); None: there
        is none, and its DAG only says what is wrong.
    :param gone: there is no file any more: its merchant takes no new orders.
    """

    merchant: str
    message: str
    problems: tuple[Problem, ...] = ()
    since: datetime | None = None
    gone: bool = False

    @property
    def by_defaults(self) -> bool:
        """The mistakes stand in the file that all merchants share."""
        return bool(self.problems) and all(p.place.file == DEFAULTS for p in self.problems)

    @property
    def mistake(self) -> str:
        """A digest of what is wrong, the same in every file with the same mistakes."""
        said = [f"{problem.field}: {problem.text}" for problem in self.problems]
        text = "\n".join(sorted(said)) or self.message
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def going_on(self) -> str:
        """Return what becomes of the merchant, one sentence."""
        if self.since is None:
            return f"{self.merchant} stands still: no version of its file was ever used."
        version = f"the version that is in use since {self.since:%Y-%m-%d %H:%M} UTC"
        if self.gone:
            return (
                f"{self.merchant} takes no new orders; what is under way is finished by {version}."
            )
        return f"{self.merchant} goes on by {version}, for as long as this lasts."


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

    Of two merchants that would get in each other's way (`same_orders`) the one that the ledger
    knows goes on, else the first by name.

    :param wanted: only the merchant of this DAG id: no other merchant's file is opened, so what
        only shows beside the others is not seen.
    :returns: the merchants that go on, among them those that do so by their last good version, and
        every broken or missing file.
    """
    good: dict[str, Merchant] = {}
    broken: dict[str, BrokenFile] = {}
    place = folder()
    only = None if wanted is None else wanted.removeprefix(PREFIX)
    if wanted is not None and only == wanted:
        return [], []
    files = _by_name(place, only)
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
            good[name] = _one(name, paths, defaults)
        except BadFile as error:
            broken[name] = _broken(name, error)
    if only is not None:
        if only not in good:
            _, versions = last_good.known(lambda _: {only})
            _go_on(good, broken, versions, {only} - files.keys())
        return list(good.values()), list(broken.values())
    known, versions = last_good.known(lambda names: names.keys() - good.keys())
    missing = versions.keys() - files.keys()
    _go_on(good, broken, versions, missing)
    _part(good, broken, {name: paths[0].name for name, paths in files.items()}, known, missing)
    return [good[name] for name in sorted(good)], [broken[name] for name in sorted(broken)]


def _go_on(
    good: dict[str, Merchant],
    broken: dict[str, BrokenFile],
    versions: dict[str, LastGood],
    missing: Collection[str],
) -> None:
    """Add the last good versions of what is broken or missing to what goes on."""
    for name, version in versions.items():
        if name in missing:
            text = (
                f"{version.file} is gone, and nobody said what becomes of {name}. Put it back, or: "
                f"`fulfil rename {name} <new name>`, `fulfil retire {name}`"
            )
            broken[name] = BrokenFile(name, text, gone=True)
        try:
            good[name] = Merchant.model_validate(version.settings)
        except ValidationError:  # of another version of this program
            continue
        if name in broken:
            broken[name] = replace(broken[name], since=version.since)


def _part(
    good: dict[str, Merchant],
    broken: dict[str, BrokenFile],
    files: Mapping[str, str],
    known: Collection[str],
    missing: Collection[str],
) -> None:
    """Take those out that get in another one's way.

    Whose file is gone goes on, then who is as the ledger knows it, then who it knows, then the
    first by name. One that the ledger knows as it was before goes on like that, if it can.
    """

    def named(order: Iterable[str]) -> list[tuple[str, Merchant]]:
        return [(files.get(name, f"{name}.yaml"), good[name]) for name in order]

    if not any(_clashes(named(sorted(good)))):
        return
    _, versions = last_good.known(lambda names: names.keys() & good.keys()) if known else ({}, {})
    before: dict[str, Merchant] = {}
    _go_on(before, {}, versions, ())
    order = sorted(
        good, key=lambda n: (n not in missing, before.get(n) != good[n], n not in known, n)
    )
    for name, problem in list(_clashes(named(order), missing)):
        del good[name]
        broken[name] = _broken(name, BadFile([problem]))
    for name in sorted(before.keys() - good.keys()):
        good[name] = before[name]
        if any(_clashes(named([*(other for other in sorted(good) if other != name), name]))):
            del good[name]
        else:
            broken[name] = replace(broken[name], since=versions[name].since)


def same_orders(good: Iterable[tuple[str, Merchant]]) -> list[Problem]:
    """Return a problem for each file that would get in the way of the orders of one before it.

    That is: one that fetches the same orders, or one whose orders come into the same wemalo client
    or shop. Order ids of two plentymarkets systems are alike, so there one merchant's order would
    take the place of the other's; two warehouses of one system share their ids and may share it.

    :param good: file names and their merchants.
    """
    return [problem for _, problem in _clashes(good)]


def _clashes(
    good: Iterable[tuple[str, Merchant]], missing: Collection[str] = ()
) -> Iterator[tuple[str, Problem]]:
    """Yield the merchants that get in the way of one before them, and what is wrong.

    :param missing: merchants whose file is gone; one that takes their place may be their new name.
    """
    used: list[tuple[str, Merchant]] = []
    for file, merchant in good:
        for first, other in used:
            found = _clash(file, merchant, first, other)
            if found is not None:
                if other.merchant in missing:
                    found = replace(found, text=_renamed(merchant.merchant, other.merchant))
                yield merchant.merchant, found
                break
        else:
            used.append((file, merchant))


def _renamed(name: str, former: str) -> str:
    return (
        f"this is the system or the wemalo client of {former}, whose file is gone and whose orders "
        f"are still finished; {name} is not used, so that nothing is sent twice. If {name} is its "
        f"new name: `fulfil rename {former} {name}`. If {former} is over: `fulfil retire {former}`"
    )


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
