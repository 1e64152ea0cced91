"""Writes in groups: claimed together, made a few at a time, noted together.

The protocol is that of `fulfilment.flow.systems.write`, with one transaction for the claims of a
group and one for what came of it, and with one `allow` for the calls that are on their way side by
side.

::

    claim     one transaction: the writes of a group that nobody holds and that no earlier call has
              left in doubt, and what the domain notes ahead of them
    permit    each call waits for its turn
    allow     the first call asks for as many as may be on their way; that counts for a second
    call      side by side; writes of one item, or that compete, one after the other
    end       one transaction: what came of the answered ones, and their claims are gone

A process that dies leaves in doubt what may have been on its way, and a few that came next. A
failure is its item's. Where the system fails the rest is given back as it was: it was never sent.
What cannot go with a group goes alone, by `fulfilment.flow.systems.write`.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from fulfilment.flow.systems.each import Tries, by_order, known
from fulfilment.flow.systems.side_by_side import MEANWHILE_S, lanes
from fulfilment.flow.systems.write import held_elsewhere, nothing_happened
from include.core.systems.errors import FulfilmentError, LedgerError, WriteHeld
from include.core.systems.failures import Level, level_of
from include.ledger.systems import locks, writes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Sequence

    from sqlalchemy import Connection

    from fulfilment.flow.systems.side_by_side import Lanes
    from fulfilment.flow.systems.work import Work
    from fulfilment.flow.systems.write import Write
    from fulfilment.hooks.base import ApiHook
    from include.ledger.systems.writes import Claim

Item = TypeVar("Item")
Result = TypeVar("Result")

#: so many writes are claimed, and noted, by one transaction
GROUP = 24


class GroupWrite(Generic[Item, Result]):
    """One kind of write that is made in groups: what it is about, and what follows from it."""

    #: a key of `include.core.systems.failures.STEPS`
    step: str

    def about(self, item: Item) -> Write:
        """Return what an item's call writes; it has one subject."""
        raise NotImplementedError

    def fits(self, _: Item) -> bool:
        """Say whether an item can go with others; else it goes alone."""
        return True

    def competes_for(self, _: Item) -> Collection[Hashable]:
        """Return what items want of the other system that may be the last: theirs go in order."""
        return ()

    def wanted(self) -> bool:
        """Say whether more may be sent now."""
        return True

    def begin(self, connection: Connection, items: Sequence[Item]) -> Collection[Item]:
        """Note ahead those that are still to be written, by rows that it locks; return them."""
        raise NotImplementedError

    def send(self, hook: ApiHook, item: Item) -> Result:
        """Make an item's one call by this hook, in any thread, without the ledger."""
        raise NotImplementedError

    def end(self, connection: Connection, done: Sequence[tuple[Item, Result]]) -> None:
        """Note what was answered, in the transaction that ends the claims."""
        raise NotImplementedError

    def after(self, item: Item, result: Result) -> None:
        """Do what follows once an answer is noted."""

    def failed(self, item: Item, error: Exception, sent: bool) -> None:
        """Handle a failure that has a meaning of its own, and raise any other again.

        :param sent: the call has left.
        """
        raise error

    def unsent(self, connection: Connection, items: Sequence[Item]) -> None:
        """Put back what `begin` noted: nothing of these was sent."""
        raise NotImplementedError

    def alone(self, item: Item) -> object:
        """Make an item's write by `fulfilment.flow.systems.write`."""
        raise NotImplementedError


def in_groups(
    work: Work,
    hook: ApiHook,
    kind: GroupWrite[Item, Any],
    items: Sequence[Item],
    *,
    subject: Callable[[Item], str] = by_order,
) -> bool:
    """Write items in their order, in groups where they fit; as `fulfilment.flow.systems.each.each`.

    :param subject: names an item as exceptions do; items of one name rest together, and are never
        written side by side.
    :returns: False where the system cannot be used: it is noted as trouble, the rest was left.
    :raises FulfilmentError: the platform fails.
    """
    tries = Tries(work, kind.step, known(work, kind.step, {subject(item) for item in items}))
    with lanes(hook) as made:
        groups = _Groups(work, kind, subject, tries, made)
        for fits, run in groupby(items, partial(_fits, kind)):
            for few in _some(list(run), GROUP):
                if not kind.wanted():
                    return True
                awake = [item for item in few if not tries.rests(subject(item))]
                if not (groups.together(awake) if fits else groups.one_by_one(awake)):
                    return False
    return True


def _fits(kind: GroupWrite[Item, Any], item: Item) -> bool:
    try:
        return kind.fits(item)
    except Exception as error:
        if level_of(error) is Level.PLATFORM:
            raise
        return False  # what is wrong with it shows when it goes alone


def _some(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@dataclass(eq=False, slots=True)
class _One(Generic[Item]):
    """One write of a group, and how far it is."""

    item: Item
    name: str
    claim: Claim
    needs: Collection[Hashable]
    allowed_at: float | None = None  # of `time.monotonic`
    left: bool = False
    over: bool = False


@dataclass(slots=True)
class _Groups(Generic[Item, Result]):
    """What the groups of one loop share."""

    work: Work
    kind: GroupWrite[Item, Result]
    subject: Callable[[Item], str]
    tries: Tries
    lanes: Lanes

    def one_by_one(self, items: Sequence[Item]) -> bool:
        """Write items each for itself; False where the system cannot be used."""
        for item in items:
            name = self.subject(item)
            do = partial(self.kind.alone, item)
            if not self.tries.rests(name) and not self.tries.alone(name, do):
                return False
        return True

    def together(self, items: Sequence[Item]) -> bool:
        """Write a group; False where the system cannot be used."""
        if not items:
            return True
        self.work.check_mode()
        try:
            ones, others = self._claim(items)
        except SQLAlchemyError:  # the ledger's own errors of a value have a class of ours
            raise
        except Exception as error:
            if level_of(error) is Level.PLATFORM:
                raise
            return self.one_by_one(items)  # one of them is sick
        return _Group(self, ones).make() and self.one_by_one(others)

    def _claim(self, items: Sequence[Item]) -> tuple[list[_One[Item]], list[Item]]:
        """Return those that are claimed and noted ahead, and those that must go alone."""
        work, kind = self.work, self.kind
        about = {kind.about(item).subjects[0]: item for item in items}
        needs = {id(item): self._needs(item) for item in items}
        with work.engine.begin() as connection:
            claims = writes.take(
                connection, work.name, kind.step, about,
                owner=work.owner, lease_s=work.lease_s, doubted=False,
            )  # fmt: skip
            taken = {claim.subject: about[claim.subject] for claim in claims}
            begun = {id(item) for item in kind.begin(connection, [*taken.values()])}
            idle = [claim for claim in claims if id(taken[claim.subject]) not in begun]
            writes.give_up(connection, idle)
        claim_of = {id(taken[claim.subject]): claim for claim in claims}
        ones = [
            _One(item, self.subject(item), claim_of[id(item)], needs[id(item)])
            for item in items
            if id(item) in begun
        ]
        return ones, [item for item in items if id(item) not in begun]

    def _needs(self, item: Item) -> Collection[Hashable]:
        return (("subject", self.subject(item)), *self.kind.competes_for(item))

    def note(self, done: Sequence[tuple[_One[Item], Result]]) -> None:
        """Note what was answered, all at once; one that cannot be noted fails alone."""
        if not done:
            return
        try:
            self._end(done)
        except SQLAlchemyError:
            raise
        except Exception as error:
            if level_of(error) is Level.PLATFORM:
                raise
            for one, result in done:
                self.tries.settle(one.name, partial(self._end_one, one, result))
            return
        self.tries.worked([one.name for one, _ in done])
        for one, result in done:
            self.tries.settle(one.name, partial(self.kind.after, one.item, result))

    def _end(self, done: Sequence[tuple[_One[Item], Result]]) -> None:
        with self.work.engine.begin() as connection:
            self.kind.end(connection, [(one.item, result) for one, result in done])
            writes.end(connection, [one.claim for one, _ in done])

    def _end_one(self, one: _One[Item], result: Result) -> None:
        self._end([(one, result)])
        self.kind.after(one.item, result)


@dataclass(slots=True)
class _Group(Generic[Item, Result]):
    """One group that is claimed."""

    all: _Groups[Item, Result]
    ones: Sequence[_One[Item]]
    lock: Lock = field(default_factory=Lock)
    done: list[tuple[_One[Item], Result]] = field(default_factory=list)
    noted_at: float = field(default_factory=time.monotonic)
    usable: bool = True
    broken: Exception | None = None  # of the platform

    def make(self) -> bool:
        """Make the calls and note what came of them; False where the system cannot be used.

        :raises FulfilmentError: the platform fails; what was answered is noted if that can be.
        """
        rest = dict.fromkeys(self.ones)
        for one, outcome in self.all.lanes.make(
            self.ones, self._call,
            needs=lambda one: one.needs, go_on=self._go_on, meanwhile=self._note,
        ):  # fmt: skip
            del rest[one]
            if isinstance(outcome, Exception):
                self._failed(one, outcome)
            else:
                self.all.tries.in_a_row.clear()
                self.done.append((one, outcome))
            if time.monotonic() - self.noted_at > MEANWHILE_S:
                self._note()
        try:
            self._note()
            self._give_back(list(rest))
        except LedgerError as error:
            raise self.broken or error from error
        if self.broken is not None:
            raise self.broken
        return self.usable

    def _go_on(self) -> bool:
        if self.broken is not None or not self.usable:
            return False
        try:
            self.all.work.check_mode()
            return self.all.kind.wanted()
        except Exception as error:
            self.broken = error
            return False

    def _call(self, hook: ApiHook, one: _One[Item]) -> Result:
        try:
            with hook.allowed_by(partial(self._allow, one)):
                return self.all.kind.send(hook, one.item)
        finally:
            one.over = True

    def _allow(self, one: _One[Item]) -> None:
        """Let a call leave, right before it does, and with it the next ones beside it.

        :raises WriteHeld: it was taken over; the call must not be sent.
        """
        with self.lock:
            self.all.work.check_lock()
            now = time.monotonic()
            if one.allowed_at is None or now - one.allowed_at > locks.TRUSTED_S:
                beside = [
                    o for o in self.ones if not o.over and o.allowed_at is None and o is not one
                ]
                beside = beside[: self.all.lanes.count - 1]
                try:
                    self._ask([one, *beside], now)
                except WriteHeld:
                    if not beside:
                        raise
                    self._ask([one], now)
            one.left = True

    def _ask(self, ones: Sequence[_One[Item]], now: float) -> None:
        work = self.all.work
        claims = [one.claim for one in ones]
        writes.allow(work.engine, claims, lease_s=work.lease_s, settle_s=work.settle_s)
        for one in ones:
            one.allowed_at = now

    def _failed(self, one: _One[Item], error: Exception) -> None:
        work, kind, tries = self.all.work, self.all.kind, self.all.tries
        level = Level.PLATFORM if isinstance(error, SQLAlchemyError) else level_of(error)
        if level is Level.PLATFORM:
            self.broken = self.broken or error
        told = level is Level.PLATFORM or (level is Level.SYSTEM and not self.usable)
        held = True
        with work.engine.begin() as connection:
            if not one.left:
                held = bool(writes.give_up(connection, [one.claim]))
                if held and told:
                    kind.unsent(connection, [one.item])
            elif nothing_happened(error):
                writes.end(connection, [one.claim])
            else:
                code = getattr(error, "code", type(error).__name__)
                writes.doubt(connection, [one.claim], work.settle_s, code)
        if not held and level is Level.ITEM:
            # what it met on the way may be what the other run has done
            error = held_elsewhere(work, kind.about(one.item))
        failed = partial(kind.failed, one.item, error, one.left)
        if not told:
            self.usable &= tries.settle(one.name, failed)
        elif one.left and level is Level.SYSTEM:
            with suppress(FulfilmentError):
                failed()

    def _note(self) -> None:
        done, self.done = self.done, []
        self.noted_at = time.monotonic()
        self.all.note(done)

    def _give_back(self, rest: Sequence[_One[Item]]) -> None:
        """Put back what was not sent: nothing of it is in doubt."""
        if not rest:
            return
        with self.all.work.engine.begin() as connection:
            held = writes.give_up(connection, [one.claim for one in rest])
            back = [one.item for one in rest if one.claim.subject in held]
            self.all.kind.unsent(connection, back)
