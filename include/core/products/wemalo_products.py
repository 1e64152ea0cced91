"""Compose wemalo's products from variations (plentymarkets contract 13, wemalo contract 8)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.products.skus import clean_sku
from include.core.systems.values import need_id, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.core.stock.settings import Products

#: so much of a name is shown when picking; no limit is documented
NAME_LENGTH = 255
_QUOTES = str.maketrans({'"': "'", "„": "'", "“": "'", "”": "'", "«": "'", "»": "'"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a variation cannot be sent: the field in plentymarkets' own name."""

    code: str
    field: str
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Product:
    """What wemalo is to be told of one variation, or why it cannot be."""

    variation_id: int
    item_id: int
    sku: str
    body: dict[str, Any]
    problem: Problem | None = None

    @property
    def digest(self) -> str:
        """The same for the same product: nothing is sent when nothing changed."""
        text = json.dumps([self.body, self.problem and self.problem.code], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def belongs(variation: Mapping[str, Any], warehouse_id: int) -> bool:
    """Say whether a variation is kept in a warehouse: its main one or one it is assigned to."""
    if str(variation.get("mainWarehouseId")) == str(warehouse_id):
        return True
    rows = variation.get("variationWarehouses") or []
    return any(str(row.get("warehouseId")) == str(warehouse_id) for row in rows)


def is_bundle(variation: Mapping[str, Any]) -> bool:
    """Say whether a variation is a bundle's head: only its components are goods (wemalo 8)."""
    return variation.get("bundleType") == "bundle"


def components(variations: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the variations that these bundles consist of."""
    return {
        need_id(row, "componentVariationId")
        for variation in variations
        if is_bundle(variation)
        for row in variation.get("variationBundleComponents") or []
    }


def gtin13(codes: Iterable[Mapping[str, Any]], settings: Products) -> tuple[str, str]:
    """Return the first valid GTIN-13 of the chosen barcode, and a code that is no valid one.

    Codes are text: leading zeros belong to them (plentymarkets contract 13).
    """
    wrong = ""
    for row in codes:
        if settings.barcode_id is not None and str(row.get("barcodeId")) != str(
            settings.barcode_id
        ):
            continue
        code = str(row.get("code") or "").strip()
        if is_gtin13(code):
            return code, ""
        if settings.barcode_id is not None or (code.isdecimal() and len(code) == 13):
            wrong = wrong or code
    return "", wrong


def is_gtin13(code: str) -> bool:
    """Say whether a code is thirteen digits with the right check digit."""
    if len(code) != 13 or not (code.isascii() and code.isdecimal()):
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code[:12]))
    return (10 - total % 10) % 10 == int(code[12])


def compose(
    variation: Mapping[str, Any],
    item: Mapping[str, Any],
    settings: Products,
    countries: Mapping[int, str],
) -> Product:
    """Return wemalo's product of a variation.

    Weights are grams on both sides, dimensions millimetres there and centimetres here. What
    plentymarkets does not know (0) is left out, so that the warehouse's own measure stands.

    :param item: the variation's item with ``texts`` and ``producingCountryId``; may be empty.
    :param countries: plentymarkets country id -> ISO code.
    """
    sku = clean_sku(variation.get("number"))
    name = product_name(variation, item, settings)
    ean, wrong = gtin13(variation.get("variationBarcodes") or [], settings)
    gross = _amount(variation.get("weightG"))
    net = _amount(variation.get("weightNetG")) or gross
    tariff = variation.get("customsTariffNumber") or item.get("customsTariffNumber") or ""
    country = countries.get(int(_amount(item.get("producingCountryId"))), "")
    body: dict[str, Any] = {
        "externalId": str(need_id(variation, "id")),
        "sku": sku,
        "productGroup": settings.product_group,
        "name": name or sku,
        "isActive": bool(variation.get("isActive")),
    }
    facts: dict[str, Any] = {
        "ean": ean,
        "netWeight": _plain(net),
        "grossWeight": _plain(gross or net),
        "customsTariffNumber": _safe(str(tariff)),
        "originCountry": country,
    }
    if settings.dimensions:
        sides = (("depth", "lengthMM"), ("width", "widthMM"), ("height", "heightMM"))
        facts |= {ours: _plain(_amount(variation.get(theirs)) / 10) for ours, theirs in sides}
    body |= {field: value for field, value in facts.items() if value}
    return Product(
        variation_id=need_id(variation, "id"),
        item_id=int(_amount(variation.get("itemId"))),
        sku=sku,
        body=body,
        problem=_problem(sku, body, wrong, settings),
    )


def product_name(variation: Mapping[str, Any], item: Mapping[str, Any], settings: Products) -> str:
    """Return a name that is safe to send: the item's text in the language, or what there is."""
    texts = [row for row in item.get("texts") or [] if isinstance(row, dict)]
    texts.sort(key=lambda row: str(row.get("lang")) != settings.language)
    of_item = next((str(row["name1"]) for row in texts if row.get("name1")), "")
    of_variation = str(variation.get("name") or "")
    first, second = of_item, of_variation
    if settings.name_from == "variation":
        first, second = second, first
    return _safe(first)[:NAME_LENGTH].strip() or _safe(second)[:NAME_LENGTH].strip()


def _safe(text: str) -> str:
    """Replace double quotes, which have made trouble (wemalo contract 8), and odd whitespace."""
    plain = "".join(c if c.isprintable() else " " for c in text.translate(_QUOTES))
    return " ".join(plain.split())


def _amount(value: object) -> Decimal:
    found = number(value)
    return found if found is not None and found > 0 else Decimal(0)


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


_FIELDS = {
    "ean": ("PRODUCT_NO_EAN", "ean", "variationBarcodes", "keine gültige GTIN-13",
            "no valid GTIN-13"),
    "weight": ("PRODUCT_NO_WEIGHT", "grossWeight", "weightG", "kein Gewicht", "no weight"),
    "customs": ("PRODUCT_NO_CUSTOMS", "customsTariffNumber", "customsTariffNumber",
                "keine Zolltarifnummer", "no customs tariff number"),
    "origin": ("PRODUCT_NO_ORIGIN", "originCountry", "producingCountryId",
               "kein Herstellungsland", "no country of origin"),
}  # fmt: skip

REFUSED, _NO_NUMBER = "PRODUCT_REFUSED", "PRODUCT_NO_NUMBER"
CODES = frozenset({REFUSED, _NO_NUMBER, *(code for code, *_ in _FIELDS.values())})


def _problem(
    number: str, body: Mapping[str, Any], wrong: str, settings: Products
) -> Problem | None:
    if not number:
        return Problem(
            _NO_NUMBER,
            "number",
            "hat keine Variantennummer (SKU)",
            "has no variation number (SKU)",
        )
    for wanted in settings.required:
        code, ours, theirs, de, en = _FIELDS[wanted]
        if not body.get(ours):
            why = f" ({wrong})" if wanted == "ean" and wrong else ""
            return Problem(code, theirs, f"hat {de}{why}", f"has {en}{why}")
    return None
