"""What an operator reads of stock and products that wait for a person, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from include.core.exceptions.exception_texts import ExceptionText


class _Texts(NamedTuple):
    """What is wrong and what to do."""

    de: str
    en: str
    action_de: str
    action_en: str


_STOCK = {
    "STOCK_FIRST_RUN": _Texts(
        "Der erste Abgleich des Bestands würde {count} Varianten in plentymarkets ändern.",
        "The first comparison of stock would change {count} variations in plentymarkets.",
        "Mit `fulfil stock show {merchant}` prüfen, mit `fulfil stock approve {merchant}` "
        "bestätigen.",
        "Check it with `fulfil stock show {merchant}`, confirm with "
        "`fulfil stock approve {merchant}`.",
    ),
    "STOCK_MASS_ZERO": _Texts(
        "{count} Varianten fielen auf einmal auf null; nichts davon wurde gebucht.",
        "{count} variations would fall to zero at once; nothing of it was booked.",
        "Beim Lager nachfragen. Stimmt es, mit `fulfil stock approve {merchant}` bestätigen.",
        "Ask the warehouse. If it is right, confirm with `fulfil stock approve {merchant}`.",
    ),
    "STOCK_JUMP": _Texts(
        "Variante {variation}: Der Bestand würde sich um {count} Stück ändern.",
        "Variation {variation}: the stock would change by {count} pieces.",
        "Beim Lager nachfragen. Stimmt es, mit `fulfil stock approve {merchant}` bestätigen.",
        "Ask the warehouse. If it is right, confirm with `fulfil stock approve {merchant}`.",
    ),
    "STOCK_REFUSED": _Texts(
        "Variante {variation}: plentymarkets nimmt die Buchung von {count} Stück nicht an.",
        "Variation {variation}: plentymarkets does not take the booking of {count} pieces.",
        "Variante, Lager und Lagerort in plentymarkets prüfen. Es wird stündlich neu versucht, "
        "sofort mit `fulfil stock approve {merchant}`.",
        "Check variation, warehouse and storage location in plentymarkets. It is tried again every "
        "hour, at once with `fulfil stock approve {merchant}`.",
    ),
    "STOCK_ROW_UNREADABLE": _Texts(
        "Bestand: eine Zeile ist nicht lesbar ({variation}). Ihre Variante bleibt so lange, wie "
        "sie ist; alle anderen werden abgeglichen. Grund: {count}",
        "Stock: a row cannot be read ({variation}). Its variation stays as it is until then; all "
        "others are compared. Reason: {count}",
        "Die Zeile dort berichtigen lassen, woher sie kommt; sie wird bei jedem Abgleich neu "
        "gelesen.",
        "Have the row corrected where it comes from; each comparison reads it again.",
    ),
    "STOCK_FOREIGN_PRODUCT": _Texts(
        "wemalo meldet Buchungen von {count} Artikeln, die der Händler nicht hat: {variation}. Sie "
        "bleiben in wemalos Liste.",
        "wemalo lists postings of {count} products that the merchant does not have: {variation}. "
        "They stay in wemalo's queue.",
        "Im Lager klären, wem die Artikel gehören, und ihre externe Nummer berichtigen lassen.",
        "Ask the warehouse whose products these are, and to correct their external id.",
    ),
}


CODES = frozenset(_STOCK)


def stock_texts(code: str, merchant: str, count: object, variation: object = "") -> ExceptionText:
    """Return the texts of a stock exception with its figures."""
    values = {"merchant": merchant, "count": count, "variation": variation}
    de, en, action_de, action_en = (text.format(**values) for text in _STOCK[code])
    return {"code": code, "de": de, "en": en, "action_de": action_de, "action_en": action_en}
