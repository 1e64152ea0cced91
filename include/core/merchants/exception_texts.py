"""What an operator reads of a merchant's file and systems, in both languages."""

from __future__ import annotations

#: code -> (de, en, action_de, action_en); part of `include.core.exceptions.exception_texts`
MERCHANTS: dict[str, tuple[str, str, str, str]] = {
    "MERCHANT_FILE_BROKEN": (
        "Die Händlerdatei kann nicht benutzt werden: {problems}. {de}",
        "The merchant file cannot be used: {problems}. {en}",
        "Die genannte Zeile berichtigen; `fulfil lint` prüft es.",
        "Correct the line that is named; `fulfil lint` checks it.",
    ),
    "MERCHANT_FILE_MISSING": (
        "Die Händlerdatei ist weg, und niemand hat gesagt, was aus dem Händler {merchant} wird. "
        "Neue Aufträge werden nicht mehr angenommen; was unterwegs ist, wird nach der Fassung zu "
        "Ende gebracht, die seit {since} UTC in Gebrauch ist.",
        "The merchant file is gone, and nobody said what becomes of the merchant {merchant}. No "
        "new orders are taken; what is under way is finished by the version that is in use since "
        "{since} UTC.",
        "Die Datei zurücklegen. Heißt der Händler jetzt anders: `fulfil rename {merchant} <neuer "
        "Name>`. Ist Schluss: `fulfil retire {merchant}` zeigt, was noch offen ist.",
        "Put the file back. If the merchant has another name now: `fulfil rename {merchant} <new "
        "name>`. If it is over: `fulfil retire {merchant}` shows what is still open.",
    ),
    "MERCHANT_DEFAULTS_BROKEN": (
        "{count} Händlerdateien können wegen derselben Fehler nicht benutzt werden: {problems}. "
        "Nach der letzten guten Fassung arbeiten weiter: {going}. Still stehen: {still}.",
        "{count} merchant files cannot be used because of the same mistakes: {problems}. Going on "
        "by their last good version: {going}. Standing still: {still}.",
        "_defaults.yaml, oder was diese Dateien sonst gemeinsam haben, berichtigen; `fulfil lint` "
        "prüft es.",
        "Correct _defaults.yaml, or what else these files share; `fulfil lint` checks it.",
    ),
    "MERCHANT_FILE_CHANGED": (
        "Die Händlerdatei wurde geändert: {what}. {count} Aufträge, die schon unterwegs sind, "
        "werden nach den alten Angaben zu Ende gebracht.",
        "The merchant file was changed: {what}. {count} orders that were under way by then are "
        "finished by the old facts.",
        "Nichts, falls die Änderung gewollt ist. Sonst die alten Werte wieder eintragen.",
        "Nothing, if the change is meant. Else put the old values back.",
    ),
    "MERCHANT_SYSTEM_CHANGED": (
        "{count} Aufträge liegen in einem System, zu dem die Händlerdatei nicht mehr führt "
        "({what}). Zu ihnen wird nichts mehr gelesen oder geschrieben, auch keine Stornierung und "
        "keine Sendungsnummer.",
        "{count} orders are in a system that the merchant file no longer leads to ({what}). "
        "Nothing is read or written about them any more, cancellations and tracking numbers "
        "included.",
        "Die alte Verbindung wieder eintragen, bis sie zu Ende sind, und dem anderen System eine "
        "eigene Händlerdatei geben. Hat nur die Adresse desselben plentymarkets-Systems "
        "gewechselt: die alte in plenty.former_urls nennen. Ein neues Token desselben "
        "wemalo-Mandanten gehört in die alte Verbindung.",
        "Put the old connection back until they are finished, and give the other system a merchant "
        "file of its own. If only the address of the same plentymarkets system has changed: name "
        "the old one in plenty.former_urls. A new token of the same wemalo client belongs into the "
        "old connection.",
    ),
    "ORDER_ID_TAKEN": (
        "Nicht abgeholt: die Nummer gehört zu einem Auftrag des plentymarkets-Systems, das dieser "
        "Händler vorher hatte.",
        "Not fetched: its number is that of an order of the plentymarkets system that this "
        "merchant had before.",
        "Dem neuen System eine Händlerdatei mit einem eigenen Namen geben.",
        "Give the new system a merchant file with a name of its own.",
    ),
}  # fmt: skip
