"""The catalogue of exceptions about orders: what is wrong and what to do, in German and English.

A code never changes its meaning. Texts name fields, ids, SKUs, quantities and states, never a
person. Texts of stock, products, returns and documents stand beside their rules.
"""

from __future__ import annotations

from typing import Any, TypedDict

from include.core.merchants.pause_texts import PAUSES


class ExceptionText(TypedDict):
    """What the catalogue gives of `include.ledger.exceptions.exceptions.raise_exception`."""

    code: str
    de: str
    en: str
    action_de: str
    action_en: str


_DE_OPERATOR = "Beim Lager nachfragen."
_EN_OPERATOR = "Ask the warehouse."

#: code -> (de, en, action_de, action_en)
_CATALOGUE: dict[str, tuple[str, str, str, str]] = {
    **PAUSES,
    "CANCEL_TOO_LATE": (
        "Zu spät storniert: das Lager arbeitet bereits daran (Stand {warehouse}, {at} UTC). Der "
        "Auftrag wird versendet.",
        "Cancelled too late: the warehouse already works on it (status {warehouse}, {at} UTC). The "
        "order ships.",
        "Im Lager anrufen, falls die Sendung noch aufgehalten werden soll; sonst als Retoure "
        "behandeln.",
        "Call the warehouse if the parcel shall still be stopped; else treat it as a return.",
    ),
    "CANCEL_AFTER_SHIPPING": (
        "Storniert, nachdem die Ware das Lager verlassen hat ({at} UTC).",
        "Cancelled after the goods had left the warehouse ({at} UTC).",
        "Die Sendung als Retoure behandeln.",
        "Treat the parcel as a return.",
    ),
    "ARRIVED_UNWANTED": (
        "Die Übergabe galt als nicht angekommen, und der Auftrag wurde seither storniert oder "
        "zurückgezogen; jetzt hat ihn das Lager doch (Stand {warehouse}). Es wird um Stornierung "
        "gebeten.",
        "The hand-over was taken for not arrived, and the order was cancelled or withdrawn since; "
        "now the warehouse has it after all (status {warehouse}). It is asked to cancel it.",
        "Nichts zu tun, wenn das Lager storniert. Soll er doch versendet werden, den Auftrag "
        "wieder freigeben.",
        "Nothing, if the warehouse cancels it. If it shall ship after all, release the order "
        "again.",
    ),
    "CANCEL_UNCLEAR": (
        "Ob das Lager den Auftrag storniert, ist nicht klar (Stand {warehouse}): Es hat zugesagt, "
        "ohne zu stornieren, oder mehrmals nicht klar geantwortet. Es wird nicht weiter gefragt; "
        "der Stand wird weiter gelesen.",
        "Whether the warehouse cancels the order is not clear (status {warehouse}): it agreed "
        "without cancelling, or gave no clear answer several times. It is not asked again; its "
        "status is still read.",
        "Im Lager klären, ob der Auftrag storniert ist.",
        "Ask the warehouse whether the order is cancelled.",
    ),
    "WAREHOUSE_CANCELLED": (
        "Das Lager hat den Auftrag selbst storniert; der Händler hat das nicht verlangt.",
        "The warehouse cancelled the order by itself; the merchant did not ask for it.",
        "Den Grund im Lager erfragen, dann in plentymarkets stornieren oder als neuen Auftrag "
        "anlegen.",
        "Ask the warehouse why, then cancel it in plentymarkets or make a new order.",
    ),
    "WAREHOUSE_BLOCKED": (
        "Gepackt, aber im Lager angehalten: {reason}.",
        "Packed, but held in the warehouse: {reason}.",
        "Im Lager klären, was fehlt (Etikett, Dokument, Freigabe).",
        "Ask the warehouse what is missing (label, document, release).",
    ),
    "CHANGED_TOO_LATE": (
        "Nach der Übergabe in plentymarkets geändert, das Lager nimmt die Änderung nicht mehr an "
        "(Stand {warehouse}): {de}.",
        "Changed in plentymarkets after the hand-over; the warehouse no longer takes the change "
        "(status {warehouse}): {en}.",
        "Im Lager anrufen, falls die Änderung noch gelten soll; sonst zurücknehmen.",
        "Call the warehouse if the change shall still count; else take it back in plentymarkets.",
    ),
    "CHANGE_UNCLEAR": (
        "Ob das Lager die Änderung noch bekommen hat, ist nicht bekannt (Stand {warehouse}): {de}.",
        "It is not known whether the warehouse still got the change (status {warehouse}): {en}.",
        "Im Lager prüfen, welche Fassung gepackt wird.",
        "Check with the warehouse which version is packed.",
    ),
    "CHANGE_INVALID": (
        "Nach der Übergabe geändert, aber so nicht übertragbar: {de}. Das Lager hat weiter die "
        "alte Fassung.",
        "Changed after the hand-over, but not transferable like this: {en}. The warehouse still "
        "has the old version.",
        "Den Auftrag in plentymarkets berichtigen; die Änderung geht dann von selbst ins Lager.",
        "Correct the order in plentymarkets; the change then goes to the warehouse by itself.",
    ),
    "SPLIT_AFTER_HANDOVER": (
        "Nach der Übergabe in Lieferaufträge geteilt. Das Lager versendet den ganzen Auftrag.",
        "Split into delivery orders after the hand-over. The warehouse ships the whole order.",
        "Die Lieferaufträge in plentymarkets löschen, oder den Auftrag stornieren.",
        "Delete the delivery orders in plentymarkets, or cancel the order.",
    ),
    "DELIVERY_ORDER_LATE": (
        "Lieferauftrag zu Auftrag {parent}, den das Lager schon ganz hat. Er wird nicht gesendet, "
        "sonst ginge die Ware doppelt hinaus.",
        "Delivery order of order {parent}, all of which the warehouse already has. It is not sent: "
        "the goods would leave twice.",
        "Den Lieferauftrag löschen, oder den Hauptauftrag {parent} stornieren.",
        "Delete the delivery order, or cancel main order {parent}.",
    ),
    "PART_LATE": (
        "Durch Teilen oder Gruppieren aus Auftrag {parent} entstanden, dessen Ware das Lager schon "
        "hat. Er wird nicht gesendet, sonst ginge die Ware doppelt hinaus.",
        "Made by splitting or grouping from order {parent}, whose goods the warehouse already has. "
        "It is not sent: the goods would leave twice.",
        "Diesen Auftrag löschen, oder Auftrag {parent} stornieren: dann geht dieser von selbst ins "
        "Lager.",
        "Delete this order, or cancel order {parent}: this one then goes to the warehouse by "
        "itself.",
    ),
    "DELIVERY_INCOMPLETE": (
        "Hauptauftrag mit Ware, die in keinem Lieferauftrag steht: {goods}. Sie wird nicht "
        "versendet.",
        "A main order with goods that are in no delivery order: {goods}. They are not sent.",
        "Für die übrige Ware einen Lieferauftrag anlegen, oder sie aus dem Hauptauftrag nehmen.",
        "Make a delivery order for these goods, or take them out of the main order.",
    ),
    "RELEASED_AGAIN": (
        "Erneut freigegeben, obwohl versendet oder im Lager storniert. Wird nicht noch einmal "
        "gesendet.",
        "Released again although shipped, or cancelled in the warehouse. It is not sent again.",
        "Für eine neue Sendung einen neuen Auftrag anlegen und diesen aus dem Status nehmen.",
        "Make a new order for a new parcel, and move this one out of the status.",
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
    "CARRIER_UNMAPPED": (
        "Versendet mit {carrier}, das keinem Versanddienstleister in plentymarkets zugeordnet ist.",
        "Shipped with {carrier}, which is mapped to no shipping service provider of plentymarkets.",
        "{carrier} in carriers der Händlerdatei eintragen.",
        "Add {carrier} to carriers in the merchant file.",
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
    "SHIPPED_BY_HAND": (
        "Von Hand auf Status {status} gesetzt (versendet), während das Lager den Auftrag noch hat "
        "(Stand {warehouse}). {end_de}",
        "Set to status {status} (shipped) by hand while the warehouse still has the order (status "
        "{warehouse}). {end_en}",
        "Ist die Ware schon anders versendet, den Auftrag im Lager stornieren lassen; sonst den "
        "Status zurücksetzen.",
        "If the goods were shipped another way, have the order cancelled in the warehouse; else "
        "set the status back.",
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
    "PARCEL_WITHOUT_NUMBER": (
        "Paket {parcel} hat das Lager verlassen und hat auch nach {minutes} Minuten keine "
        "Sendungsnummer.",
        "Parcel {parcel} left the warehouse and has no tracking number after {minutes} minutes.",
        _DE_OPERATOR + " Sobald die Nummer da ist, geht der Auftrag von selbst weiter.",
        _EN_OPERATOR + " Once the number is there, the order goes on by itself.",
    ),
    "TRACKING_NUMBER_ODD": (
        "Die Sendungsnummer von Paket {parcel} hat keine der Formen, die {carrier} vergibt. Sie "
        "ist so eingetragen, wie das Lager sie nennt.",
        "The tracking number of parcel {parcel} has none of the forms that {carrier} gives. It was "
        "written as the warehouse names it.",
        "Mit dem Etikett vergleichen und im Lager berichtigen lassen; die neue Nummer wird von "
        "selbst übernommen. Stimmt sie, quittieren (fulfil acknowledge).",
        "Compare it with the label and have the warehouse correct it; the new number is taken over "
        "by itself. If it is right, acknowledge this (fulfil acknowledge).",
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
    "SENT_ROWS_TAKEN": (
        "Versendet, aber {rows} Zeilen fehlten in wemalos Versandliste: jemand anders hat sie "
        "quittiert. Die Pakete wurden beim Auftrag gelesen und übernommen.",
        "Shipped, but {rows} rows were missing in wemalo's list of sent items: somebody else "
        "acknowledged them. The parcels were read from the order and taken over.",
        "Herausfinden, wer mit demselben wemalo-Mandanten arbeitet (etwa eine zweite Anbindung), "
        "und ihn abschalten. Danach quittieren (fulfil acknowledge).",
        "Find out who works with the same wemalo client (a second connection, for instance), and "
        "switch it off. Then acknowledge this (fulfil acknowledge).",
    ),
    "SHIPPED_ALTHOUGH_CANCELLED": (
        "Das Lager hat Ware versendet, obwohl der Auftrag nicht versendet werden sollte (hier: "
        "{state}).",
        "The warehouse sent goods although the order was not to be sent (here: {state}).",
        "Die Sendung als Retoure behandeln oder berechnen, und im Lager klären, warum sie ging. "
        "Danach quittieren (fulfil acknowledge).",
        "Treat the parcel as a return, or charge for it, and find out at the warehouse why it "
        "left. Then acknowledge this (fulfil acknowledge).",
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
    "SHIPPED_SHORT": (
        "Das Lager hat nur einen Teil versendet; es fehlen: {missing}. Mehr kommt nicht.",
        "The warehouse sent only a part; missing: {missing}. Nothing more follows.",
        "Dem Kunden das Fehlende erstatten oder als neuen Auftrag nachsenden.",
        "Refund what is missing, or send it as a new order.",
    ),
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
    "FOREIGN_ROWS": (
        "{count} Zeilen in wemalos Versandliste gehören zu keinem Auftrag von hier ({orders}). Sie "
        "bleiben dort.",
        "{count} rows of wemalo's list of sent items belong to no order from here ({orders}). They "
        "stay there.",
        "Im Lager klären, woher diese Aufträge kommen; sie sollten dort quittiert werden.",
        "Ask the warehouse where these orders come from; they should be acknowledged there.",
    ),
}  # fmt: skip

CODES = frozenset(_CATALOGUE)


def exception_text(code: str, **values: Any) -> ExceptionText:
    """Return an exception's texts, filled in; a missing value is an error of the caller.

    :raises KeyError: the code is not in the catalogue, or a value is missing.
    """
    de, en, action_de, action_en = (text.format(**values) for text in _CATALOGUE[code])
    return {"code": code, "de": de, "en": en, "action_de": action_de, "action_en": action_en}
