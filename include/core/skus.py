"""The key of a product: what both systems' spellings are compared by."""

from __future__ import annotations


def clean_sku(value: object) -> str:
    """Return a variation number (plentymarkets) or SKU (wemalo) as it is compared and sent.

    Spaces at either end are typed by mistake and shown by neither system. What is no text and no
    number is none: "".
    """
    return str(value).strip() if isinstance(value, (str, int, float)) else ""
