"""What we would have done beside another connection, against what really happened."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from include.core.dry_run.plan import PlanLine
    from include.core.merchants.merchant import Statuses

_SHIPPED = (Decimal(7), Decimal(8))
#: how many orders, and which share of them alike, make it safe to go live
LEAST_ORDERS, LEAST_SHARE = 20, Decimal("0.99")

#: verdict -> (de, en)
VERDICTS: dict[str, tuple[str, str]] = {
    "agreed": ("gleich entschieden", "decided alike"),
    "only_we_sent": (
        "wir hätten übergeben, sie nicht",
        "we would have handed it over, they did not",
    ),
    "only_they_sent": (
        "sie haben übergeben, wir hätten angehalten",
        "they handed it over, we would have stopped it",
    ),
    "other_reason": ("beide angehalten, anders begründet", "both stopped it, for other reasons"),
    "tracking_agreed": ("Paketnummer ist da", "the tracking number is there"),
    "tracking_missing": (
        "wir hätten die Paketnummer geschrieben, sie fehlt",
        "we would have written the tracking number, it is missing",
    ),
}
GOOD = frozenset({"agreed", "tracking_agreed"})


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison of one order on one day.

    :param ours: sent, address, stock, stopped or cancelled; "" for nothing.
    :param theirs: the same, by the status history.
    :param code: why we would have stopped it.
    """

    order_id: int
    verdict: str
    ours: str
    theirs: str
    code: str = ""
    de: str = ""
    en: str = ""


def theirs(statuses_seen: Collection[Decimal], statuses: Statuses) -> str:
    """Return what the other connection did, by the statuses an order went through."""
    if statuses.cancel_done in statuses_seen:
        return "cancelled"
    if statuses.handed_over in statuses_seen:
        return "sent"
    if any(_SHIPPED[0] <= status < _SHIPPED[1] for status in statuses_seen):
        return "sent"
    if statuses.address_error in statuses_seen:
        return "address"
    return "stock" if statuses.no_stock in statuses_seen else ""


def ours(lines: Iterable[PlanLine], statuses: Statuses) -> tuple[str, PlanLine | None]:
    """Return what we would have done with one order, and the line that says why it was stopped."""
    what, why = "", None
    for line in lines:
        if line.action == "cancel" or (
            line.action == "status" and Decimal(line.code) == statuses.cancel_done
        ):
            return "cancelled", None
        if line.action == "send":
            what, why = "sent", None
        elif line.action == "status" and what != "sent":
            status = Decimal(line.code)
            if status in (statuses.address_error, statuses.no_stock):
                what = "address" if status == statuses.address_error else "stock"
                why = line
        elif line.action == "exception" and not what:
            what, why = "stopped", line
    return what, why


def compare(order_id: int, our: str, their: str, why: PlanLine | None) -> Compared | None:
    """Compare what was done with one order; None where neither decided anything.

    Cancellations are the merchant's decision: both follow it, sooner or later.
    """
    if "cancelled" in (our, their) or our == their:
        verdict = "agreed"
    elif our == "sent":
        verdict = "only_we_sent"
    elif their == "sent":
        verdict = "only_they_sent"
    else:
        verdict = "other_reason"
    if not our or (not their and our != "sent"):
        return None
    code, german, english = (why.code, why.de, why.en) if why else ("", "", "")
    return Compared(order_id, verdict, our, their, code, german, english)


def may_go_live(verdicts: dict[str, int], incomplete: int) -> list[tuple[str, str]]:
    """Return what speaks against going live, in German and English; [] = go."""
    handed = sum(n for verdict, n in verdicts.items() if not verdict.startswith("tracking"))
    alike = verdicts.get("agreed", 0)
    against = []
    if handed < LEAST_ORDERS:
        against.append(
            (f"Erst {handed} Aufträge verglichen, mindestens {LEAST_ORDERS} sind nötig.",
             f"Only {handed} orders were compared, at least {LEAST_ORDERS} are needed.")
        )  # fmt: skip
    elif alike < LEAST_SHARE * handed:
        against.append(
            (f"Nur {alike} von {handed} Aufträgen wurden gleich entschieden.",
             f"Only {alike} of {handed} orders were decided alike.")
        )  # fmt: skip
    if incomplete:
        against.append(
            (f"{incomplete} Probelauf/-läufe waren unvollständig, siehe `fulfil plan`.",
             f"{incomplete} dry run(s) were incomplete, see `fulfil plan`.")
        )  # fmt: skip
    return against
