"""plentymarkets order statuses: decimals with up to four places, compared as decimals.

``5.10`` equals ``5.1`` and differs from ``5.01``; live systems send numbers or text
(plentymarkets contract 1, fact 9, and 8). Floats enter only through their shortest text.
"""

from __future__ import annotations

from decimal import Decimal

from include.core.systems.values import number

LOWEST = Decimal(1)
HIGHEST = Decimal("19.9999")  # plentymarkets contract 8
CANCEL_RANGE = (Decimal(8), Decimal(9))  # 8 <= status < 9 means cancelled


def status(value: object) -> Decimal:
    """Return ``value`` (text, int, float or Decimal) as a normalised status id.

    :raises ValueError: not a number, out of 1..19.9999, or more than four places.
    """
    found = number(value)
    if found is None:
        msg = f"not a status id: {str(value)[:20]!r}"
        raise ValueError(msg)
    if not LOWEST <= found <= HIGHEST:
        msg = f"status id out of range 1 to 19.9999: {str(value)[:20]!r}"
        raise ValueError(msg)
    rounded = found.quantize(Decimal("0.0001"))
    if rounded != found:
        msg = f"status id has more than four places: {str(value)[:20]!r}"
        raise ValueError(msg)
    return normal(rounded)


def normal(value: Decimal) -> Decimal:
    """Drop trailing zeros without falling into exponents (``10`` stays ``10``)."""
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else value


def wire(value: Decimal) -> float | int:
    """Return the JSON number for a status: ``5``, ``5.1`` (plentymarkets contract 7.1)."""
    return int(value) if value == value.to_integral_value() else float(value)


def is_cancelled(value: Decimal) -> bool:
    """Say whether a status lies in plentymarkets' cancel range, 8 up to but not 9."""
    return CANCEL_RANGE[0] <= value < CANCEL_RANGE[1]
