"""The catalogue of validation rules: stable codes, what each means, what happens, in two languages.

A code never changes its meaning: merchants, order notes and reports refer to it. ``severity`` says
how loud a rule is (``stop``, ``wait``, ``warn``); ``outcome`` what the verdict of the order becomes
when it is the loudest one. Texts name fields, SKUs and amounts, never a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Literal

Severity = Literal["stop", "wait", "warn"]
Outcome = Literal["ok", "bad", "short", "wait", "stop"]
Concern = Literal["address", "stock", "order"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; the texts are templates, filled by `found`."""

    code: str
    concern: Concern
    severity: Severity
    outcome: Outcome
    field: str  # in plentymarkets' own name
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken by one order."""

    rule: Rule
    field: str
    reason_de: str = attribute(repr=False)
    reason_en: str = attribute(repr=False)

    @property
    def code(self) -> str:
        """Return the rule's code."""
        return self.rule.code


# Loudest first: the order of the catalogue inside one outcome decides which finding is named.
LOUDNESS: tuple[Outcome, ...] = ("stop", "bad", "short", "wait", "ok")

_BAD = (
    ("ADDRESS_MISSING", "delivery", "Der Auftrag hat keine Lieferadresse.",
     "The order has no delivery address."),
    ("ADDRESS_TOO_LONG", "address1",
     "Das Feld {field} hat {length} Zeichen; das ist keine Adresse.",
     "The field {field} has {length} characters; that is no address."),
    ("ADDRESS_UNCHECKABLE", "delivery",
     "Die Lieferadresse ließ sich nicht prüfen ({why}). Bitte von Hand prüfen und berichtigen.",
     "The delivery address could not be checked ({why}). Please check and correct it by hand."),
    ("ADDRESS_COUNTRY_UNKNOWN", "countryId", "Das Land der Lieferadresse ist unbekannt.",
     "The country of the delivery address is unknown."),
    ("ADDRESS_COUNTRY_NOT_SHIPPED", "countryId",
     "In das Land {country} wird für diesen Mandanten nicht versandt.",
     "This merchant does not ship to {country}."),
    ("ADDRESS_NAME_MISSING", "name3", "Es fehlt ein Name oder eine Firma.",
     "There is neither a name nor a company."),
    ("ADDRESS_STREET_MISSING", "address1", "Die Straße fehlt.", "The street is missing."),
    ("ADDRESS_POSTAL_CODE_MISSING", "postalCode", "Die Postleitzahl fehlt.",
     "The postal code is missing."),
    ("ADDRESS_TOWN_MISSING", "town", "Der Ort fehlt.", "The town is missing."),
    ("ADDRESS_PLACEHOLDER", "address1", "Das Feld {field} enthält einen Platzhalter oder Testtext.",
     "The field {field} holds a placeholder or a test text."),
    ("ADDRESS_UNREADABLE", "address1",
     "Das Feld {field} enthält Zeichen, die verloren gegangen oder nicht druckbar sind.",
     "The field {field} holds characters that were lost or cannot be printed."),
    ("ADDRESS_PO_BOX", "address1", "Ein Postfach kann kein Paket empfangen.",
     "A PO box cannot receive a parcel."),
    ("PACKSTATION_COUNTRY", "countryId",
     "DHL Packstationen und Postfilialen gibt es nur in Deutschland.",
     "DHL lockers and post office pick-up exist in Germany only."),
    ("PACKSTATION_NUMBER", "address2",
     "Die Nummer der Packstation fehlt oder hat nicht drei Ziffern.",
     "The locker number is missing or does not have three digits."),
    ("PACKSTATION_POST_NUMBER", "post_number",
     "Für eine Packstation wird eine gültige Postnummer (6 bis 10 Ziffern) gebraucht.",
     "A DHL locker needs a valid post number (6 to 10 digits)."),
    ("POSTFILIALE_NUMBER", "address2",
     "Die Nummer der Postfiliale fehlt oder hat nicht drei Ziffern.",
     "The post office number is missing or does not have three digits."),
    ("POSTFILIALE_POST_NUMBER", "post_number",
     "Für eine Postfiliale wird eine gültige Postnummer oder eine E-Mail-Adresse gebraucht.",
     "Post office pick-up needs a valid post number or an e-mail address."),
    ("ADDRESS_STREET_INVALID", "address1", "Die Straße ist keine Straße: {why_de}.",
     "The street is not a street: {why_en}."),
    ("ADDRESS_NO_HOUSE_NUMBER", "address2", "Die Hausnummer fehlt.",
     "The house number is missing."),
    ("ADDRESS_HOUSE_NUMBER_INVALID", "address2", "Die Hausnummer ist keine Hausnummer.",
     "The house number is not a house number."),
    ("ADDRESS_POSTAL_CODE_FORMAT", "postalCode",
     "Die Postleitzahl hat nicht die Form, die in {country} gilt (Beispiel: {example}).",
     "The postal code does not have the form used in {country} (example: {example})."),
    ("ADDRESS_POSTAL_CODE_IMPOSSIBLE", "postalCode",
     "Diese Postleitzahl gibt es in {country} nicht.",
     "This postal code does not exist in {country}."),
    ("ADDRESS_TOWN_INVALID", "town", "Der Ort ist kein Ortsname.",
     "The town is not a town's name."),
    ("ADDRESS_STATE_MISSING", "stateId", "Für {country} fehlt der Bundesstaat oder die Provinz.",
     "The state or province is missing, {country} needs it."),
    ("ADDRESS_LINE_TOO_LONG", "address1",
     "Das Feld {field} hat {length} Zeichen; der Versanddienst nimmt {limit}.",
     "The field {field} has {length} characters; the carrier takes {limit}."),
    ("ADDRESS_FIELDS_SWAPPED", "postalCode", "Postleitzahl und Ort sind vertauscht.",
     "Postal code and town are swapped."),
)  # fmt: skip

#: not one of the merchant's rules: one of them could not run
RULE_FAILED = "RULE_FAILED"

_STOP = (
    (RULE_FAILED, "rule",
     "Die Regel {rule} konnte für diesen Auftrag nicht laufen ({error}); er wird nicht gesendet. "
     "Das ist ein Fehler der Regeln, nicht des Auftrags.",
     "Rule {rule} could not run for this order ({error}); it is not sent. This is a fault of the "
     "rules, not of the order."),
    ("ORDER_OTHER_CLIENT", "plentyId",
     "Der Auftrag gehört zu einem anderen plentymarkets-Mandanten.",
     "The order belongs to another plentymarkets client."),
    ("ORDER_OTHER_WAREHOUSE", "warehouseId", "Der Auftrag gehört zu einem anderen Lager.",
     "The order belongs to another warehouse."),
    ("ORDER_SEVERAL_WAREHOUSES", "warehouseId",
     "Die Positionen liegen in mehreren Lagern. Bitte den Auftrag in plentymarkets aufteilen.",
     "The positions lie in several warehouses. Please split the order in plentymarkets."),
    ("ORDER_MAIN", "hasDeliveryOrders",
     "Hauptauftrag: Seine Lieferaufträge tragen die Ware.",
     "A main order: its delivery orders carry the goods."),
    ("ORDER_NO_WAREHOUSE", "warehouseId", "Dem Auftrag ist kein Lager zugeordnet.",
     "The order has no warehouse."),
    ("ORDER_LOCKED", "lockStatus", "Der Auftrag ist gesperrt.", "The order is locked."),
    ("ORDER_TYPE", "typeId", "Aufträge der Art {type} werden nicht versandt.",
     "Orders of type {type} do not ship."),
    ("ORDER_NO_ITEMS", "orderItems", "Der Auftrag hat keine Positionen mit Ware.",
     "The order has no positions with goods."),
    ("ORDER_ITEM_TYPE", "orderItems.typeId",
     "Position {item}: Positionen der Art {type} sind keine Ware.",
     "Position {item}: items of type {type} are not goods."),
    ("ORDER_ITEM_VARIATION", "orderItems.itemVariationId", "Position {item} hat keine Variante.",
     "Position {item} has no variation."),
    ("ORDER_QUANTITY", "orderItems.quantity",
     "Position {item}: Die Menge {quantity} ist keine ganze Zahl größer null.",
     "Position {item}: the quantity {quantity} is not a whole number above zero."),
    ("ORDER_UNKNOWN_SKU", "orderItems.itemVariationId", "wemalo kennt die SKU {sku} nicht.",
     "wemalo does not know SKU {sku}."),
    ("ORDER_PROFILE_MISSING", "shippingProfileId", "Der Auftrag hat kein Versandprofil.",
     "The order has no shipping profile."),
    ("ORDER_PROFILE_UNMAPPED", "shippingProfileId",
     "Das Versandprofil {profile} ist keinem Versandprofil in wemalo zugeordnet.",
     "Shipping profile {profile} is not mapped to a profile in wemalo."),
    ("ORDER_HEAD_ALONE", "orderItems",
     "Position {item}: Bundle oder Set ohne Bestandteile. Bitte in plentymarkets aufteilen oder "
     "entfernen.",
     "Position {item}: a bundle or set without its components. Please split or remove it in "
     "plentymarkets."),
    ("ORDER_COD_UNMAPPED", "payment_method",
     "Nachnahme (Zahlungsart {method}): das Versandprofil {profile} zieht in wemalo kein Geld ein.",
     "Cash on delivery (payment method {method}): shipping profile {profile} collects no money in "
     "wemalo."),
    ("ORDER_COD_AMOUNT", "amounts", "Nachnahme (Zahlungsart {method}) ohne Betrag.",
     "Cash on delivery (payment method {method}) without an amount."),
    ("ORDER_TWICE", "external_order_id",
     "Auftrag {first} hat dieselbe externe Auftragsnummer und Herkunft, wohl doppelt importiert.",
     "Order {first} has the same external order number and referrer, perhaps imported twice."),
    ("ORDER_CUSTOMS", "orderItems", "Für die Zollerklärung fehlt: {missing_de}.",
     "The customs declaration lacks: {missing_en}."),
)  # fmt: skip

_WAIT = (
    ("ORDER_UNPAID", "payment_status", "Der Auftrag ist noch nicht bezahlt.",
     "The order is not paid yet."),
    ("ORDER_CREDITED", "orderReferences", "Zu dem Auftrag gibt es schon die Gutschrift {note}.",
     "The order has a credit note already, {note}."),
    ("ORDER_DATE_AHEAD", "dates", "Der Liefertermin {date} liegt noch in der Zukunft.",
     "The delivery date {date} is still ahead."),
    ("ORDER_STATION_CARRIER", "shippingProfileId",
     "Mit dem Versandprofil {profile} kann nicht an eine Packstation geliefert werden.",
     "Shipping profile {profile} cannot deliver to a locker."),
)  # fmt: skip

_SHORT_DE = "SKU {sku}: {wanted} bestellt, {available} verfügbar{after_de}."
_SHORT_EN = "SKU {sku}: {wanted} wanted, {available} available{after_en}."

_WARN = (
    ("address", "ADDRESS_NO_HOUSE_NUMBER_HINT", "address2",
     "Keine Hausnummer; hier sind Adressen ohne Hausnummer möglich.",
     "No house number; addresses without one exist here."),
    ("address", "ADDRESS_TOWN_MISMATCH", "town", "Postleitzahl und Ort passen nicht zusammen.",
     "Postal code and town do not belong together."),
    ("address", "ADDRESS_POSTAL_CODE_UNKNOWN", "postalCode",
     "Die Postleitzahl steht nicht im Verzeichnis (Großempfänger?).",
     "The postal code is not in the directory (large recipient?)."),
    ("address", "ADDRESS_PO_BOX_HINT", "address3", "Die Adresse nennt zusätzlich ein Postfach.",
     "The address names a PO box beside the street."),
    ("address", "ADDRESS_MILITARY", "address1", "Militär- oder Feldpostadresse.",
     "Military or forces mail address."),
    ("address", "ADDRESS_CUSTOMS_TERRITORY", "countryId",
     "Zollgebiet {territory}: außerhalb des Steuer- oder Zollgebiets der EU.",
     "Territory {territory}: outside the tax or customs area of the EU."),
    ("address", "ADDRESS_LABEL_LENGTH", "address1",
     "Das Feld {field} hat {length} Zeichen, das Etikett {limit}.",
     "The field {field} has {length} characters, the label {limit}."),
    ("address", "ADDRESS_SCRIPT", "address1",
     "Das Feld {field} ist nicht in lateinischer Schrift.",
     "The field {field} is not in Latin script."),
    ("address", "ADDRESS_EMAIL_INVALID", "email", "Die E-Mail-Adresse ist nicht gültig.",
     "The e-mail address is not valid."),
    ("address", "ADDRESS_PHONE_INVALID", "phone", "Die Telefonnummer ist nicht gültig.",
     "The phone number is not valid."),
    ("address", "REPAIRED_CHARACTERS", "address1",
     "Zeichensatz, Leerzeichen oder Bildzeichen bereinigt.",
     "Character set, spaces or pictures cleaned."),
    ("address", "REPAIRED_HOUSE_NUMBER", "address2", "Hausnummer von der Straße getrennt.",
     "House number split from the street."),
    ("address", "REPAIRED_POSTAL_CODE", "postalCode", "Schreibweise der Postleitzahl berichtigt.",
     "Spelling of the postal code corrected."),
    ("address", "REPAIRED_LEADING_ZERO", "postalCode", "Führende Null der Postleitzahl ergänzt.",
     "Leading zero of the postal code restored."),
    ("address", "REPAIRED_TOWN", "town", "Postleitzahl aus dem Ort entfernt.",
     "Postal code removed from the town."),
    ("address", "REPAIRED_PACKSTATION", "address1",
     "Packstation oder Postfiliale richtig geschrieben.",
     "Locker or post office spelled right."),
    ("address", "REPAIRED_LABEL_LINES", "address1", "Lange Zeile auf Adresszeilen verteilt.",
     "Long line spread over the address lines."),
    ("stock", "STOCK_NOT_CHECKED", "orderItems.quantity",
     "Bestand nicht geprüft: {why_de}; wemalo entscheidet.",
     "Stock not checked: {why_en}; wemalo decides."),
    ("order", "ORDER_TWICE_HINT", "external_order_id",
     "Auftrag {first} hat dieselbe externe Auftragsnummer und Herkunft.",
     "Order {first} has the same external order number and referrer."),
    ("order", "ORDER_CREDITED_HINT", "orderReferences",
     "Zu dem Auftrag gibt es die Gutschrift {note}.", "The order has the credit note {note}."),
    ("order", "ORDER_DATE_AHEAD_HINT", "dates", "Liefertermin {date}.", "Delivery date {date}."),
    ("order", "ORDER_STATION_CARRIER_HINT", "shippingProfileId",
     "Packstation mit dem Versandprofil {profile}: nur DHL liefert dorthin.",
     "A locker with shipping profile {profile}: only DHL delivers there."),
    ("order", "ORDER_VARIATION_INACTIVE", "orderItems.itemVariationId",
     "Die Variante mit der SKU {sku} ist inaktiv.", "The variation with SKU {sku} is inactive."),
    ("order", "ORDER_DUPLICATE_ITEM", "orderItems", "SKU {sku} steht in mehreren Positionen.",
     "SKU {sku} appears in several positions."),
)  # fmt: skip


def _catalogue() -> dict[str, Rule]:
    rules = [Rule(c, "order", "stop", "stop", f, de, en) for c, f, de, en in _STOP]
    rules += [Rule(c, "address", "stop", "bad", f, de, en) for c, f, de, en in _BAD]
    item = "orderItems.quantity"
    rules.append(Rule("STOCK_SHORT", "stock", "stop", "short", item, _SHORT_DE, _SHORT_EN))
    rules.append(Rule("STOCK_WAIT", "stock", "wait", "wait", item, _SHORT_DE, _SHORT_EN))
    rules += [Rule(c, "order", "wait", "wait", f, de, en) for c, f, de, en in _WAIT]
    rules += [Rule(c, k, "warn", "ok", f, de, en) for k, c, f, de, en in _WARN]  # type: ignore[arg-type]
    return {rule.code: rule for rule in rules}


RULES: dict[str, Rule] = _catalogue()
# Orders that are none of our business: no status, no note, only the ledger knows.
LEFT_ALONE = frozenset({"ORDER_OTHER_CLIENT", "ORDER_OTHER_WAREHOUSE", "ORDER_MAIN"})
_RANK = {code: place for place, code in enumerate(RULES)}


def found(code: str, field: str = "", **detail: object) -> Finding:
    """Return the finding of rule ``code``, its texts filled from ``detail``.

    :raises KeyError: no such rule, or a value its texts need is missing: a bug, not bad data.
    """
    rule = RULES[code]
    at = field or rule.field
    values = {"field": at, **detail}
    return Finding(rule, at, rule.de.format(**values), rule.en.format(**values))


def loudest(findings: list[Finding]) -> Finding | None:
    """Return the finding that decides the verdict, or None when nothing but warnings is there."""
    deciding = [f for f in findings if f.rule.severity != "warn"]
    return min(
        deciding, key=lambda f: (LOUDNESS.index(f.rule.outcome), _RANK[f.code]), default=None
    )
