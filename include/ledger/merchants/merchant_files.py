"""The last good version of each merchant file: kept by its tasks, used while the file is broken."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.core.systems.errors import ConfigError
from include.ledger.tables import merchant_files

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.core.merchants.merchant import Merchant

_c = merchant_files.c
_RED_LOCK = 7_305_113  # any fixed number: of many runs with one mistake one is red


@dataclass(frozen=True, slots=True)
class LastGood:
    """A version that tasks have run with.

    :param file: name of the file that it stood in.
    :param settings: of `Merchant`, as JSON.
    :param since: when a task first ran with it (UTC).
    """

    merchant: str
    file: str
    settings: Mapping[str, Any]
    since: datetime


def note_good(connection: Connection, merchant: Merchant) -> None:
    """Keep the settings that a task runs with; one read, unless they are new.

    :raises ConfigError: code ``SAME_ORDERS``: the ledger knows another merchant that fetches the
        same orders, most likely this one under its former name; nothing was noted.
    """
    name, settings = merchant.merchant, merchant.model_dump(mode="json")
    version = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    known = connection.execute(
        select(_c.version).where(_c.merchant == name, _c.retired_at.is_(None))
    ).scalar_one_or_none()
    if known == version:
        return
    _refuse_a_second_name(connection, merchant)
    values = {"file": f"{name}.yaml", "version": version, "settings": settings}
    connection.execute(
        insert(merchant_files)
        .values(merchant=name, **values)
        .on_conflict_do_update(
            index_elements=["merchant"],
            set_={**values, "good_since": func.now(), "red_for": None, "retired_at": None},
        )
    )


def _refuse_a_second_name(connection: Connection, merchant: Merchant) -> None:
    plenty, name = merchant.plenty, merchant.merchant
    other = connection.execute(
        select(_c.merchant)
        .where(
            _c.merchant != name,
            _c.retired_at.is_(None),
            _c.settings["plenty"].contains(
                {
                    "connection": plenty.connection,
                    "plenty_id": plenty.plenty_id,
                    "warehouse_id": plenty.warehouse_id,
                }
            ),
        )
        .order_by(_c.merchant)
        .limit(1)
        .with_for_update()
    ).scalar_one_or_none()
    if other is not None:
        operator = (
            f"{name} would fetch the orders of {other} (the same connection, plentyID and "
            f"warehouse) and send them twice; nothing is done for {name}. If it is {other} under "
            f"a new name: `fulfil rename {other} {name}`. If {other} is over: `fulfil retire "
            f"{other}`. If the file of {other} was changed just now: its next run settles it."
        )
        raise ConfigError(operator, code="SAME_ORDERS", merchant=name)


def names(connection: Connection) -> dict[str, str]:
    """Return the merchants with a good version that were not retired, and the file of each."""
    rows = connection.execute(select(_c.merchant, _c.file).where(_c.retired_at.is_(None)))
    return {row.merchant: row.file for row in rows}


def last_good(connection: Connection, merchants: Collection[str]) -> dict[str, LastGood]:
    """Return the last good versions of those merchants that have one, by name."""
    rows = connection.execute(
        select(merchant_files).where(_c.merchant.in_(list(merchants)), _c.retired_at.is_(None))
    )
    return {row.merchant: _good(row) for row in rows}


def _good(row: Row[Any]) -> LastGood:
    return LastGood(row.merchant, row.file, row.settings, row.good_since)


def turns_red(connection: Connection, merchant: str, mistake: str) -> bool:
    """Say whether this is the first run that meets a mistake, and note that it was met.

    :param mistake: its digest; many merchants may share one.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _RED_LOCK})
    told = connection.execute(select(_c.merchant).where(_c.red_for == mistake).limit(1)).first()
    connection.execute(
        update(merchant_files).where(_c.merchant == merchant).values(red_for=mistake)
    )
    return told is None


def forget_mistakes(connection: Connection, broken: Collection[str]) -> None:
    """Let the next mistake of every merchant that is not broken be told by a red run again."""
    connection.execute(
        update(merchant_files)
        .where(_c.red_for.is_not(None), _c.merchant.not_in(list(broken)))
        .values(red_for=None)
    )


def retire(connection: Connection, merchant: str) -> None:
    """Note that nothing is done for a merchant any more."""
    connection.execute(
        update(merchant_files).where(_c.merchant == merchant).values(retired_at=func.now())
    )


def is_retired(connection: Connection, merchant: str) -> bool:
    """Say whether a merchant was ended, or has another name now."""
    ended = select(_c.merchant).where(_c.merchant == merchant, _c.retired_at.is_not(None))
    return connection.execute(ended).first() is not None
