"""An order's state and events in words, for the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from include.core.orders import in_words_de
from include.core.orders.states import State

if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDING = {
    State.FETCHED: "was read from plentymarkets and waits to be checked",
    State.READY: "is checked and waits to be sent to wemalo",
    State.INVALID: "cannot be sent: its address or content is faulty",
    State.NO_STOCK: "cannot be sent: there is not enough stock",
    State.QUARANTINED: "needs a person",
    State.SUBMITTING: "is being sent to wemalo, or its answer was lost; wemalo will be asked",
    State.RETRY_WAIT: "waits because wemalo's call limit was used up",
    State.WAITING: "is at the warehouse and waits there",
    State.ACCEPTED: "is at the warehouse",
    State.CANCELLING: "is being cancelled at the warehouse; its answer is awaited",
    State.CANCELLED: "is cancelled and will not ship",
    State.PARTLY_SHIPPED: "has partly left the warehouse",
    State.SHIPPED: "has left the warehouse completely",
    State.WITHDRAWN: "was taken back by the merchant before it was sent",
}

#: event kind -> text; {names} are filled from the event's data
_EVENTS = {
    "fetched": "read from plentymarkets: {positions} position(s), {goods} with goods; others: "
    "{not_goods}",
    "quarantined": "set aside: {code}",
    "validated_ok": "checked: good; hints: {warnings}",
    "validated_bad": "checked: faulty ({code}, field {field})",
    "validated_short": "checked: not enough stock ({code})",
    "validated_wait": "checked: waits ({code})",
    "validated_stop": "checked: needs a person ({code}, field {field})",
    "submitting": "being sent to wemalo: {sent} position(s); told to the picker: {told}; left out: "
    "{left_out}",
    "submit_unclear": "no clear answer from wemalo ({code}); it will be asked",
    "submit_postponed": "not sent this time ({code})",
    "submit_not_arrived": "never arrived at wemalo; it will be sent again",
    "not_found": "wemalo does not find it (look {lookups}); one more look follows",
    "replay_found": "wemalo has it already, which the ledger did not know",
    "parcels_found": "parcels that the ledger did not know have left ({rows} row(s))",
    "package_lost": "plentymarkets no longer has tracking number {tracking}; it is written again",
    "adopted": "had arrived at wemalo after all ({warehouse})",
    "arrived_after_all": "given up here ({before}), it has arrived at wemalo ({warehouse})",
    "submit_not_sent": "the hand-over never left; it is sent anew",
    "not_taken_again": "wemalo did not take it once more; it stays cancelled",
    "accepted": "accepted by wemalo ({warehouse})",
    "waiting": "wemalo has it but cannot start ({reason})",
    "withdrawn": "no longer released in plentymarkets (status {plenty_status})",
    "change_seen": "changed in plentymarkets after the hand-over",
    "change_taken_back": "the change was taken back in plentymarkets",
    "released_again_waiting": "released again while it waits at the warehouse; it is sent again",
    "change_submitting": "the change is being sent to wemalo",
    "change_sent": "wemalo has the change ({warehouse})",
    "change_not_sent": "the change was not sent this time",
    "change_too_late": "the change came too late: the warehouse has begun ({warehouse})",
    "change_unclear": "not known whether wemalo has the change ({warehouse})",
    "held_back": "not sent: the warehouse has its goods with another order; checked again",
    "split_before_sending": "split into delivery orders before it was sent; they carry the goods",
    "resumed": "the goods are there: it goes on by itself",
    "changed_before_sending": "changed in plentymarkets before it was sent; checked again",
    "status_written": "status {target} written to plentymarkets",
    "status_there": "plentymarkets already shows status {target}",
    "status_overtaken": "status {wanted} not written: plentymarkets shows {found}",
    "status_landed_late": "status {target} landed late; the history tells what it has overwritten",
    "status_put_back": "status {status} was put back over {over}",
    "note_dropped": "note not written: the order is {why}",
    "status_postponed": "status not written this time ({code})",
    "note_postponed": "note not written this time ({code})",
    "status_refused": "plentymarkets refused the status ({code})",
    "status_repair": "still in the fetch status: {target} is written once more",
    "note_written": "order note written",
    "note_refused": "plentymarkets refused the order note ({code})",
    "cancel_seen": "cancelled by the merchant; the warehouse will be asked",
    "cancel_put_back": "the merchant's cancellation {status} was put back over {over}",
    "cancel_refused": "the warehouse does not cancel ({warehouse})",
    "cancel_unclear": "no clear answer to the cancellation ({warehouse})",
    "cancel_not_sent": "cancellation not sent this time",
    "cancel_not_arrived": "the cancellation never arrived; it is asked again",
    "cancel_taken_back": "no longer cancelled: plentymarkets shows {status}",
    "hold_seen": "taken out of the release by hand: the warehouse is asked to cancel it",
    "hold_too_late": "the warehouse had started already ({warehouse}): it ships",
    "cancel_too_late": "cancelled too late ({warehouse}): it ships",
    "cancelling": "asking the warehouse to cancel",
    "cancelled": "cancelled",
    "warehouse_cancelled": "cancelled by the warehouse itself",
    "released_again": "released again after it had ended; not sent a second time",
    "parcel_left": "parcel {parcel} left with {carrier}, tracking number {tracking}",
    "package_created": "package with tracking number {tracking} created in plentymarkets",
    "package_filled": "tracking number {tracking} written to a package in plentymarkets",
    "package_there": "plentymarkets already has tracking number {tracking}",
    "package_not_written": "package not written this time ({code})",
    "tracking_changed": "parcel {parcel} has another tracking number now: {tracking}",
    "shipping_info_written": "shipping provider written to plentymarkets",
    "shipping_info_waits": "shipping provider not written ({code})",
    "shipping_info_refused": "plentymarkets refused the shipping provider ({code})",
    "goods_issue_written": "goods issue booked in plentymarkets",
    "goods_issue_postponed": "goods issue not booked this time ({code})",
    "shipping_info_postponed": "shipping provider not written this time ({code})",
    "goods_issue_corrected": "what did not leave is booked back after the goods issue",
    "shipped_short": "left without what was ordered: {missing}",
    "goods_issue_refused": "plentymarkets refused the goods issue ({code})",
    "partly_shipped": "partly shipped",
    "shipped": "shipped completely",
    "address_removed": "the delivery address is no longer kept",
    "address_removed_unended": "it has not moved ({state}) for many months: its address is no "
    "longer kept; released again, it is read again",
    "sent_again": "sent to wemalo once more: it could not begin ({reason})",
    "unknown_at_warehouse": "wemalo does not know it any more ({lookups} looks; was {warehouse})",
    "piece_returned": "{quantity} × {product} came back (quality {quality}, reason {reason})",
    "piece_gone": "wemalo took piece {piece} off its list of returns",
    "return_planned": "return order planned for {pieces} piece(s)",
    "return_created": "return order {return_order} created in plentymarkets",
    "return_adopted": "return order {return_order} had arrived in plentymarkets after all",
    "return_replaced": "the merchant made return order {return_order} instead; it is taken over",
    "return_not_found": "plentymarkets does not find the return order (look {lookups}); one more "
    "look follows",
    "return_not_arrived": "the return order never arrived in plentymarkets; it is created again",
    "return_postponed": "return order not created this time ({code})",
    "return_described": "reasons, conditions and status written to return order {return_order}",
    "return_booked": "{pieces} piece(s) of return order {return_order} booked into stock",
    "return_booking_there": "return order {return_order} was already booked into stock",
    "return_done": "return order {return_order} is complete",
    "return_given_up": "return order {return_order} is gone, and wemalo lists its pieces no more",
    "return_announced": "return order {return_order} announced to wemalo",
    "return_withdrawn": "return order {return_order} need not be announced any more",
    "document_awaited": "document {document} is awaited: it is {state}",
    "document_attached": "document {document} ({document_id}) attached in wemalo",
    "document_postponed": "document {document} not attached this time ({code})",
    "left_without_document": "left the warehouse without document {document}",
    "stock_shipment_booked": "{pieces} piece(s) of variation {variation} booked out of stock",
    "stock_shipment_there": "goods issue was booked by somebody else; not booked out again",
    "stock_approved": "{by} confirmed {pieces} piece(s) of variation {variation} ({code})",
    "stock_shipment_taken_back": "goods issue was booked as well; our booking is taken back",
    "exception_opened": "exception {code} opened: {text}",
    "exception_acknowledged": "exception {code} was seen by {by}: {note}",
    "exception_cleared": "exception {code} cleared: its cause is gone",
    "try_asked": "{by} has it tried again at once ({code})",
    "move_refused": "nothing changed: somebody was faster (wanted {to})",
}


_TELLING = {
    "en": (
        "Order",
        _STANDING,
        " {} write(s) to plentymarkets are still to come.",
        " {} write(s) were refused by plentymarkets: a person must look.",
    ),
    "de": (in_words_de.ORDER, in_words_de.STANDING, in_words_de.WAITING, in_words_de.DEAD),
}


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def standing(
    order_id: int,
    state: State,
    reason: str,
    waiting: int,
    dead: int,
    language: Literal["de", "en"] = "en",
) -> str:
    """Return one sentence about where an order stands.

    :param reason: why, where there is a reason.
    :param waiting: how many writes to plentymarkets are still to come.
    :param dead: how many plentymarkets refused for good.
    """
    order, words, to_come, refused = _TELLING[language]
    text = f"{order} {order_id} {words[state]}"
    text += f": {reason.rstrip('.')}." if reason else "."
    if waiting:
        text += to_come.format(waiting)
    if dead:
        text += refused.format(dead)
    return text


def event_text(kind: str, data: Mapping[str, Any], language: Literal["de", "en"] = "en") -> str:
    """Return an event in words; an unknown kind is shown by its name."""
    values = {
        name: (", ".join(map(str, value)) if isinstance(value, list) else value) or "-"
        if value != 0
        else 0
        for name, value in data.items()
    }
    words = in_words_de.EVENTS if language == "de" else _EVENTS
    return words.get(kind, kind.replace("_", " ")).format_map(_Missing(values))


def is_told(kind: str) -> bool:
    """Say whether there are words for a kind of event."""
    return kind in _EVENTS
