"""What an operator reads of parcels that left, in both languages."""

from __future__ import annotations

#: code -> (de, en, action_de, action_en); part of `include.core.exceptions.exception_texts`
PARCELS: dict[str, tuple[str, str, str, str]] = {
    "CARRIER_UNMAPPED": (
        "Versendet mit {carrier}, das keinem Versanddienstleister in plentymarkets zugeordnet ist.",
        "Shipped with {carrier}, which is mapped to no shipping service provider of plentymarkets.",
        "{carrier} in carriers der Händlerdatei eintragen.",
        "Add {carrier} to carriers in the merchant file.",
    ),
    "SHIPPED_BY_HAND": (
        "Von Hand auf Status {status} gesetzt (versendet), während das Lager den Auftrag noch hat "
        "(Stand {warehouse}). {end_de}",
        "Set to status {status} (shipped) by hand while the warehouse still has the order (status "
        "{warehouse}). {end_en}",
        "Ist die Ware schon anders versendet, den Auftrag im Lager stornieren lassen; sonst den "
        "Status zurücksetzen.",
        "If the goods were shipped another way, have the order cancelled in the warehouse; else "
        "set the status back.",
    ),
    "PARCEL_WITHOUT_NUMBER": (
        "Paket {parcel} hat das Lager verlassen und hat auch nach {minutes} Minuten keine "
        "Sendungsnummer.",
        "Parcel {parcel} left the warehouse and has no tracking number after {minutes} minutes.",
        "Beim Lager nachfragen. Sobald die Nummer da ist, geht der Auftrag von selbst weiter.",
        "Ask the warehouse. Once the number is there, the order goes on by itself.",
    ),
    "TRACKING_NUMBER_ODD": (
        "Die Sendungsnummer von Paket {parcel} hat keine der Formen, die {carrier} vergibt. Sie "
        "ist so eingetragen, wie das Lager sie nennt.",
        "The tracking number of parcel {parcel} has none of the forms that {carrier} gives. It was "
        "written as the warehouse names it.",
        "Mit dem Etikett vergleichen und im Lager berichtigen lassen; die neue Nummer wird von "
        "selbst übernommen. Stimmt sie, quittieren (fulfil acknowledge).",
        "Compare it with the label and have the warehouse correct it; the new number is taken over "
        "by itself. If it is right, acknowledge this (fulfil acknowledge).",
    ),
    "SENT_ROWS_TAKEN": (
        "Versendet, aber {rows} Zeilen fehlten in wemalos Versandliste: jemand anders hat sie "
        "quittiert. Die Pakete wurden beim Auftrag gelesen und übernommen.",
        "Shipped, but {rows} rows were missing in wemalo's list of sent items: somebody else "
        "acknowledged them. The parcels were read from the order and taken over.",
        "Herausfinden, wer mit demselben wemalo-Mandanten arbeitet (etwa eine zweite Anbindung), "
        "und ihn abschalten. Danach quittieren (fulfil acknowledge).",
        "Find out who works with the same wemalo client (a second connection, for instance), and "
        "switch it off. Then acknowledge this (fulfil acknowledge).",
    ),
    "SHIPPED_SHORT": (
        "Das Lager hat nur einen Teil versendet; es fehlen: {missing}. Mehr kommt nicht.",
        "The warehouse sent only a part; missing: {missing}. Nothing more follows.",
        "Dem Kunden das Fehlende erstatten oder als neuen Auftrag nachsenden.",
        "Refund what is missing, or send it as a new order.",
    ),
    "FOREIGN_ROWS": (
        "{count} Zeilen in wemalos Versandliste gehören zu keinem Auftrag von hier ({orders}). Sie "
        "bleiben dort.",
        "{count} rows of wemalo's list of sent items belong to no order from here ({orders}). They "
        "stay there.",
        "Im Lager klären, woher diese Aufträge kommen; sie sollten dort quittiert werden.",
        "Ask the warehouse where these orders come from; they should be acknowledged there.",
    ),
}  # fmt: skip
