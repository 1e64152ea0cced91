"""What the warehouse writes for people: shown to the operator, without what reaches a person.

Reasons are wemalo's free text (contract 4.2, 4.6): a clerk may have typed whom to call. Names
cannot be told from other words; addresses of mailboxes and telephone numbers can.
"""

from __future__ import annotations

import re

from include.core.systems.values import words

LONGEST = 200  # characters
LEFT_OUT = "…"
_LOOKED_AT = 2000  # characters; what is cut out makes room for more
_MAILBOX = re.compile(r"[^\s<>()\[\],;:@]{1,64}@[^\s<>()\[\],;:@]{1,253}")
#: seven digits or more, however they are grouped
_TELEPHONE = re.compile(r"\+?\(?[0-9](?:[ ()/.–-]{0,3}[0-9]){6,}")


def shown(value: object) -> str:
    """Return a text of the warehouse on one line, of at most `LONGEST` characters."""
    text = " ".join(words(value)[:_LOOKED_AT].split())
    text = _TELEPHONE.sub(LEFT_OUT, _MAILBOX.sub(LEFT_OUT, text))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + LEFT_OUT
