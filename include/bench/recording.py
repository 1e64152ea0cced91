"""Write down the calls that the hooks of this process make, to make them again without hooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from fulfilment.hooks import base

from include.bench.bare import Call

if TYPE_CHECKING:
    from fulfilment.hooks.transport import Reply, Request


def record(calls: list[Call], plenty_url: str) -> None:
    """Write down every call that this process makes from now on."""
    real = vars(base)["exchange"]

    def exchange(
        session: requests.Session, url: str, request: Request, *, auth: Any, **options: Any
    ) -> Reply:
        reply: Reply = real(session, url, request, auth=auth, **options)
        system = "plenty" if url.startswith(plenty_url) else "wemalo"
        root = url.split("/", 3)
        prepared = requests.Request("GET", url, auth=auth).prepare()
        token = ""
        if request.kind == "login":
            token = str(json.loads(reply.body).get("accessToken") or "")
        calls.append(
            Call(
                system,
                request.method,
                f"/{root[3]}",
                tuple(request.params),
                request.body,
                prepared.headers.get("Authorization", ""),
                reply.status,
                token,
            )
        )
        return reply

    vars(base)["exchange"] = exchange
