"""The judge of a day: compares plentymarkets, wemalo and the ledger when everything has settled.

It knows nothing of the flow and none of its code: it reads what both systems hold, with their own
histories, the ledger's states and the open exceptions. What differs is lost, doubled or wrong; it
is silent as well where no open exception names it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    Json = Mapping[str, Any]

Kind = Literal["lost", "doubled", "wrong"]
KINDS: tuple[Kind, ...] = ("lost", "doubled", "wrong")
#: the sandbox's user 0 is a person or a rule of the system, everybody else is our REST user
PERSON = 0
DELIVERY = 2  # role of an address
RETURN = 3  # order type (plentymarkets contract 9)
MOVEMENT_ORDER = 2  # what a movement of stock belongs to: an order
FIRST_QUALITY = "1"
#: wemalo's queues of stock postings that are ours to empty (wemalo contract 7)
POSTINGS = ("INCOMING", "RETURNSHIPMENT", "INVENTORY_IN", "INVENTORY_OUT")
FETCHED, HANDED_OVER, SHIPPED = Decimal(5), Decimal("5.1"), Decimal(7)
BAD_ADDRESS, NO_STOCK = Decimal("6.2"), Decimal("6.3")
CANCELLED, CANCEL_DONE = Decimal(8), Decimal("8.8")
#: stands for a note in plentymarkets: there the merchant is told what nobody has to settle
NOTE = "note"
_LEFT = frozenset({"the goods left although the order was cancelled"})
_DELETED = frozenset({"the goods left although the order was deleted"})
_DIFFERS = frozenset({"the address differs", "the goods", "the goods issue"})
#: what a person has to be told even where everything went well -> what it explains
FACTS: dict[str, frozenset[str]] = {
    "CANCEL_TOO_LATE": _LEFT | _DELETED,
    "CANCEL_AFTER_SHIPPING": _LEFT | _DELETED,
    "SHIPPED_ALTHOUGH_CANCELLED": _DELETED,
    "ORDER_DELETED": _DELETED,
    "CHANGED_TOO_LATE": _DIFFERS,
    "CHANGE_UNCLEAR": _DIFFERS,
    "CHANGE_INVALID": _DIFFERS,
    "SHIPPED_SHORT": frozenset({"the goods", "the goods issue"}),
    NOTE: _DIFFERS,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be.

    :param subject: as exceptions name it: ``order:7``, ``item:2001``.
    :param what: in words; the same words for the same kind of difference.
    :param told: the codes of the open exceptions about the subject.
    """

    kind: Kind
    subject: str
    what: str
    detail: str = ""
    told: frozenset[str] = frozenset()

    @property
    def silent(self) -> bool:
        """Say whether nobody is told."""
        return not self.told - {NOTE}

    @property
    def explained(self) -> bool:
        """Say whether it is a fact that nobody can help, and is told."""
        return any(self.what in FACTS.get(code, ()) for code in self.told)

    def __str__(self) -> str:
        """Return a line for people."""
        told = ", ".join(sorted(self.told)) or "SILENT"
        return f"{self.kind}: {self.subject}: {self.what} {self.detail} ({told})"


@dataclass(slots=True)
class Verdict:
    """Everything that was found."""

    differences: list[Difference] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)  # told, although nothing is wrong

    @property
    def counts(self) -> dict[str, int]:
        """Return how many are lost, doubled, wrong and silent."""
        found = Counter(one.kind for one in self.differences)
        silent = sum(one.silent for one in self.differences)
        return {**{kind: found[kind] for kind in KINDS}, "silent": silent}

    @property
    def lines(self) -> list[str]:
        """Return all that is wrong, as lines."""
        return [*map(str, self.differences), *(f"false alarm: {one}" for one in self.false_alarms)]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is judged.

    :param plenty: the tenant in the plentymarkets sandbox's state.
    :param wemalo: the tenant in the wemalo sandbox's state.
    :param ledger: the ledger's state of each order.
    :param told: the open exceptions: subject and code.
    :param edits: how often somebody changed each order: so often it may be sent once more.
    :param deleted: orders that plentymarkets has no more.
    """

    plenty: Json
    wemalo: Json
    ledger: Mapping[int, str]
    told: frozenset[tuple[str, str]]
    edits: Mapping[int, int]
    deleted: Set[int] = frozenset()

    def codes(self, subject: str) -> frozenset[str]:
        """Return what is told about a subject, or about something that belongs to it."""
        kind, _, number = subject.partition(":")
        notes = self.plenty["orders"].get(number, {}).get("comments") if kind == "order" else ()
        mine = [f"parcel:{number}:", f"document:{number}:"] if kind == "order" else []
        return frozenset(
            code
            for about, code in self.told
            if about == subject or any(about.startswith(one) for one in mine)
        ) | ({NOTE} if notes else set())


def judge(facts: Facts) -> Verdict:
    """Find everything that differs."""
    found = [replace(one, told=facts.codes(one.subject)) for one in _all(facts)]
    explained = {(one.subject, code) for one in found if one.explained for code in one.told}
    return Verdict(
        [one for one in found if not one.explained],
        [
            f"{subject} {code}"
            for subject, code in sorted(facts.told - explained)
            if code not in FACTS
        ],
    )


def _all(facts: Facts) -> Iterator[Difference]:
    for order in facts.plenty["orders"].values():
        if order["typeId"] == RETURN:
            continue
        sent = facts.wemalo["orders"].get(str(order["id"]))
        for kind, what, detail in _of_order(facts, order, sent):
            yield Difference(kind, f"order:{order['id']}", what, detail)
    known = {str(order["id"]) for order in facts.plenty["orders"].values()}
    for key in facts.wemalo["orders"].keys() - known - set(map(str, facts.deleted)):
        yield Difference("wrong", f"order:{key}", "wemalo has an order that nobody knows")
    for number in facts.deleted:
        for kind, what, detail in _of_deleted(facts, number):
            yield Difference(kind, f"order:{number}", what, detail)
    yield from _goods(facts)
    yield from _returns(facts)
    yield from _queues(facts)


Found = tuple[Kind, str, str]


def _of_order(facts: Facts, order: Json, sent: Json | None) -> Iterator[Found]:
    yield from _status(facts, order, sent)
    yield from _statuses(order)
    yield from _notes(order)
    yield from _parcels(order, sent)
    yield from _goods_issue(facts, order, sent)
    if sent is not None:
        yield from _contents(facts, order, sent)


def _status(facts: Facts, order: Json, sent: Json | None) -> Iterator[Found]:
    """Compare what the merchant wanted last, what wemalo did and what both show now."""
    shown, wanted = _decimal(order["statusId"]), _wanted(order)
    there = sent["status"] if sent else "nothing"
    state = facts.ledger.get(int(order["id"]), "nothing")
    where = f"plentymarkets {shown}, wemalo {there}, ledger {state}"
    cancelled = wanted == CANCELLED
    if cancelled and there == "SHIPPED":
        if not _came_back(facts, order):
            yield "lost", "the goods left although the order was cancelled", where
        if shown not in (SHIPPED, CANCEL_DONE):
            yield "wrong", "the status of a late cancellation", where
    elif cancelled and there not in ("nothing", "CANCELLED"):
        yield "lost", "the cancellation", where
    elif cancelled and shown != CANCEL_DONE and state != "nothing":
        yield "lost", "the answer to a cancellation", where
    elif there == "CANCELLED" and not cancelled:
        yield "wrong", "cancelled although nobody wanted it", where
    elif there == "nothing" and not cancelled and shown not in (BAD_ADDRESS, NO_STOCK):
        yield "lost", "it never reached the warehouse", where
    elif there == "SHIPPED" and not cancelled and shown != SHIPPED:
        yield "lost", "the status of what left", where
    elif there not in ("nothing", "SHIPPED", "CANCELLED", "PARTIAL"):
        yield "wrong", "the warehouse does not go on", where
    ends = {
        "SHIPPED": {"shipped"},
        "CANCELLED": {"cancelled"},
        "nothing": {"cancelled", "nothing"} if cancelled else {"invalid", "no_stock"},
        "PARTIAL": {"waiting"},
    }
    if there in ends and state not in ends[there]:
        yield "wrong", "the state in the ledger", where


def _of_deleted(facts: Facts, number: int) -> Iterator[Found]:
    """Find out whether an order ships that plentymarkets has no more."""
    there = facts.wemalo["orders"].get(str(number), {}).get("status", "nothing")
    state = facts.ledger.get(number, "nothing")
    if there == "SHIPPED":
        yield "lost", "the goods left although the order was deleted", f"ledger {state}"
    elif there not in ("nothing", "CANCELLED"):
        yield "lost", "the deletion", f"wemalo {there}, ledger {state}"
    elif state not in ("nothing", "cancelled", "withdrawn"):
        yield "wrong", "the state in the ledger", f"wemalo {there}, ledger {state}"


def _came_back(facts: Facts, order: Json) -> bool:
    """Say whether there is a return order of it: then its cancellation is done with."""
    return any(
        int(row["originOrderId"]) == int(order["id"])
        for other in facts.plenty["orders"].values()
        if other["typeId"] == RETURN
        for row in other["orderReferences"]
    )


def _wanted(order: Json) -> Decimal:
    """Return the last status that a person set (booking goods issue sets one, too: not that)."""
    own = [
        row
        for row in order["statusHistory"]
        if row["userId"] == PERSON and row["procedureText"] != "Warenausgang gebucht"
    ]
    return _decimal(own[-1]["statusId"]) if own else FETCHED


def _statuses(order: Json) -> Iterator[Found]:
    """Find statuses that we set although they were set: nobody did anything between."""
    for one, next_one in pairwise(order["statusHistory"]):
        ours = PERSON not in (one["userId"], next_one["userId"])
        if ours and one["statusId"] == next_one["statusId"]:
            yield "doubled", "a status", str(one["statusId"])


def _notes(order: Json) -> Iterator[Found]:
    notes = Counter(str(row["text"]) for row in order["comments"])
    for count in notes.values():
        if count > 1:
            yield "doubled", "a note", f"{count} times"


def _parcels(order: Json, sent: Json | None) -> Iterator[Found]:
    # an empty one, left over where an order became smaller, is in no queue
    left = [row for row in sent["parcels"] if row["handedOver"] and row["items"]] if sent else []
    theirs = Counter(str(row["trackingNumber"]) for row in left)
    ours = Counter(
        str(row["packageNumber"]) for row in order["shippingPackages"] if row["packageNumber"]
    )
    for number, count in ours.items():
        if number not in theirs:
            yield "wrong", "a package that wemalo does not know", number
        elif count > theirs[number]:
            yield "doubled", "a package", f"{number} {count} times"
    for number in theirs.keys() - ours.keys():
        yield "lost", "a parcel", number
    if left and not order["shippingInformation"]:
        yield "lost", "the shipping information", ""


def _goods_issue(facts: Facts, order: Json, sent: Json | None) -> Iterator[Found]:
    """Compare the pieces that left with those that were booked out for the order."""
    left: Counter[int] = Counter()
    for row in sent["parcels"] if sent else []:
        if row["handedOver"]:
            for item in row["items"]:
                left[int(item["externalId"])] += int(item["quantity"])
    booked: Counter[int] = Counter()
    for row in facts.plenty["movements"]:
        if row["processRowType"] == MOVEMENT_ORDER and row["processRowId"] == order["id"]:
            booked[int(row["variationId"])] -= int(_decimal(row["quantity"]))
    for key in left.keys() | booked.keys():
        if booked[key] != left[key]:
            kind: Kind = "doubled" if booked[key] > left[key] else "lost"
            yield kind, "the goods issue", f"item {key}: {booked[key]} booked, {left[key]} left"


def _contents(facts: Facts, order: Json, sent: Json) -> Iterator[Found]:
    """Compare what wemalo was told with what the order says."""
    edits = facts.edits.get(int(order["id"]), 0)
    if sent["submissions"] > 1 + 2 * edits:  # one whose answer was lost may be told once more
        yield "doubled", "the hand-over", f"sent {sent['submissions']} times, {edits} edits"
    ours: Counter[str] = Counter()
    for item in order["orderItems"]:
        if item["itemVariationId"]:
            ours[str(item["itemVariationId"])] += int(_decimal(item["quantity"]))
    theirs: Counter[str] = Counter()
    for row in sent["positions"]:
        theirs[str(row["externalId"])] += int(row["quantity"])
    if ours != theirs:
        yield "wrong", "the goods", f"{dict(ours)} here, {dict(theirs)} there"
    here, there = _street(order), _receiver(sent)
    if _wanted(order) != CANCELLED and here != there:
        yield "wrong", "the address differs", f"{here} here, {there} there"


def _street(order: Json) -> tuple[str, str]:
    """Return street and house number of the delivery address; the day's have no more."""
    role = {int(row["typeId"]): row["addressId"] for row in order["addressRelations"]}
    address = next(row for row in order["addresses"] if row["id"] == role[DELIVERY])
    return str(address["address1"]), str(address["address2"])


def _receiver(sent: Json) -> tuple[str, str]:
    row = sent["meta"]["receiver"][0]
    return str(row["street"]), str(row["streetNumber"])


def _left_deleted(facts: Facts) -> list[Json]:
    """Return what left of deleted orders: nobody can book it, and its rows stay in the queue."""
    orders = facts.wemalo["orders"]
    sent = [orders[str(number)] for number in facts.deleted if str(number) in orders]
    parcels = [row for order in sent for row in order["parcels"] if row["handedOver"]]
    return [item for parcel in parcels for item in parcel["items"]]


def _goods(facts: Facts) -> Iterator[Difference]:
    """Compare the sellable pieces of each product."""
    gone: Counter[str] = Counter()
    for item in _left_deleted(facts):
        gone[str(item["externalId"])] += int(item["quantity"])
    here: Counter[str] = Counter()
    for row in facts.plenty["stock"]:
        here[str(row["variationId"])] += int(_decimal(row["stockPhysical"]))
    for key, row in facts.wemalo["stock"].items():
        there = int(row["shelf"].get(FIRST_QUALITY, 0)) + int(row["picked"])
        if here[key] - gone[key] != there:
            detail = f"{here[key]} here, {there} there, {gone[key]} left of deleted orders"
            yield Difference("wrong", f"item:{key}", "the stock", detail)


def _returns(facts: Facts) -> Iterator[Difference]:
    """Compare the pieces that came back with those of return orders."""
    here: Counter[str] = Counter()
    for order in facts.plenty["orders"].values():
        for item in order["orderItems"] if order["typeId"] == RETURN else ():
            here[str(item["itemVariationId"])] += int(_decimal(item["quantity"]))
    for key, row in facts.wemalo["stock"].items():
        if here[key] != int(row["returned"]):
            kind: Kind = "doubled" if here[key] > int(row["returned"]) else "lost"
            detail = f"{here[key]} in return orders, {row['returned']} came back"
            yield Difference(kind, f"item:{key}", "a return", detail)


def _queues(facts: Facts) -> Iterator[Difference]:
    queues = facts.wemalo["queues"]
    left = {name: len(queues[name]) for name in ("sent", "returns")}
    left["sent"] -= len(_left_deleted(facts))
    left |= {name: queues["postings"].get(name, 0) for name in POSTINGS}
    for name, count in left.items():
        if count:
            yield Difference("lost", "merchant", "rows of wemalo's queue", f"{name}: {count}")


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))
