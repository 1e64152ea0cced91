"""What an operator reads of cancellations and changes after the hand-over, in both languages."""

from __future__ import annotations

#: code -> (de, en, action_de, action_en); part of `include.core.exceptions.exception_texts`
CHANGES: dict[str, tuple[str, str, str, str]] = {
    "CANCEL_TOO_LATE": (
        "Zu spät storniert: das Lager arbeitet bereits daran (Stand {warehouse}, {at} UTC). Der "
        "Auftrag wird versendet.",
        "Cancelled too late: the warehouse already works on it (status {warehouse}, {at} UTC). The "
        "order ships.",
        "Im Lager anrufen, falls die Sendung noch aufgehalten werden soll; sonst als Retoure "
        "behandeln.",
        "Call the warehouse if the parcel shall still be stopped; else treat it as a return.",
    ),
    "CANCEL_AFTER_SHIPPING": (
        "Storniert, nachdem die Ware das Lager verlassen hat ({at} UTC).",
        "Cancelled after the goods had left the warehouse ({at} UTC).",
        "Die Sendung als Retoure behandeln.",
        "Treat the parcel as a return.",
    ),
    "ARRIVED_UNWANTED": (
        "Die Übergabe galt als nicht angekommen, und der Auftrag wurde seither storniert oder "
        "zurückgezogen; jetzt hat ihn das Lager doch (Stand {warehouse}). Es wird um Stornierung "
        "gebeten.",
        "The hand-over was taken for not arrived, and the order was cancelled or withdrawn since; "
        "now the warehouse has it after all (status {warehouse}). It is asked to cancel it.",
        "Nichts zu tun, wenn das Lager storniert. Soll er doch versendet werden, den Auftrag "
        "wieder freigeben.",
        "Nothing, if the warehouse cancels it. If it shall ship after all, release the order "
        "again.",
    ),
    "CANCEL_UNCLEAR": (
        "Ob das Lager den Auftrag storniert, ist nicht klar (Stand {warehouse}): Es hat zugesagt, "
        "ohne zu stornieren, oder mehrmals nicht klar geantwortet. Es wird nicht weiter gefragt; "
        "der Stand wird weiter gelesen.",
        "Whether the warehouse cancels the order is not clear (status {warehouse}): it agreed "
        "without cancelling, or gave no clear answer several times. It is not asked again; its "
        "status is still read.",
        "Im Lager klären, ob der Auftrag storniert ist.",
        "Ask the warehouse whether the order is cancelled.",
    ),
    "WAREHOUSE_CANCELLED": (
        "Das Lager hat den Auftrag selbst storniert; der Händler hat das nicht verlangt.",
        "The warehouse cancelled the order by itself; the merchant did not ask for it.",
        "Den Grund im Lager erfragen, dann in plentymarkets stornieren oder als neuen Auftrag "
        "anlegen.",
        "Ask the warehouse why, then cancel it in plentymarkets or make a new order.",
    ),
    "CHANGED_TOO_LATE": (
        "Nach der Übergabe in plentymarkets geändert, das Lager nimmt die Änderung nicht mehr an "
        "(Stand {warehouse}): {de}.",
        "Changed in plentymarkets after the hand-over; the warehouse no longer takes the change "
        "(status {warehouse}): {en}.",
        "Im Lager anrufen, falls die Änderung noch gelten soll; sonst zurücknehmen.",
        "Call the warehouse if the change shall still count; else take it back in plentymarkets.",
    ),
    "CHANGE_UNCLEAR": (
        "Ob das Lager die Änderung noch bekommen hat, ist nicht bekannt (Stand {warehouse}): {de}.",
        "It is not known whether the warehouse still got the change (status {warehouse}): {en}.",
        "Im Lager prüfen, welche Fassung gepackt wird.",
        "Check with the warehouse which version is packed.",
    ),
    "CHANGE_INVALID": (
        "Nach der Übergabe geändert, aber so nicht übertragbar: {de}. Das Lager hat weiter die "
        "alte Fassung.",
        "Changed after the hand-over, but not transferable like this: {en}. The warehouse still "
        "has the old version.",
        "Den Auftrag in plentymarkets berichtigen; die Änderung geht dann von selbst ins Lager.",
        "Correct the order in plentymarkets; the change then goes to the warehouse by itself.",
    ),
    "SPLIT_AFTER_HANDOVER": (
        "Nach der Übergabe in Lieferaufträge geteilt. Das Lager versendet den ganzen Auftrag.",
        "Split into delivery orders after the hand-over. The warehouse ships the whole order.",
        "Die Lieferaufträge in plentymarkets löschen, oder den Auftrag stornieren.",
        "Delete the delivery orders in plentymarkets, or cancel the order.",
    ),
    "DELIVERY_ORDER_LATE": (
        "Lieferauftrag zu Auftrag {parent}, den das Lager schon ganz hat. Er wird nicht gesendet, "
        "sonst ginge die Ware doppelt hinaus.",
        "Delivery order of order {parent}, all of which the warehouse already has. It is not sent: "
        "the goods would leave twice.",
        "Den Lieferauftrag löschen, oder den Hauptauftrag {parent} stornieren.",
        "Delete the delivery order, or cancel main order {parent}.",
    ),
    "PART_LATE": (
        "Durch Teilen oder Gruppieren aus Auftrag {parent} entstanden, dessen Ware das Lager schon "
        "hat. Er wird nicht gesendet, sonst ginge die Ware doppelt hinaus.",
        "Made by splitting or grouping from order {parent}, whose goods the warehouse already has. "
        "It is not sent: the goods would leave twice.",
        "Diesen Auftrag löschen, oder Auftrag {parent} stornieren: dann geht dieser von selbst ins "
        "Lager.",
        "Delete this order, or cancel order {parent}: this one then goes to the warehouse by "
        "itself.",
    ),
    "DELIVERY_INCOMPLETE": (
        "Hauptauftrag mit Ware, die in keinem Lieferauftrag steht: {goods}. Sie wird nicht "
        "versendet.",
        "A main order with goods that are in no delivery order: {goods}. They are not sent.",
        "Für die übrige Ware einen Lieferauftrag anlegen, oder sie aus dem Hauptauftrag nehmen.",
        "Make a delivery order for these goods, or take them out of the main order.",
    ),
    "RELEASED_AGAIN": (
        "Erneut freigegeben, obwohl versendet oder im Lager storniert. Wird nicht noch einmal "
        "gesendet.",
        "Released again although shipped, or cancelled in the warehouse. It is not sent again.",
        "Für eine neue Sendung einen neuen Auftrag anlegen und diesen aus dem Status nehmen.",
        "Make a new order for a new parcel, and move this one out of the status.",
    ),
    "SHIPPED_ALTHOUGH_CANCELLED": (
        "Das Lager hat Ware versendet, obwohl der Auftrag nicht versendet werden sollte (hier: "
        "{state}).",
        "The warehouse sent goods although the order was not to be sent (here: {state}).",
        "Die Sendung als Retoure behandeln oder berechnen, und im Lager klären, warum sie ging. "
        "Danach quittieren (fulfil acknowledge).",
        "Treat the parcel as a return, or charge for it, and find out at the warehouse why it "
        "left. Then acknowledge this (fulfil acknowledge).",
    ),
}  # fmt: skip
