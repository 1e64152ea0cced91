"""What differs between two versions of an order, in words without personal data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from include.core.stock.stock_rules import pieces

if TYPE_CHECKING:
    from include.core.orders.models import Address, Order

#: fields of an address in plentymarkets' own names (contract 6.10) -> (German, English)
_FIELDS = {
    "name1": ("Firma", "company"),
    "name2": ("Vorname", "first name"),
    "name3": ("Nachname", "last name"),
    "name4": ("Namenszusatz", "additional name"),
    "address1": ("Straße", "street"),
    "address2": ("Hausnummer", "house number"),
    "address3": ("Adresszusatz", "address addition"),
    "address4": ("Adresszusatz 2", "second address addition"),
    "postal_code": ("Postleitzahl", "postal code"),
    "town": ("Ort", "town"),
    "country_id": ("Land", "country"),
    "country": ("Land", "country"),
    "state": ("Bundesland", "state"),
    "email": ("E-Mail", "e-mail"),
    "phone": ("Telefon", "phone"),
    "post_number": ("Postnummer", "post number"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: fields by name only, SKUs and quantities with their values."""

    de: str
    en: str


def differences(old: Order, new: Order) -> list[Difference]:
    """Return what the warehouse would have to know, address first; [] for none."""
    found = _address(old.delivery, new.delivery)
    before, after = _quantities(old), _quantities(new)
    for sku in sorted(before.keys() | after.keys()):
        was, now = before[sku], after[sku]
        if was == now:
            continue
        if not was:
            found.append(
                Difference(f"SKU {sku} neu: {pieces(now)}", f"SKU {sku} new: {pieces(now)}")
            )
        elif not now:
            found.append(
                Difference(
                    f"SKU {sku} entfällt (war {pieces(was)})", f"SKU {sku} gone (was {pieces(was)})"
                )
            )
        else:
            change = f"{pieces(was)} -> {pieces(now)}"
            found.append(Difference(f"SKU {sku}: Menge {change}", f"SKU {sku}: quantity {change}"))
    if old.shipping_profile_id != new.shipping_profile_id:
        change = f"{old.shipping_profile_id} -> {new.shipping_profile_id}"
        found.append(Difference(f"Versandprofil {change}", f"shipping profile {change}"))
    if old.warehouse_id != new.warehouse_id:
        change = f"{old.warehouse_id} -> {new.warehouse_id}"
        found.append(Difference(f"Lager {change}", f"warehouse {change}"))
    if old.payment_method != new.payment_method:
        change = f"{old.payment_method} -> {new.payment_method}"
        found.append(Difference(f"Zahlungsart {change}", f"payment method {change}"))
    if old.consent != new.consent:
        found.append(
            Difference(
                "Einwilligung zur Weitergabe von E-Mail und Telefon",
                "consent to pass on e-mail and phone",
            )
        )
    if _told(old) != _told(new):
        found.append(
            Difference(
                "Hinweise für das Lager (Geschenkverpackung, Gravur, Gutschein)",
                "what the warehouse is told (gift wrap, engraving, gift card)",
            )
        )
    if not found and old.fingerprint() != new.fingerprint():
        found.append(Difference("Positionen neu angelegt", "positions made anew"))
    return found


def _told(order: Order) -> list[tuple[int, str, str]]:
    texts = [(i.item_id, "", i.text) for i in order.items if i.text]
    return sorted([(o.item_id, o.quantity, o.text) for o in order.others if o.text] + texts)


def without_taken_away(order: Order) -> Order:
    """Return a changed order without the positions whose quantity was set to 0.

    After the hand-over that is how a merchant takes an item away; in a new order it is a fault.
    """
    return replace(order, items=tuple(item for item in order.items if item.quantity != 0))


def in_words(found: list[Difference]) -> tuple[str, str]:
    """Return all differences as one German and one English text."""
    nothing = "kein Unterschied", "no difference"
    if not found:
        return nothing
    return "; ".join(one.de for one in found), "; ".join(one.en for one in found)


def _address(old: Address | None, new: Address | None) -> list[Difference]:
    if old is None or new is None:
        return [] if old is new else [Difference("Lieferadresse", "delivery address")]
    before, after = asdict(old), asdict(new)
    changed = [_FIELDS[name] for name in before if before[name] != after[name]]
    if not changed:
        return []
    german, english = (", ".join(dict.fromkeys(words)) for words in zip(*changed, strict=True))
    return [Difference(f"Lieferadresse ({german})", f"delivery address ({english})")]


def _quantities(order: Order) -> defaultdict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for item in order.items:
        found[item.sku or str(item.variation_id)] += item.quantity
    return found
