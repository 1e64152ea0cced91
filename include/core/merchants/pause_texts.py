"""What an operator reads of a merchant whose work stands, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.merchants.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from include.core.merchants.modes import Standing

MERCHANT_PAUSED, DAG_PAUSED, CAME_BACK = "MERCHANT_PAUSED", "DAG_PAUSED", "DAG_CAME_BACK_PAUSED"
CODES = frozenset({MERCHANT_PAUSED, DAG_PAUSED, CAME_BACK})

#: code -> (de, en, action_de, action_en); part of `include.core.exceptions.exception_texts`
PAUSES: dict[str, tuple[str, str, str, str]] = {
    MERCHANT_PAUSED: (
        "{mode_de}, seit {since} von {by}{until_de}: {reason}. Es wartet: {waits_de}.",
        "{mode_en}, since {since} by {by}{until_en}: {reason}. Waiting: {waits_en}.",
        "Nichts, solange das gewollt ist; `fulfil resume {merchant}` beendet es.",
        "Nothing while it is meant; `fulfil resume {merchant}` ends it.",
    ),
    DAG_PAUSED: (
        "Der DAG ist in Airflow pausiert, seit {since} von {by}: keine Aufgabe beginnt mehr, auch "
        "nicht für das, was schon im Lager ist (Status, Sendungsnummern, Stornierungen). "
        "{left_de}Es wartet: {waits_de}.",
        "Its DAG is paused in Airflow, since {since} by {by}: no task begins any more, not even "
        "for what is at the warehouse already (statuses, tracking numbers, cancellations). "
        "{left_en}Waiting: {waits_en}.",
        "`fulfil resume {merchant}` lässt alles weiterlaufen. Sollen nur keine neuen Aufträge ins "
        "Lager: danach `fulfil pause {merchant} --new-orders --reason GRUND`.",
        "`fulfil resume {merchant}` lets everything go on. If only no new orders shall go to the "
        "warehouse: `fulfil pause {merchant} --new-orders --reason WHY` after it.",
    ),
    CAME_BACK: (
        "Der DAG steht in Airflow auf Pause, obwohl das niemand entschieden hat: er wurde gelöscht "
        "oder von `airflow db clean` entfernt und kam so zurück. {left_de}Es wartet: {waits_de}.",
        "Its DAG is paused in Airflow although nobody decided that: it was deleted, or removed by "
        "`airflow db clean`, and came back so. {left_en}Waiting: {waits_en}.",
        "Nichts: er wird in der nächsten Minute von selbst wieder eingeschaltet. Soll der Händler "
        "ruhen: `fulfil pause {merchant} --everything --reason GRUND`.",
        "Nothing: it is switched on again by itself within the next minute. If the merchant shall "
        "stand: `fulfil pause {merchant} --everything --reason WHY`.",
    ),
}  # fmt: skip
_MODES = {
    Mode.FINISH: (
        "Nimmt keine neuen Aufträge; was im Lager ist, geht weiter",
        "Takes no new orders; what the warehouse has goes on",
    ),
    Mode.PAUSED: (
        "Alles ruht: auch Status, Sendungsnummern, Stornierungen und Retouren dessen, was im "
        "Lager ist",
        "Everything stands: statuses, tracking numbers, cancellations and returns of what the "
        "warehouse has, too",
    ),
}
#: kinds of `include.ledger.exceptions.undone` -> (de, en)
_KINDS = {
    "order": ("Aufträge", "orders"),
    "cancellation": ("Stornierungen", "cancellations"),
    "change": ("Änderungen", "changes"),
    "look": ("Rückfragen", "look-ups"),
    "rest_over": ("neue Versuche", "new tries"),
    "status": ("Status", "statuses"),
    "note": ("Auftragsnotizen", "order notes"),
    "tracking": ("Sendungsnummern", "tracking numbers"),
    "acknowledge": ("Quittungen", "acknowledgements"),
    "document": ("Dokumente", "documents"),
    "return": ("Retouren", "returns"),
    "announcement": ("Ankündigungen", "announcements"),
    "stock": ("Bestandsbuchungen", "stock bookings"),
}
_UNKNOWN = ("unbekannt", "unknown")


@dataclass(frozen=True, slots=True)
class DagState:
    """A merchant's DAG as Airflow has it.

    :param by: who paused it, by Airflow's audit log; "" where it names nobody.
    :param since: when (UTC).
    :param open_tasks: run -> the tasks that it has not ended.
    """

    paused: bool
    by: str = ""
    since: datetime | None = None
    open_tasks: Mapping[str, Sequence[str]] | None = None


def waits(counts: Mapping[str, int]) -> dict[str, str]:
    """Return what waits as ``waits_de`` and ``waits_en``."""
    german, english = (
        ", ".join(f"{n} {_KINDS.get(kind, (kind, kind))[at]}" for kind, n in sorted(counts.items()))
        for at in (0, 1)
    )
    return {
        "waits_de": german or "nichts, was schon abgeholt ist",
        "waits_en": english or "nothing that was fetched",
    }


def of_mode(standing: Standing) -> dict[str, str]:
    """Return the values of `MERCHANT_PAUSED` that the ledger's decision gives."""
    german, english = _MODES[standing.mode]
    until = f"{standing.until:%Y-%m-%d %H:%M} UTC" if standing.until else ""
    return {
        "mode_de": german,
        "mode_en": english,
        "since": _time(standing.since),
        "by": standing.by,
        "reason": standing.reason,
        "until_de": f", bis {until}" if until else "",
        "until_en": f", until {until}" if until else "",
        "merchant": standing.merchant,
    }


def of_dag(merchant: str, dag: DagState) -> dict[str, str]:
    """Return the values of `DAG_PAUSED` and `CAME_BACK` that Airflow gives."""
    runs = dag.open_tasks or {}
    left = "; ".join(f"{run}: {', '.join(tasks)}" for run, tasks in sorted(runs.items()))
    return {
        "merchant": merchant,
        "by": dag.by or " / ".join(_UNKNOWN),
        "since": _time(dag.since),
        "left_de": f"Ein Lauf ist halb getan ({left}). " if left else "",
        "left_en": f"A run is half done ({left}). " if left else "",
    }


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "?"
