"""What a dry run would have done, as lines and as a summary in German and English."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One thing that would be done, or that would not and why.

    :param order_id: None for what belongs to no single order (stock, products).
    :param action: a key of `ACTIONS`.
    :param code: the status to be written, the exception to be opened, why it is skipped.
    :param de: why, in German; never personal.
    """

    order_id: int | None
    action: str
    code: str = ""
    de: str = ""
    en: str = ""


#: action -> (de, en) with {n}; in the order of the summary
ACTIONS: dict[str, tuple[str, str]] = {
    "send": ("würde {n} Auftrag/Aufträge an wemalo senden", "would send {n} order(s) to wemalo"),
    "adopt": (
        "würde {n} Auftrag/Aufträge übernehmen, die wemalo schon hat",
        "would take over {n} order(s) that wemalo has already",
    ),
    "change": ("würde {n} Änderung(en) an wemalo senden", "would send {n} change(s) to wemalo"),
    "cancel": ("würde {n} Auftrag/Aufträge stornieren", "would cancel {n} order(s) at wemalo"),
    "status": ("würde {n} Status setzen", "would set {n} status(es)"),
    "note": ("würde {n} Notiz(en) schreiben", "would write {n} order note(s)"),
    "package": ("würde {n} Paket(e) eintragen", "would write {n} package(s)"),
    "tracking": (
        "würde {n} Versandinformation(en) schreiben",
        "would write {n} shipping information(s)",
    ),
    "goods_issue": ("würde {n} Warenausgang/-gänge buchen", "would book {n} goods issue(s)"),
    "return": ("würde {n} Retoure(n) anlegen", "would create {n} return order(s)"),
    "return_stock": ("würde {n} Retoure(n) einbuchen", "would book {n} return(s) into stock"),
    "announce": ("würde {n} Retoure(n) ankündigen", "would announce {n} return(s)"),
    "document": ("würde {n} Dokument(e) anhängen", "would attach {n} document(s)"),
    "stock": ("würde {n} Bestand/Bestände buchen", "would book {n} stock change(s)"),
    "product": ("würde {n} Artikel senden", "would send {n} product(s)"),
    "exception": ("würde {n} Ausnahme(n) melden", "would open {n} exception(s)"),
    "skip": ("würde {n} auslassen", "would skip {n}"),
}

#: why an order is left as it is -> (de, en)
SKIPS: dict[str, tuple[str, str]] = {
    "FETCHED": ("gelesen, wartet auf die Prüfung", "read, waits to be checked"),
    "READY": ("geprüft, wartet auf das Senden", "checked, waits to be sent"),
    "INVALID": ("Adresse fehlerhaft, wartet auf den Händler", "faulty, waits for the merchant"),
    "NO_STOCK": ("wartet auf Bestand", "waits for stock"),
    "QUARANTINED": ("zurückgestellt, siehe Ausnahmen", "set aside, see the exceptions"),
    "SUBMITTING": ("Übergabe noch nicht geklärt", "hand-over not yet settled"),
    "RETRY_WAIT": ("wartet auf den nächsten Versuch", "waits for the next try"),
    "WAITING": ("beim Lager, wartet dort", "at the warehouse, waits there"),
    "ACCEPTED": ("schon beim Lager", "already at the warehouse"),
    "CANCELLING": ("Storno noch nicht geklärt", "cancellation not yet settled"),
    "CANCELLED": ("storniert", "cancelled"),
    "PARTLY_SHIPPED": ("teilweise versendet", "partly shipped"),
    "SHIPPED": ("versendet", "shipped"),
    "WITHDRAWN": ("vom Händler zurückgenommen", "taken back by the merchant"),
    "FOREIGN_WAREHOUSE": ("anderes Lager", "another warehouse"),
    "NOT_RELEASED": ("nicht freigegeben", "not released"),
    "NOT_AT_WEMALO": (
        "wemalo kennt ihn unter dieser Nummer nicht; zum Senden wieder freigeben",
        "wemalo does not know it by this number; release it again to send it",
    ),
    "SPLIT": ("aufgeteilt, die Lieferaufträge zählen", "split, its delivery orders count"),
}


def skip(order_id: int, code: str) -> PlanLine:
    """Return the line of an order that would be left as it is; see `SKIPS`."""
    german, english = SKIPS[code]
    return PlanLine(order_id, "skip", code, german, english)


def summary(lines: Sequence[PlanLine], language: Language) -> Iterator[str]:
    """Yield one sentence per action, with what it consists of."""
    index = 0 if language == "de" else 1
    if all(line.action == "skip" for line in lines):
        yield ("Nichts zu tun.", "Nothing to do.")[index]
    for action, texts in ACTIONS.items():
        mine = [line for line in lines if line.action == action]
        if mine:
            yield texts[index].format(n=len(mine)) + _parts(mine, language)


def _parts(lines: Sequence[PlanLine], language: Language) -> str:
    def name(line: PlanLine) -> str:
        text = line.de if language == "de" else line.en
        return (text if line.action == "skip" else line.code) or text

    names = Counter(filter(None, map(name, lines)))
    if not names:
        return ""
    return ": " + ", ".join(f"{n} {what}" for what, n in names.most_common())


def detail(line: PlanLine, language: Language) -> str:
    """Return one line in words, for the terminal and the log."""
    text = line.de if language == "de" else line.en
    who = "" if line.order_id is None else f"{line.order_id}"
    return "  ".join(part for part in (who, line.action, line.code, text) if part)
