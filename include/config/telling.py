"""Tell what is wrong with the merchant files as exceptions, and clear them once it is mended.

The DAG processor does it whenever it reads the files, for it is the one that always does.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from include.config import last_good
from include.config.merchants import DEFAULTS
from include.core.exceptions.exception_texts import ExceptionText, exception_text
from include.core.merchants.file_exceptions import ALL, BROKEN, CODES, GONE, SHARED
from include.core.merchants.modes import Mode
from include.core.systems.errors import LedgerError
from include.ledger.exceptions import exceptions
from include.ledger.merchants import merchant_files, modes
from include.ledger.orders.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from include.config.merchants import BrokenFile
    from include.core.merchants.modes import Standing

log = logging.getLogger("fulfilment.config")

#: so many files with the very same mistakes are one mistake, made in one place
MANY = 3
SHOWN = 5  # merchants or problems that a text names
#: who decided that a merchant whose file is gone takes no new orders
BY = "missing file"
#: why a merchant takes no new orders whose file may well be gone: that is told by its mode
RETIRING = "fulfil retire --finish"


def tell(broken: Sequence[BrokenFile]) -> None:
    """Make the open exceptions equal to what is wrong now. Never raises.

    A merchant whose file is gone takes no new orders until it is back, unless a person decided
    otherwise.

    :param broken: all broken and missing files of the folder.
    """
    if not last_good.is_named():
        return
    wanted = _texts(broken)
    gone = {file.merchant for file in broken if file.gone}
    try:
        with last_good.connect() as connection:
            decided = modes.decided(connection)
            for name, standing in decided.items():
                if standing.mode is Mode.FINISH and standing.reason == RETIRING and name in gone:
                    del wanted[name]
            _keep(connection, wanted)
            merchant_files.forget_mistakes(connection, [file.merchant for file in broken])
            _finish(connection, decided, gone)
    except LedgerError as error:
        log.warning("Broken merchant files cannot be told: %s", error.operator)


def _texts(broken: Iterable[BrokenFile]) -> dict[str, ExceptionText]:
    """Return merchant -> its text; a mistake that many share is one text of all merchants."""
    alike: dict[str, list[BrokenFile]] = defaultdict(list)
    texts = {}
    for file in broken:
        if file.gone:
            texts[file.merchant] = exception_text(GONE, merchant=file.merchant, since=_since(file))
        else:
            alike["" if file.by_defaults else file.mistake].append(file)
    shared = []
    for mistake, files in alike.items():
        if not mistake or (len(files) >= MANY and files[0].problems):
            shared += files
        else:
            texts |= {file.merchant: _one(file) for file in files}
    if shared:
        texts[ALL] = _all(shared)
    return texts


def _one(file: BrokenFile) -> ExceptionText:
    if file.since is None:
        de = "Der Händler steht still: keine Fassung seiner Datei war je in Gebrauch."
        en = "The merchant stands still: no version of its file was ever used."
    else:
        de = (
            f"Solange das so ist, wird nach der Fassung weitergearbeitet, die seit {_since(file)} "
            "UTC in Gebrauch ist; Änderungen seither wirken nicht."
        )
        en = (
            f"While this lasts, work goes on by the version that is in use since {_since(file)} "
            "UTC; changes since then have no effect."
        )
    return exception_text(BROKEN, problems=_shown(file.message.splitlines(), "; "), de=de, en=en)


def _all(files: Sequence[BrokenFile]) -> ExceptionText:
    problems = sorted(
        {str(problem) for file in files for problem in file.problems},
        key=lambda text: (not text.startswith(DEFAULTS), text),
    )
    still = sorted(file.merchant for file in files if file.since is None)
    going = sorted(file.merchant for file in files if file.since is not None)
    return exception_text(
        SHARED,
        count=len(files),
        problems=_shown(problems, "; "),
        going=_shown(going, ", ") or "-",
        still=_shown(still, ", ") or "-",
    )


def _shown(parts: Sequence[str], between: str) -> str:
    more = len(parts) - SHOWN
    return between.join(parts[:SHOWN]) + (f"{between}... (+{more})" if more > 0 else "")


def _since(file: BrokenFile) -> str:
    return f"{file.since:%Y-%m-%d %H:%M}" if file.since else "?"


def _keep(connection: Connection, wanted: Mapping[str, ExceptionText]) -> None:
    told = exceptions.open_exceptions(connection, None, exceptions.of_codes(CODES))
    there = {row.merchant: row.en for row in told}
    for name in sorted(there.keys() | wanted.keys()):
        text = wanted.get(name)
        if text is None or there.get(name) != text["en"]:
            journal = Journal(name, "merchant files", "DAG processor", 1)
            texts = {exceptions.MERCHANT: [text] if text else []}
            exceptions.keep(connection, journal, CODES, texts)


def _finish(connection: Connection, decided: Mapping[str, Standing], gone: set[str]) -> None:
    """Let merchants without a file take no new orders; those that are back are live again."""
    for name in sorted(gone):
        standing = decided.get(name)
        if standing is None or standing.mode is Mode.LIVE:
            reason = "its file is gone; what is under way is finished"
            modes.decide(connection, name, Mode.FINISH, by=BY, reason=reason)
    for name, standing in decided.items():
        if standing.by == BY and standing.mode is Mode.FINISH and name not in gone:
            modes.decide(connection, name, Mode.LIVE, by=BY, reason="its file is back")
