"""Numbers of the interface: decimal statuses, quantities, ids that arrive as text."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LOWEST_STATUS, HIGHEST_STATUS = Decimal(1), Decimal("19.9999")


def decimal_of(value: object) -> Decimal:
    """Return a number or numeric text as a normalised decimal: 5.10 is 5.1. ValueError if none."""
    if isinstance(value, bool) or value is None:
        msg = f"{value!r} is not a number"
        raise ValueError(msg)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        msg = "not a number"
        raise ValueError(msg) from error
    if not number.is_finite():
        msg = "not a number"
        raise ValueError(msg)
    # Not normalize(): that turns 10 into 1E+1.
    return number.quantize(Decimal(1)) if number == number.to_integral() else number.normalize()


def status_of(value: object) -> Decimal:
    """Return a status; ValueError outside 1 to 19.9999 or beyond four decimals (contract 8)."""
    status = decimal_of(value)
    if not LOWEST_STATUS <= status <= HIGHEST_STATUS or status != round(status, 4):
        msg = "a status lies between 1 and 19.9999 and has at most four decimals"
        raise ValueError(msg)
    return status


def number(value: Decimal) -> int | float:
    """Return a decimal as the JSON number the vendor would send."""
    return int(value) if value == value.to_integral() else float(value)


def is_true(value: object) -> bool:
    """Read a flag from a query or a body."""
    return str(value).strip().lower() in ("1", "true", "yes")
