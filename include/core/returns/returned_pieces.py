"""Returned pieces: read wemalo's rows, and match them with what was sold (wemalo contract 6.2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from include.core.orders.wemalo_order import own_order_id
from include.core.parcels.sent_rows import wemalo_time
from include.core.systems.errors import Malformed
from include.core.systems.values import identifier, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from include.core.returns.settings import Returns


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """One booked piece (or a few, if wemalo should send a count)."""

    history_id: int
    order_external_id: str  # "": nobody knows which order it belongs to
    return_external_id: str  # "": not announced
    product: str
    product_name: str
    quantity: int
    reason: str
    quality: str
    default_quality: bool
    packaging: str
    ready: bool  # may be sold again
    serial_number: str
    booked_at: datetime | None  # aware UTC

    @property
    def order_id(self) -> int | None:
        """The plentymarkets order, None where wemalo names none of ours."""
        return own_order_id(self.order_external_id)

    @property
    def return_id(self) -> int | None:
        """The plentymarkets return order that was announced, None where there is none."""
        return own_order_id(self.return_external_id)

    @property
    def sellable(self) -> bool:
        """Whether the piece may go back on sale: default quality and ready for shipment."""
        return self.default_quality and self.ready

    def facts(self) -> dict[str, Any]:
        """Return everything known as JSON; goods only, no person."""
        data = asdict(self)
        data["booked_at"] = self.booked_at.isoformat() if self.booked_at else None
        return data


def return_row(data: Mapping[str, Any]) -> ReturnRow:
    """Read one row of ``returns/booked``.

    :raises Malformed: it has no id, or a count that is no whole number above zero.
    """
    history_id, count = identifier(data.get("id")), identifier(data.get("count") or 1)
    if history_id is None or count is None:
        text = (
            "wemalo's queue of booked returns holds a row without a usable "
            f"{'id' if history_id is None else 'count'}. The row stays in the queue; report it to "
            "the warehouse."
        )
        raise Malformed(text)
    return ReturnRow(
        history_id=history_id,
        order_external_id=_text(data, "goodsOrderExternalId"),
        return_external_id=_text(data, "goodsReceiptExternalId"),
        # the second spelling is the vendor's own typing error (wemalo contract 2)
        product=_text(data, "externalProductId") or _text(data, "externaProductlId"),
        product_name=_text(data, "productName"),
        quantity=count,
        reason=_text(data, "reasonCode"),
        quality=_text(data, "attributeCode"),
        default_quality=_flag(data.get("attributeDefault")),
        packaging=_text(data, "attributePackagingCode"),
        ready=_flag(data.get("readyForShipment")),
        serial_number=_text(data, "serialNumber"),
        booked_at=wemalo_time(data.get("bookingDate")),
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    return words(data.get(name))


def _flag(value: object) -> bool:
    return value is True or str(value).lower() in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a returned piece does not become part of a return order by itself."""

    code: str
    de: str
    en: str
    action_de: str
    action_en: str


@dataclass(frozen=True, slots=True)
class Returnable:
    """One position pieces can be counted against."""

    item_id: int
    product: str  # what wemalo knows it by
    left: int
    variation: str = ""  # rows name no SKU: a product known by SKU may be named by this id


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one position that share reason and condition."""

    item_id: int  # of the original order; of the return order itself where it was announced
    quantity: int
    reason: int | None
    condition: int | None
    sellable: bool

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `line_from_json` reads back."""
        return asdict(self)


def line_from_json(data: Mapping[str, Any]) -> Line:
    """Read back what `Line.to_json` wrote."""
    return Line(**data)


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of some rows: lines for one return order, and troubles by history id."""

    lines: tuple[Line, ...]
    taken: tuple[int, ...]  # history ids that the lines count
    troubles: Mapping[int, Trouble]


def mapping_trouble(row: ReturnRow, settings: Returns, merchant: str) -> Trouble | None:
    """Say which mapping a row lacks, if the merchant wants unmapped ones to wait."""
    if settings.unmapped == "leave_out":
        return None
    missing = None
    if row.reason and row.reason not in settings.reasons:
        missing = ("RETURN_REASON_UNMAPPED", "Rückgabegrund", "return reason", row.reason,
                   "returns.reasons")  # fmt: skip
    elif row.quality and not row.sellable and row.quality not in settings.conditions:
        missing = ("RETURN_CONDITION_UNMAPPED", "Artikelzustand", "item condition", row.quality,
                   "returns.conditions")  # fmt: skip
    if missing is None:
        return None
    code, german, english, value, key = missing
    return Trouble(
        code,
        f"Der {german} {value!r} von wemalo ist keinem von plentymarkets zugeordnet. Die Retoure "
        "wartet.",
        f"wemalo's {english} {value!r} is not mapped to one of plentymarkets. The return waits.",
        f"{value!r} unter {key} in der Datei des Händlers {merchant} eintragen, oder "
        "returns.unmapped auf leave_out setzen.",
        f"Add {value!r} to {key} in the file of merchant {merchant}, or set returns.unmapped to "
        "leave_out.",
    )


def surplus(row: ReturnRow, order_id: int) -> Trouble:
    """Return the trouble of a piece beyond what the order still has out."""
    return Trouble(
        "RETURN_SURPLUS",
        f"Vom Artikel {row.product} kam mehr zurück, als von {order_id} noch offen ist.",
        f"More of product {row.product} came back than {order_id} still has out.",
        "Das Lager fragen, zu welchem Auftrag das Stück gehört; es bleibt in wemalos Liste.",
        "Ask the warehouse to which order the piece belongs; it stays in wemalo's queue.",
    )


def foreign_item(row: ReturnRow, order_id: int) -> Trouble:
    """Return the trouble of a product that the order never had."""
    name = row.product or row.product_name or "?"
    return Trouble(
        "RETURN_FOREIGN_ITEM",
        f"Der Artikel {name} kam zu {order_id} zurück, gehört aber nicht dazu.",
        f"Product {name} came back for {order_id} but is not part of it.",
        "Das Lager fragen, zu welchem Auftrag das Stück gehört; es bleibt in wemalos Liste.",
        "Ask the warehouse to which order the piece belongs; it stays in wemalo's queue.",
    )


def no_order(row: ReturnRow) -> Trouble:
    """Return the trouble of a piece without a known order."""
    if row.order_external_id:
        return Trouble(
            "RETURN_FOREIGN",
            f"Ein Stück von {row.product} kam zu Auftrag {row.order_external_id} zurück, den "
            "dieser Händler nicht hat.",
            f"A piece of {row.product} came back for order {row.order_external_id}, which this "
            "merchant does not have.",
            "Das Lager bitten, es zum richtigen Auftrag zu buchen; es bleibt in wemalos Liste.",
            "Ask the warehouse to book it to the right order; it stays in wemalo's queue.",
        )
    return Trouble(
        "RETURN_UNANNOUNCED",
        f"Ein Stück von {row.product or row.product_name} kam ohne Auftrag und ohne Ankündigung "
        "zurück.",
        f"A piece of {row.product or row.product_name} came back without order and announcement.",
        "Den Auftrag suchen und vom Lager verknüpfen lassen, oder das Stück in wemalo quittieren.",
        "Find its order and ask the warehouse to link it, or acknowledge it in wemalo.",
    )


def not_announced(row: ReturnRow) -> Trouble:
    """Return the trouble of an unannounced piece where the merchant wants to see those."""
    return Trouble(
        "RETURN_UNANNOUNCED",
        f"Ein Stück von {row.product} kam unangekündigt zu Auftrag {row.order_external_id} zurück.",
        f"A piece of {row.product} came back for order {row.order_external_id}, unannounced.",
        "Entscheiden, was damit geschieht; mit returns.unannounced: create geht es von selbst.",
        "Decide what becomes of it; with returns.unannounced: create it is done by itself.",
    )


def _positions_of(product: str, positions: Sequence[Returnable]) -> list[int]:
    """Return the items of a product, by what wemalo knows it by, else by its variation."""
    same = [position.item_id for position in positions if position.product == product]
    if not same and product:
        same = [position.item_id for position in positions if position.variation == product]
    return same


def plan(
    rows: Sequence[ReturnRow], positions: Sequence[Returnable], settings: Returns, order_id: int
) -> Plan:
    """Count rows of one order against its positions, oldest first; nothing beyond what is left."""
    left = {position.item_id: position.left for position in positions}
    counted: Counter[tuple[int, int | None, int | None, bool]] = Counter()
    taken: list[int] = []
    troubles: dict[int, Trouble] = {}
    for row in sorted(rows, key=lambda row: row.history_id):
        same = _positions_of(row.product, positions)
        if not same:
            troubles[row.history_id] = foreign_item(row, order_id)
            continue
        if sum(left[item_id] for item_id in same) < row.quantity:
            troubles[row.history_id] = surplus(row, order_id)
            continue
        need = row.quantity
        for item_id in same:
            pieces = min(need, left[item_id])
            if pieces > 0:
                key = (
                    item_id,
                    settings.reasons.get(row.reason),
                    settings.conditions.get(row.quality),
                    row.sellable,
                )
                counted[key] += pieces
                left[item_id] -= pieces
                need -= pieces
        taken.append(row.history_id)
    lines = tuple(
        Line(item_id, count, reason, condition, sellable)
        for (item_id, reason, condition, sellable), count in counted.items()
    )
    return Plan(lines, tuple(taken), troubles)
