"""Load what judging orders needs, once, in the process that the tasks are forked from.

The import of Great Expectations takes seconds; a fork of a process that has done it pays nothing.
LocalExecutor forks tasks from the scheduler, Celery from its worker. ``FULFILMENT_PRELOAD=0``
switches it off: then each task with orders pays for itself, and 250 MB of memory are saved.
"""

from __future__ import annotations

import os

SWITCH = "FULFILMENT_PRELOAD"
#: whose postal codes are read ahead; those of other countries when their first address comes by
COUNTRIES = ("DE", "AT", "CH")


def is_on() -> bool:
    """Say whether anything is to be loaded ahead."""
    return os.environ.get(SWITCH, "1").strip() not in {"0", "off", "false"}


def preload() -> None:
    """Import and read everything, unless it is switched off."""
    if not is_on():
        return
    from include.core.address.check import check_address
    from include.core.address.places import places
    from include.core.orders.models import Address
    from include.core.quality.settings import QualitySettings
    from include.quality.validation import warm_up

    for country in COUNTRIES:
        places(country)
    check_address(
        Address(address1="Platz 1", postal_code="10115", country="DE", phone="030 1234567"),
        QualitySettings(),
    )
    warm_up()  # last: it tells the garbage collector that all of this stays
