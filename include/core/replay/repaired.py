"""What a replay has repaired, in words, from the events it left in the orders' diaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.core.dry_run.plan import Language

SHOWN = 20  # order ids of a line
#: kinds of events -> (de, en) with {n}; in the order of the summary
REPAIRS: dict[tuple[str, ...], tuple[str, str]] = {
    ("submitting",): ("{n} Auftrag/Aufträge an wemalo gesendet", "{n} order(s) sent to wemalo"),
    ("adopted",): (
        "{n} Auftrag/Aufträge übernommen, die wemalo schon hatte",
        "{n} order(s) taken over that wemalo had already",
    ),
    ("change_sent",): ("{n} Änderung(en) gesendet", "{n} change(s) sent to wemalo"),
    ("cancelled",): ("{n} Auftrag/Aufträge storniert", "{n} order(s) cancelled"),
    ("status_written",): ("{n} Status gesetzt", "{n} status(es) set"),
    ("package_created", "package_filled"): ("{n} Paket(e) eingetragen", "{n} package(s) written"),
    ("shipping_info_written",): (
        "{n} Versandinformation(en) geschrieben", "{n} shipping information(s) written",
    ),
    ("goods_issue_written",): (
        "{n} Warenausgang/-gänge gebucht", "{n} goods issue(s) booked",
    ),
    ("return_created", "return_adopted"): (
        "{n} Retoure(n) angelegt", "{n} return order(s) created",
    ),
    ("return_booked",): ("{n} Retoure(n) eingebucht", "{n} return(s) booked into stock"),
    ("return_announced",): ("{n} Retoure(n) angekündigt", "{n} return(s) announced"),
    ("document_attached",): ("{n} Dokument(e) angehängt", "{n} document(s) attached"),
    ("exception_opened",): ("{n} Ausnahme(n) gemeldet", "{n} exception(s) opened"),
}  # fmt: skip
#: every kind of event that the summary counts
KINDS = frozenset(kind for kinds in REPAIRS for kind in kinds)


def summary(events: Mapping[str, Sequence[int]], language: Language) -> Iterator[str]:
    """Yield one line per kind of repair, with the orders.

    :param events: kind of event -> the orders it happened to, one entry per event.
    """
    index = 0 if language == "de" else 1
    for kinds, texts in REPAIRS.items():
        ids = [order_id for kind in kinds for order_id in events.get(kind, ())]
        if ids:
            yield f"{texts[index].format(n=len(ids))}: {_listed(sorted(set(ids)), language)}"
    if not any(events.values()):
        yield ("Nichts war zu reparieren.", "Nothing had to be repaired.")[index]


def _listed(ids: Sequence[int], language: Language) -> str:
    more = len(ids) - SHOWN
    text = ", ".join(map(str, ids[:SHOWN]))
    rest = f" und {more} weitere" if language == "de" else f" and {more} more"
    return text + rest if more > 0 else text
