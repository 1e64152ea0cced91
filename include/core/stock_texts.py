"""What an operator reads of stock and products that wait for a person, in both languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """What is wrong and what to do."""

    de: str
    en: str
    action_de: str
    action_en: str


_STOCK = {
    "STOCK_FIRST_RUN": Texts(
        "Der erste Abgleich des Bestands würde {count} Varianten in plentymarkets ändern.",
        "The first comparison of stock would change {count} variations in plentymarkets.",
        "Mit `fulfil stock show {merchant}` prüfen, mit `fulfil stock approve {merchant}` "
        "bestätigen.",
        "Check it with `fulfil stock show {merchant}`, confirm with "
        "`fulfil stock approve {merchant}`.",
    ),
    "STOCK_MASS_ZERO": Texts(
        "{count} Varianten fielen auf einmal auf null; nichts davon wurde gebucht.",
        "{count} variations would fall to zero at once; nothing of it was booked.",
        "Beim Lager nachfragen. Stimmt es, mit `fulfil stock approve {merchant}` bestätigen.",
        "Ask the warehouse. If it is right, confirm with `fulfil stock approve {merchant}`.",
    ),
    "STOCK_JUMP": Texts(
        "Variante {variation}: Der Bestand würde sich um {count} Stück ändern.",
        "Variation {variation}: the stock would change by {count} pieces.",
        "Beim Lager nachfragen. Stimmt es, mit `fulfil stock approve {merchant}` bestätigen.",
        "Ask the warehouse. If it is right, confirm with `fulfil stock approve {merchant}`.",
    ),
    "STOCK_REFUSED": Texts(
        "Variante {variation}: plentymarkets nimmt die Buchung von {count} Stück nicht an.",
        "Variation {variation}: plentymarkets does not take the booking of {count} pieces.",
        "Variante, Lager und Lagerort in plentymarkets prüfen, dann "
        "`fulfil stock approve {merchant}`.",
        "Check variation, warehouse and storage location in plentymarkets, then "
        "`fulfil stock approve {merchant}`.",
    ),
}


def stock_texts(code: str, merchant: str, count: object, variation: object = "") -> Texts:
    """Return the texts of a stock exception with its figures."""
    found = _STOCK[code]
    values = {"merchant": merchant, "count": count, "variation": variation}
    return Texts(
        *(t.format(**values) for t in (found.de, found.en, found.action_de, found.action_en))
    )
