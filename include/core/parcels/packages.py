"""Which package of a plentymarkets order takes a parcel's number (plentymarkets contract 10.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.core.systems.values import need_id, words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def choose(
    packages: Sequence[Mapping[str, Any]],
    number: str,
    own: int | None,
    others: Collection[int],
    sent: str | None = None,
) -> tuple[str, int]:
    """Return what to do, and the package's id: ``there``, ``fill`` or ``create`` (id 0).

    Its own package first, then one that has the number already, then one that our last call made
    with the parcel's earlier number, then one without a number. A package that another parcel has
    is never taken: two parcels may share one number.

    :param packages: the order's packages as plentymarkets shows them.
    :param own: the package that the parcel has already, where it has one.
    :param others: the packages of the order's other parcels.
    :param sent: the number that the last call for this parcel carried, whatever came of it.
    """
    ids = {need_id(row, "id"): row for row in packages}
    free = {n: words(row.get("packageNumber")) for n, row in ids.items() if n not in others}
    if own is not None and own in free:
        return ("there" if free[own] == number else "fill"), own
    wishes = [(number, "there"), (sent if own is None else None, "fill"), ("", "fill")]
    for wanted, what in wishes:
        for package_id, there in free.items():
            if there == wanted:
                return what, package_id
    return "create", 0
