"""Tracking numbers that change after their parcel has left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.core.errors import FulfilmentError
from include.core.wemalo_order import external_id
from include.ledger import orders, shipping

if TYPE_CHECKING:
    from fulfilment.flow.work import Work

#: orders that left: looked at for so many days, so many times more seldom, so many per run
NUMBER_DAYS, NUMBER_LOOKS, NUMBER_LIMIT = 3, 24, 20


def look_at_numbers(work: Work) -> None:
    """Ask for the tracking numbers of orders that left lately: a label may be made anew.

    Their rows are acknowledged, so wemalo's queue does not tell (wemalo contract 15.3).
    """
    with work.engine.begin() as connection:
        rows = shipping.left_lately(
            connection,
            work.name,
            older_than_s=NUMBER_LOOKS * work.look_again_s,
            days=NUMBER_DAYS,
            limit=NUMBER_LIMIT,
        )
    for row in work.mine(rows):
        try:
            packages = work.wemalo.packages(external_id(row.order_id))
        except FulfilmentError as error:
            work.note_trouble(error)
            return
        numbers = {
            str(package.get("id")): str(package.get("trackingNumber") or "").strip()
            for package in packages
        }
        with work.engine.begin() as connection:
            orders.touch(connection, work.name, [row.order_id], looked_at=datetime.now(UTC))
            for parcel_id in shipping.renumber(connection, work.name, row.order_id, numbers):
                work.journal.add(
                    connection,
                    row.order_id,
                    "tracking_changed",
                    parcel=parcel_id,
                    tracking=numbers[parcel_id],
                )
