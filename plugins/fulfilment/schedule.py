"""When a merchant's DAG runs: at fixed times, and as soon as an order waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronDataIntervalTimetable

from fulfilment.triggers.orders_waiting import OrdersWaitingTrigger
from include.core.orders.between_runs import Watch

if TYPE_CHECKING:
    from include.core.merchants.merchant import Merchant


def schedule_of(merchant: Merchant) -> AssetOrTimeSchedule | CronDataIntervalTimetable:
    """Return the schedule: the merchant's interval, or the event of its watcher if it has one."""
    times = CronDataIntervalTimetable(merchant.cron, timezone="UTC")
    if not merchant.poll_seconds:
        return times
    trigger = OrdersWaitingTrigger(
        poll_seconds=merchant.poll_seconds, **Watch.of(merchant).to_json()
    )
    asset = Asset(
        name=f"orders_waiting__{merchant.merchant}",
        watchers=[AssetWatcher(name="plentymarkets", trigger=trigger)],
    )
    return AssetOrTimeSchedule(timetable=times, assets=[asset])
