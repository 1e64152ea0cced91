"""Order notes: what happened, why, and what to do.

A marker with our own key ends each note, so that a note is found again before it is written twice
(plentymarkets contract 14).
"""

from __future__ import annotations


def note(text: str, marker: str) -> str:
    """Return the text of a note, with its marker."""
    return f"{text} {marker}"


def marker(order_id: int, key: str) -> str:
    """Return the sign by which we know our own note again."""
    return f"(fulfilment {order_id}/{key})"
