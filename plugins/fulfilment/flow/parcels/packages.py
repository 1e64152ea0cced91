"""Write parcels as plentymarkets packages, each once: adopt, correct, fill or create one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.each import each
from fulfilment.flow.parcels.ship import correct_information
from fulfilment.flow.reading import read_orders
from fulfilment.flow.work import log
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.errors import NotFound
from include.core.failures import Level, as_own, level_of
from include.core.packages import choose
from include.core.tracking import weight_g
from include.core.values import need_id
from include.core.wemalo_order import external_id
from include.ledger import shipping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from fulfilment.flow.work import Work

#: orders read at a time: as many as one search answers with
AT_A_TIME = PAGE_SIZE


@dataclass(slots=True)
class _Packages:
    """An order's packages, kept up to date with what is written here.

    :param sure: read by the order's own route; a search may lag behind (contract 10.1).
    """

    rows: list[dict[str, Any]]
    sure: bool = False
    taken: dict[str, int] = field(default_factory=dict)  # parcel id -> package id

    def others(self, parcel_id: str) -> set[int]:
        """Return the packages that the order's other parcels have."""
        return {package for parcel, package in self.taken.items() if parcel != parcel_id}


def parcel_subject(parcel: Row[Any]) -> str:
    """Return the subject of a parcel."""
    return f"parcel:{parcel.order_id}:{parcel.parcel_id}"


def write_parcels(work: Work, counts: dict[str, int]) -> None:
    """Write each parcel as one plentymarkets package; look first, since a POST has no key."""
    with work.engine.begin() as connection:
        ids = shipping.orders_to_write(connection, work.name)
    weights = _Weights(work)
    for some in work.slices(ids, AT_A_TIME):
        if not _write_some(work, some, weights, counts):
            return


def _write_some(work: Work, ids: Sequence[int], weights: _Weights, counts: dict[str, int]) -> bool:
    """Write the parcels of some orders; False where plentymarkets cannot be used."""
    read = read_orders(work, "packages", ids, ["shippingPackages"])
    if not read.usable or not each(work, "package", sorted(read.gone), partial(_deleted, work)):
        return False
    there = {
        order_id: _Packages(list(row.get("shippingPackages") or []))
        for order_id, row in read.found.items()
    }
    with work.engine.begin() as connection:
        lacking = shipping.parcels_to_write(connection, work.name, list(there))
        for row in shipping.packages_of(connection, work.name, list(there)):
            there[row.order_id].taken[row.parcel_id] = row.plenty_package_id

    def write(parcel: Row[Any]) -> None:
        _write_parcel(work, parcel, there[parcel.order_id], weights.of(parcel))
        counts["packages"] += 1

    return each(work, "package", lacking, write, subject=parcel_subject)


def _deleted(work: Work, order_id: int) -> None:
    text = (
        f"plentymarkets has no order {order_id} any more, and a parcel of it has left the "
        "warehouse. Its row stays in wemalo's queue; treat the parcel as a return, or ask the "
        "warehouse to acknowledge it."
    )
    raise NotFound(text, code="ORDER_DELETED", merchant=work.name)


class _Weights:
    """What wemalo knows of parcels' weights: an extra, so a failed read of it stops no number."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[int, dict[str, int | None]] = {}
        self._usable = True

    def of(self, parcel: Row[Any]) -> int | None:
        """Return a parcel's weight in grams, None where it is not known (wemalo contract 5)."""
        if self._usable and parcel.order_id not in self._known:
            self._known[parcel.order_id] = self._read(parcel.order_id)
        return self._known.get(parcel.order_id, {}).get(parcel.parcel_id)

    def _read(self, order_id: int) -> dict[str, int | None]:
        try:
            packages = self._work.wemalo.packages(external_id(order_id))
            return {str(row.get("id")): weight_g(row.get("weightTotal")) for row in packages}
        except Exception as error:
            own, level = as_own(error, self._work.name), level_of(error)
            if level is Level.PLATFORM:
                raise
            if level is Level.SYSTEM:
                self._work.note_trouble(own)
                self._usable = False
            log.warning("%s order %s: no weight: %s", self._work.name, order_id, own.log)
            return {}


def _write_parcel(work: Work, parcel: Row[Any], packages: _Packages, weight_g: int | None) -> None:
    """Write one parcel and remember its package."""
    package_id, event = _put_package(work, parcel, packages, weight_g)
    packages.taken[parcel.parcel_id] = package_id
    with work.engine.begin() as connection:
        shipping.parcel_written(
            connection,
            work.name,
            parcel.order_id,
            parcel.parcel_id,
            number=parcel.tracking_number,
            plenty_package_id=package_id,
            weight_g=weight_g,
        )
        work.journal.add(
            connection,
            parcel.order_id,
            event,
            parcel=parcel.parcel_id,
            tracking=parcel.tracking_number,
            weight_g=weight_g,
        )
        correct_information(work, connection, parcel.order_id)


def _put_package(
    work: Work, parcel: Row[Any], packages: _Packages, weight_g: int | None
) -> tuple[int, str]:
    """Make plentymarkets have a parcel's number; return its package and what was done."""
    number, kind = parcel.tracking_number, work.merchant.plenty.package_type_id
    others = packages.others(parcel.parcel_id)
    what, package_id = choose(packages.rows, number, parcel.plenty_package_id, others)
    if what == "create" and not packages.sure:
        packages.rows, packages.sure = work.plenty.packages(parcel.order_id), True
        what, package_id = choose(packages.rows, number, parcel.plenty_package_id, others)
    if what == "there":
        return package_id, "package_there"
    if what == "fill":
        work.plenty.update_package(
            parcel.order_id, package_id, package_type_id=kind, number=number, weight_g=weight_g
        )
        for row in packages.rows:
            if need_id(row, "id") == package_id:
                row["packageNumber"] = number
        return package_id, "package_filled"
    package_id = work.plenty.create_package(
        parcel.order_id, package_type_id=kind, number=number, weight_g=weight_g
    )
    packages.rows.append({"id": package_id, "packageNumber": number})
    return package_id, "package_created"
