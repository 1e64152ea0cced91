"""The key of a product: what both systems' spellings are compared by."""

from __future__ import annotations

from include.core.systems.values import words


def clean_sku(value: object) -> str:
    """Return a variation number (plentymarkets) or SKU (wemalo) as it is compared and sent.

    Spaces at either end are typed by mistake and shown by neither system. What is no text and no
    number is none: "".
    """
    return words(value)
