"""Three-way check: what the story wanted, what both sandbox systems hold, what the ledger says."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.core.orders.states import State
from include.core.orders.statuses import status
from include.demo.scenarios import plenty_stock, wemalo_stock
from include.ledger.orders import timeline
from include.sandbox.scenarios.demo_orders import (
    BAD_ADDRESS,
    CANCELLED,
    CHANGED,
    DOCUMENTED,
    HALF_SIGN,
    NEW_HOUSE,
    NO_NUMBER,
    ODD_WEIGHT,
    RETURNED,
    SHIPPED,
    SHORT,
    TOO_LATE,
    TWO_FAULTS,
    UNKNOWN_GOODS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from include.core.merchants.merchant import Merchant
    from include.sandbox.scenarios.demo_orders import StoryOrder

#: events of the diary that stand for one write to plentymarkets
WRITES = frozenset(
    {
        "status_written",
        "note_written",
        "package_created",
        "package_filled",
        "shipping_info_written",
        "goods_issue_written",
    }
)
LEDGER_END = {
    SHIPPED: State.SHIPPED,
    BAD_ADDRESS: State.INVALID,
    SHORT: State.NO_STOCK,
    CANCELLED: State.CANCELLED,
    HALF_SIGN: State.INVALID,
    UNKNOWN_GOODS: State.QUARANTINED,
    TWO_FAULTS: State.QUARANTINED,
    **dict.fromkeys(
        (TOO_LATE, CHANGED, RETURNED, DOCUMENTED, ODD_WEIGHT, NO_NUMBER), State.SHIPPED
    ),
}
#: orders that are never sent -> why, in the ledger
REASONS = {
    UNKNOWN_GOODS: "ORDER_UNKNOWN_SKU",
    HALF_SIGN: "ADDRESS_UNREADABLE",
    TWO_FAULTS: "ORDER_QUANTITY",
}
#: how often wemalo must have been told of an order: a change is told, too
TOLD = {CHANGED: 2}
#: order notes that the merchant must find
NOTES = dict.fromkeys((BAD_ADDRESS, SHORT, TOO_LATE, RETURNED, *REASONS), 1)
RETURN = 3  # order type (plentymarkets contract 9)


@dataclass(slots=True)
class Findings:
    """The printed table's row of one merchant, and everything that is not as it should be."""

    merchant: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    plain_orders: int = 0  # shipped in one parcel, nothing special
    plain_writes: int = 0  # calls that wrote to plentymarkets for them


def check(
    merchant: Merchant,
    story: Sequence[StoryOrder],
    plenty: Mapping[str, Any],
    wemalo: Mapping[str, Any],
    connection: Connection,
) -> Findings:
    """Compare all three for every order of the story.

    :param plenty: the merchant's tenant in the plentymarkets sandbox's state.
    :param wemalo: the merchant's tenant in the wemalo sandbox's state.
    """
    found = Findings(merchant.merchant)
    at_plenty = {int(order["id"]): order for order in plenty["orders"].values()}
    for wanted in story:
        _check_order(
            found,
            merchant,
            wanted,
            at_plenty.get(wanted.order_id, {}),
            wemalo["orders"].get(str(wanted.order_id)),
            timeline.read(connection, merchant.merchant, wanted.order_id),
        )
    _check_returns(found, at_plenty, story)
    _check_stock(found, plenty, wemalo)
    _nothing_twice(found, at_plenty, story)
    return found


def _end_status(merchant: Merchant, end: str) -> Decimal:
    statuses = merchant.statuses
    shipped = statuses.shipped or statuses.handed_over
    too_late = statuses.cancel_too_late
    if merchant.goods_issue == "book":
        shipped = too_late = Decimal(7)  # booking sets it by itself (plentymarkets contract 11)
    return {
        **dict.fromkeys((SHIPPED, CHANGED, RETURNED, DOCUMENTED, ODD_WEIGHT, NO_NUMBER), shipped),
        **dict.fromkeys((UNKNOWN_GOODS, TWO_FAULTS), statuses.fetch),
        HALF_SIGN: statuses.address_error,
        TOO_LATE: too_late,
        BAD_ADDRESS: statuses.address_error,
        SHORT: statuses.no_stock,
        CANCELLED: statuses.cancel_done,
    }[end]


def _check_order(
    found: Findings,
    merchant: Merchant,
    wanted: StoryOrder,
    plenty: Mapping[str, Any],
    wemalo: Mapping[str, Any] | None,
    ledger: timeline.Timeline | None,
) -> None:
    def expect(right: bool, what: str) -> None:
        if not right:
            found.faults.append(f"order {wanted.order_id} ({wanted.end}): {what}")

    if ledger is None:
        found.faults.append(f"order {wanted.order_id} ({wanted.end}): lost, not in the ledger")
        return
    found.counts["fetched"] += 1
    state = State(ledger.order.state)
    now = status(plenty["statusId"])
    expect(state is LEDGER_END[wanted.end], f"the ledger says {state}")
    expect(now == _end_status(merchant, wanted.end), f"plentymarkets shows status {now}")
    # the last run books returns; the note about one is written by the next
    due = [row for row in ledger.waiting if wanted.end == RETURNED and row.kind == "note"]
    expect(len(ledger.waiting) == len(due), f"{len(ledger.waiting)} writes were left behind")
    numbers = sorted(p["packageNumber"] for p in plenty["shippingPackages"] if p["packageNumber"])
    notes = NOTES.get(wanted.end, 0)
    told = len(plenty["comments"]) + len(due)
    expect(told == notes, f"{told} order notes, not {notes}")
    if wanted.end in (BAD_ADDRESS, SHORT):
        found.counts[wanted.end] += now == _end_status(merchant, wanted.end)
        expect(wemalo is None, "wemalo has an order that must not be sent")
        return
    if wanted.end in REASONS:
        reason = ledger.order.reason_code
        found.counts["set aside"] += reason == REASONS[wanted.end]
        expect(reason == REASONS[wanted.end], f"set aside for {reason}")
        expect(wemalo is None, "wemalo has an order that must not be sent")
        return
    if wemalo is None:
        found.faults.append(f"order {wanted.order_id} ({wanted.end}): wemalo never got it")
        return
    found.counts["handed over"] += 1
    times = TOLD.get(wanted.end, 1)
    expect(wemalo["submissions"] == times, f"sent {wemalo['submissions']} times, not {times}")
    if wanted.end == CANCELLED:
        found.counts["cancelled"] += wemalo["status"] == "CANCELLED"
        expect(wemalo["status"] == "CANCELLED", f"wemalo shows {wemalo['status']}")
        expect(not numbers, "a cancelled order has a tracking number")
        return
    sent = sorted(parcel["trackingNumber"] for parcel in wemalo["parcels"])
    expect(wemalo["status"] == "SHIPPED", f"wemalo shows {wemalo['status']}")
    expect(len(sent) == wanted.parcels, f"{len(sent)} parcels instead of {wanted.parcels}")
    expect(numbers == sent, "tracking numbers differ")
    expect(bool(plenty["shippingInformation"]), "no shipping provider")
    _count_special(found, wanted, plenty, wemalo, expect)
    _check_parcel(found, wanted, plenty, ledger, expect)
    if wanted.parcels == 1 and wanted.end == SHIPPED:
        found.plain_orders += 1
        found.plain_writes += sum(event.kind in WRITES for event in ledger.events)
    found.counts["shipped with tracking"] += numbers == sent and bool(sent)
    found.counts["parcels"] += len(sent)


def _count_special(
    found: Findings,
    wanted: StoryOrder,
    plenty: Mapping[str, Any],
    wemalo: Mapping[str, Any],
    expect: Callable[[bool, str], None],
) -> None:
    """Check what is special about an order that shipped."""
    if wanted.end == TOO_LATE:
        shown = [status(row["statusId"]) for row in plenty["statusHistory"]]
        told = any(Decimal(8) < value < Decimal(9) for value in shown)
        expect(told, "plentymarkets never showed that the cancellation came too late")
        found.counts[TOO_LATE] += told
    elif wanted.end == CHANGED:
        (receiver, *_) = wemalo["meta"]["receiver"]
        arrived = receiver["streetNumber"] == NEW_HOUSE
        expect(arrived, "the changed address did not reach wemalo")
        found.counts[CHANGED] += arrived
    elif wanted.end == DOCUMENTED:
        kinds = sorted(row["docType"] for row in wemalo["documents"])
        expect(kinds == ["BILL", "GOODSORDERDELIVERYNOTE"], f"documents in wemalo: {kinds}")
        found.counts[DOCUMENTED] += len(kinds)


def _check_parcel(
    found: Findings,
    wanted: StoryOrder,
    plenty: Mapping[str, Any],
    ledger: timeline.Timeline,
    expect: Callable[[bool, str], None],
) -> None:
    """Check an order whose parcel the warehouse entered in an odd way."""
    if wanted.end == ODD_WEIGHT:
        weights = [package["weight"] for package in plenty["shippingPackages"]]
        expect(not any(weights), f"no weight could be read, plentymarkets shows {weights}")
    elif wanted.end == NO_NUMBER:
        told = {e.data.get("code") for e in ledger.events if e.kind == "exception_opened"}
        found.counts["set aside"] += "PARCEL_WITHOUT_NUMBER" in told
        expect("PARCEL_WITHOUT_NUMBER" in told, "nobody was told that its number is missing")


def _check_returns(
    found: Findings, at_plenty: Mapping[int, Mapping[str, Any]], story: Sequence[StoryOrder]
) -> None:
    """Every returned order has one return order with all its pieces; no other order has any."""
    pieces: dict[int, list[int]] = defaultdict(list)
    for row in at_plenty.values():
        if row["typeId"] == RETURN:
            count = sum(int(Decimal(str(item["quantity"]))) for item in row["orderItems"])
            for reference in row["orderReferences"]:
                pieces[int(reference["originOrderId"])].append(count)
    for wanted in story:
        due = []
        if wanted.end == RETURNED:
            due = [sum(int(item["quantity"]) for item in wanted.data["items"])]
        back = pieces.get(wanted.order_id, [])
        found.counts[RETURNED] += bool(due) and back == due
        if back != due:
            found.faults.append(f"order {wanted.order_id} ({wanted.end}): returns of {back} pieces")


def _check_stock(found: Findings, plenty: Mapping[str, Any], wemalo: Mapping[str, Any]) -> None:
    here, there = plenty_stock(plenty), wemalo_stock(wemalo)
    wrong = {
        key: here.get(int(key), 0) - n for key, n in there.items() if here.get(int(key), 0) != n
    }
    found.counts["stock difference"] = sum(abs(count) for count in wrong.values())
    if wrong:
        found.faults.append(f"plentymarkets' stock minus wemalo's, by variation: {wrong}")


def _nothing_twice(
    found: Findings, at_plenty: Mapping[int, Mapping[str, Any]], story: Sequence[StoryOrder]
) -> None:
    numbers = Counter(
        package["packageNumber"]
        for wanted in story
        for package in at_plenty.get(wanted.order_id, {}).get("shippingPackages", ())
        if package["packageNumber"]
    )
    twice = sum(count > 1 for count in numbers.values())
    if twice:
        found.faults.append(f"{twice} tracking numbers were written twice")
