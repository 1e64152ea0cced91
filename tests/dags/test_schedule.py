"""A merchant's schedule: fixed times, and the event of a trigger that stays the same."""

from __future__ import annotations

from airflow.models.trigger import Trigger
from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable
from airflow.serialization.encoders import encode_trigger
from airflow.triggers.base import BaseEventTrigger
from fulfilment.schedule import schedule_of
from fulfilment.triggers.orders_waiting import OrdersWaitingTrigger

from include.config.merchants import find
from include.core.merchants.merchant import Merchant


def merchant(**changes: object) -> Merchant:
    return find("beta").model_copy(update=changes)


def trigger_of(merchant: Merchant) -> BaseEventTrigger:
    schedule = schedule_of(merchant)
    assert isinstance(schedule, AssetOrTimeSchedule)
    (asset,) = schedule.asset_condition.objects
    assert asset.name == "orders_waiting__beta"
    return asset.watchers[0].trigger


def test_a_merchant_runs_at_fixed_times_and_by_the_event_of_its_own_asset() -> None:
    schedule = schedule_of(merchant(schedule_minutes=30))
    assert schedule.timetable == CronDataIntervalTimetable("*/30 * * * *", timezone="UTC")
    trigger = trigger_of(merchant())
    assert isinstance(trigger, OrdersWaitingTrigger)
    assert trigger.watch.merchant == "beta"


def test_polling_can_be_switched_off() -> None:
    assert isinstance(schedule_of(merchant(poll_seconds=0)), CronDataIntervalTimetable)


def identity(trigger: BaseEventTrigger) -> int:
    encoded = encode_trigger(trigger)
    return BaseEventTrigger.hash(encoded["classpath"], encoded["kwargs"])


def test_the_stored_trigger_is_kept_by_every_parse_and_replaced_by_a_changed_setting() -> None:
    first = trigger_of(merchant())
    encoded = encode_trigger(first)
    stored = Trigger(classpath=encoded["classpath"], kwargs=encoded["kwargs"])
    assert BaseEventTrigger.hash(stored.classpath, stored.kwargs) == identity(
        trigger_of(merchant())
    )
    assert identity(trigger_of(merchant(poll_seconds=7))) != identity(first)
