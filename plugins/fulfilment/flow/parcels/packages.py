"""Write parcels as plentymarkets packages, each once: adopt, correct, fill or create one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from fulfilment.flow.changes.last_look import look_once_more
from fulfilment.flow.parcels.ship import correct_information
from fulfilment.flow.systems.each import by_order, each
from fulfilment.flow.systems.groups import GroupWrite, in_groups
from fulfilment.flow.systems.reading import read_orders
from fulfilment.flow.systems.side_by_side import lanes
from fulfilment.flow.systems.work import log
from fulfilment.flow.systems.write import Write, write
from fulfilment.hooks.paging import PAGE_SIZE
from include.core.orders.states import State
from include.core.orders.wemalo_order import external_id
from include.core.parcels.packages import choose
from include.core.parcels.tracking import weight_g
from include.core.parcels.tracking_forms import fits
from include.core.systems.errors import NotFound, WriteHeld
from include.core.systems.failures import Level, as_own, level_of
from include.core.systems.values import whole
from include.ledger.exceptions import exceptions
from include.ledger.orders import orders
from include.ledger.parcels import shipping

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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

    def choose(self, parcel: Row[Any]) -> tuple[str, int]:
        """Return what is to be done for one of the order's parcels; others keep theirs."""
        others = {taken for of, taken in self.taken.items() if of != parcel.parcel_id}
        return choose(
            self.rows, parcel.tracking_number, parcel.plenty_package_id, others, parcel.sent_number
        )

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

    weights.read(sorted({parcel.order_id for parcel in lacking}))
    kind = Packages(work, lacking, there, weights, counts)
    return in_groups(work, work.plenty, kind, lacking, subject=parcel_subject)


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
        return self._known.get(parcel.order_id, {}).get(parcel.parcel_id)

    def read(self, order_ids: Sequence[int]) -> None:
        """Read what is known of the parcels of some orders."""
        new = [order_id for order_id in order_ids if order_id not in self._known]
        with lanes(self._work.wemalo) as made:
            for order_id, packages in made.make(
                new, _packed, needs=lambda _: (), go_on=lambda: self._usable, meanwhile=lambda: None
            ):
                self._keep(order_id, packages)

    def _keep(self, order_id: int, packages: list[dict[str, Any]] | Exception) -> None:
        error = packages if isinstance(packages, Exception) else None
        try:
            if not isinstance(packages, Exception):
                self._known[order_id] = {
                    str(row.get("id")): weight_g(row.get("weightTotal")) for row in packages
                }
        except Exception as odd:
            error = odd
        if error is not None:
            own, level = as_own(error, self._work.name), level_of(error)
            if level is Level.PLATFORM:
                raise
            if level is Level.SYSTEM:
                if self._usable:
                    self._work.note_trouble(own)
                self._usable = False
            log.warning("%s order %s: no weight: %s", self._work.name, order_id, own.log)
            self._known[order_id] = {}


def _packed(hook: Any, order_id: int) -> list[dict[str, Any]]:
    packed: list[dict[str, Any]] = hook.packages(external_id(order_id))
    return packed


class _OtherPackage(Exception):
    """The order's own route shows a package that the search did not: it is decided anew."""


class Packages(GroupWrite["Row[Any]", tuple[int, str]]):
    """Parcels as packages, one per order in a group; an order's other parcels go alone."""

    step = "package"

    def __init__(
        self,
        work: Work,
        parcels: Sequence[Row[Any]],
        there: Mapping[int, _Packages],
        weights: _Weights,
        counts: dict[str, int],
    ) -> None:
        """Take in all parcels that are to be written, and their orders' packages."""
        self._work = work
        self._parcels = Counter(parcel.order_id for parcel in parcels)
        self._there = there
        self._weights = weights
        self._counts = counts
        self._chosen: dict[int, tuple[str, int]] = {}

    def about(self, parcel: Row[Any]) -> Write:
        """Return the write of a parcel's package."""
        return _about(parcel)

    def fits(self, parcel: Row[Any]) -> bool:
        """Leave out who may find what an earlier call with another number has made."""
        same = parcel.sent_number in {None, parcel.tracking_number}
        return same and self._parcels[parcel.order_id] == 1

    def begin(self, connection: Connection, parcels: Sequence[Row[Any]]) -> Collection[Row[Any]]:
        """Choose the package, and note that it is to have the number."""
        for parcel in parcels:
            self._chosen[parcel.order_id] = self._there[parcel.order_id].choose(parcel)
        ahead = [
            (parcel, None if what == "there" else package_id)
            for parcel in parcels
            for what, package_id in [self._chosen[parcel.order_id]]
        ]
        return shipping.begin_packages(connection, self._work.name, ahead)

    def send(self, hook: Any, parcel: Row[Any]) -> tuple[int, str]:
        """Fill or create the package; before one is created the order's own route is read."""
        packages = self._there[parcel.order_id]
        what, package_id = self._chosen[parcel.order_id]
        if what == "create" and not packages.sure:
            packages.rows, packages.sure = hook.packages(parcel.order_id), True
            what, package_id = packages.choose(parcel)
            if what == "fill":
                raise _OtherPackage
        return _put(self._work, hook, parcel, what, package_id, self._weights.of(parcel))

    def end(self, connection: Connection, done: Sequence[tuple[Row[Any], tuple[int, str]]]) -> None:
        """Note the packages that the parcels have."""
        work = self._work
        weights = {parcel.order_id: self._weights.of(parcel) for parcel, _ in done}
        shipping.parcels_written(
            connection, work.name,
            [(parcel, package_id, weights[parcel.order_id]) for parcel, (package_id, _) in done],
        )  # fmt: skip
        work.journal.add_many(
            connection,
            [
                (
                    parcel.order_id,
                    event,
                    {
                        "parcel": parcel.parcel_id,
                        "tracking": parcel.tracking_number,
                        "weight_g": weights[parcel.order_id],
                    },
                )
                for parcel, (_, event) in done
            ],
        )
        known = orders.known(connection, work.name, [parcel.order_id for parcel, _ in done])
        for order_id, order in sorted(known.items()):
            if order.state is State.SHIPPED:
                correct_information(work, connection, order_id)
        _hint_at_numbers(work, connection, [parcel for parcel, _ in done])

    def after(self, parcel: Row[Any], result: tuple[int, str]) -> None:
        """Keep the order's packages up to date."""
        packages = self._there[parcel.order_id]
        packages.taken[parcel.parcel_id] = result[0]
        packages.has(result[0], parcel.tracking_number)
        self._counts["packages"] += 1

    def failed(self, parcel: Row[Any], error: Exception, sent: bool) -> None:
        """Decide anew where the order has another package than was thought."""
        if not isinstance(error, _OtherPackage):
            raise error
        self.alone(parcel)

    def unsent(self, connection: Connection, parcels: Sequence[Row[Any]]) -> None:
        """Leave what was noted ahead: it is the parcel's package, now or later."""

    def alone(self, parcel: Row[Any]) -> None:
        """Write one parcel by itself."""
        packages = self._there[parcel.order_id]
        _write_parcel(self._work, parcel, packages, self._weights.of(parcel))
        self._counts["packages"] += 1


def _hint_at_numbers(work: Work, connection: Connection, written: Sequence[Row[Any]]) -> None:
    """Tell of numbers that have no form of their carrier; they are written all the same."""
    if work.merchant.number_forms == "off":
        return
    parcels = shipping.parcels_by_order(connection, work.name, [p.order_id for p in written])
    right = []
    for parcel in written:
        odd = [
            p
            for p in parcels[parcel.order_id]
            if p.written_number and not fits(p.carrier, p.written_number)
        ]
        if not odd:
            right.append(by_order(parcel))
        elif any(p.parcel_id == parcel.parcel_id for p in odd):
            work.tell(
                connection, parcel.order_id, NUMBER_ODD,
                parcel=", ".join(p.parcel_id for p in odd),
                carrier=", ".join(sorted({p.carrier for p in odd})),
            )  # fmt: skip
    exceptions.clear_all(connection, work.journal, right, NUMBER_ODD)


def _about(parcel: Row[Any]) -> Write:
    what = f"the package of parcel {parcel.parcel_id}"
    return Write("package", (parcel_subject(parcel),), what)


def _put(
    work: Work, hook: Any, parcel: Row[Any], what: str, package_id: int, weight_g: int | None
) -> tuple[int, str]:
    """Fill or create a package; return its id, and what happened."""
    if what == "there":
        return package_id, "package_there"
    kind, number = work.merchant.plenty.package_type_id, parcel.tracking_number
    if what == "fill":
        hook.update_package(
            parcel.order_id, package_id, package_type_id=kind, number=number, weight_g=weight_g
        )
        return package_id, "package_filled"
    package_id = hook.create_package(
        parcel.order_id, package_type_id=kind, number=number, weight_g=weight_g
    )
    return package_id, "package_created"


def _write_parcel(work: Work, parcel: Row[Any], packages: _Packages, weight_g: int | None) -> None:
    """Make plentymarkets have a parcel's number, and remember its package."""
    parcel_id, number = parcel.parcel_id, parcel.tracking_number

    def read() -> tuple[str, int]:
        packages.rows, packages.sure = work.plenty.packages(parcel.order_id), True
        return packages.choose(parcel)

    def look() -> tuple[int, str] | None:
        what, package_id = read()
        return (package_id, "package_there") if what == "there" else None

    def send() -> tuple[int, str]:
        what, package_id = packages.choose(parcel)
        if what == "create" and not packages.sure:
            what, package_id = read()
        if what == "there":
            return package_id, "package_there"
        with work.engine.begin() as connection:
            if not shipping.begin_package(connection, work.name, parcel, package_id):
                text = f"Parcel {parcel_id} of order {parcel.order_id} was written meanwhile."
                raise WriteHeld(text, merchant=work.name)
        return _put(work, work.plenty, parcel, what, package_id, weight_g)

    def end(connection: Connection, result: tuple[int, str], _adopted: bool) -> None:
        package_id, event = result
        shipping.parcels_written(connection, work.name, [(parcel, package_id, weight_g)])
        work.journal.add(
            connection, parcel.order_id, event,
            parcel=parcel_id, tracking=number, weight_g=weight_g,
        )  # fmt: skip
        correct_information(work, connection, parcel.order_id)
        _hint_at_numbers(work, connection, [parcel])

    package_id, _ = write(
        work, work.plenty, _about(parcel), send, look=look, end=end,
        begin=lambda connection: shipping.begin_package(connection, work.name, parcel),
    )  # fmt: skip
    packages.taken[parcel_id] = package_id
    packages.has(package_id, number)
