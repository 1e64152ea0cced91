"""What orders in flight go by: the facts of the merchant file that they were fetched under.

The file may change at any time. An order goes by its own facts to its end; one whose system is no
longer the one that the file leads to is left alone, because its number means another order there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.core.exceptions.exception_texts import exception_text
from include.core.merchants import merchant_facts as core
from include.core.orders.states import AT_WAREHOUSE
from include.core.systems.slices import IdSet
from include.ledger.exceptions import exceptions
from include.ledger.merchants import merchant_facts as ledger

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from fulfilment.flow.systems.work import Work
    from fulfilment.hooks.base import ApiHook
    from include.core.exceptions.exception_texts import ExceptionText
    from include.core.merchants.merchant import Merchant
    from include.core.merchants.merchant_facts import Kept

CHANGED, OTHER_SYSTEM = "MERCHANT_FILE_CHANGED", "MERCHANT_SYSTEM_CHANGED"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a merchant as they are now, and those that earlier orders go by.

    :param older: by their version, those that lead to the plentymarkets system of today.
    :param moved: those that lead to another plentymarkets system.
    :param left: versions among ``older`` that lead to another wemalo client.
    :param strangers: all orders of another plentymarkets system, and those that are in another
        wemalo client: nothing is read or written about them.
    """

    now: Kept
    older: dict[str, Kept] = field(default_factory=dict)
    moved: dict[str, Kept] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    strangers: IdSet = field(default_factory=IdSet)


def kept(merchant: Merchant, plenty: ApiHook, wemalo: ApiHook) -> Kept:
    """Return what is kept of a merchant as it is now.

    :raises ConfigError: a connection is missing or cannot be used.
    """
    return core.kept(merchant, plenty.leads_to, wemalo.leads_to)


def meet(engine: Engine, merchant: Merchant, plenty: ApiHook, wemalo: ApiHook) -> Facts:
    """Note which facts the merchant goes by, and return them with those of its earlier orders.

    :raises ConfigError: a connection cannot be used, or another merchant's orders of another
        system are in the wemalo client (code ``SAME_CLIENT``).
    """
    now = kept(merchant, plenty, wemalo)
    name, former = merchant.merchant, merchant.plenty.former_urls
    older: dict[str, Kept] = {}
    moved: dict[str, Kept] = {}
    with engine.begin() as connection:
        for one in ledger.meet(connection, name, now):
            if one.version != now.version:
                same = core.same_system(one, now, former)
                (older if same else moved)[one.version] = one
        left = frozenset(v for v, one in older.items() if not core.same_client(one, now))
        strangers = IdSet()
        if moved or left:
            strangers = IdSet(ledger.orders_of(connection, name, moved, at_warehouse=left))
    return Facts(now, older, moved, left, strangers)


def merchants_under_way(work: Work, connection: Connection) -> list[Merchant]:
    """Return the merchant as it is now, and as it was for each part of its orders in flight."""
    if not work.facts.older:
        return [work.merchant]
    there = ledger.not_ended(connection, work.name, work.facts.older)
    older = [core.laid_over(work.merchant, work.facts.older[one].facts) for one in there]
    return [work.merchant, *older]


def tell_changes(work: Work, connection: Connection) -> None:
    """Tell that orders in flight go by other facts than the file's, until there are none."""
    facts = work.facts
    texts: list[ExceptionText] = []
    if facts.older or facts.moved:
        staying = {v: one for v, one in facts.older.items() if v not in facts.left}
        gone = facts.moved | {v: facts.older[v] for v in facts.left}
        counts = (
            (CHANGED, staying, ledger.under_way(connection, work.name, staying)),
            (OTHER_SYSTEM, gone, ledger.under_way(connection, work.name, gone, AT_WAREHOUSE)),
        )
        for code, kind, count in counts:
            what = sorted({text for v in count for text in core.changes(kind[v], facts.now)})
            if count:
                total = sum(count.values())
                texts.append(exception_text(code, count=total, what="; ".join(what)))
    exceptions.keep(connection, work.journal, {CHANGED, OTHER_SYSTEM}, {exceptions.MERCHANT: texts})
