"""What the doctor looks at, and what it says of each point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

Level = Literal["ok", "warn", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Released orders, judged by all rules without a word to anybody.

    :param codes: rule code -> orders it stops; never an order's content.
    :param profiles: shipping profiles of these orders.
    """

    orders: int
    good: int
    codes: Mapping[str, int] = field(default_factory=dict)
    profiles: frozenset[int] = frozenset()


@dataclass(slots=True)
class Facts:
    """What was read from both systems; None where it could not be, and then ``why`` says why.

    Rows are the systems' own (plentymarkets contract 8, 10, 12.3, 16; wemalo contract 3, 5).
    """

    user: Mapping[str, Any] | None = None
    statuses: Mapping[Decimal, str] | None = None  # those the REST user may see, with their names
    webstores: Sequence[Mapping[str, Any]] | None = None
    warehouses: Sequence[Mapping[str, Any]] | None = None
    locations: Sequence[Mapping[str, Any]] | None = None
    profiles: Sequence[Mapping[str, Any]] | None = None
    providers: Sequence[Mapping[str, Any]] | None = None
    package_types: Sequence[Mapping[str, Any]] | None = None
    limits: Mapping[str, int] | None = None  # of plentymarkets' headers: read, read_day
    shop: str | None = None
    dispatchers: Sequence[Mapping[str, Any]] | None = None  # wemalo's carriers with profiles
    interfaces: Sequence[Mapping[str, Any]] | None = None  # that wemalo runs itself
    skus: frozenset[str] | None = None  # of the warehouse's variations, as wemalo would know them
    products: frozenset[str] | None = None  # that wemalo knows
    skew_s: Mapping[str, float] | None = None  # system -> seconds its clock is ahead of ours
    sample: Sample | None = None
    ledger_log: Mapping[str, str] | None = None  # settings of the ledger's server, by name
    #: what says that the merchant's work stands: (code, German, English, and what to do about it)
    pauses: Sequence[tuple[str, str, str, str, str]] | None = None
    why: dict[str, str] = field(default_factory=dict)  # name of a fact -> why it is missing
    down: set[str] = field(default_factory=set)  # facts that an outage keeps from being read


@dataclass(frozen=True, slots=True)
class Check:
    """One point: what was found and, if something is wrong, what to do about it.

    :param weight: how much it counts in the score; 3 is needed for orders to travel at all.
    """

    code: str
    level: Level
    de: str
    en: str
    fix_de: str = ""
    fix_en: str = ""
    weight: int = 2

    def text(self, language: str) -> str:
        """Return what was found."""
        return self.de if language == "de" else self.en

    def fix(self, language: str) -> str:
        """Return what to do, "" if nothing."""
        return self.fix_de if language == "de" else self.fix_en


def unknown(code: str, facts: Facts, *names: str, weight: int = 2) -> Check:
    """Return the check of a point that could not be looked at."""
    why = next((facts.why[name] for name in names if name in facts.why), "")
    return Check(
        code,
        "unknown",
        f"Nicht geprüft. {why}".strip(),
        f"Not checked. {why}".strip(),
        weight=weight,
    )


def unreached(code: str, facts: Facts, name: str, system: str, connection: str) -> Check:
    """Return the check of an access that an outage keeps from being tried."""
    why = facts.why.get(name, "")
    return Check(
        code,
        "unknown",
        f"{system} ist zurzeit nicht zu erreichen; der Zugang ist nicht geprüft. {why}",
        f"{system} is out of reach at the moment; the access was not tried. {why}",
        f"An den Zugangsdaten liegt es nicht. War {system} schon einmal zu erreichen: abwarten und "
        f"wieder prüfen. Sonst die Adresse in der Verbindung {connection} berichtigen.",
        f"The secrets are not the reason. If {system} could be reached before: wait and look "
        f"again. Else correct the address in the connection {connection}.",
        weight=3,
    )
