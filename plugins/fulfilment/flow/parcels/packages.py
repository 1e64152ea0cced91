"""Write parcels as plentymarkets packages, each once: adopt, correct, fill or create one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.last_look import look_once_more
from fulfilment.flow.parcels.ship import correct_information
from fulfilment.flow.systems.each import by_order, each
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.wemalo_order import external_id
from include.core.parcels.packages import choose
from include.core.parcels.tracking import weight_g
from include.core.parcels.tracking_forms import fits
from include.core.systems.errors import NotFound, WriteHeld
from include.core.systems.failures import Level, as_own, level_of
from include.core.systems.values import whole
from include.ledger.exceptions import exceptions
from include.ledger.parcels import shipping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from fulfilment.flow.systems.work import Work

NUMBER_ODD = "TRACKING_NUMBER_ODD"
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

    def has(self, package_id: int, number: str) -> None:
        """Take over the number that a package has now."""
        rows = [row for row in self.rows if whole(row.get("id")) != package_id]
        self.rows = [*rows, {"id": package_id, "packageNumber": number}]


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
    look_once_more(work, read.found)
    there = {
        order_id: _Packages(list(row.get("shippingPackages") or []))
        for order_id, row in read.found.items()
    }
    with work.engine.begin() as connection:
        lacking = shipping.parcels_to_write(connection, work.name, list(there))
        for row in shipping.packages_of(connection, work.name, list(there)):
            there[row.order_id].taken[row.parcel_id] = row.plenty_package_id

    def put(parcel: Row[Any]) -> None:
        _write_parcel(work, parcel, there[parcel.order_id], weights.of(parcel))
        counts["packages"] += 1

    return each(work, "package", lacking, put, subject=parcel_subject)


def _deleted(work: Work, order_id: int) -> None:
    text = (
        f"plentymarkets has no order {order_id} any more, and a parcel of it has left the "
        "warehouse. Its row stays in wemalo's queue; treat the parcel as a return, or ask the "
        "warehouse to acknowledge it. What left is still in plentymarkets' stock: book it out."
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


def _hint_at_number(work: Work, connection: Connection, parcel: Row[Any]) -> None:
    """Tell of numbers that have no form of their carrier; they are written all the same."""
    if work.merchant.number_forms == "off":
        return
    parcels = shipping.parcels_of(connection, work.name, parcel.order_id)
    odd = [p for p in parcels if p.written_number and not fits(p.carrier, p.written_number)]
    if not odd:
        exceptions.clear(connection, work.journal, by_order(parcel), NUMBER_ODD)
    elif any(p.parcel_id == parcel.parcel_id for p in odd):
        work.tell(
            connection, parcel.order_id, NUMBER_ODD,
            parcel=", ".join(p.parcel_id for p in odd),
            carrier=", ".join(sorted({p.carrier for p in odd})),
        )  # fmt: skip


def _write_parcel(work: Work, parcel: Row[Any], packages: _Packages, weight_g: int | None) -> None:
    """Make plentymarkets have a parcel's number, and remember its package."""
    parcel_id, number = parcel.parcel_id, parcel.tracking_number

    def chosen() -> tuple[str, int]:
        others = packages.others(parcel_id)
        return choose(packages.rows, number, parcel.plenty_package_id, others, parcel.sent_number)

    def read() -> tuple[str, int]:
        packages.rows, packages.sure = work.plenty.packages(parcel.order_id), True
        return chosen()

    def look() -> tuple[int, str] | None:
        what, package_id = read()
        return (package_id, "package_there") if what == "there" else None

    def send() -> tuple[int, str]:
        what, package_id = chosen()
        if what == "create" and not packages.sure:
            what, package_id = read()
        if what == "there":
            return package_id, "package_there"
        with work.engine.begin() as connection:
            if not shipping.begin_package(connection, work.name, parcel, package_id):
                text = f"Parcel {parcel_id} of order {parcel.order_id} was written meanwhile."
                raise WriteHeld(text, merchant=work.name)
        kind = work.merchant.plenty.package_type_id
        if what == "fill":
            work.plenty.update_package(
                parcel.order_id, package_id, package_type_id=kind, number=number, weight_g=weight_g
            )
            return package_id, "package_filled"
        package_id = work.plenty.create_package(
            parcel.order_id, package_type_id=kind, number=number, weight_g=weight_g
        )
        return package_id, "package_created"

    def end(connection: Connection, result: tuple[int, str], _adopted: bool) -> None:
        package_id, event = result
        shipping.parcel_written(
            connection, work.name, parcel.order_id, parcel_id,
            number=number, plenty_package_id=package_id, weight_g=weight_g,
        )  # fmt: skip
        work.journal.add(
            connection, parcel.order_id, event,
            parcel=parcel_id, tracking=number, weight_g=weight_g,
        )  # fmt: skip
        correct_information(work, connection, parcel.order_id)
        _hint_at_number(work, connection, parcel)

    about = Write("package", (parcel_subject(parcel),), f"the package of parcel {parcel_id}")
    package_id, _ = write(
        work, work.plenty, about, send, look=look, end=end,
        begin=lambda connection: shipping.begin_package(connection, work.name, parcel),
    )  # fmt: skip
    packages.taken[parcel_id] = package_id
    packages.has(package_id, number)
