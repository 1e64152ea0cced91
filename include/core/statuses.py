"""plentymarkets order statuses: decimals with up to four places, compared as decimals.

``5.10`` equals ``5.1`` and differs from ``5.01``; live systems send numbers or text
(plentymarkets contract 1, fact 9, and 8). Floats enter only through their shortest text.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LOWEST = Decimal(1)
HIGHEST = Decimal("19.9999")  # plentymarkets contract 8
CANCEL_RANGE = (Decimal(8), Decimal(9))  # 8 <= status < 9 means cancelled


def status(value: object) -> Decimal:
    """Return ``value`` (text, int, float or Decimal) as a normalised status id.

    :raises ValueError: not a number, out of 1..19.9999, or more than four places.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        msg = f"not a status id: {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - one error type for "not a status"
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        msg = f"not a status id: {value!r}"
        raise ValueError(msg) from None
    if not number.is_finite() or not LOWEST <= number <= HIGHEST:
        msg = f"status id out of range 1 to 19.9999: {value!r}"
        raise ValueError(msg)
    rounded = number.quantize(Decimal("0.0001"))
    if rounded != number:
        msg = f"status id has more than four places: {value!r}"
        raise ValueError(msg)
    return normal(rounded)


def normal(number: Decimal) -> Decimal:
    """Drop trailing zeros without falling into exponents (``10`` stays ``10``)."""
    text = format(number, "f")
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else number


def wire(number: Decimal) -> float | int:
    """Return the JSON number for a status: ``5``, ``5.1`` (plentymarkets contract 7.1)."""
    return int(number) if number == number.to_integral_value() else float(number)


def is_cancelled(number: Decimal) -> bool:
    """Say whether a status lies in plentymarkets' cancel range, 8 up to but not 9."""
    return CANCEL_RANGE[0] <= number < CANCEL_RANGE[1]
