"""The bare script: the same HTTP calls in a loop, with no ledger, no rules and no care.

The calls of a measured run are written down as they are made and made again, against servers in
the state that the run found them in. What a run costs more than this is what its care costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from include.sandbox.client import ControlClient

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was made; ``system`` is ``plenty``, ``wemalo``, or ``day``: let time pass."""

    system: str
    method: str = ""
    path: str = ""
    params: tuple[tuple[str, str], ...] = ()
    body: Any = field(default=None, repr=False)
    auth: str = field(default="", repr=False)
    status: int = 0
    token: str = field(default="", repr=False)  # that a login was answered with


def make_again(calls: Sequence[Call], plenty_url: str, wemalo_url: str, day_s: float) -> int:
    """Make the calls one after the other; return how many were answered otherwise than before."""
    urls = {"plenty": plenty_url, "wemalo": wemalo_url}
    tokens: dict[str, str] = {}
    other = 0
    with requests.Session() as session:
        session.trust_env = False
        for call in calls:
            if call.system == "day":
                ControlClient(wemalo_url).clock(advance=day_s)
                continue
            headers = {"Accept": "application/json"}
            if call.auth:
                headers["Authorization"] = tokens.get(call.auth, call.auth)
            answer = session.request(
                call.method,
                urls[call.system] + call.path,
                params=list(call.params),
                json=call.body,
                headers=headers,
                timeout=120,
            )
            data = answer.json() if answer.content else None
            if call.token and isinstance(data, dict):
                fresh = data.get("accessToken") or data.get("access_token")
                tokens[f"Bearer {call.token}"] = f"Bearer {fresh}"
            # which numbers the warehouse's rows get depends on which process it served first
            acknowledges = call.method == "PUT" and "/packages/sent/" in call.path
            other += answer.status_code != call.status and not acknowledges
    return other
