"""The catalogue of exceptions about orders: what is wrong and what to do, in German and English.

A code never changes its meaning. Texts name fields, ids, SKUs, quantities and states, never a
person. Texts of changes, parcels, merchants, stock, products, returns and documents stand in their
rooms.
"""

from __future__ import annotations

from typing import Any, TypedDict

from include.core.changes.exception_texts import CHANGES
from include.core.merchants.exception_texts import MERCHANTS
from include.core.merchants.pause_texts import PAUSES
from include.core.parcels.exception_texts import PARCELS


class ExceptionText(TypedDict):
    """What the catalogue gives of `include.ledger.exceptions.exceptions.raise_exception`."""

    code: str
    de: str
    en: str
    action_de: str
    action_en: str


#: code -> (de, en, action_de, action_en)
_CATALOGUE: dict[str, tuple[str, str, str, str]] = {
    **PAUSES,
    **CHANGES,
    **PARCELS,
    **MERCHANTS,
    "WAREHOUSE_BLOCKED": (
        "Gepackt, aber im Lager angehalten: {reason}.",
        "Packed, but held in the warehouse: {reason}.",
        "Im Lager klären, was fehlt (Etikett, Dokument, Freigabe).",
        "Ask the warehouse what is missing (label, document, release).",
    ),
    "ORDER_MALFORMED": (
        "Der Auftrag ist nicht lesbar: {de}",
        "The order cannot be read: {en}",
        "Das genannte Feld in plentymarkets berichtigen.",
        "Correct the field in plentymarkets.",
    ),
    "PRODUCT_UNKNOWN": (
        "Ein Artikel des Auftrags ist im Lager unbekannt: {de}",
        "The warehouse does not know an item of the order: {en}",
        "Den Artikel ins Lager übertragen; der Auftrag geht dann von selbst weiter.",
        "Transfer the item to the warehouse; the order then goes on by itself.",
    ),
    "PROFILE_UNMAPPED": (
        "Das Versandprofil ist nicht zugeordnet: {de}",
        "The shipping profile is not mapped: {en}",
        "Das Profil in shipping_profiles der Händlerdatei eintragen.",
        "Add the profile to shipping_profiles in the merchant file.",
    ),
    "ORDER_STOPPED": (
        "Der Auftrag kann nicht übergeben werden: {de}",
        "The order cannot be handed over: {en}",
        "Den Auftrag in plentymarkets prüfen; er wird regelmäßig neu versucht.",
        "Check the order in plentymarkets; it is tried again regularly.",
    ),
    "RULE_FAILED": (
        "Eine Regel fällt für diesen Auftrag aus: {de}",
        "A rule fails for this order: {en}",
        "Die Regel und die Meldung im Log melden; der Auftrag wird alle 15 Minuten neu versucht.",
        "Report the rule and its line in the log; the order is tried again every 15 minutes.",
    ),
    "WRITE_REFUSED": (
        "plentymarkets hat abgelehnt: {kinds} ({reason}).",
        "plentymarkets refused: {kinds} ({reason}).",
        "Status und Rechte des REST-Benutzers prüfen; es wird regelmäßig neu versucht.",
        "Check the status and the rights of the REST user; it is tried again regularly.",
    ),
    "STATUS_OVERTAKEN": (
        "Der Status {target} wurde nicht gesetzt: plentymarkets zeigt {found}, und darüber wird "
        "er nicht geschrieben.",
        "Status {target} was not set: plentymarkets shows {found}, and it is not written over "
        "that.",
        "Im Verlauf des Auftrags nachsehen, was geschehen ist, und den Status in plentymarkets von "
        "Hand setzen, wenn er stimmt; dann diese Ausnahme quittieren.",
        "See in the order's timeline what happened, and set the status in plentymarkets by hand if "
        "it is right; then acknowledge this exception.",
    ),
    "STATUS_MISSING": (
        "plentymarkets nimmt den Status {status} von uns nicht an ({reason}); {count} Aufträge "
        "warten darauf, der erste ist {first}.",
        "plentymarkets does not take status {status} from us ({reason}); {count} orders wait for "
        "it, the first is {first}.",
        "Den Status {status} in plentymarkets anlegen, oder dem REST-Benutzer das Recht dafür "
        "geben; es wird regelmäßig neu versucht.",
        "Create status {status} in plentymarkets, or give the REST user the right to set it; it "
        "is tried again regularly.",
    ),
    "ORDER_HELD": (
        "Von Hand auf Status {status} gesetzt, während das Lager den Auftrag hat (Stand "
        "{warehouse}). {end_de}",
        "Set to status {status} by hand while the warehouse has the order (status {warehouse}). "
        "{end_en}",
        "Soll er nicht versendet werden, den Auftrag stornieren (Status 8); sonst wieder auf den "
        "Status der Übergabe setzen.",
        "If it shall not ship, cancel the order (status 8); else set it back to the status of the "
        "hand-over.",
    ),
    "NOT_HANDED_OVER": (
        "Steht auf Status {status}, das Lager hat den Auftrag aber nicht bekommen (hier: {state}).",
        "Shows status {status}, but the warehouse did not get the order (here: {state}).",
        "Den Auftrag auf den Status der Freigabe setzen, dann wird er geprüft und übergeben.",
        "Set the order to the status of the release: it is then checked and handed over.",
    ),
    "ORDER_DELETED": (
        "In plentymarkets gelöscht, während das Lager den Auftrag hat (Stand {warehouse}). "
        "{end_de}",
        "Deleted in plentymarkets while the warehouse has the order (status {warehouse}). "
        "{end_en}",
        "Im Lager anrufen, falls er nicht versendet werden soll.",
        "Call the warehouse if it shall not ship.",
    ),
    "WAREHOUSE_CANNOT_START": (
        "Das Lager hat den Auftrag und kann nicht mit ihm beginnen (Grund: {reason}). {again_de}",
        "The warehouse has the order and cannot begin with it (reason: {reason}). {again_en}",
        "ADDRESS: die Lieferadresse in plentymarkets berichtigen und den Auftrag wieder freigeben. "
        "Jeder andere Grund: im Lager nachfragen, was fehlt.",
        "ADDRESS: correct the delivery address in plentymarkets and release the order again. Any "
        "other reason: ask the warehouse what is missing.",
    ),
    "NOT_IN_WAREHOUSE": (
        "Das Lager hatte den Auftrag und kennt ihn nicht mehr (hier: {state}). Er wird nicht noch "
        "einmal gesendet.",
        "The warehouse had the order and does not know it any more (here: {state}). It is not sent "
        "again.",
        "Prüfen, ob das Token zum richtigen wemalo-Mandanten gehört, und im Lager nachfragen. Ist "
        "der Auftrag dort wirklich weg, ihn in plentymarkets stornieren und neu anlegen.",
        "Check that the token is the right wemalo client's, and ask the warehouse. If the order is "
        "really gone there, cancel it in plentymarkets and make a new one.",
    ),
    "UNFINISHED": (
        "Seit mehr als {hours} Stunden nicht zu Ende gebracht: {what} (seit {since} UTC).",
        "Not finished for more than {hours} hours: {what} (since {since} UTC).",
        "Die anderen Ausnahmen dazu und den Diagnosebericht (doctor) ansehen; es wird weiter von "
        "selbst versucht.",
        "Look at the other exceptions about it and at the doctor's report; it is still tried by "
        "itself.",
    ),
    "ORDER_STANDS_STILL": (
        "Steht seit {since} UTC still ({state}, im Lager: {warehouse}). Erwartet wird {exit_de}.",
        "It has stood still since {since} UTC ({state}, in the warehouse: {warehouse}). It waits "
        "for {exit_en}.",
        "Nachsehen, warum das ausbleibt: im Lager, beim Händler oder im Diagnosebericht (doctor).",
        "Find out why that does not happen: in the warehouse, at the merchant, or in the doctor's "
        "report.",
    ),
    "STEP_FAILED": (
        "{what_de} ist misslungen ({failure}), {tries}-mal seit {since} UTC: {reason}",
        "{what_en} failed ({failure}), {tries} times since {since} UTC: {reason}",
        "Es wird nach {again} UTC von selbst wieder versucht; alles andere läuft weiter. Bleibt es "
        "dabei, den genannten Grund beheben.",
        "It is tried again by itself after {again} UTC; everything else goes on. If it stays, "
        "remove the reason that is named.",
    ),
    "ORDER_NOT_FOUND": (
        "Für diesen Auftrag wurde ein Lauf gestartet, und in plentymarkets gibt es ihn nicht: eine "
        "andere Nummer, ein anderer Mandant als {plenty_id}, oder eine Auftragsart, die nicht "
        "versendet wird.",
        "A run was started for this order, and plentymarkets does not have it: another number, "
        "another client than {plenty_id}, or a type of order that is not shipped.",
        "Die Nummer prüfen und mit der richtigen neu starten; danach diese Ausnahme als gesehen "
        "vermerken.",
        "Check the number and start again with the right one; then acknowledge this exception.",
    ),
    "ROWS_UNREADABLE": (
        "Zeilen ohne lesbare Nummer sind übergangen worden ({rows}). Alle anderen sind gelesen.",
        "Rows without a readable id were passed over ({rows}). All others were read.",
        "Im genannten System nach Datensätzen ohne oder mit fremder Nummer suchen, sonst den "
        "Support des Systems fragen.",
        "Look in the system named for records without an id or with another one's, else ask the "
        "system's support.",
    ),
}  # fmt: skip

CODES = frozenset(_CATALOGUE)


def exception_text(code: str, **values: Any) -> ExceptionText:
    """Return an exception's texts, filled in; a missing value is an error of the caller.

    :raises KeyError: the code is not in the catalogue, or a value is missing.
    """
    de, en, action_de, action_en = (text.format(**values) for text in _CATALOGUE[code])
    return {"code": code, "de": de, "en": en, "action_de": action_de, "action_en": action_en}
