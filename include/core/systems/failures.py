"""The policy for failures: what a failure belongs to, and what follows from that.

A failure belongs to the smallest thing that it can belong to: one item (an order, a position, a
parcel, a queue row, a document, a product, a return, a status), then the merchant's system, then
the platform. `LEVELS` is the whole table; `fulfilment.flow.systems.each` acts by it.

===========  ==================================================================================
`ITEM`       noted on the item, tried again after a growing pause, told; the loop goes on
`SYSTEM`     the loop stops, the task ends red; the circuit of that merchant and system opens
`PLATFORM`   the task ends at once and Airflow tries it again: the ledger or the machine is ill
===========  ==================================================================================

A system that answers, but badly, fails item by item. That it is the system and not the item is
concluded from several different calls failing in a row, which opens the circuit
(`include.ledger.systems.circuits`), and an open circuit is of the `SYSTEM`.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import PurePath
from traceback import extract_tb

from include.core.systems.errors import (
    AuthError,
    CircuitOpen,
    ConfigError,
    FulfilmentError,
    LedgerTooNew,
    LedgerUnavailable,
    MerchantPaused,
    RateLimited,
    UnclaimedWrite,
    UnexpectedError,
)


class Level(StrEnum):
    """What a failure belongs to."""

    ITEM = "item"
    SYSTEM = "system"
    PLATFORM = "platform"


#: the first row that fits decides; "" = every code of the class
LEVELS: tuple[tuple[type[BaseException], str, Level], ...] = (
    (LedgerUnavailable, "", Level.PLATFORM),
    (LedgerTooNew, "", Level.PLATFORM),
    (MerchantPaused, "", Level.PLATFORM),  # everything stands
    (UnclaimedWrite, "", Level.PLATFORM),  # of this code: no item's and no system's
    (MemoryError, "", Level.PLATFORM),
    (OSError, "", Level.PLATFORM),  # a full disk, no more files: never the item's
    (AuthError, "", Level.SYSTEM),
    (RateLimited, "", Level.SYSTEM),
    (CircuitOpen, "", Level.SYSTEM),
    (FulfilmentError, "UNREACHABLE", Level.SYSTEM),
    (ConfigError, "CARRIER_UNMAPPED", Level.ITEM),
    (ConfigError, "", Level.SYSTEM),
    (Exception, "", Level.ITEM),
)

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)

#: what a loop does -> how the texts call it, (German, English)
STEPS: dict[str, tuple[str, str]] = {
    "read": ("Lesen aus plentymarkets", "reading it from plentymarkets"),
    "check": ("Prüfen", "checking it"),
    "hand_over": ("Übergabe an das Lager", "the hand-over to the warehouse"),
    "look": ("Lesen des Stands im Lager", "reading its status in the warehouse"),
    "cancel": ("Stornieren im Lager", "the cancellation in the warehouse"),
    "change": ("Übertragen der Änderung", "sending the change"),
    "status": ("Schreiben des Status", "writing the status"),
    "history": ("Lesen der Statushistorie", "reading its status history"),
    "put_back": (
        "Zurückgeben des überschriebenen Status",
        "putting back the status that was overwritten",
    ),
    "note": ("Schreiben der Auftragsnotiz", "writing the order note"),
    "row": ("Lesen der Zeile aus wemalos Liste", "reading the row of wemalo's list"),
    "row_kept": ("Ablegen der Zeile", "keeping the row in the ledger"),
    "returns_read": (
        "Lesen der Retouren aus plentymarkets",
        "reading its returns from plentymarkets",
    ),
    "dates": ("Lesen der Buchung aus plentymarkets", "reading its booking from plentymarkets"),
    "packages": ("Lesen der Pakete aus plentymarkets", "reading its packages from plentymarkets"),
    "package": ("Schreiben des Pakets", "writing the package"),
    "number": ("Lesen der Sendungsnummer", "reading the tracking number"),
    "shipping_info": ("Schreiben der Versandinformation", "writing the shipping information"),
    "goods_issue": ("Buchen des Warenausgangs", "booking the goods issue"),
    "acknowledge": ("Quittieren der Zeile bei wemalo", "acknowledging the row at wemalo"),
    "document": ("Übertragen des Dokuments", "sending the document"),
    "product_read": ("Lesen des Artikels", "reading the product"),
    "product": ("Übertragen des Artikels", "sending the product"),
    "return": ("Anlegen der Retoure", "making the return"),
    "return_end": ("Buchen der Retoure", "booking the return"),
    "announcement": ("Ankündigen der Retoure", "announcing the return"),
    "stock": ("Buchen des Bestands", "booking the stock"),
    "compare": ("Vergleichen im Schattenbetrieb", "comparing it in shadow mode"),
    "replay": ("Nachholen", "the replay"),
}


def level_of(error: BaseException) -> Level:
    """Return what a failure belongs to, by `LEVELS`; what is no `Exception` is the platform's."""
    for kind, code, level in LEVELS:
        if isinstance(error, kind) and code in ("", getattr(error, "code", "")):
            return level
    return Level.PLATFORM


def pause_after(attempts: int, first: timedelta = FIRST_PAUSE) -> timedelta:
    """Return how long an item rests after so many failures in a row (1 = the first): doubling."""
    doublings = min(max(attempts - 1, 0), 12)
    return min(first * (1 << doublings), LONGEST_PAUSE)


def as_own(error: Exception, merchant: str = "") -> FulfilmentError:
    """Return an error of ours as it is, and any other as `UnexpectedError`.

    The text of a foreign exception may quote what it stumbled over, which may be personal data:
    only its class and the place in our code are kept.
    """
    if isinstance(error, FulfilmentError):
        return error
    where = _place(error)
    text = (
        f"An unexpected {type(error).__name__} at {where}. It is tried again; if it stays, report "
        "it with this line, the rest goes on."
    )
    return UnexpectedError(text, merchant=merchant or None)


def _place(error: Exception) -> str:
    """Return file and line of the newest frame of this project's own code."""
    frames = [f for f in extract_tb(error.__traceback__) if _is_ours(f.filename)]
    if not frames:
        return "an unknown place"
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}"


def _is_ours(filename: str) -> bool:
    parts = PurePath(filename).parts
    return "site-packages" not in parts and bool({"include", "fulfilment"} & set(parts))
