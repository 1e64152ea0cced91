"""The doctor's newest report per merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from include.core.doctor.ledger_checks import PRIVATE_LOG
from include.ledger.tables import doctor_reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


def kept(connection: Connection, merchant: str) -> tuple[dict[str, Any] | None, bool]:
    """Return the newest report, None if there is none, and whether one was ever ready."""
    row = connection.execute(
        select(doctor_reports.c.report, doctor_reports.c.was_ready).where(
            doctor_reports.c.merchant == merchant
        )
    ).one_or_none()
    return (None, False) if row is None else (row.report, row.was_ready)


def log_settings(connection: Connection) -> dict[str, str]:
    """Return what the server may write to its log, as far as this session may see it."""
    rows = connection.execute(
        text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)"),
        {"names": list(PRIVATE_LOG)},
    )
    return {row.name: row.setting for row in rows}


def keep(connection: Connection, merchant: str, report: Mapping[str, Any]) -> None:
    """Keep a report (`include.core.doctor.report.Report.to_json`) in place of the one before."""
    values = {"report": dict(report), "was_ready": bool(report["ready"])}
    connection.execute(
        insert(doctor_reports)
        .values(merchant=merchant, **values)
        .on_conflict_do_update(
            index_elements=[doctor_reports.c.merchant],
            set_={
                "report": values["report"],
                "was_ready": doctor_reports.c.was_ready | values["was_ready"],
                "made_at": func.now(),
            },
        )
    )
