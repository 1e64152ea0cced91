"""What an operator reads in the Airflow UI: the DAG, its tasks, its trigger form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.config.merchants import BrokenFile
    from include.core.merchants.merchant import Merchant

PARAMS: dict[str, dict[str, Any]] = {
    "order_ids": {
        "default": [],
        "type": ["array", "null"],
        "items": {"type": "integer"},
        "title": "Only these orders",
        "description": "plentymarkets order ids to look at; empty means everything that is due.",
    },
    "window_from": {
        "default": None,
        "type": ["string", "null"],
        "format": "date-time",
        "title": "Replay from",
        "description": "Start of a time window (of the orders' last change) to replay.",
    },
    "window_to": {
        "default": None,
        "type": ["string", "null"],
        "format": "date-time",
        "title": "Replay to",
        "description": "End of that window, not included.",
    },
    "dry_run": {
        "default": False,
        "type": "boolean",
        "title": "Dry run",
        "description": "Read and decide everything, write nothing. The plan is in the log of "
        "extract_plenty_orders, behind its link, and under `fulfil plan <merchant>`.",
    },
}

TASKS = {
    "extract_plenty_orders": """
Reads which orders are released (or cancelled) in plentymarkets: all ids first, then the content of
what is new. Nothing is changed there.

**Red?** The log names the reason: a wrong password or URL (correct the connection), a system that
does not answer (nothing to do, the next run goes on), an answer that breaks the contract (report
it). Orders stay where they are and are read by the next run.
""",
    "validate": """
Checks addresses, positions, shipping profile and stock with Great Expectations. Faulty orders get
6.2 or 6.3 and an order note that says why.

**Red?** A rule could not run: no order of the batch was passed on. The log names the rule.
""",
    "load_to_wemalo": """
Cancels first, then hands valid orders over to wemalo, each exactly once: every order is noted in
the ledger before it is sent. What a crash or a lost answer left open is asked for, never sent
blindly again.

**Red?** wemalo refused the token, does not answer or answered nonsense. Orders wait and go with the
next run.
""",
    "writeback_status": """
Writes 5.1, 6.2, 6.3, 8.8 and order notes to plentymarkets, after reading the orders once more. A
cancellation that came in between is never overwritten; if it was, it is put back.

**Red?** plentymarkets does not take the write. It stays queued and goes with the next run.
""",
    "reconcile_tracking": """
Takes wemalo's queue of sent items: one plentymarkets package per parcel with its tracking number,
then the shipping provider and, where set up, goods issue. The queue is acknowledged last.

**Red?** A carrier is not mapped (add it to the merchant's file), or a system does not answer.
Parcels stay in wemalo's queue until plentymarkets has them.
""",
    "handle_returns": """
Takes wemalo's queue of booked returns: one plentymarkets return order per order, linked to it, with
status, reason and condition as the merchant's file says. Return orders that the merchant entered
are announced to wemalo, where set up. The queue is acknowledged last.

Pieces that fit no order (unannounced, of a foreign order, more than was sent, not mapped) stay in
wemalo's queue as open exceptions.

**Red?** A system does not answer, or refuses the login. Nothing is lost and nothing is made twice:
the next run looks first.
""",
    "attach_documents": """
Attaches invoice and delivery note (of the main order, for delivery orders) to the orders in wemalo,
each once. A missing, pending or faulty document is waited for; a required one becomes an exception
with an order note. Nothing is done unless the merchant's file asks for documents.

**Red?** A system does not answer. A document whose answer was lost is not sent again blindly.
""",
    "sync_stock": """
Compares wemalo's sellable stock with what was booked so far and books the difference in
plentymarkets: goods receipts and stocktaking with their reasons, each once. Shipments are taken out
by goods issue, not here. The first comparison, falls to zero of many products and absurd jumps wait
for `fulfil stock approve <merchant>`. Nothing is done unless `stock.enabled` is set, and nothing
before its time (`stock.every_minutes`).

**Red?** A system does not answer, or refuses the login. A booking whose answer was lost is looked
up in plentymarkets' journal before anything is repeated.
""",
    "sync_products": """
Tells wemalo of new and changed variations of the merchant's warehouse, and of the components of
bundles. A variation that lacks a field becomes an exception that names it; only its own orders
wait. Nothing is done unless `products.enabled` is set, and nothing before its time.

**Red?** A system does not answer, or refuses the login. Products stay due and go with the next run.
""",
    "read_merchant_file": """
Here while the merchant's file cannot be used and its last good version goes on. Red once per
mistake, skipped after that; the exception stays open until the file is corrected.

**Red?** The log names file, line, field and reason. `fulfil lint` says the same.
""",
    "watcher": "Red when any task is red, so that the run is red too. Otherwise skipped.",
}


def going_on_doc(broken: BrokenFile) -> str:
    """Return what stands above a DAG's description while its merchant's file cannot be used."""
    return (
        f"**This merchant's file cannot be used:**\n\n```text\n{broken.message}\n```\n\n"
        f"**{broken.going_on()}**\n"
    )


def dag_doc(merchant: Merchant) -> str:
    """Return the DAG's description for the UI, with the merchant's own statuses."""
    s = merchant.statuses
    return f"""
# Orders of {merchant.merchant}: plentymarkets → wemalo → plentymarkets

| Moment | Status |
| --- | --- |
| fetched | {s.fetch} |
| handed over to wemalo | {s.handed_over} |
| delivery address faulty | {s.address_error} |
| not enough stock | {s.no_stock} |
| cancelled by the merchant | {s.cancel_requested} |
| cancellation handed over | {s.cancel_done} |
| cancelled too late | {s.cancel_too_late} |

plentyID {merchant.plenty.plenty_id}, warehouse {merchant.plenty.warehouse_id}. Where one order
stands: `fulfil order {merchant.merchant} <order id>`.

A run can always be repeated: an order the warehouse has is never sent again.
"""
