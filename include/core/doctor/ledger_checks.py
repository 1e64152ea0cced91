"""The doctor's judgement of what the ledger knows: whether work stands, and its server's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.core.doctor.facts import Check, Facts, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.core.merchants.merchant import Merchant

#: settings of PostgreSQL that keep statements and values out of its log, the ones we choose first.
#: An error's first line alone may quote a value (`invalid input syntax for type ...`): it is told
#: to the client, which keeps its SQLSTATE, and not written.
PRIVATE_LOG: Mapping[str, tuple[str, ...]] = {
    "log_min_messages": ("log", "fatal", "panic"),
    "log_min_error_statement": ("panic", "fatal", "log"),
    "log_error_verbosity": ("terse",),
    "log_parameter_max_length": ("0",),
    "log_parameter_max_length_on_error": ("0",),
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
}


def private_log(facts: Facts, merchant: Merchant) -> Check:
    """Check that the server of the ledger writes no statements and no values to its log."""
    del merchant
    code = "LEDGER_LOG"
    if facts.ledger_log is None:
        return unknown(code, facts, "ledger_log", weight=1)
    there = facts.ledger_log
    wrong = {
        name: good[0] for name, good in PRIVATE_LOG.items() if there.get(name, good[0]) not in good
    }
    if not wrong:
        return Check(
            code,
            "ok",
            "PostgreSQL schreibt keine Anweisungen und Werte in sein Protokoll.",
            "PostgreSQL writes no statements and no values to its log.",
            weight=1,
        )
    shown = ", ".join(f"{name} = {there[name]}" for name in wrong)
    wanted = ", ".join(f"{name} = {value}" for name, value in wrong.items())
    return Check(
        code,
        "warn",
        f"PostgreSQL kann Namen und Anschriften in sein Protokoll schreiben: {shown}.",
        f"PostgreSQL may write names and addresses to its log: {shown}.",
        f"Auf dem Server des Ledgers setzen: {wanted} (docs/production.md).",
        f"Set on the ledger's server: {wanted} (docs/production.md).",
        weight=1,
    )


def pauses(facts: Facts, merchant: Merchant) -> Check:
    """Check that the merchant's work goes on: nobody paused it, in the ledger or in Airflow."""
    del merchant
    code = "WORK_PAUSED"
    if facts.pauses is None:
        return unknown(code, facts, "pauses", weight=1)
    if not facts.pauses:
        return Check(code, "ok", "Nichts ist pausiert.", "Nothing is paused.", weight=1)
    _, german, english, do_german, do_english = facts.pauses[0]
    return Check(code, "warn", german, english, do_german, do_english, weight=1)
